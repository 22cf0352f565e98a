"""What is on the screen as something to run elsewhere: a command line, a SQL statement."""

from __future__ import annotations

import shlex

from explorer.ui.workspace import Workspace

_OWN = {
    "sqlite": "SELECT * FROM events WHERE category = {category} AND id = {id} AND version = {version};",
    "postgresql": "SELECT * FROM event_store.events WHERE category = {category} AND id = {id} AND version = {version};",
}


def state_command(workspace: Workspace, category: str, id: str, version: int) -> str:
    """The command line that prints the state after this version."""
    return _command(workspace, "state", f"--category={category}", f"--id={id}", f"--version={version}")


def events_command(workspace: Workspace, category: str, id: str) -> str:
    """The command line that prints the events of the stream."""
    return _command(workspace, "events", f"--category={category}", f"--id={id}")


def diff_command(workspace: Workspace, category: str, id: str, before: int, after: int) -> str:
    """The command line that prints what differs between the states after two versions."""
    return _command(workspace, "diff", f"--category={category}", f"--id={id}", str(before), str(after))


def _command(workspace: Workspace, verb: str, *options: str) -> str:
    spec = workspace.spec
    words = ["esx", verb, spec.url if spec is not None else "URL"]
    if spec is not None and spec.layout is not None:
        words.append(f"--layout={spec.layout}")
    words += [f"--plugin={file}" for file in workspace.plugins]
    return shlex.join([*words, *options, "--json"])


def event_sql(workspace: Workspace, category: str, id: str, version: int) -> str:
    """SQL that reads this event from our own store; "" for stores whose tables are not ours."""
    info = workspace.info
    if info is None or info.layout != "own":
        return ""
    return _OWN[info.dialect].format(category=_quoted(category), id=_quoted(id), version=version)


def _quoted(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"
