"""One line of Qt is left out on a platform without a screen, and no other."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
from PySide6.QtCore import qWarning
from PySide6.QtWidgets import QApplication, QWidget
from explorer.ui import qt_messages

app = QApplication([])
qt_messages.listen()
widget = QWidget()
widget.setMinimumSize(100, 100)
widget.show()
widget.setMinimumSize(200, 200)
app.processEvents()
qWarning("something else")
qt_messages.leave()
"""


def test_only_the_line_that_says_nothing_is_left_out() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True, text=True, timeout=500, check=True,
    )  # fmt: skip
    assert "something else" in done.stderr
    assert "propagateSizeHints" not in done.stderr
