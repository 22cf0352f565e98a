"""The verbs that open the window, gui, demo and story: the only place of the command line that reaches for Qt, late."""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import sys
import tempfile
from itertools import islice
from pathlib import Path

from explorer.cli import display
from explorer.cli.output import BOLD, Output
from explorer.engine.process import start
from explorer.errors import ExplorerError, Invalid
from explorer.stores.store import StoreSpec

CANNOT_OPEN = 3  # exit code of the window when the store of the picture cannot be opened
RENDERING = 60.0  # seconds for a picture
PICTURE = "event-store-explorer-demo.png"

_HINT = "--screenshot FILE.png renders the window without a display."


class NoWindow(ExplorerError):
    """No window can be opened or rendered here."""


def run(arguments: argparse.Namespace) -> int:
    """Open the window, or render it."""
    gc.disable()  # importing makes no garbage worth looking for; the window enables it again
    return {"demo": _demo, "story": _story, "gui": _gui}[arguments.verb](arguments)


def _gui(arguments: argparse.Namespace) -> int:
    spec = None
    if arguments.url is not None:
        spec = StoreSpec(
            url=arguments.url,
            layout=arguments.layout,
            instance=arguments.instance,
            writable=arguments.writable,
        )
    picture = Path(arguments.screenshot) if arguments.screenshot else None
    if picture is not None:
        return _render(spec, tuple(arguments.plugin), picture)
    if missing := display.missing():
        raise NoWindow(missing, _HINT)
    return _window(spec, tuple(arguments.plugin), None)


def _demo(arguments: argparse.Namespace) -> int:
    from explorer import demo

    spec = demo.prepare(postgres=arguments.postgres, reset=arguments.reset)
    plugins = tuple(arguments.plugin)
    missing = display.missing()
    if not missing and not arguments.screenshot:
        return _window(spec, plugins, None, demo=True)
    with demo.services(spec):
        picture = Path(arguments.screenshot) if arguments.screenshot else _somewhere()
        if missing and not arguments.screenshot:
            print(f"{missing} So the window is painted to {picture} instead.")
        code = _render(spec, plugins, picture)
        if code == 0 and missing:
            _describe(spec)
        return code


def _story(arguments: argparse.Namespace) -> int:
    """Play a script; with --check only say what is wrong with it: exit code 1, or 2 when it cannot be read at all."""
    from explorer.story.reading import read, shipped

    file = Path(arguments.file) if arguments.file else shipped()
    if not file.is_file():
        raise Invalid(f"There is no file {file}.")
    story = read(file)
    if arguments.check:
        steps = sum(len(chapter.steps) for chapter in story.chapters)
        print(f"{file.name}: {len(story.chapters)} chapters, {steps} steps, no mistakes.")
        return 0
    if missing := display.missing():
        raise NoWindow(missing, "--check looks at the script without a display.")
    return _window(None, tuple(arguments.plugin), None, story=file)


def _somewhere() -> Path:
    """Where the picture goes if nobody said: here, if something may be written here."""
    here = Path.cwd()
    return (here if os.access(here, os.W_OK) else Path(tempfile.gettempdir())) / PICTURE


def _window(
    spec: StoreSpec | None,
    plugins: tuple[str, ...],
    picture: Path | None,
    demo: bool = False,
    story: Path | None = None,
) -> int:
    if spec is not None:
        # Before Qt: once that is there, it reads the source of every module that is imported (a quarter of the time).
        import explorer.stores.open  # noqa: F401 - for its side effect
    from explorer.ui import app

    return app.run(spec, plugins, screenshot=picture, demo=demo, story=story)


def _render(spec: StoreSpec | None, plugins: tuple[str, ...], picture: Path) -> int:
    """Paint the window to a file, in a process of its own: where Qt lacks something it ends the process it is in."""
    try:
        picture.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NoWindow(f"{picture} cannot be written: {error.strerror}.") from None
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_paint, args=(spec, plugins, str(picture)), name="painter")
    start(process)
    process.join(RENDERING)
    if process.is_alive():
        process.kill()
        process.join()
        raise NoWindow(f"The window was not painted within {RENDERING:.0f} s.")
    if process.exitcode == CANNOT_OPEN:  # it has said why
        return CANNOT_OPEN
    if process.exitcode:
        raise NoWindow(
            f"The window could not be painted (exit code {process.exitcode}).",
            "What Qt said stands above; on Debian it may lack libgl1, libegl1, libfontconfig1, libxkbcommon0 or "
            "libdbus-1-3.",
        )
    return 0


def _paint(spec: StoreSpec | None, plugins: tuple[str, ...], picture: str) -> None:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    sys.exit(_window(spec, plugins, Path(picture)))


def _describe(spec: StoreSpec) -> None:
    """What there is to see, in words: the streams, and one of them replayed."""
    from explorer.cli.reading import folded, print_changes
    from explorer.plugins import load
    from explorer.stores import open_store

    domains = load(())
    output = Output(json=False)
    store = open_store(spec)
    try:
        recent = store.recent_streams(200)
        output.text(f"\nStreams of {store.info.title}, changed last:", BOLD)
        output.columns("category", "id", ">version", "last event")
        for stream in islice(recent, 12):
            output.row(stream.category, stream.id, f"{stream.version}", stream.last_type or "")
        output.flush()
        orders = [stream for stream in recent if stream.category == "Order"] or list(recent)
        if not orders:
            return
        longest = max(orders, key=lambda stream: stream.version)
        folding = folded(store, domains, longest.category, longest.id)
        events = store.stream_events(longest.key, limit=8)
        output.text(f"\nReplay of {longest.category} {longest.id}, {folding.read} events:", BOLD)
        for ordinal, event in enumerate(events):
            output.text(f"\nv{event.version} {event.type}", BOLD)
            steps = Output(json=False)
            print_changes(steps, folding.replay.changes(ordinal))
            steps.flush()
    finally:
        store.close()
