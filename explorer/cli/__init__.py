"""The program without a window: the verbs, over the same core as the window and with the same words.

`main` is what the console scripts start. Nothing here imports Qt; the verbs that open the window do so when they run.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
from collections.abc import Callable, Sequence

from explorer import errors
from explorer.cancellation import Cancellation
from explorer.cli import arguments
from explorer.cli.interrupts import interrupts
from explorer.cli.output import Output
from explorer.engine.text import visible
from explorer.errors import ExplorerError

OK, REFUSED, USAGE, CANNOT_OPEN, INTERRUPTED = 0, 1, 2, 3, 130

_CODES: tuple[tuple[type[ExplorerError], int], ...] = (
    (errors.Invalid, USAGE),
    (errors.PluginBroken, USAGE),
    (errors.CannotOpen, CANNOT_OPEN),
    (errors.ConnectionLost, CANNOT_OPEN),
    (errors.Damaged, CANNOT_OPEN),
    (errors.Cancelled, INTERRUPTED),
)


def main(given: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code. Usage errors and `--help` raise SystemExit, as argparse does."""
    multiprocessing.freeze_support()
    words = arguments.complete(sys.argv[1:] if given is None else given)
    if words and not words[0].startswith("-") and words[0] not in arguments.VERBS:
        print(f"{arguments.PROGRAM}: there is no verb {words[0]!r}. {arguments.suggestion(words[0])}", file=sys.stderr)
        return USAGE
    parsed = arguments.parser().parse_args(words)
    if parsed.selftest:
        from explorer import selftest

        return selftest.run()
    if parsed.verb is None:
        arguments.parser().print_usage(sys.stderr)
        return USAGE
    if parsed.verb in ("gui", "demo", "story"):
        from explorer.cli import window

        return _guarded(lambda: window.run(parsed), None)
    output = Output(parsed.json)
    cancellation = Cancellation()

    def asked() -> None:
        """Ctrl+C stops a running statement through the flag, and everything else as usual."""
        cancellation.cancel()
        raise KeyboardInterrupt

    with interrupts(asked), contextlib.redirect_stdout(sys.stderr):  # what plug-ins print is not our output
        from explorer.cli import (
            blaming,
            branching,
            bundling,
            deciding,
            judging,
            noting,
            reading,
            serving,
            simulating,
            tailing,
            tracing,
            views,
            watching,
            writing,
        )

        verbs = reading.VERBS | tailing.VERBS | tracing.VERBS | writing.VERBS | serving.VERBS | simulating.VERBS
        verbs |= views.VERBS | judging.VERBS | branching.VERBS | watching.VERBS | blaming.VERBS
        verbs |= bundling.VERBS | deciding.VERBS | noting.VERBS
        return _guarded(lambda: verbs[parsed.verb](parsed, output, cancellation), output)


def _guarded(verb: Callable[[], int], output: Output | None) -> int:
    """Run it; expected failures become a sentence, a hint and an exit code."""
    try:
        code = verb()
        if output is not None:
            output.flush()
        return code
    except BrokenPipeError:
        # Whoever read our output has read enough. Nothing may be written any more, not even by the interpreter's exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
        return OK
    except KeyboardInterrupt:
        _say("Interrupted.", "", output)
        return INTERRUPTED
    except ExplorerError as error:
        _say(str(error), error.hint, output)
        return next((code for kind, code in _CODES if isinstance(error, kind)), REFUSED)


def _say(sentence: str, hint: str, output: Output | None) -> None:
    if output is not None:
        with contextlib.suppress(BrokenPipeError):
            output.flush()
    print(visible(f"{arguments.PROGRAM}: {sentence}"), file=sys.stderr)
    if hint:
        print(visible("  " + hint.replace("\n", "\n  ")), file=sys.stderr)
