"""How everything looks: one spacing scale, one accent, two palettes, two typefaces, the colours of event types.

The theme follows the system (or the setting) and switches while the program runs. Colours are asked for when painting
(`colours()`), never kept, so that a switch needs nothing but a repaint.
"""

from __future__ import annotations

import colorsys
import hashlib
from functools import cache

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontMetrics, QGuiApplication, QPalette
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QApplication, QStyleFactory, QTabBar

from explorer.resources import resources
from explorer.ui.look import style
from explorer.ui.look.colours import DARK, LIGHT, Colours

S, M, L, XL = 4, 8, 16, 24  # the spacing scale, pixels
BASE_PX = 13
ROW = 24  # height of a row in lists, at zoom 100 %

SANS = "Inter"
MONO = "JetBrains Mono"

MARKS = {"+": "added", "-": "removed", "~": "changed", ">": "moved", ".": "changed below"}
"""What the marks of rows and diffs mean, for tooltips and accessible texts."""


class _Theme(QObject):
    changed = Signal()  # palette or zoom; everything has been repainted with the new one

    def __init__(self) -> None:
        super().__init__()
        self.setting = "system"
        self.zoom = 100
        self.colours = LIGHT
        self.connected = False


@cache
def _theme() -> _Theme:
    return _Theme()


def signals() -> _Theme:
    """The object whose `changed` signal says that palette or zoom are different now."""
    return _theme()


def colours() -> Colours:
    """The palette of now."""
    return _theme().colours


@cache
def shade(code: str) -> QColor:
    """A colour of the palette for painting, by its code. Everybody gets the same one: copy it before you change it."""
    return QColor(code)


def is_dark() -> bool:
    return _theme().colours.dark


def zoom() -> int:
    """Percent."""
    return _theme().zoom


def scaled(pixels: int) -> int:
    """A length at the present zoom."""
    return round(pixels * _theme().zoom / 100)


def icon_size(side: int = 16) -> QSize:
    """For setIconSize. It follows a change of zoom by itself."""
    return QSize(scaled(side), scaled(side))


def row_height() -> int:
    return scaled(ROW)


def load_fonts() -> None:
    """Make the bundled typefaces known to Qt. Once is enough; more is harmless."""
    _load_fonts()


@cache
def _load_fonts() -> None:
    for file in sorted((resources() / "fonts").glob("*.?tf")):
        QFontDatabase.addApplicationFont(str(file))


