"""The two palettes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colours:
    """One palette. Text colours keep 4.5:1 on `base` and `window`."""

    dark: bool
    window: str  # chrome
    base: str  # lists, editors
    raised: str  # fields, menus, hovering
    text: str
    muted: str  # headers, what is secondary
    faint: str  # placeholders, disabled
    hairline: str
    accent: str
    accent_text: str  # on accent
    selection: str
    hover: str
    add: str
    add_back: str
    remove: str
    remove_back: str
    replace: str
    replace_back: str
    move: str
    move_back: str
    error: str
    error_back: str
    warning: str
    warning_back: str
    good: str
    flash: str
    what_if: str  # what is not so, only tried: see `explorer.ui.branch`
    what_if_back: str
    what_if_base: str  # its lists


LIGHT = Colours(
    dark=False,
    window="#f5f6f8",
    base="#ffffff",
    raised="#ffffff",
    text="#19212b",
    muted="#59646f",
    faint="#97a1ab",
    hairline="#dfe3e8",
    accent="#0b7269",
    accent_text="#ffffff",
    selection="#d3ece8",
    hover="#eef1f4",
    add="#17703a",
    add_back="#e3f5e9",
    remove="#b3261e",
    remove_back="#fce9e7",
    replace="#855500",
    replace_back="#fbf0d7",
    move="#5a48b5",
    move_back="#eeebfb",
    error="#b3261e",
    error_back="#fdeeec",
    warning="#7d5200",
    warning_back="#fcf3de",
    good="#17703a",
    flash="#fdf1c9",
    what_if="#8a2270",
    what_if_back="#f7e4f2",
    what_if_base="#fdf7fb",
)

DARK = Colours(
    dark=True,
    window="#12171d",
    base="#171d24",
    raised="#1f2730",
    text="#dbe2e9",
    muted="#93a0ae",
    faint="#5f6b78",
    hairline="#2a333d",
    accent="#35c9b7",
    accent_text="#06201d",
    selection="#16423e",
    hover="#1f2831",
    add="#5fd38d",
    add_back="#14301f",
    remove="#ff8f85",
    remove_back="#3b1c1b",
    replace="#e8b64c",
    replace_back="#362a12",
    move="#b3a6ff",
    move_back="#28244a",
    error="#ff8f85",
    error_back="#351b1b",
    warning="#e8b64c",
    warning_back="#322810",
    good="#5fd38d",
    flash="#3b3413",
    what_if="#f0a0da",
    what_if_back="#3a2135",
    what_if_base="#211a22",
)
