"""What is remembered, where, and what never is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from explorer import settings
from explorer.settings import Recent, Settings


def test_everything_lies_below_one_folder_when_it_is_named(home: Path) -> None:
    folders = (
        settings.config_folder(),
        settings.data_folder(),
        settings.state_folder(),
        settings.connection_folder("x"),
    )
    assert all(home in folder.parents for folder in folders)
    assert len(set(folders)) == 4


def test_the_systems_folders_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(settings.HOME)
    assert settings.config_folder().name == settings.NAME


def test_only_what_differs_from_the_defaults_is_written(home: Path) -> None:
    settings.save(Settings(zoom=130))
    assert json.loads((home / "config" / "settings.json").read_text()) == {"zoom": 130}


def test_comes_back_as_it_was() -> None:
    before = Settings(theme="dark", time="utc", keys={"goto": ["Ctrl+J"]}, recent=[Recent("/a.sqlite", "a.sqlite")])
    settings.save(before)
    assert settings.load() == before


@pytest.mark.parametrize("content", ["", "{", "[]", '{"zoom": "large"}', '{"recent": [1]}', "\0"])
def test_a_broken_file_is_as_good_as_none(home: Path, content: str) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.json").write_text(content)
    assert settings.load() == Settings()


def test_unknown_settings_of_a_later_version_do_no_harm(home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.json").write_text('{"zoom": 115, "later": true}')
    assert settings.load() == Settings(zoom=115)


def test_a_store_opened_again_comes_first_once() -> None:
    kept = Settings()
    for url in ("a", "b", "a"):
        kept.remember(Recent(url))
    assert [one.url for one in kept.recent] == ["a", "b"]
    for number in range(50):
        kept.remember(Recent(str(number)))
    assert len(kept.recent) == settings.RECENT


def test_each_connection_has_a_state_of_its_own() -> None:
    settings.save_connection_state("sqlite:/a/b", {"tabs": {"current": 1}})
    settings.save_connection_state("sqlite:/a/c", {"tabs": {"current": 2}})
    assert settings.connection_state("sqlite:/a/b") == {"tabs": {"current": 1}}
    assert settings.connection_state("sqlite:/other") == {}


def test_a_crash_while_writing_leaves_the_old_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.save(Settings(zoom=130))

    def fail(_source: str, _target: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        settings.save(Settings(zoom=150))
    assert settings.load().zoom == 130
    assert [file.name for file in (home / "config").iterdir()] == ["settings.json"]
