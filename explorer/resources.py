"""Where fonts, icons and other files that ship with the program are."""

from __future__ import annotations

from functools import cache
from pathlib import Path

PACKAGED = "explorer_resources"  # the name under which resources/ is installed


def find(package: Path) -> Path:
    """The resources that belong to the package in this folder: installed beside it, else in the checkout.

    Raises FileNotFoundError, naming both places, when neither is there.
    """
    beside = package.parent / PACKAGED
    if beside.is_dir():
        return beside
    checkout = package.parent / "resources"
    if checkout.is_dir():
        return checkout
    raise FileNotFoundError(f"The program's resources are neither in {beside} nor in {checkout}.")


@cache
def resources() -> Path:
    """The folder with `icons/`, `fonts/` and the application's icon."""
    return find(Path(__file__).resolve().parent)
