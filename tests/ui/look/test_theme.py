"""Both palettes can be read; event types keep their colours; icons and zoom follow."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QFontInfo
from PySide6.QtWidgets import QApplication, QLabel

from explorer.resources import resources
from explorer.ui.look import theme
from explorer.ui.look.colours import DARK, LIGHT, Colours
from explorer.ui.look.icons import icon

READ = ("text", "muted", "accent", "add", "remove", "replace", "move", "error", "warning", "good")


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("role", READ)
def test_text_colours_have_the_contrast_to_be_read(palette: Colours, role: str) -> None:
    for ground in ("base", "window"):
        assert theme.contrast(QColor(getattr(palette, role)), QColor(getattr(palette, ground))) >= 4.5


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_marks_can_be_read_on_their_grounds(palette: Colours) -> None:
    for mark in ("add", "remove", "replace", "move", "error", "warning"):
        ground = QColor(getattr(palette, f"{mark}_back"))
        assert theme.contrast(QColor(getattr(palette, mark)), ground) >= 4.5
    for name in ("selection", "flash", "hover"):
        assert theme.contrast(QColor(palette.text), QColor(getattr(palette, name))) >= 4.5
    assert theme.contrast(QColor(palette.accent_text), QColor(palette.accent)) >= 4.5


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_what_is_only_tried_can_be_read_and_is_told_apart(palette: Colours) -> None:
    for ground in ("what_if_base", "what_if_back", "base"):
        assert theme.contrast(QColor(palette.what_if), QColor(getattr(palette, ground))) >= 4.5
    for role in READ:
        assert theme.contrast(QColor(getattr(palette, role)), QColor(palette.what_if_base)) >= 4.5
    assert len({palette.what_if_base, palette.what_if_back, palette.base, palette.window}) == 4


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_every_colour_is_one(palette: Colours) -> None:
    assert all(QColor(getattr(palette, one.name)).isValid() for one in fields(palette) if one.name != "dark")


@given(st.text(), st.booleans())
def test_a_type_has_one_colour_that_can_be_read(event_type: str, dark: bool) -> None:
    colour = theme.type_colour(event_type, dark)
    assert theme.contrast(colour, QColor((DARK if dark else LIGHT).base)) >= 4.5
    assert theme.type_colour(event_type, dark) == colour


def test_lone_surrogates_have_a_colour_too() -> None:
    assert theme.type_colour("\ud800", False).isValid()


def test_the_bundled_faces_are_used(qapp: QApplication) -> None:
    assert QFontInfo(theme.sans_font()).family() == theme.SANS
    assert QFontInfo(theme.mono_font()).family() == theme.MONO
    assert theme.has_glyphs()


def test_the_theme_switches_while_running(qapp: QApplication) -> None:
    heard: list[bool] = []
    theme.signals().changed.connect(lambda: heard.append(theme.is_dark()))
    theme.apply(qapp, "dark")
    assert heard[-1]
    assert qapp.palette().window().color() == QColor(DARK.window)
    theme.apply(qapp, "light")
    assert not heard[-1]


def test_zoom_scales_fonts_and_rows(qapp: QApplication) -> None:
    theme.apply(qapp, "light", 200)
    label = QLabel("x")
    assert theme.row_height() == 48
    assert label.font().pixelSize() == 26
    theme.apply(qapp, "light", 100)
    assert theme.row_height() == 24


@pytest.mark.parametrize("file", sorted((resources() / "icons").glob("*.svg")), ids=lambda file: file.stem)
def test_every_icon_paints_something(qapp: QApplication, file: Path) -> None:
    picture = icon(file.stem).pixmap(QSize(24, 24)).toImage()
    assert any(picture.pixelColor(x, y).alpha() for x in range(picture.width()) for y in range(picture.height()))


def test_an_icon_follows_the_theme(qapp: QApplication) -> None:
    def darkest() -> int:
        picture = icon("lock", "text").pixmap(QSize(24, 24)).toImage()
        colours = [picture.pixelColor(x, y) for x in range(24) for y in range(24)]
        return min(colour.lightness() for colour in colours if colour.alpha() > 200)

    light = darkest()
    theme.apply(qapp, "dark")
    assert darkest() > light
    theme.apply(qapp, "light")


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
def test_icons_are_sharp_at_every_scale(qapp: QApplication, scale: float) -> None:
    picture = icon("lock").pixmap(QSize(16, 16), scale)
    assert picture.width() == round(16 * scale)
    assert picture.devicePixelRatio() == scale


def test_an_unknown_icon_is_a_mistake() -> None:
    with pytest.raises(FileNotFoundError):
        icon("no such icon")


def test_type_colours_are_those_of_the_theme_of_now(qapp: QApplication) -> None:
    before = theme.zoom()
    shades = []
    for setting in ("light", "dark"):
        theme.apply(qapp, setting)
        shades.append(theme.type_colour("OrderRejected"))
        assert shades[-1] == theme.type_colour("OrderRejected", setting == "dark")
    theme.apply(qapp, "light", before)
    assert shades[0] != shades[1]
