"""The shipped story from its first step to its last, by the keys of a presenter's remote; a picture of every step."""

from __future__ import annotations

from pathlib import Path

from explorer.ui.window import Window
from tests.journey.hand import Journey, Pictures, click, press, wait_for


def path(window: Window, folder: Path) -> Journey:
    look = Pictures(folder)
    yield from wait_for("the first page", window.first_page.story_button.isVisible)
    yield from look("first-page")
    yield from click(window.first_page.story_button)
    yield from wait_for("the story", lambda: window.story.player is not None, 60)
    player = window.story.player
    assert player is not None
    while True:
        yield from wait_for("the end of the step", lambda: not player.running, 90)
        assert player.problem is None, f"{player.place}: {player.problem} {player.problem.hint}"
        yield 1.0
        chapter, step, _step = player.steps[player.at]
        yield from look(f"{chapter}-{step}")
        print(f"      {player.caption}", flush=True)
        if player.last:
            break
        before = player.at
        yield from press("Next")  # as X calls Page Down
        yield from wait_for("the next step", lambda before=before: player.at > before)  # type: ignore[misc]
    yield from press("Prior", "Prior")
    yield from wait_for("two steps back", lambda: player.at == len(player.steps) - 3)
    yield 0.6
    yield from look("two-back")
    yield from press("ctrl+plus")
    yield 0.6
    yield from look("larger")
    yield from press("Escape")
    yield from wait_for("the end of the story", lambda: not window.story.playing)
