"""The icon set: SVG files from `resources/icons`, painted in the colours of the present palette."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from explorer.resources import resources
from explorer.ui.look import theme


@cache
def _source(name: str) -> bytes:
    return (resources() / "icons" / f"{name}.svg").read_bytes()


@cache
def _renderer(name: str, colour: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(_source(name).replace(b"currentColor", colour.encode())))


@cache
def pixmap(name: str, colour: str, width: int, height: int, scale: float) -> QPixmap:
    """The icon in this colour, `width` × `height` logical pixels."""
    picture = QPixmap(round(width * scale), round(height * scale))
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    _renderer(name, colour).render(painter, QRectF(0, 0, picture.width(), picture.height()))
    painter.end()
    picture.setDevicePixelRatio(scale)
    return picture


class _Engine(QIconEngine):
    """Looks the colour up when it paints, so that an icon follows the theme by itself."""

    def __init__(self, name: str, tone: str) -> None:
        super().__init__()
        self._name = name
        self._tone = tone

    def _colour(self, mode: QIcon.Mode, state: QIcon.State) -> str:
        colours = theme.colours()
        if mode == QIcon.Mode.Disabled:
            return colours.faint
        if state == QIcon.State.On:
            return colours.accent
        return str(getattr(colours, self._tone))

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        side = min(rect.width(), rect.height())
        area = QRectF(rect.center().x() - side / 2 + 0.5, rect.center().y() - side / 2 + 0.5, side, side)
        _renderer(self._name, self._colour(mode, state)).render(painter, area)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        # The size is in logical pixels; what is painted has `scale` times as many.
        side = min(size.width(), size.height())
        if side < 1:  # a tab that is squeezed to nothing
            return QPixmap()
        return pixmap(self._name, self._colour(mode, state), side, side, scale)

    def actualSize(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QSize:
        side = min(size.width(), size.height())
        return QSize(side, side)

    def clone(self) -> QIconEngine:
        return _Engine(self._name, self._tone)


@cache
def icon(name: str, tone: str = "muted") -> QIcon:
    """An icon by its file name. `tone`: the name of a colour of the palette ("muted", "text", "accent", "error", …).

    Raises FileNotFoundError for a name that is not in the set.
    """
    _source(name)
    return QIcon(_Engine(name, tone))


def paint(painter: QPainter, name: str, at: QPoint, side: int, colour: str) -> None:
    """Paint an icon inside a custom-painted widget."""
    _renderer(name, colour).render(painter, QRectF(at.x(), at.y(), side, side))


def paint_dot(painter: QPainter, left: int, middle: int, side: int, colour: QColor) -> None:
    """Paint the dot that stands for a type of event, its middle at this height."""
    scale = painter.device().devicePixelRatioF()
    painter.drawPixmap(left, middle - side // 2, _dot(colour.rgba(), side, scale))


@cache
def _dot(colour: int, side: int, scale: float) -> QPixmap:
    picture = QPixmap(round(side * scale), round((side + 1) * scale))
    picture.setDevicePixelRatio(scale)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor.fromRgba(colour))
    painter.drawEllipse(QRectF(0, 0.5, side, side))
    painter.end()
    return picture


def app_icon() -> QIcon:
    """The program's own icon."""
    return QIcon(str(resources() / "app.svg"))
