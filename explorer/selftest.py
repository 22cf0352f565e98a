"""`--selftest`: does this installation work? Checks from inside what an incomplete package would lack.

Every check is a line. Nothing of the user is touched: the demo store is made in a temporary folder.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from explorer import demo, resources
from explorer.engine.lane import Lane
from explorer.engine.messages import AnyReply, Open, Opened, Replay, Replayed
from explorer.errors import CannotOpen, ExplorerError
from explorer.model import EventQuery
from explorer.stores import StoreSpec, open_store

PATIENCE = 60.0  # seconds for an engine process to answer


def run() -> int:
    """Print a line for each check; 0 if all hold, else 1."""
    with tempfile.TemporaryDirectory(prefix="event-store-explorer-") as folder:
        os.environ["EVENT_STORE_EXPLORER_HOME"] = folder
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        checks: list[tuple[str, Callable[[Path], str]]] = [
            ("resources", _resources),
            ("SQLite store", _sqlite),
            ("PostgreSQL driver", _postgresql),
            ("engine process", _engine),
            ("window", _window),
        ]
        failed = 0
        for name, check in checks:
            try:
                detail, word = check(Path(folder)), "ok"
            # Whatever a broken installation lacks shows as whatever it raises; the next check must still run.
            except Exception as problem:
                detail, word = f"{type(problem).__name__}: {problem}", "FAILED"
                failed += 1
            print(f"{word:6}  {name:18}  {detail}", flush=True)
    return 1 if failed else 0


def _resources(folder: Path) -> str:
    fonts = [name.name for name in (resources.resources() / "fonts").iterdir() if name.suffix in (".ttf", ".otf")]
    icons = [name.name for name in (resources.resources() / "icons").iterdir() if name.suffix == ".svg"]
    if not fonts or not icons:
        raise FileNotFoundError("fonts or icons")
    return f"{len(fonts)} fonts, {len(icons)} icons"


def _sqlite(folder: Path) -> str:
    store = open_store(demo.prepare(postgres=False, reset=False))
    try:
        page = store.events(EventQuery(limit=5))
        return f"{store.count()} events, the first is {page.rows[0].type}"
    finally:
        store.close()


def _postgresql(folder: Path) -> str:
    try:
        open_store(StoreSpec("postgresql://nobody@127.0.0.1:1/nothing"))
    except CannotOpen as expected:
        return f"speaks: {expected}"
    raise AssertionError("something listens on port 1")


def _engine(folder: Path) -> str:
    spec = demo.prepare(postgres=False, reset=False)
    store = open_store(spec)
    try:
        stream = store.recent_streams(1)[0]
    finally:
        store.close()
    lane = Lane("selftest")
    try:
        opened = _answer(lane, Open(url=spec.url, layout=spec.layout))
        replayed = _answer(lane, Replay(stream.category, stream.id))
    finally:
        lane.close()
    assert isinstance(opened, Opened)
    assert isinstance(replayed, Replayed)
    if not opened.aggregates or not replayed.aggregate:
        raise AssertionError("the shipped domain was not found")
    return f"{len(opened.aggregates)} aggregates; {stream.category} {stream.id} folded, {replayed.count} events"


def _answer(lane: Lane, ask: Open | Replay) -> AnyReply:
    over = threading.Event()
    answers: list[AnyReply] = []
    errors: list[ExplorerError] = []

    def answered(answer: AnyReply) -> None:
        answers.append(answer)
        over.set()

    def failed(error: ExplorerError) -> None:
        errors.append(error)
        over.set()

    lane.ask(ask, None, answered, failed)
    if not over.wait(PATIENCE):
        raise TimeoutError("the engine does not answer")
    if errors:
        raise errors[0]
    return answers[0]


def _window(folder: Path) -> str:
    from explorer.ui import app  # Qt only here: the checks before it must work without

    picture = folder / "window.png"
    code = app.run(demo.prepare(postgres=False, reset=False), (), screenshot=picture)
    if code != 0 or not picture.exists():
        raise AssertionError(f"exit code {code}, no picture")
    return f"painted, {picture.stat().st_size // 1024} kB picture"
