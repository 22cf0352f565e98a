"""What Qt says on stderr, without the one line that the platform without a screen repeats for every window."""

from __future__ import annotations

import sys

from PySide6.QtCore import QMessageLogContext, QtMsgType, qFormatLogMessage, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication

NO_NEWS = "This plugin does not support propagateSizeHints()"


def listen() -> None:
    """From now on, where windows are painted without a screen. Elsewhere Qt writes by itself."""
    if QGuiApplication.platformName() == "offscreen":
        qInstallMessageHandler(tell)


def tell(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    """As Qt would, but not that line."""
    if message != NO_NEWS:
        sys.stderr.write(qFormatLogMessage(kind, context, message) + "\n")


def leave() -> None:
    """Qt writes by itself again."""
    if QGuiApplication.platformName() == "offscreen":
        qInstallMessageHandler(None)
