"""The snapshots of a stream or of the whole store: take, look into, compare with replay, delete, replay from."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QMenu, QSplitter, QStackedLayout, QToolButton, QWidget

from explorer.engine.messages import Done, TakeSnapshot, Verdict, VerifySnapshots
from explorer.errors import ExplorerError
from explorer.model import Snapshot, StreamKey
from explorer.ui.commands.committing import why_not_writable
from explorer.ui.look import icons, text, theme
from explorer.ui.pane import PaneHead
from explorer.ui.parts.banner import Banner
from explorer.ui.parts.column import put_in_column
from explorer.ui.parts.empty import EmptyState
from explorer.ui.parts.models import RowsModel
from explorer.ui.parts.question import Question
from explorer.ui.parts.table import RowsTable
from explorer.ui.snapshots.policy_view import PolicyView
from explorer.ui.snapshots.snapshot_detail import SnapshotDetail
from explorer.ui.snapshots.snapshot_rows import Line, columns, meaning, saving_text, taken_every
from explorer.ui.workspace import Arrived, Workspace

LIMIT = 200  # snapshots in the list
SETTLE = 600  # milliseconds after arrivals: a periodic snapshot is taken after the commit that crosses its number
RESTING = 150  # milliseconds without a step after which the buttons say where one stands
STREAM, STORE = 0, 1


class SnapshotsDock(QWidget):
    """Follows the active stream; the list is read again when snapshots or events come."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._stream = ("", "")
        self._version = 0
        self._verdicts: dict[tuple[str, str, int], tuple[Snapshot, Verdict]] = {}
        self._doomed: Line | None = None
        self._shown: Snapshot | None = None
        self._busy = False
        self._missed = False  # events came while it was out of sight
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._later = QTimer(self, singleShot=True, interval=SETTLE)
        self._later.timeout.connect(self.reload)
        self._resting = QTimer(self, singleShot=True, interval=RESTING)
        self._resting.timeout.connect(self._refresh)
        self._build()
        self._connect()
        self._opened()

    # -- widgets -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.head = PaneHead("", self)
        self.scope = QComboBox(self)
        self.scope.addItems(["This stream", "Whole store"])
        self.scope.setAccessibleName("Which snapshots")
        self.head.add(self.scope)
        self.take_button = QToolButton(self)
        self.take_button.setIcon(icons.icon("camera"))
        self.take_button.setIconSize(QSize(theme.scaled(14), theme.scaled(14)))
        self.take_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.take_button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        menu = QMenu(self.take_button)
        self.take_cursor = menu.addAction("At the version one is looking at", self.take)
        self.take_end = menu.addAction("At the end of the stream", lambda: self.take(at_end=True))
        self.take_button.setMenu(menu)
        self.take_button.clicked.connect(lambda: self.take())
        self.head.add(self.take_button)
        self.compare_button = self.head.add_tool("compare", "Compare the selected with replay", self.compare)
        self.compare_all_button = self.head.add_tool("layers", "Compare all of the list with replay", self.compare_all)
        self.replay_button = self.head.add_tool("play", "Replay from the selected, and say what it saves", self.replay)
        self.policy_button = self.head.add_tool("settings", "How often?", self._say_why_empty, checkable=True)
        self.delete_button = self.head.add_tool("trash", "Delete the selected", self.ask_to_delete)

        self.banner = Banner(self)
        self.question = Question("Delete", "Keep", self)
        self.model = RowsModel(columns(lambda: self._workspace.time_mode), self)
        self.table = RowsTable(self.model, "Snapshots", self)
        self.detail = SnapshotDetail(self._workspace, self.compare, self)
        panes = QSplitter(Qt.Orientation.Horizontal, self)
        panes.setChildrenCollapsible(False)
        panes.addWidget(self.table)
        panes.addWidget(self.detail)
        panes.setSizes([theme.scaled(640), theme.scaled(440)])
        self.empty = EmptyState(parent=self)
        pages = QWidget(self)
        self._pages = QStackedLayout(pages)
        self._pages.addWidget(panes)
        self._pages.addWidget(self.empty)
        self._panes = panes
        self.policy = PolicyView(self._workspace, self)
        self._pages.addWidget(self.policy)
        put_in_column(self, self.head, self.banner, self.question, pages)

    def _connect(self) -> None:
        workspace = self._workspace
        workspace.opened.connect(self._opened)
        workspace.closed.connect(self._opened)
        workspace.engine_ready.connect(self._refresh)
        workspace.refresh_wanted.connect(self.reload)
        workspace.snapshots_changed.connect(lambda category, id: self.reload())
        workspace.arrived.connect(self._arrived)
        workspace.current_stream_changed.connect(self._stream_changed)
        workspace.actions.bind("snapshot_take", self.take, self, lambda: self.take_button.isEnabled())
        theme.signals().changed.connect(self.model.refresh)
        self.scope.currentIndexChanged.connect(lambda index: self.reload())
        self.table.selectionModel().selectionChanged.connect(lambda: self._selected())
        self.table.opened.connect(lambda line: workspace.stream_wanted.emit(*line.key))
        self.question.answered.connect(lambda yes: self.delete() if yes else self._keep())

    # -- the list ----------------------------------------------------------------------------------------------------

    def _opened(self) -> None:
        self._verdicts.clear()
        self.banner.clear()
        self._keep()
        category, id, self._version = self._workspace.current_stream
        self._stream = category, id
        self._refresh()
        self.reload()

    def _stream_changed(self, category: str, id: str, version: int) -> None:
        another = (category, id) != self._stream
        self._stream, self._version = (category, id), version
        if another and self.scope.currentIndex() == STREAM:
            self._keep()
            self.banner.clear()
            self.reload()
        if another:
            self._refresh()
        else:  # when stepping rests: another version on a button is a head to be laid out and painted anew
            self._resting.start()

    def _arrived(self, rows: list[Arrived]) -> None:
        whole = self.scope.currentIndex() == STORE
        if not self.isVisible():
            self._missed = True
        elif not self._later.isActive() and (whole or any((row.category, row.id) == self._stream for row in rows)):
            self._later.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._missed:
            self.reload()

    def reload(self) -> None:
        """Read the list again; what is selected stays selected."""
        self._missed = False
        info = self._workspace.info
        whole = self.scope.currentIndex() == STORE
        if info is None or not info.snapshots or not (whole or self._stream[0]):
            self.model.reset()
            text.set_label(self.head.note, "")
            self._selected()
            self._say_why_empty()
            return
        key = None if whole else StreamKey(*self._stream)
        self._workspace.browse(
            lambda store: store.snapshots(key, LIMIT, preview=64),
            self._listed,
            self._not_listed,
            topic="snapshots",
            owner=self,
            text="Reading snapshots",
        )

    def _listed(self, snapshots: list[Snapshot]) -> None:
        lines = [Line(snapshot, self._known(snapshot)) for snapshot in snapshots]
        if lines != self.model.rows:
            selected = self.selected
            self.model.reset(lines)
            again = [row for row, line in enumerate(lines) if selected is not None and line.key == selected.key]
            if lines:
                self.table.selectRow(again[0] if again else 0)
        self.table.setColumnHidden(0, self.scope.currentIndex() == STREAM)
        text.set_label(self.head.note, self._summary(len(snapshots)))
        self._selected()
        self._say_why_empty()

    def _summary(self, count: int) -> str:
        where = "in this store" if self.scope.currentIndex() == STORE else f"of {' '.join(self._stream)}"
        if count == LIMIT:
            return f"The newest {count} {where}"
        return f"{count} {where}" if count else ""

    def _not_listed(self, error: ExplorerError) -> None:
        self.banner.show_error(error, self.reload)

    def _known(self, snapshot: Snapshot) -> Verdict | None:
        """What comparing gave, unless the snapshot was taken anew since."""
        known = self._verdicts.get((snapshot.category, snapshot.id, snapshot.version))
        return known[1] if known is not None and known[0] == snapshot else None

    @property
    def selected(self) -> Line | None:
        rows = self.table.selectionModel().selectedRows()
        line: Line | None = self.model.row(rows[0]) if rows else None
        return line

    def _selected(self) -> None:
        line = self.selected
        snapshot = line.snapshot if line is not None else None
        if snapshot != self._shown:
            self._shown = snapshot
            self._keep()
            self.detail.show_snapshot(snapshot, line.verdict if line is not None else None)
        self._refresh()

    def _say_why_empty(self) -> None:
        """Unless the list is shown, or how often snapshots are taken."""
        if self.policy_button.isChecked():
            self._pages.setCurrentWidget(self.policy)
            self.policy.look_once()
        elif self.model.rows:
            self._pages.setCurrentWidget(self._panes)
        else:
            self._pages.setCurrentWidget(self.empty)
            self._say_what_is_missing()

    def _say_what_is_missing(self) -> None:
        info, whole = self._workspace.info, self.scope.currentIndex() == STORE
        name = f"{self._stream[0]} {self._stream[1]}"
        if info is None:
            self.empty.say("No store is open.", "Snapshots of its streams are listed here.", icon_name="camera")
        elif not info.snapshots:
            self.empty.say("This store keeps no snapshots.", "Its streams are always replayed from the first event.")
        elif not whole and not self._stream[0]:
            self.empty.say(
                "No stream is open.",
                "Open one to see its snapshots, or look at those of the whole store.",
                icon_name="camera",
                action="Whole store",
                on_action=lambda: self.scope.setCurrentIndex(STORE),
            )
        else:
            every = taken_every(self._workspace.aggregates, self._stream[0])
            hint = f"One is taken every {every} events, and by hand at any version." if every else "Take one by hand."
            can = not self._why_not_take()
            self.empty.say(
                "No snapshots in this store yet." if whole else f"No snapshot of {name} yet.",
                hint if can else self._why_not_take(),
                icon_name="camera",
                action="Take one now" if can else "",
                on_action=self.take if can else None,
            )

    def _why_not_take(self) -> str:
        info = self._workspace.info
        if reason := why_not_writable(info):
            return reason
        if info is not None and not info.snapshots:
            return "This store keeps no snapshots."
        return "" if self._stream[0] else "No stream is open."

    def _refresh(self) -> None:
        """Which buttons can be pressed, and why not."""
        reason = self._why_not_take()
        at = f" at v{self._version}" if self._version else ""
        self.take_button.setText(text.menu_text(f"Take{at}"))
        self.take_button.setEnabled(not reason and not self._busy)
        self.take_button.setToolTip(text.tooltip(reason or f"Save the state{at} of {' '.join(self._stream)}"))
        self.take_button.setAccessibleName(f"Take a snapshot{at}")
        chosen = self.selected is not None
        self.compare_button.setEnabled(chosen and not self._busy)
        self.replay_button.setEnabled(chosen and not self._busy)
        self.compare_all_button.setEnabled(bool(self.model.rows) and not self._busy)
        why_not = why_not_writable(self._workspace.info)
        self.delete_button.setEnabled(chosen and not why_not)
        self.delete_button.setToolTip(text.tooltip(why_not or "Delete the selected"))

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        self._refresh()

    # -- taking and deleting -----------------------------------------------------------------------------------------

    def take(self, *, at_end: bool = False) -> None:
        """Save the state at the version one is looking at, or at the end."""
        if self._why_not_take():
            return
        category, id = self._stream
        self.banner.clear()
        self._set_busy(True)
        self._workspace.engine(
            TakeSnapshot(category, id, None if at_end or not self._version else self._version),
            lambda done: self._taken(category, id, done),
            self._failed,
            owner=self,
            text="Taking a snapshot",
        )

    def _taken(self, category: str, id: str, done: Done) -> None:
        self._set_busy(False)
        self._workspace.message.emit(done.message or "Snapshot taken.")
        self._workspace.snapshots_changed.emit(category, id)

    def _failed(self, error: ExplorerError) -> None:
        self._set_busy(False)
        self.banner.show_error(error)

    def ask_to_delete(self) -> None:
        """Ask in place; nothing happens yet."""
        self._doomed = self.selected
        if self._doomed is not None:
            category, id, version = self._doomed.key
            self.question.ask(f"Delete the snapshot v{version} of {category} {id}?")

    def _keep(self) -> None:
        self._doomed = None
        self.question.hide()

    def delete(self) -> None:
        doomed = self._doomed
        self._keep()
        if doomed is None:
            return
        category, id, version = doomed.key

        def gone(_: None) -> None:
            self._workspace.message.emit(f"Snapshot v{version} of {category} {id} deleted.")
            self._workspace.snapshots_changed.emit(category, id)

        self._workspace.write(
            lambda store: store.delete_snapshot(StreamKey(category, id), version),
            gone,
            self.banner.show_error,
            owner=self,
            text=f"Deleting the snapshot v{version} of {category} {id}",
        )

    # -- comparing ---------------------------------------------------------------------------------------------------

    def compare(self) -> None:
        """Compare the content of the selected snapshot with replay."""
        line = self.selected
        if line is not None:
            self.detail.show_working()
            self._verify(VerifySnapshots(*line.key), "interactive")

    def compare_all(self) -> None:
        whole = self.scope.currentIndex() == STORE
        ask = VerifySnapshots() if whole else VerifySnapshots(*self._stream)
        self._verify(ask, "scan" if whole else "interactive")

    def replay(self) -> None:
        """Fold from the snapshot instead of from event 1; say what that saves, and go to where it starts."""
        line = self.selected
        if line is None:
            return

        def told(done: Done) -> None:
            self._compared(done)
            known = self._verdicts.get(line.key)
            if known is not None:
                saved = saving_text(known[1]) or meaning(known[1])
                self.banner.show_notice("info", saved)
                self._workspace.stream_wanted.emit(*line.key)

        self.detail.show_working()
        self._verify(VerifySnapshots(*line.key), "interactive", told)

    def _verify(self, ask: VerifySnapshots, lane: str, then: Callable[[Done], None] | None = None) -> None:
        self.banner.clear()
        self._set_busy(True)
        self._workspace.engine(
            ask,
            then or self._compared,
            self._not_compared,
            self._part,
            topic="verify snapshots",
            owner=self,
            lane=lane,
            text="Comparing snapshots with replay",
        )

    def _part(self, part: object) -> None:
        if not isinstance(part, Verdict):
            return
        for row, line in enumerate(self.model.rows):
            if line.key == (part.category, part.id, part.version):
                self._verdicts[line.key] = (line.snapshot, part)
                self.model.replace(row, Line(line.snapshot, part))
                if line.snapshot == self._shown:
                    self.detail.show_verdict(line.snapshot, part)

    def _compared(self, done: Done) -> None:
        self._set_busy(False)
        if done.message:
            self._workspace.message.emit(done.message)

    def _not_compared(self, error: ExplorerError) -> None:
        self._set_busy(False)
        self.detail.show_failure(error)
