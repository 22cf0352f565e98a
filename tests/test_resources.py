"""The one function that finds resources: beside the installed package, else in the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer import resources


def test_an_installed_package_has_them_beside_it(tmp_path: Path) -> None:
    (tmp_path / "explorer").mkdir()
    (tmp_path / "explorer_resources").mkdir()
    (tmp_path / "resources").mkdir()
    assert resources.find(tmp_path / "explorer") == tmp_path / "explorer_resources"


def test_a_checkout_has_them_beside_the_package(tmp_path: Path) -> None:
    (tmp_path / "explorer").mkdir()
    (tmp_path / "resources").mkdir()
    assert resources.find(tmp_path / "explorer") == tmp_path / "resources"


def test_where_neither_is_both_places_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"explorer_resources.*resources"):
        resources.find(tmp_path / "explorer")


def test_what_ships_is_there_with_its_licences() -> None:
    folder = resources.resources()
    assert (folder / "app.svg").is_file()
    assert (folder / "icons" / "LICENSE").is_file()
    families = {file.name.partition("-")[0] for file in (folder / "fonts").glob("*.?tf")}
    assert families == {"Inter", "JetBrainsMono"}
    assert {file.name.partition("-")[0] for file in (folder / "fonts").glob("*-LICENSE.txt")} == families


def test_no_file_is_larger_than_a_megabyte() -> None:
    sizes = {file.name: file.stat().st_size for file in resources.resources().rglob("*") if file.is_file()}
    assert max(sizes.values()) < 1_000_000
