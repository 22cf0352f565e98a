"""The services in the head of the window: a dot and a word for each; a click shows their panel."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from explorer.ui.asking.serving import TONES, ServiceState
from explorer.ui.look import text, theme
from explorer.ui.look.icons import icon
from explorer.ui.workspace import Workspace


class ServiceLights(QWidget):
    """Hidden where no service may run."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.setAccessibleName("Services")
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(0, 0, 0, 0)
        self._line.setSpacing(0)
        self.lights: dict[str, QToolButton] = {}
        self._said: dict[str, tuple[str, str]] = {}
        workspace.services.changed.connect(self._show)
        self._show()

    def minimumSizeHint(self) -> QSize:
        # What does not fit is cut off: the window must not become wider for it.
        return QSize(0, super().minimumSizeHint().height())

    def _show(self) -> None:
        known = self._workspace.services.known()
        if [one.name for one in known] != list(self.lights):
            for button in self.lights.values():
                self._line.removeWidget(button)
                button.hide()
                button.deleteLater()
            self.lights, self._said = {one.name: self._light() for one in known}, {}
        for one in known:
            self._tell(one)
        self.setVisible(bool(known))

    def _light(self) -> QToolButton:
        button = QToolButton(self)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(theme.icon_size(14))
        button.clicked.connect(lambda: self._workspace.actions.trigger("subscriptions"))
        self._line.addWidget(button)
        return button

    def _tell(self, service: ServiceState) -> None:
        state = service.state
        if service.running and state == "live" and (service.slow or service.failing):
            state = "made to fail" if service.failing else f"slow, {service.slow:g} s"
        words = service.name if state == "live" else f"{service.name} {state}"
        tone = TONES.get(state, "warning")
        if self._said.get(service.name) == (words, tone):
            return
        self._said[service.name] = words, tone
        button = self.lights[service.name]
        button.setIcon(icon("dot", tone))
        button.setText(text.menu_text(words))
        button.setAccessibleName(text.shown(f"Service {service.name}: {state}"))
        info = self._workspace.services.infos[service.name]
        means = f"{info.meanwhile} until it runs." if info.meanwhile and not service.running else ""
        lines = (f"The {service.name} service is {state}.", service.detail, means, "Click to see who works on this "
                 "store.")  # fmt: skip
        button.setToolTip(text.tooltip("\n".join(line for line in lines if line)))
