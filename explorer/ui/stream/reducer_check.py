"""Whether the reducer of a stream is a function of state and event alone: asked for, and what was found."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QPushButton, QVBoxLayout

from explorer.cancellation import Cancellation
from explorer.errors import Cancelled, ExplorerError
from explorer.model import StreamKey
from explorer.payload import one_line
from explorer.ui.asking.worker import Ask
from explorer.ui.look import text
from explorer.ui.parts.banner import Banner
from explorer.ui.stream.stream_panes import StreamPanes

if TYPE_CHECKING:
    from explorer.purity import Finding
    from explorer.stores import Store, StoreSpec

SHOWN = 20  # differences of a finding that are listed
HOW = "It was folded twice in fresh processes: another hash seed, time zone and clock each."


def _findings(
    spec: StoreSpec, plugins: tuple[str, ...], key: StreamKey, cancellation: Cancellation, store: Store
) -> list[Finding]:
    from explorer.purity import check  # late, and in a thread: it brings the folding along

    return list(check(store, spec, plugins, [key], cancellation))


class ReducerCheck(QObject):
    """`banner` says what was found, and leads to the first event at which it was."""

    def __init__(self, tab: StreamPanes, go_to_version: Callable[[int], None]) -> None:
        super().__init__(tab)
        self._tab = tab
        self._workspace = tab.workspace
        self._first = 0  # version of the first finding
        self._asked: Ask | None = None
        self.banner = Banner(tab)
        self.go_button = QPushButton("", self.banner)
        self.go_button.clicked.connect(lambda: go_to_version(self._first))
        layout = self.banner.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.addWidget(self.go_button)
        layout.setAlignment(self.go_button, Qt.AlignmentFlag.AlignLeft)
        self._workspace.actions.bind("purity", self.begin, tab, self._possible)

    def _possible(self) -> bool:
        result = self._tab.replaying.result
        return result is not None and result.aggregate is not None and (self._asked is None or self._asked.done)

    def begin(self) -> None:
        """Fold the stream twice under other circumstances and compare."""
        spec, key, cancellation = self._workspace.spec, StreamKey(self._tab.category, self._tab.id), Cancellation()
        if spec is None:
            return
        self.banner.clear()
        self._asked = self._workspace.background(
            partial(_findings, spec, self._workspace.plugins, key, cancellation),
            self._show,
            self._failed,
            owner=self,
            text=f"Checking the reducer of {key.category} {key.id}",
        )
        self._asked.on_cancel(cancellation.cancel)

    def _show(self, findings: list[Finding]) -> None:
        if not findings:
            self.go_button.hide()
            self.banner.show_notice("info", "The reducer depends on nothing but state and events.", HOW)
            return
        findings.sort(key=lambda one: one.version)
        self._first = findings[0].version
        lines = []
        for one in findings:
            lines.append(f"v{text.number(one.version)}: {one.sentence}")
            for change in one.differences[:SHOWN]:
                lines.append(f"    {change.path or '/'}: {one_line(change.before, 80)} | {one_line(change.after, 80)}")
        self.banner.show_notice("warning", lines[0], HOW, detail="\n".join(lines) if len(lines) > 1 else "")
        self.go_button.setText(text.menu_text(f"Go to v{self._first}"))
        self.go_button.setVisible(self._first > 0)

    def _failed(self, error: ExplorerError) -> None:
        self.go_button.hide()
        if isinstance(error, Cancelled):
            self.banner.show_notice("warning", "The check of the reducer was cancelled.", retry=self.begin)
        else:
            self.banner.show_error(error, retry=self.begin)
