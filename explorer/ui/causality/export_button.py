"""Export: the diagram to a file or to the clipboard, without keeping the window waiting."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton, QWidget

from explorer.errors import ExplorerError
from explorer.ui.asking.worker import Delivery, in_thread
from explorer.ui.causality import exporting
from explorer.ui.causality.canvas import Canvas
from explorer.ui.look.icons import icon
from explorer.ui.pane import copy_text
from explorer.ui.parts.banner import Banner
from explorer.ui.workspace import Workspace


class ExportButton(QToolButton):
    """Of what the canvas shows; failures are said in the banner."""

    def __init__(self, workspace: Workspace, canvas: Canvas, banner: Banner, parent: QWidget) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._canvas = canvas
        self._banner = banner
        self._delivery = Delivery(self)
        self.title = ""  # of the document
        menu = QMenu(self)
        menu.addAction(icon("save"), "Save as SVG…", partial(self.save, "svg"))
        menu.addAction("Save as picture (PNG)…", partial(self.save, "png"))
        menu.addAction("Save as Mermaid…", partial(self.save, "mmd"))
        menu.addSeparator()
        menu.addAction(icon("copy"), "Copy as Mermaid", self.copy_text)
        menu.addAction("Copy as picture", self.copy_picture)
        self.setText("Export ▾")
        self.setIcon(icon("external"))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setMenu(menu)

    def save(self, kind: str) -> None:
        """Ask for a file and write the diagram to it. `kind` is one of exporting.FORMATS."""
        dialog = QFileDialog(self, "Save the diagram", "", exporting.FORMATS[kind])
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(kind)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.selectFile(f"causes.{kind}")
        dialog.fileSelected.connect(lambda path: self.save_to(path, kind))
        dialog.open()

    def save_to(self, path: str, kind: str) -> None:
        """Write it there."""
        drawing, title = self._canvas.draw_anew(), self.title

        def done(error: ExplorerError | None) -> None:
            if error is not None:
                self._banner.show_error(error, partial(self.save, kind))
                return
            small = kind == "png" and exporting.scale_of(drawing) < exporting.SCALE
            self._workspace.message.emit(f"Saved {path}{', made smaller to fit a picture' if small else ''}.")

        in_thread(self._delivery, lambda: exporting.save(drawing, path, kind, title), done)

    def copy_text(self) -> None:
        """The diagram in Mermaid's language to the clipboard."""
        copy_text(self._workspace, exporting.text_of(self._canvas.drawing))

    def copy_picture(self) -> None:
        """The diagram as a picture to the clipboard."""
        drawing = self._canvas.draw_anew()
        in_thread(self._delivery, lambda: exporting.image(drawing), self._copied)

    def _copied(self, picture: QImage | ExplorerError) -> None:
        if isinstance(picture, ExplorerError):
            self._banner.show_error(picture)
            return
        QGuiApplication.clipboard().setImage(picture)
        self._workspace.message.emit("Copied.")
