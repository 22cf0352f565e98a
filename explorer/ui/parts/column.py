"""Widgets below one another."""

from __future__ import annotations

from PySide6.QtWidgets import QLayout, QVBoxLayout, QWidget


def put_in_column(owner: QWidget, *parts: QWidget | QLayout) -> None:
    """These below one another, without gaps; the last one takes the room that the others leave."""
    column = QVBoxLayout(owner)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for part in parts:
        stretch = 1 if part is parts[-1] else 0
        if isinstance(part, QWidget):
            column.addWidget(part, stretch)
        else:
            column.addLayout(part, stretch)
