"""A sequence diagram leaves the program: as SVG, as a picture of twice the size, as Mermaid's text."""

from __future__ import annotations

import math
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from explorer.errors import ExplorerError
from explorer.mermaid import mermaid
from explorer.ui.causality.drawing import Drawing
from explorer.ui.look import text, theme

SCALE = 2.0
LONGEST = 30_000  # pixels: what can be painted, and what other programs open
MOST = 60_000_000  # pixels of the whole picture, four bytes each
LEAST_SCALE = 0.5  # smaller than this nobody can read it
FORMATS = {"svg": "SVG (*.svg)", "png": "Picture (*.png)", "mmd": "Mermaid (*.mmd)"}


def scale_of(drawing: Drawing) -> float:
    """How large the picture is to be: twice, or as large as pictures can be."""
    width, height = drawing.whole_size
    return min(SCALE, LONGEST / max(width, height), math.sqrt(MOST / (width * height)))


def image(drawing: Drawing) -> QImage | ExplorerError:
    """The whole diagram as a picture, or why it cannot be one. In any thread."""
    scale = scale_of(drawing)
    if scale < LEAST_SCALE:
        return ExplorerError(
            "The diagram is too large for a picture that could be read.", "Save it as SVG, which has no such bounds."
        )
    width, height = drawing.whole_size
    picture = QImage(max(1, int(width * scale)), max(1, int(height * scale)), QImage.Format.Format_RGB32)
    picture.fill(Qt.GlobalColor.white)
    painter = QPainter(picture)
    painter.scale(scale, scale)
    drawing.paint_whole(painter)
    painter.end()
    return picture


def svg(drawing: Drawing, title: str) -> bytes:
    """The whole diagram as a document."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    width, height = drawing.whole_size
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setTitle(text.title(title))
    generator.setDescription("What led to an event and what it led to")
    generator.setResolution(96)
    generator.setSize(QSize(round(width), round(height)))
    generator.setViewBox(QRectF(0, 0, width, height))
    painter = QPainter(generator)
    drawing.paint_whole(painter)
    painter.end()
    buffer.close()
    # Elsewhere there may be neither of our typefaces.
    return (
        bytes(data.data())
        .replace(f'font-family="{theme.SANS}"'.encode(), f'font-family="{theme.SANS}, system-ui, sans-serif"'.encode())
        .replace(f'font-family="{theme.MONO}"'.encode(), f'font-family="{theme.MONO}, monospace"'.encode())
    )


def text_of(drawing: Drawing) -> str:
    """The diagram in Mermaid's language."""
    return mermaid(drawing.diagram.chain)


def save(drawing: Drawing, path: str, kind: str, title: str) -> ExplorerError | None:
    """Write the diagram to a file; `kind` is one of FORMATS. In any thread. Returns what went wrong."""
    try:
        if kind == "png":
            picture = image(drawing)
            if isinstance(picture, ExplorerError):
                return picture
            if not picture.save(path, "PNG"):  # type: ignore[call-overload]
                return _refused(path, "")
        else:
            Path(path).write_bytes(svg(drawing, title) if kind == "svg" else text_of(drawing).encode())
    except OSError as error:
        return _refused(path, error.strerror or "")
    return None


def _refused(path: str, why: str) -> ExplorerError:
    return ExplorerError(
        f"The diagram could not be written to {path}{': ' + why if why else ''}.",
        "Choose another folder, or look whether there is room.",
    )