def sans_font(pixels: int = BASE_PX, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    font = QFont(SANS)
    font.setPixelSize(scaled(pixels))
    font.setWeight(weight)
    return font


def mono_font(pixels: int = BASE_PX - 1) -> QFont:
    """For data."""
    font = QFont(MONO)
    font.setStyleHint(QFont.StyleHint.Monospace)
    font.setPixelSize(scaled(pixels))
    # Ligatures would show `!=` and `->` in payloads as other characters than were stored. Scripts that cannot be read
    # without being shaped still are.
    font.setStyleStrategy(QFont.StyleStrategy.PreferNoShaping)
    return font


def has_glyphs() -> bool:
    """Whether text can be seen at all (a machine without any font)."""
    return QFontMetrics(QApplication.font()).inFont("A")


def apply(app: QApplication, setting: str | None = None, zoom: int | None = None) -> None:
    """Fonts, palette and style sheet for the whole program. `setting`: "system", "light" or "dark"."""
    prepare(app, setting, zoom)
    dress(app)
    _theme().changed.emit()


def prepare(app: QApplication, setting: str | None = None, zoom: int | None = None) -> None:
    """All of `apply` but the style sheet, for a program that makes its window first and calls `dress` afterwards: then
    each widget is styled once, and not again with everything that it is put into (half the time of making a window).
    """
    theme = _theme()
    load_fonts()
    if setting is not None:
        theme.setting = setting
    if zoom is not None:
        zoom = max(60, min(300, zoom))
        _scale_icons(app, zoom / theme.zoom)
        theme.zoom = zoom
    if not theme.connected:
        theme.connected = True
        app.setStyle(QStyleFactory.create("Fusion"))
        QGuiApplication.styleHints().colorSchemeChanged.connect(_follow_system)
    dark = theme.setting == "dark" or (
        theme.setting == "system" and QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
    )
    theme.colours = DARK if dark else LIGHT
    app.setFont(sans_font())
    app.setPalette(_palette(theme.colours))


def dress(app: QApplication) -> None:
    """The style sheet of the colours and the zoom of this moment."""
    theme = _theme()
    app.setStyleSheet(style.sheet(theme.colours, theme.zoom, (resources() / "icons" / "style").as_posix()))


def _scale_icons(app: QApplication, by: float) -> None:
    """Icon sizes are the one thing that neither fonts nor the style sheet change."""
    if by == 1:
        return
    for widget in app.allWidgets():
        if isinstance(widget, QAbstractButton | QAbstractItemView | QTabBar):
            side = round(widget.iconSize().width() * by)
            widget.setIconSize(QSize(side, side))


def _follow_system() -> None:
    app = QApplication.instance()
    if isinstance(app, QApplication) and _theme().setting == "system":
        apply(app)


def _palette(c: Colours) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for which, colour in (
        (role.Window, c.window),
        (role.WindowText, c.text),
        (role.Base, c.base),
        (role.AlternateBase, c.window),
        (role.Text, c.text),
        (role.Button, c.raised),
        (role.ButtonText, c.text),
        (role.BrightText, c.error),
        (role.ToolTipBase, c.raised),
        (role.ToolTipText, c.text),
        (role.Highlight, c.selection),
        (role.HighlightedText, c.text),
        (role.PlaceholderText, c.faint),
        (role.Link, c.accent),
        (role.LinkVisited, c.accent),
        (role.Accent, c.accent),
        (role.Light, c.raised),
        (role.Midlight, c.hairline),
        (role.Mid, c.hairline),
        (role.Dark, c.hairline),
        (role.Shadow, c.hairline),
    ):
        palette.setColor(which, QColor(colour))
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(c.faint))
    return palette


# -- colours that mean something ---------------------------------------------------------------------------


def type_colour(event_type: str, dark: bool | None = None) -> QColor:
    """The colour of an event type: the same everywhere and always, with 4.5:1 on the background. None: as now."""
    return _type_colour(event_type, is_dark() if dark is None else dark)


@cache
def _type_colour(event_type: str, dark: bool) -> QColor:
    digest = hashlib.blake2b(event_type.encode("utf-8", "surrogatepass"), digest_size=4).digest()
    hue = int.from_bytes(digest[:2]) / 65_536
    saturation = 0.50 + digest[2] / 255 * 0.25
    base = QColor((DARK if dark else LIGHT).base)
    lightness = 0.62 if dark else 0.42
    while True:
        red, green, blue = colorsys.hls_to_rgb(hue, lightness, saturation)
        colour = QColor.fromRgbF(red, green, blue)
        if contrast(colour, base) >= 4.5:
            return colour
        lightness += 0.02 if dark else -0.02


def mark_colours(mark: str) -> tuple[QColor, QColor]:
    """(text, background) of what is marked "+", "-", "~", ">" or "." (changed below); others as plain text."""
    c = colours()
    text, back = {
        "+": (c.add, c.add_back),
        "-": (c.remove, c.remove_back),
        "~": (c.replace, c.replace_back),
        ">": (c.move, c.move_back),
        ".": (c.replace, c.base),
    }.get(mark, (c.text, c.base))
    return QColor(text), QColor(back)


def contrast(one: QColor, other: QColor) -> float:
    """The WCAG contrast ratio of two colours, 1 … 21."""
    first, second = _luminance(one), _luminance(other)
    return (max(first, second) + 0.05) / (min(first, second) + 0.05)


def _luminance(colour: QColor) -> float:
    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.03928 else ((channel + 0.055) / 1.055) ** 2.4

    red, green, blue = colour.redF(), colour.greenF(), colour.blueF()
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
