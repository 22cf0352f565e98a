"""From choosing a store to having it open: the dialog, recent stores, the demo; what fails comes back to the dialog."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from explorer.errors import ExplorerError
from explorer.settings import Recent, Settings
from explorer.stores.store import StoreSpec
from explorer.ui.asking.worker import Delivery, in_thread
from explorer.ui.start import passwords
from explorer.ui.start.demo_store import DemoStore
from explorer.ui.start.first_page import FirstPage
from explorer.ui.start.open_dialog import OpenDialog
from explorer.ui.workspace import Workspace

SETTLING = 500  # ms until the demo's services start: they would take the processor from the first page


class Opening(QObject):
    """`leave(then)` closes what is open first (the window asks about writes that have not started)."""

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        first_page: FirstPage,
        window: QWidget,
        leave: Callable[[Callable[[], None]], None],
    ) -> None:
        super().__init__(window)
        self.workspace = workspace
        self.settings = settings
        self.first_page = first_page
        self.dialog: OpenDialog | None = None
        self._window = window
        self._leave = leave
        self._delivery = Delivery(self)
        self._demo = DemoStore(self._delivery)
        self._wanted: StoreSpec | None = None  # what is being opened
        self._last: tuple[StoreSpec, tuple[str, ...]] | None = None
        self._given = workspace.plugins  # with the program: they go with every store
        self._ended = False
        self._served: StoreSpec | None = None  # the demo's store while it is the one that is open
        self._serve_soon = QTimer(self, interval=SETTLING, singleShot=True)
        self._serve_soon.timeout.connect(self._serve)
        workspace.opened.connect(self._opened)
        workspace.engine_ready.connect(self._listed)
        workspace.open_failed.connect(self._failed)

    def choose(self, read_only: bool = False) -> None:
        """The open dialog."""
        dialog = self._new_dialog()
        if read_only:
            dialog.writable.setChecked(False)
            dialog.writable.setEnabled(False)
        dialog.open()

    def _new_dialog(self) -> OpenDialog:
        if self.dialog is not None:
            self.dialog.deleteLater()
        self.dialog = OpenDialog(self.settings, self._window)
        self.dialog.chosen.connect(self.open)
        return self.dialog

    def open_recent(self, recent: Recent) -> None:
        """As it was opened last."""
        self.open(StoreSpec(recent.url, recent.layout, recent.instance, recent.writable), tuple(recent.plugins))

    def open_again(self) -> None:
        """What is open now, anew."""
        if self._served is not None:
            self.open_demo(self._served)
        elif self._last is not None:
            self.open(*self._last)

    def open_demo(self, made: StoreSpec | None = None) -> None:
        """The demo's store, with its services; None: make it first if it is not there."""

        def failed(error: ExplorerError) -> None:
            self._say("")
            self.first_page.banner.show_error(error, self.open_demo)

        def start(spec: StoreSpec) -> None:
            self._served = spec
            self._demo.keep(spec)
            self._start(spec, ())

        def begin() -> None:
            if made is not None:
                self._say("Opening …")
                start(made)
            else:
                self._say("Preparing the demo …")
                self._demo.make(start, failed)

        self.close_then(begin)

    def open(self, spec: StoreSpec, plugins: tuple[str, ...] = ()) -> None:
        """Close what is open and open this. A password that is not given is looked for in the keyring."""

        def begin() -> None:
            self._say("Opening …")
            if spec.password is None and passwords.is_server(spec.url):
                in_thread(
                    self._delivery,
                    partial(passwords.recall, spec.url),
                    lambda password: self._start(replace(spec, password=password), plugins),
                )
            else:
                self._start(spec, plugins)

        self.close_then(begin)

    def close_then(self, then: Callable[[], None]) -> None:
        """Close what is open, and the demo's server with it."""

        def closed() -> None:
            self._leave_demo()
            then()

        self._leave(closed)

    def end(self) -> None:
        """The window is closing, and the store with it."""
        self._ended = True
        self._leave_demo()

    def _start(self, spec: StoreSpec, plugins: tuple[str, ...]) -> None:
        if not self._ended:
            self._wanted, self._last = spec, (spec, plugins)
            self.workspace.open(spec, tuple(dict.fromkeys((*self._given, *plugins))))

    def _opened(self) -> None:
        self._say("")

    def _listed(self) -> None:
        """The services are known now."""
        if self._served is not None:
            self._serve_soon.start()

    def _serve(self) -> None:
        if self._served is not None:
            self.workspace.services.start_all()

    def _leave_demo(self) -> None:
        self._serve_soon.stop()
        self._served = None
        self._demo.stop()

    def _failed(self, error: ExplorerError) -> None:
        self._say("")
        self._leave_demo()
        spec, self._wanted = self._wanted, None
        if spec is not None:
            dialog = self._new_dialog()
            dialog.fill(spec.url, writable=spec.writable, error=error)
            dialog.open()

    def _say(self, words: str) -> None:
        self.first_page.opening(words)
        if words:
            self.first_page.banner.clear()
