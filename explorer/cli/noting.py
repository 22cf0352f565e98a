"""The verb that lists notes and bookmarks on events, and writes them: into the user's folder, never into the store."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

import msgspec

from explorer import notes
from explorer.cancellation import Cancellation
from explorer.cli.opening import opened
from explorer.cli.output import Output
from explorer.cli.reading import Verb
from explorer.errors import Invalid
from explorer.model import StreamKey
from explorer.notes import Note
from explorer.stores import Store


def notes_verb(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    if arguments.id is not None and arguments.category is None:
        raise Invalid("--id goes with --category: both together name a stream.")
    with opened(arguments, cancellation) as store:
        if arguments.text is not None or arguments.bookmark or arguments.remove:
            _write(store, arguments)
        kept = notes.kept(store.info.identity)
    output.columns("category", "id", ">version", "", "event", "note")
    for note in kept:
        if arguments.category not in (None, note.category) or arguments.id not in (None, note.id):
            continue
        if arguments.version not in (None, note.version):
            continue
        output.line(msgspec.to_builtins(note))
        mark = "★" if note.bookmark else ""
        output.row(note.category, note.id, f"v{note.version}", mark, note.type, note.text)
    output.flush()
    if not output.printed:
        output.text("Nothing is noted.")
    return 0


def _write(store: Store, arguments: argparse.Namespace) -> None:
    if arguments.id is None or arguments.version is None:
        raise Invalid("Give --category, --id and --version of the event that is meant.")
    key = StreamKey(arguments.category, arguments.id)
    event = store.event(key, arguments.version)
    if event is None:
        raise Invalid(f"{key.category}/{key.id} has no version {arguments.version}.")
    identity = store.info.identity
    place = (key.category, key.id, event.version)
    note = next((one for one in notes.kept(identity) if one.event == place), Note(*place))
    at = datetime.now(UTC).isoformat(timespec="seconds")
    note = msgspec.structs.replace(note, type=event.type, at=at)
    if arguments.remove:
        note = msgspec.structs.replace(note, text="", bookmark=False)
    if arguments.text is not None:
        note = msgspec.structs.replace(note, text=arguments.text)
    if arguments.bookmark:
        note = msgspec.structs.replace(note, bookmark=True)
    try:
        notes.noted(identity, note)
    except OSError as error:
        raise Invalid(f"The note cannot be kept: {error}") from error


VERBS: dict[str, Verb] = {"notes": notes_verb}
