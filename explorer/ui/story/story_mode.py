"""Story mode of the window: makes the store of a story, opens it, plays it with keys that a presenter's remote has."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFileDialog, QWidget

from explorer.errors import ExplorerError
from explorer.stores.store import StoreSpec
from explorer.ui.asking.worker import Delivery, in_thread
from explorer.ui.story.caption_bar import CaptionBar
from explorer.ui.story.stage import Stage

if TYPE_CHECKING:
    from explorer.story.script import Story
    from explorer.ui.story.player import Player


class Opens(Protocol):
    """What opens and closes stores: `ui.start.opening`."""

    def open(self, spec: StoreSpec, plugins: tuple[str, ...] = ()) -> None: ...

    def close_then(self, then: Callable[[], None]) -> None: ...


class StoryMode(QObject):
    """At most one story at a time. `failed`: an error that is said on the first page or above what is open."""

    failed = Signal(object)
    playing_changed = Signal(bool)

    def __init__(self, stage: Stage, opening: Opens, bar: CaptionBar, window: QWidget) -> None:
        super().__init__(window)
        self.bar = bar
        self.story: Story | None = None
        self.player: Player | None = None
        self.spec: StoreSpec | None = None  # of the store that was made for it
        self._stage = stage
        self._workspace = stage.workspace
        self._opening = opening
        self._window = window
        self._delivery = Delivery(self)
        self._folder: Path | None = None
        self._chapter = 0  # where to begin
        self._remote = [QShortcut(QKeySequence(key), window) for key in ("PgDown", "PgUp")]
        for shortcut, call in zip(self._remote, (self.next, self.back), strict=True):
            shortcut.setEnabled(False)
            shortcut.activated.connect(call)
        window.installEventFilter(self)
        bar.chapter_wanted.connect(self._go_to_chapter)
        self._workspace.engine_ready.connect(self._ready)
        self._workspace.closing.connect(self._closing)
        self._workspace.open_failed.connect(self._not_opened)
        bind = self._workspace.actions.bind
        playing = lambda: self.playing  # noqa: E731 - used several times below
        bind("story", self.begin, self)
        bind("story_open", self.choose, self)
        bind("story_next", self.next, self, playing)
        bind("story_back", self.back, self, playing)
        bind("story_reset", self.reset, self, playing)
        bind("story_end", self.end, self, playing)

    @property
    def playing(self) -> bool:
        return self.story is not None

    # -- beginning and ending ----------------------------------------------------------------------------------------

    def choose(self) -> None:
        """A script from a file."""
        chooser = QFileDialog(self._window, "Open a story", "", "Stories (*.toml);;All files (*)")
        chooser.setFileMode(QFileDialog.FileMode.ExistingFile)
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.fileSelected.connect(lambda name: self.begin(Path(name)))
        chooser.open()

    def begin(self, file: Path | None = None) -> None:
        """Play this script, or the shipped one: on a store made anew."""

        def look() -> Story | ExplorerError:
            from explorer.story.reading import read, shipped  # late: the first page comes without stories

            try:
                return read(file or shipped())
            except ExplorerError as error:
                return error

        def answer(found: Story | ExplorerError) -> None:
            if isinstance(found, ExplorerError):
                self.failed.emit(found)
            else:
                self.play(found)

        in_thread(self._delivery, look, answer)

    def play(self, story: Story) -> None:
        """Make its store and open it. What is open is closed first."""

        def make() -> Path | ExplorerError:
            try:
                return Path(tempfile.mkdtemp(prefix="event-store-explorer-story-"))
            except OSError as error:
                return ExplorerError(f"There is no room for the story's store: {error.strerror}.")

        def made(folder: Path | ExplorerError) -> None:
            if isinstance(folder, ExplorerError):
                self.failed.emit(folder)
                return
            self.story, self._folder = story, folder
            self.spec = StoreSpec(str(folder / f"{story.store}.sqlite"), layout="own", writable=True, create=True)
            self._opening.open(self.spec)

        self._opening.close_then(lambda: in_thread(self._delivery, make, made))

    def reset(self) -> None:
        """From the beginning, on a store made anew."""
        if self.story is not None:
            self.play(self.story)

    def end(self) -> None:
        """Close the story's store, and with it the story."""
        if self.playing:
            self._opening.close_then(lambda: None)

    def _ready(self) -> None:
        """The story's store is open, and its engine knows the domain."""
        story, folder = self.story, self._folder
        if story is None or folder is None or self.player is not None or self._workspace.spec != self.spec:
            return
        from explorer.ui.story.acting import Acting  # likewise
        from explorer.ui.story.player import Player

        acting = Acting(self._stage, folder / "problem", self)
        self.player = Player(story, self._stage, acting, self)
        acting.setParent(self.player)  # it ends with it
        self.player.changed.connect(self._show)
        self.bar.begin(
            [chapter.title for chapter in story.chapters], [step.caption for _chapter, _place, step in story.steps()]
        )
        for shortcut in self._remote:
            shortcut.setEnabled(True)
        self._stage.begin()
        self.playing_changed.emit(True)
        self._show()
        self.player.next()

    def _closing(self) -> None:
        if self.player is not None:
            self.player.stop()
        if self._folder is not None:
            self._workspace.closed.connect(self._clear_away, Qt.ConnectionType.SingleShotConnection)
        self._forget()

    def _not_opened(self) -> None:
        self._forget()
        self._clear_away()

    def _forget(self) -> None:
        if self.player is not None:
            self.player.deleteLater()
            for shortcut in self._remote:
                shortcut.setEnabled(False)
            self._stage.begin()
            self.playing_changed.emit(False)
        self.story, self.player, self.spec = None, None, None

    def _clear_away(self) -> None:
        """The store is closed: nothing needs its files any more."""
        folder, self._folder = self._folder, None
        if folder is not None:
            # No daemon: the program waits for it, so that nothing is left behind.
            threading.Thread(target=shutil.rmtree, args=(folder, True), name="closing").start()

    # -- playing -----------------------------------------------------------------------------------------------------

    def next(self) -> None:
        if self.player is not None:
            self.player.next()

    def back(self) -> None:
        if self.player is not None:
            self.player.back()

    def _go_to_chapter(self, number: int) -> None:
        if self.player is not None:
            self.player.chapter(number)

    def _show(self) -> None:
        player = self.player
        if player is None:
            return
        self.bar.say(player.place, player.caption, first=player.at <= 0, last=player.last)
        if player.problem is not None:
            self.bar.stand(f"{player.problem} {player.problem.hint}".strip(), "error")
        elif player.running:
            self.bar.stand(player.waiting or "…")
        else:
            self.bar.stand("")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Esc that nothing else in the window has use for ends the story."""
        if (
            self.playing
            and event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
        ):
            self.end()
            return True
        return False
