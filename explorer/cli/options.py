"""What the verbs of the command line share: how they look, and the arguments that several of them take."""

from __future__ import annotations

import argparse
import os
from typing import TypeAlias


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal, within reason."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=min(120, max(60, _columns() - 2)))


def _columns() -> int:
    try:
        return os.get_terminal_size().columns
    except OSError:
        return 100


Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_verb(verbs: Verbs, name: str, brief: str, description: str) -> argparse.ArgumentParser:
    return verbs.add_parser(name, help=brief, description=description, formatter_class=Formatter)


def add_store_verb(verbs: Verbs, name: str, brief: str, description: str) -> argparse.ArgumentParser:
    """A verb that takes a URL, and how to open it."""
    verb = add_verb(verbs, name, brief, description)
    verb.add_argument("url", metavar="URL", help="the store")
    add_opening(verb)
    add_output(verb)
    return verb


def add_opening(verb: argparse.ArgumentParser) -> None:
    group = verb.add_argument_group("opening the store")
    group.add_argument("--layout", metavar="NAME|FILE.toml", help="how to read it, where that is not recognised")
    group.add_argument("--instance", metavar="NAME", help="which of several stores in the database")
    group.add_argument("--plugin", metavar="FILE.py", action="append", default=[], help="a plug-in (may be repeated)")
    group.add_argument("--writable", action="store_true", help="open it for writing")


def add_output(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--json", action="store_true", help="one JSON object per line")


def add_stream(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--category", metavar="C", required=True, help="category of the stream")
    verb.add_argument("--id", metavar="I", required=True, help="id of the stream")


def add_limit(verb: argparse.ArgumentParser, default: int | None = 100) -> None:
    shown = f"at most so many (default {default}; 0: all)" if default else "end after so many"
    verb.add_argument("--limit", metavar="N", type=whole_number, default=default, help=shown)


def whole_number(text: str) -> int:
    """What these three return is an argument's `type`: they raise what argparse makes a message of."""
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0")
    return int(text)


def seconds_of(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return seconds


def above_zero(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number
