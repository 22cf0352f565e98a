"""Choosing a store: a SQLite file or a PostgreSQL database, how to read it, with which plug-ins, whether to write."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.errors import Ambiguous, ExplorerError, NeedsCopy, NoEventStore
from explorer.model import StoreInfo
from explorer.settings import Settings
from explorer.stores.store import StoreSpec
from explorer.ui.asking.worker import Delivery, in_thread, probe
from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon
from explorer.ui.parts.banner import Banner
from explorer.ui.start import passwords

SHOWN = 20_000  # bytes of a description of tables
RECOGNISE = "Recognise by its tables"
FROM_FILE = "Described in a TOML file…"


class OpenDialog(QDialog):
    """`chosen(spec, plugins)` once the store has been found to open; errors are shown here, in place."""

    chosen = Signal(object, object)

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.settings = settings
        self.setWindowTitle("Open an event store")
        self.setAcceptDrops(True)
        self.setModal(True)
        self._delivery = Delivery(self)
        self._trying = 0
        self.banner = Banner(self)
        self.tabs = QTabWidget(self)
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self._sqlite_page(), icon("file"), "SQLite")
        self.tabs.addTab(self._postgres_page(), icon("server"), "PostgreSQL")
        self.layout_choice = QComboBox(self)
        self.layout_choice.setAccessibleName("How the tables read as events")
        self.layout_choice.addItem(RECOGNISE)
        self.layout_choice.addItem(FROM_FILE)
        self.layout_choice.activated.connect(self._on_layout)
        self.layout_text = QPlainTextEdit(self)
        self.layout_text.setReadOnly(True)
        self.layout_text.setFont(theme.mono_font(11))
        self.layout_text.setAccessibleName("What the file says; its SELECT will be run, only reading")
        self.layout_text.setFixedHeight(theme.scaled(120))
        self.instance = QComboBox(self)
        self.instance.setAccessibleName("Which of the stores in this database")
        self.plugins = QListWidget(self)
        self.plugins.setAccessibleName("Plug-in files")
        self.plugins.setFixedHeight(theme.scaled(52))
        self.add_plugin = self._small("plus", "Add a plug-in file…", self._choose_plugin)
        self.remove_plugin = self._small("minus", "Remove the plug-in file", self._drop_plugin)
        self.writable = QCheckBox("Allow writing: commands and appended events change this store", self)
        self.writable.toggled.connect(lambda _on: self._show_state())
        self.state = text.plain_label("", self)
        self.state.setObjectName("muted")
        self.offer = QPushButton(self)
        self.offer.clicked.connect(self._take_offer)
        self.offer.hide()
        self._offered: StoreSpec | None = None
        self.test = QPushButton("Test connection", self)
        self.test.clicked.connect(lambda: self._try(self.spec(), open=False))
        self.cancel = QPushButton("Cancel", self)
        self.cancel.clicked.connect(self.reject)
        self.open_button = QPushButton("Open", self)
        self.open_button.setDefault(True)
        self.open_button.setProperty("primary", True)
        self.open_button.clicked.connect(lambda: self._try(self.spec(), open=True))
        for other in (self.offer, self.test, self.cancel):
            other.setAutoDefault(False)  # with the focus on it, it would look like Open, and Enter would press it

        more = QFormLayout()
        more.setContentsMargins(theme.L, theme.M, theme.L, theme.M)
        more.setHorizontalSpacing(theme.L)
        more.setVerticalSpacing(theme.M)
        more.addRow(self._label("Tables"), self.layout_choice)
        more.addRow(self._label(""), self.layout_text)
        more.addRow(self._label("Store"), self.instance)
        side = QVBoxLayout()
        side.setSpacing(2)
        side.addWidget(self.add_plugin)
        side.addWidget(self.remove_plugin)
        plugins = QHBoxLayout()
        plugins.setSpacing(theme.S)
        plugins.addWidget(self.plugins, 1)
        plugins.addLayout(side)
        more.addRow(self._label("Plug-ins"), plugins)
        more.addRow(self._label(""), self.writable)
        self._more = more
        more.setRowVisible(self.instance, False)
        more.setRowVisible(self.layout_text, False)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(theme.L, theme.M, theme.L, theme.L)
        buttons.setSpacing(theme.M)
        buttons.addWidget(self.test)
        buttons.addWidget(self.state, 1)
        for one in (self.offer, self.cancel, self.open_button):
            buttons.addWidget(one)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.banner)
        whole.addWidget(self.tabs)
        whole.addLayout(more)
        whole.addStretch(1)
        whole.addLayout(buttons)
        self.setMinimumWidth(theme.scaled(560))
        self.tabs.currentChanged.connect(self._on_page)
        self._on_page(0)

    def _on_page(self, index: int) -> None:
        """As high as the page in sight needs, not as the highest of them."""
        page = self.tabs.widget(index)
        if page is not None:
            self.tabs.setFixedHeight(self.tabs.tabBar().sizeHint().height() + page.sizeHint().height() + theme.S)
        self._show_state()
        QTimer.singleShot(0, self, lambda: self.resize(self.width(), self.sizeHint().height()))

    # -- the pages -----------------------------------------------------------------------------------------

    def _sqlite_page(self) -> QWidget:
        page = QWidget(self)
        self.path = self._field("Path of the file, or drop it here", "File")
        browse = QPushButton("Browse…", page)
        browse.clicked.connect(self._choose_file)
        line = QHBoxLayout()
        line.setSpacing(theme.M)
        line.addWidget(self.path, 1)
        line.addWidget(browse)
        form = self._form(page)
        form.addRow(self._label("File"), line)
        return page

    def _postgres_page(self) -> QWidget:
        page = QWidget(self)
        self.url = self._field("postgresql://user@host:5432/database", "Address")
        self.host = self._field("localhost", "Host")
        self.port = self._field("5432", "Port")
        self.port.setMaximumWidth(theme.scaled(72))
        self.database = self._field("", "Database")
        self.user = self._field("", "User")
        self.password = self._field("", "Password")
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.keep = QCheckBox("Keep it in the system's keyring", page)
        self.keep.setToolTip("Where there is no keyring it is kept in memory only, until the program ends.")
        place = QHBoxLayout()
        place.setSpacing(theme.M)
        place.addWidget(self.host, 1)
        place.addWidget(self.port)
        form = self._form(page)
        form.addRow(self._label("Host, port"), place)
        form.addRow(self._label("Database"), self.database)
        form.addRow(self._label("User"), self.user)
        form.addRow(self._label("Password"), self.password)
        form.addRow(self._label(""), self.keep)
        form.addRow(self._label("or address"), self.url)
        self.url.textChanged.connect(self._on_url)
        return page

    def _form(self, page: QWidget) -> QFormLayout:
        form = QFormLayout(page)
        form.setContentsMargins(theme.L, theme.L, theme.L, theme.S)
        form.setHorizontalSpacing(theme.L)
        form.setVerticalSpacing(theme.M)
        return form

    def _label(self, words: str) -> QLabel:
        """As wide in all forms, so that their fields stand below one another."""
        label = text.plain_label(words, self)
        label.setMinimumWidth(theme.scaled(74))
        return label

    def _field(self, placeholder: str, name: str) -> QLineEdit:
        field = QLineEdit(self)
        field.setPlaceholderText(placeholder)
        field.setAccessibleName(name)
        field.textChanged.connect(lambda _text: self._show_state())
        return field

    def _small(self, name: str, words: str, call: object) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icon(name))
        button.setToolTip(text.tooltip(words))
        button.setAccessibleName(words)
        button.clicked.connect(call)
        return button

    def _on_url(self, words: str) -> None:
        for field in (self.host, self.port, self.database, self.user):
            field.setEnabled(not words.strip())

    # -- what is filled in ---------------------------------------------------------------------------------

    def fill(self, url: str, *, writable: bool = False, error: ExplorerError | None = None) -> None:
        """Begin with this store, and perhaps with what was wrong with it."""
        if passwords.is_server(url):
            self.tabs.setCurrentIndex(1)
            self.url.setText(url)
        else:
            self.tabs.setCurrentIndex(0)
            self.path.setText(url)
        self.writable.setChecked(writable)
        if error is not None:
            self._show_error(error, self.spec())

    def _where(self) -> str:
        if self.tabs.currentIndex() == 0:
            return self.path.text().strip()
        if self.url.text().strip():
            return self.url.text().strip()
        if not (self.host.text().strip() or self.database.text().strip()):
            return ""
        user = quote(self.user.text().strip(), safe="")
        host, port = self.host.text().strip() or "localhost", self.port.text().strip()
        place = f"{quote(host, safe='')}{':' + port if port else ''}"
        return f"postgresql://{user}{'@' if user else ''}{place}/{quote(self.database.text().strip(), safe='')}"

    def spec(self) -> StoreSpec:
        """What stands in the fields. An address that is none stays as it is; opening it says so."""
        url, password = self._where(), self.password.text() or None
        try:
            url, within = passwords.apart(url)
        except ExplorerError:
            within = None
        layout = self.layout_choice.currentData()
        instance = self.instance.currentData() if self.instance.count() else None
        server = self.tabs.currentIndex() == 1
        return StoreSpec(
            url=url,
            layout=layout,
            instance=instance,
            writable=self.writable.isChecked(),
            password=(password or within) if server else None,
            create=self._would_create(),
        )

    def plugin_files(self) -> tuple[str, ...]:
        return tuple(self.plugins.item(row).data(Qt.ItemDataRole.UserRole) for row in range(self.plugins.count()))

    def _would_create(self) -> bool:
        path, on_file = self.path.text().strip(), self.tabs.currentIndex() == 0
        return on_file and self.writable.isChecked() and bool(path) and not Path(path).exists()

    def _show_state(self) -> None:
        self.open_button.setEnabled(bool(self._where()) and not self._trying)
        self.test.setEnabled(bool(self._where()) and not self._trying)
        creating = "A new store will be made there." if self._would_create() else ""
        text.set_label(self.state, "Trying …" if self._trying else creating)
        self.offer.hide()

    # -- choosing files ------------------------------------------------------------------------------------

    def _choose_file(self) -> None:
        kinds = "*.sqlite *.sqlite3 *.db *.db3 *.esxbundle"
        chooser = self._chooser("Open a SQLite file or a bundle", f"Stores and bundles ({kinds});;All files (*)")
        chooser.fileSelected.connect(self.path.setText)
        chooser.open()

    def _choose_plugin(self) -> None:
        chooser = self._chooser("Add a plug-in", "Python (*.py)")
        chooser.fileSelected.connect(self.add_plugin_file)
        chooser.open()

    def _on_layout(self, index: int) -> None:
        self._show_layout()
        if self.layout_choice.itemText(index) == FROM_FILE:
            self.layout_choice.setCurrentIndex(0)
            chooser = self._chooser("Choose the description of the tables", "TOML (*.toml)")
            chooser.fileSelected.connect(self.set_layout_file)
            chooser.open()

    def _chooser(self, title: str, pattern: str) -> QFileDialog:
        chooser = QFileDialog(self, title, "", pattern)
        chooser.setFileMode(QFileDialog.FileMode.ExistingFile)
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return chooser

    def set_layout_file(self, path: str) -> None:
        """Read the tables as this TOML file says."""
        self.layout_choice.insertItem(1, text.shown(Path(path).name, 60), path)
        self.layout_choice.setCurrentIndex(1)
        self._show_layout()

    def _show_layout(self) -> None:
        """The SELECT of a file is shown before it runs for the first time."""
        path = self.layout_choice.currentData()
        self._more.setRowVisible(self.layout_text, path is not None)
        if path is not None:
            try:
                with open(path, "rb") as file:
                    words = file.read(SHOWN).decode("utf-8", "replace")
            except OSError as error:
                words = f"This file cannot be read: {error.strerror}."
            self.layout_text.setPlainText(text.lines_shown(words, SHOWN))

    def add_plugin_file(self, path: str) -> None:
        self.plugins.addItem(text.shown(Path(path).name, 80))
        item = self.plugins.item(self.plugins.count() - 1)
        item.setData(Qt.ItemDataRole.UserRole, path)
        item.setToolTip(text.tooltip(path))

    def _drop_plugin(self) -> None:
        self.plugins.takeItem(max(0, self.plugins.currentRow()))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        for url in event.mimeData().urls():
            path = url.toLocalFile()
            if path.endswith(".py"):
                self.add_plugin_file(path)
            elif path.endswith(".toml"):
                self.set_layout_file(path)
            elif path:
                self.tabs.setCurrentIndex(0)
                self.path.setText(path)

    # -- trying --------------------------------------------------------------------------------------------

    def _try(self, spec: StoreSpec, open: bool) -> None:
        self.banner.clear()
        if open and spec.create:
            self._done(spec)
            return
        self._trying += 1
        trying = self._trying
        self._show_state()
        looking = replace(spec, writable=False, create=False)

        def look() -> StoreInfo | ExplorerError:
            known = looking.password or passwords.recall(looking.url)
            return probe(replace(looking, password=known))

        def answer(found: StoreInfo | ExplorerError) -> None:
            if trying != self._trying or not self.isVisible():
                return
            self._trying = 0
            self._show_state()
            if isinstance(found, ExplorerError):
                self._show_error(found, spec)
            elif open:
                self._done(spec)
            else:
                kind = "an event store of our own" if found.layout == "own" else f"an event store ({found.layout})"
                self.banner.show_notice("info", f"It works: {found.title} is {kind}.", found.notice)

        in_thread(self._delivery, look, answer)

    def _show_error(self, error: ExplorerError, spec: StoreSpec) -> None:
        self.banner.show_error(error)
        self._offered = None
        if isinstance(error, Ambiguous):
            self.instance.clear()
            for choice in error.choices:
                self.instance.addItem(text.shown(choice, 80), choice)
            self._more.setRowVisible(self.instance, True)
            self.instance.setFocus(Qt.FocusReason.OtherFocusReason)
        elif isinstance(error, NeedsCopy):
            self._offered = replace(spec, copy=True, writable=False)
            self.offer.setText("Open a copy")
        elif isinstance(error, NoEventStore) and spec.writable:
            self._offered = replace(spec, create=True)
            self.offer.setText("Make a store there")
        self.offer.setVisible(self._offered is not None)

    def _take_offer(self) -> None:
        if self._offered is not None:
            self._done(self._offered)

    def _done(self, spec: StoreSpec) -> None:
        if self.keep.isChecked() and spec.password:
            url, password = spec.url, spec.password
            in_thread(self._delivery, lambda: passwords.keep(url, password), lambda _kept: None)
        self.chosen.emit(spec, self.plugin_files())
        self.accept()
