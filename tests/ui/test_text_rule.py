"""No text on the screen is made from data outside `ui/text.py`: looked for in the source itself."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import explorer.ui

UI = Path(explorer.ui.__file__).parent
FILES = sorted(file for file in UI.rglob("*.py") if file.name != "text.py")

SETTERS = {
    *("setText", "setToolTip", "setStatusTip", "setWhatsThis", "setWindowTitle", "setTabText", "setTabToolTip"),
    *("setTitle", "setInformativeText", "setDetailedText", "setLabelText", "showMessage", "setItemText"),
}
ADDERS = {"addTab", "insertTab", "addMenu", "addSection", "setHeaderLabels", "setHorizontalHeaderLabels"}
FORBIDDEN = {"setHtml", "appendHtml", "insertHtml", "setMarkdown"}
MAKERS = {
    *("shown", "lines_shown", "tooltip", "menu_text", "tab_text", "title", "when", "clock", "duration", "number"),
    *("size_text", "relative"),
}
# What takes text without ever guessing markup or shortcuts: editors for plain text, and the clipboard.
PLAIN = {
    *("clipboard", "field", "edit", "line", "id", "path", "url", "words", "type", "filter", "reason", "host"),
    *("input", "expected_field", "source"),
}


def safe(node: ast.expr, constants: set[str]) -> bool:
    """A literal, a constant of the module, or something that text.py made."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Name):
        return node.id in constants
    if isinstance(node, ast.IfExp):
        return safe(node.body, constants) and safe(node.orelse, constants)
    if isinstance(node, ast.BinOp):
        return safe(node.left, constants) and safe(node.right, constants)
    if isinstance(node, ast.BoolOp):
        return all(safe(one, constants) for one in node.values)
    if isinstance(node, ast.List | ast.Tuple):
        return all(safe(one, constants) for one in node.elts)
    if isinstance(node, ast.JoinedStr):
        parts = [one.value for one in node.values if isinstance(one, ast.FormattedValue)]
        return all(safe(one, constants) for one in parts)
    if isinstance(node, ast.Subscript):
        return safe(node.value, constants)
    if isinstance(node, ast.Call):
        made = node.func
        return isinstance(made, ast.Attribute) and made.attr in MAKERS and isinstance(made.value, ast.Name)
    return False


def findings(source: str) -> list[str]:
    tree = ast.parse(source)
    constants = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id.isupper()
    }
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name = node.func.attr
        written = name in SETTERS and not _plain(node.func.value)
        if name in FORBIDDEN:
            found.append(f"{node.lineno}: {name} is markup")
        elif (written or name in ADDERS) and node.args and not safe(node.args[-1], constants):
            found.append(f"{node.lineno}: {ast.unparse(node)[:100]}")
    return found


def _plain(target: ast.expr) -> bool:
    words = ast.unparse(target)
    return "clipboard()" in words or words.split(".")[-1].strip("_") in PLAIN


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_texts_come_from_the_one_module(file: Path) -> None:
    assert findings(file.read_text()) == []


@pytest.mark.parametrize(
    "line",
    [
        "label.setText(event.type)",
        "button.setToolTip(f'{event.id}')",
        "self.setWindowTitle('Store ' + info.title)",
        "tabs.addTab(tab, name)",
        "box.setInformativeText(str(error))",
        "label.setHtml('<b>x</b>')",
    ],
)
def test_it_finds_what_it_should(line: str) -> None:
    assert findings(line)


@pytest.mark.parametrize(
    "line",
    [
        "label.setText('Open')",
        "button.setToolTip(text.tooltip(event.id))",
        "tabs.addTab(tab, text.tab_text(name))",
        "button.setText('a' if on else 'b')",
    ],
)
def test_it_lets_the_rest_pass(line: str) -> None:
    assert findings(line) == []
