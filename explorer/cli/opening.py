"""How the verbs open a store and plug-ins."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from explorer.cancellation import Cancellation
from explorer.engine.text import visible
from explorer.errors import Invalid, NeedsPassword, PluginBroken, ReadOnly
from explorer.model import Position
from explorer.plugins import Loaded, broken, load
from explorer.stores import Store, StoreSpec, open_store


def spec_of(arguments: argparse.Namespace, writable: bool = False) -> StoreSpec:
    """What to open, as the options say. PGPASSWORD is found by the driver where the URL has no password; one that was
    typed is remembered for the next opening."""
    return StoreSpec(
        url=arguments.url,
        layout=arguments.layout,
        instance=arguments.instance,
        writable=writable or arguments.writable,
        create=getattr(arguments, "create", False),
        password=getattr(arguments, "password", None),
    )


@contextmanager
def opened(
    arguments: argparse.Namespace, cancellation: Cancellation, writes: bool = False, foreign: bool = False
) -> Iterator[Store]:
    """The open store, closed afterwards. A verb that writes opens our own store for writing, others only if told to;
    with `foreign` these stay read-only, else they are refused.

    Raises CannotOpen, and ReadOnly where a verb may not write.
    """
    store = _open(arguments)
    try:
        if writes and not store.info.writable:
            if store.info.layout == "own" and not store.info.bundle:
                store.close()
                store = _open(arguments, writable=True)
            elif not foreign and store.info.bundle:
                raise ReadOnly("This is a bundle: it is only for reading.", "What is written belongs into a store.")
            elif not foreign:
                raise ReadOnly(
                    f"This store ({store.info.layout}) is open read-only.",
                    "Give --writable if you want to write to a store of somebody else's library, and it can be done.",
                )
        with store.cancelling(cancellation):
            yield store
    finally:
        store.close()


def _open(arguments: argparse.Namespace, writable: bool = False) -> Store:
    try:
        return open_store(spec_of(arguments, writable))
    except NeedsPassword:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise
    arguments.password = getpass.getpass("Password: ", sys.stderr)
    return open_store(spec_of(arguments, writable))


def plugins(arguments: argparse.Namespace) -> Loaded:
    """The domains. A file that was named must load; what else is broken is said. Raises PluginBroken."""
    loaded = load(arguments.plugin)
    if problem := broken(loaded, arguments.plugin):
        raise PluginBroken(problem)
    for problem in loaded.problems:
        print(visible(f"plug-in: {problem}"), file=sys.stderr)
    return loaded


def position_of(text: str) -> Position:
    """A position as people type it: a number, or text; parts of a composed one are separated by dots."""
    if text.lstrip("-").isdecimal() and text.isascii():
        return int(text)
    parts = text.split(".")
    if len(parts) > 1 and all(part.isdecimal() and part.isascii() for part in parts):
        return tuple(map(int, parts))
    if not text:
        raise Invalid("A position cannot be empty.")
    return text
