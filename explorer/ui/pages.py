"""The pages there are: tabs that show something of the whole store, at most one of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtWidgets import QWidget

from explorer.ui.workspace import Workspace


class Page(NamedTuple):
    """A tab that shows something of the whole store. `make` imports its panel late: the first page comes without it."""

    title: str
    icon: str
    make: Callable[[Workspace, QWidget], QWidget]


def _pattern(workspace: Workspace, parent: QWidget) -> QWidget:
    from explorer.ui.pattern.pattern_page import PatternPage

    return PatternPage(workspace, parent)


def _causality(workspace: Workspace, parent: QWidget) -> QWidget:
    from explorer.ui.causality.causality_page import CausalityPage

    return CausalityPage(workspace, parent)


def _compare(workspace: Workspace, parent: QWidget) -> QWidget:
    from explorer.ui.compare.compare_page import ComparePage

    return ComparePage(workspace, parent)


def _code(workspace: Workspace, parent: QWidget) -> QWidget:
    from explorer.ui.compare.code_page import CodePage

    return CodePage(workspace, parent)


def _branch(workspace: Workspace, parent: QWidget) -> QWidget:
    from explorer.ui.branch.branch_page import BranchPage

    return BranchPage(workspace, parent)


def _problem(workspace: Workspace, parent: QWidget) -> QWidget:
    from explorer.ui.problem.problem_page import ProblemPage

    return ProblemPage(workspace, parent)


PAGES: dict[str, Page] = {
    "pattern": Page("Pattern", "activity", _pattern),
    "causality": Page("Causes and effects", "causes", _causality),
    "compare": Page("Compare", "compare", _compare),
    "code": Page("Compare code", "code", _code),
    "branch": Page("What if", "branch", _branch),
    "problem": Page("Row and message", "zap", _problem),
}
"""The pages there are, by name; at most one tab each."""

KEPT = ("pattern", "problem")  # those that need nothing but their name to be shown again
