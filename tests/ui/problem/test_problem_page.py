"""The page of the problem says what the files hold, and what follows from it."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from explorer.story.crash import Held, Ran
from explorer.ui.problem.problem_page import ProblemPage
from explorer.ui.problem.scene import Scene
from explorer.ui.workspace import Workspace

ROW = ("O-1", "C-1", "35.00", "PENDING")
KILLED = "Its process was ended by SIGKILL."


@pytest.fixture
def page(qtbot: QtBot, workspace: Workspace) -> ProblemPage:
    page = ProblemPage(workspace)
    qtbot.addWidget(page)
    page.resize(1000, 600)
    page.show()
    return page


def test_a_row_whose_message_was_lost(page: ProblemPage) -> None:
    lost = ("O-2", "C-1", "35.00", "PENDING")
    ran = Ran("between row and message", "O-2", ("wrote the row O-2 and committed it",), True, KILLED)
    scene = Scene().after(ran, Held((ROW, lost), ("O-1",), (), (), ()))
    page.show_scene(scene.after(Ran("deliver", "", (), False, ""), Held((ROW, lost), ("O-1",), (), ("O-1",), ())))
    assert [line.words.text() for line in page.two.did] == [
        "wrote the row O-2 and committed it", f"killed here. {KILLED}", "published no message",
    ]  # fmt: skip
    assert page.two.verdict.words.text() == "O-2: a row without a message. Nobody will ever hear of it."
    assert page.two.heard.words.text() == "of O-1; not of O-2"
    told = page.orders.columns[3].text
    assert [told(row) for row in page.orders.rows] == ["sent", "none!"]
    assert page.one.verdict.words.text() == ""


@pytest.mark.parametrize(
    ("events", "heard", "verdict"),
    [
        ((), (), "O-3: nothing was stored, nothing was said. Nothing is inconsistent."),
        (((1, "OrderCreated", "O-3"),), (), "O-3: stored. What is stored is published."),
        (((1, "OrderCreated", "O-3"),), ("O-3",), "O-3: stored, and every subscriber gets it when it comes back."),
    ],
)
def test_one_append(
    page: ProblemPage, events: tuple[tuple[int, str, str], ...], heard: tuple[str, ...], verdict: str
) -> None:
    ran = Ran("after the commit", "O-3", (), True, KILLED)
    page.show_scene(Scene().after(ran, Held((), (), events, (), heard)))
    assert page.one.verdict.words.text() == verdict
    assert len(page.events.rows) == len(events)


def test_before_anything_has_run(page: ProblemPage) -> None:
    assert page.two.did[0].words.text() == page.one.did[0].words.text() == "has not run yet"
    assert page.two.verdict.words.text() == ""
