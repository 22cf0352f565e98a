"""Looks at where the subscriptions of a store of our own stand, for as long as somebody wants to see it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer, Signal

from explorer.stores.store import Subscribed
from explorer.subscription import reached
from explorer.ui.pattern.traffic import Stand
from explorer.ui.workspace import Workspace

LOOK = 500  # milliseconds between two looks
SILENT = 6_000  # milliseconds without a sign of life of an owner, after which nobody works there


class Looking(QObject):
    """`looked` with a list of `Stand`."""

    looked = Signal(object)

    def __init__(self, workspace: Workspace, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._lives: dict[str, tuple[tuple[int, int], int]] = {}  # name → (epoch, beat), looks without a new one
        self._timer = QTimer(self, interval=LOOK)
        self._timer.timeout.connect(self._look)

    @property
    def active(self) -> bool:
        return self._timer.isActive()

    def start(self) -> None:
        """Nothing where there are no subscriptions."""
        info = self._workspace.info
        if info is not None and info.layout == "own":
            self._look()
            self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def _look(self) -> None:
        self._workspace.browse(
            lambda store: store.subscriptions(), self._answer, topic="pattern subscriptions", owner=self
        )

    def _answer(self, known: Sequence[Subscribed]) -> None:
        self.looked.emit([self._stand(one) for one in known])

    def _stand(self, one: Subscribed) -> Stand:
        at = reached(one.checkpoint)
        life = (one.epoch, one.beat)
        before, quiet = self._lives.get(one.name, (life, 0))
        quiet = quiet + 1 if life == before else 0
        self._lives[one.name] = (life, quiet)
        gone = not one.owner or quiet * LOOK > SILENT
        state = "paused" if one.paused else "stopped" if gone else one.state or "live"
        return Stand(one.name, at if isinstance(at, int) else 0, state, one.detail, one.parked)
