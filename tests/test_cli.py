"""The command line on every kind of store: keys, exit codes, and what it says when something is wrong."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from psycopg.conninfo import conninfo_to_dict

from explorer.cli import arguments, main
from explorer.model import Json, NewEvent, StreamKey
from explorer.stores import StoreSpec, open_store
from tests import stores_written
from tests.postgres_server import PASSWORD, PostgresServer

INFO = ["layout", "title", "dialect", "writable", "ordered", "snapshots", "head"]
STREAMS = ["category", "id", "version", "events", "first_at", "last_at"]
EVENTS = ["position", "category", "id", "version", "type", "data", "metadata", "event_id", "recorded_at", "problem"]
STATE = ["category", "id", "version", "state", "error", "aggregate"]
DIFF = ["op", "path", "from", "key", "before", "after"]
TAIL = [*EVENTS, "late"]
SNAPSHOTS = ["category", "id", "version", "taken_at", "verdict"]
CHECK = ["name", "ok", "detail"]


class Done(NamedTuple):
    code: int
    out: str
    err: str

    def rows(self, keys: list[str]) -> list[dict[str, Any]]:
        """The JSON lines, each with exactly these keys in this order."""
        rows = [json.loads(line, parse_float=Decimal) for line in self.out.splitlines()]
        for row in rows:
            assert list(row) == keys
        return rows


Run = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a verb in this process."""

    def run(*words: str, json: bool = True) -> Done:
        capsys.readouterr()
        try:
            code = main([*words, "--json"] if json else words)
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return run


class Shop(NamedTuple):
    """A store with something in it: a stream of several events, and how many there are in all."""

    url: str
    layout: str
    category: str
    id: str
    versions: int
    events: int


@pytest.fixture(
    params=["own sqlite", "own postgresql", "eventsourcing sqlite", "eventsourcing postgresql", "message-db postgresql"]
)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    kind, dialect = request.param.split()
    url = str(tmp_path / "shop.sqlite") if dialect == "sqlite" else str(request.getfixturevalue("postgres_url"))
    if kind == "own":
        return own_shop(url)
    facts = stores_written.message_db(url) if kind == "message-db" else stores_written.eventsourcing(url)
    longest = max(facts, key=lambda fact: fact.version)
    return Shop(url, kind, longest.category, longest.id, longest.version, len(facts))


ORDER: list[tuple[str, Json]] = [
    ("OrderCreated", {"customerId": "c1", "revision": 1, "orderTotal": {"amount": Decimal("3.30")},
                      "lines": [{"sku": "A", "quantity": 3, "price": {"amount": Decimal("1.10")}}]}),
    ("OrderApproved", {"customerId": "c1", "revision": 1}),
    ("OrderRevised", {"customerId": "c1", "revision": 2, "orderTotal": {"amount": Decimal("5.50")},
                      "lines": [{"sku": "B", "quantity": 1, "price": {"amount": Decimal("1.10")}},
                                {"sku": "A", "quantity": 4, "price": {"amount": Decimal("1.10")}}]}),
]  # fmt: skip


def own_shop(url: str) -> Shop:
    store = open_store(StoreSpec(url, writable=True, create=True))
    try:
        for number in (1, 2):
            events = [
                NewEvent(type, data, f"00000000-0000-4000-8000-{number:06d}{n:06d}", {"correlation_id": "x"})
                for n, (type, data) in enumerate(ORDER)
            ]
            store.append(StreamKey("Order", f"o{number}"), 0, events)
    finally:
        store.close()
    return Shop(url, "own", "Order", "o1", 3, 6)


@pytest.fixture
def own(own_url: str) -> Shop:
    return own_shop(own_url)


# -- looking, at every kind of store -----------------------------------------------------------------------------------


def test_info(run: Run, shop: Shop) -> None:
    done = run("info", shop.url)
    (row,) = done.rows(INFO)
    assert done.code == 0
    assert row["layout"] == shop.layout
    assert row["dialect"] == ("postgresql" if shop.url.startswith("postgres") else "sqlite")
    assert row["writable"] is False
    assert row["ordered"] is True
    assert isinstance(row["head"], int)


def test_streams(run: Run, shop: Shop) -> None:
    rows = run("streams", shop.url).rows(STREAMS)
    mine = next(row for row in rows if row["id"] == shop.id and row["category"] == shop.category)
    assert mine["version"] == mine["events"] == shop.versions
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", mine["first_at"])
    assert mine["first_at"] <= mine["last_at"]
    assert run("streams", shop.url, "--limit", "1").rows(STREAMS) == rows[:1]
    only = run("streams", shop.url, "--category", shop.category).rows(STREAMS)
    assert only == [row for row in rows if row["category"] == shop.category]
    found = run("streams", shop.url, "--find", shop.id[:8].upper()).rows(STREAMS)
    assert mine in found


def test_events(run: Run, shop: Shop) -> None:
    rows = run("events", shop.url).rows(EVENTS)
    assert len(rows) == shop.events
    positions = [row["position"] for row in rows]
    assert positions == sorted(positions)
    assert all(row["problem"] is None and isinstance(row["data"], dict) for row in rows)
    mine = [row for row in rows if row["id"] == shop.id and row["category"] == shop.category]
    assert [row["version"] for row in mine] == list(range(1, shop.versions + 1))
    assert run("events", shop.url, "--category", shop.category, "--id", shop.id).rows(EVENTS) == mine
    after = str(positions[1])
    assert run("events", shop.url, "--after", after, "--limit", "2").rows(EVENTS) == rows[2:4]
    last = mine[-1]
    some = run("events", shop.url, "--type", f"{last['type'][:-2]}*").rows(EVENTS)
    assert last in some
    assert all(row["type"].startswith(last["type"][:-2]) for row in some)
    of_stream = run(
        "events", shop.url, "--category", shop.category, "--id", shop.id, "--after", str(mine[0]["position"])
    )
    assert of_stream.rows(EVENTS) == mine[1:]


def test_state(run: Run, shop: Shop) -> None:
    done = run("state", shop.url, "--category", shop.category, "--id", shop.id)
    (row,) = done.rows(STATE)
    assert done.code == 0
    assert (row["version"], row["error"]) == (shop.versions, None)
    assert isinstance(row["state"], dict)
    (first,) = run("state", shop.url, "--category", shop.category, "--id", shop.id, "--version", "1").rows(STATE)
    assert first["version"] == 1


def test_diff(run: Run, shop: Shop) -> None:
    done = run("diff", shop.url, "--category", shop.category, "--id", shop.id, "1", str(shop.versions))
    assert done.code == 0
    assert done.rows(DIFF)
    same = run("diff", shop.url, "--category", shop.category, "--id", shop.id, "1", "1")
    assert (same.code, same.out) == (0, "")


def test_tail_from_a_position(run: Run, shop: Shop) -> None:
    events = run("events", shop.url).rows(EVENTS)
    done = run("tail", shop.url, "--after", str(events[0]["position"]), "--limit", "3")
    rows = done.rows(TAIL)
    assert done.code == 0
    assert [row["late"] for row in rows] == [False] * 3
    assert [{key: row[key] for key in EVENTS} for row in rows] == events[1:4]


def test_tail_ends_in_time(run: Run, shop: Shop) -> None:
    started = time.monotonic()
    done = run("tail", shop.url, "--seconds", "0.3")
    assert (done.code, done.out) == (0, "")
    assert 0.2 < time.monotonic() - started < 5


def test_check(run: Run, shop: Shop) -> None:
    done = run("check", shop.url)
    rows = done.rows(CHECK)
    assert len(rows) > 5
    assert [row for row in rows if not row["ok"]] == []
    assert done.code == 0


@pytest.mark.parametrize("verb", ["info", "streams", "events", "check"])
def test_tables_for_people(run: Run, shop: Shop, verb: str) -> None:
    done = run(verb, shop.url, json=False)
    assert done.code == 0
    assert "\033" not in done.out
    lines = done.out.splitlines()
    assert len(lines) > 2
    assert not any(line.startswith("{") for line in lines)


# -- our own store -----------------------------------------------------------------------------------------------------


def test_numbers_are_exact(run: Run, own: Shop) -> None:
    done = run("state", own.url, "--category", "Order", "--id", "o1")
    assert '"amount":5.50' in done.out
    (row,) = done.rows(STATE)
    assert row["aggregate"] == "Order"


def test_a_diff_knows_keyed_elements(run: Run, own: Shop) -> None:
    rows = run("diff", own.url, "--category", "Order", "--id", "o1", "2", "3").rows(DIFF)
    added = next(row for row in rows if row["op"] == "add" and row["key"] == "sku=B")
    assert added["path"] == "/lines/0"
    assert added["before"] is None
    assert added["from"] is None
    quantity = next(row for row in rows if row["path"].endswith("/quantity"))
    assert (quantity["before"], quantity["after"], quantity["key"]) == (3, 4, "sku=A")


def test_append_and_conflict(run: Run, own: Shop) -> None:
    stream = ("--category", "Note", "--id", "n1")
    done = run("append", own.url, *stream, "--type", "Noted", "--data", '{"n": 1.10}', "--expected", "0")
    (row,) = done.rows(EVENTS)
    assert done.code == 0
    assert (row["version"], row["type"], row["data"]) == (1, "Noted", {"n": Decimal("1.10")})
    assert row["metadata"]["origin"] == "event-store-explorer"
    assert run("append", own.url, *stream, "--type", "Noted", "--data", "2", "--metadata", '{"a": 1}').code == 0
    again = run("append", own.url, *stream, "--type", "Noted", "--data", "3", "--expected", "1")
    assert (again.code, again.out) == (1, "")
    assert "version 2" in again.err
    rows = run("events", own.url, *stream).rows(EVENTS)
    assert [row["data"] for row in rows] == [{"n": Decimal("1.10")}, 2]
    assert rows[1]["metadata"]["a"] == 1


def test_append_twice_with_the_same_id_is_once(run: Run, own: Shop) -> None:
    words = ("append", own.url, "--category", "Note", "--id", "n1", "--type", "Noted", "--data", "{}")
    ident = ("--event-id", "11111111-1111-4111-8111-111111111111")
    first, second = run(*words, *ident), run(*words, *ident)
    assert (first.code, second.code) == (0, 0)
    assert first.rows(EVENTS) == second.rows(EVENTS)
    assert len(run("events", own.url, "--category", "Note").rows(EVENTS)) == 1


def test_append_reads_a_file_or_standard_input(
    run: Run, own: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "data.json"
    file.write_text('{"from": "file"}')
    words = ("append", own.url, "--category", "Note", "--id", "n1", "--type", "Noted", "--data")
    assert run(*words, f"@{file}").rows(EVENTS)[0]["data"] == {"from": "file"}
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"from": "stdin"}')))
    assert run(*words, "-").rows(EVENTS)[0]["data"] == {"from": "stdin"}


def test_append_makes_a_store_when_told_to(run: Run, own_url: str) -> None:
    words = ("append", own_url, "--category", "Note", "--id", "n1", "--type", "Noted", "--data", "{}")
    assert run(*words).code == 3
    assert run(*words, "--create").code == 0
    assert len(run("events", own_url).rows(EVENTS)) == 1


def test_issue(run: Run, own: Shop) -> None:
    customer = ("issue", own.url, "Customer", "CreateCustomer", "--id", "c9", "--set", "name=Ann")
    dry = run(*customer, "--set", "creditLimit=100", "--dry-run")
    (row,) = dry.rows(EVENTS)
    assert (dry.code, row["version"], row["type"], row["position"]) == (0, 1, "CustomerCreated", None)
    assert run("events", own.url, "--category", "Customer").out == ""
    real = run(*customer, "--set", "creditLimit=100")
    (row,) = real.rows(EVENTS)
    assert (real.code, row["type"]) == (0, "CustomerCreated")
    assert row["position"] is not None
    assert row["metadata"]["correlation_id"]
    refused = run(*customer, "--set", "creditLimit=100")
    assert (refused.code, refused.out) == (1, "")
    assert len(refused.err.splitlines()) in (1, 2)


def test_issue_with_structured_fields(run: Run, own: Shop) -> None:
    lines = '[{"sku": "A", "quantity": 2, "price": {"amount": 1.10}}]'
    done = run(
        "issue", own.url, "Order", "CreateOrder", "--id", "o9", "--set", "customerId=c1", "--set", f"lines={lines}"
    )
    assert done.code == 0, done.err
    (row,) = done.rows(EVENTS)
    assert row["data"]["orderTotal"] == {"amount": Decimal("2.20")}


def test_a_command_that_emits_nothing(run: Run, own: Shop) -> None:
    words = ("issue", own.url, "Order", "ApproveOrder", "--id", "o1", "--set", "revision=1")
    done = run(*words)
    assert (done.code, done.out) == (0, "")
    assert run(*words, json=False).out != ""


@pytest.mark.parametrize(
    "words",
    [
        ("Nothing", "CreateOrder", "--id", "x"),
        ("Order", "Nothing", "--id", "x"),
        ("Order", "CancelOrder", "--id", "o1", "--set", "nothing=1"),
        ("Order", "CancelOrder", "--id", "o1", "--set", "reason"),
        ("Order", "ApproveOrder", "--id", "o1", "--set", "revision=many"),
        ("Order", "CreateOrder", "--id", "x"),
    ],
)
def test_commands_that_cannot_be_made(run: Run, own: Shop, words: tuple[str, ...]) -> None:
    done = run("issue", own.url, *words)
    assert (done.code, done.out) == (2, "")
    assert done.err


def test_snapshots(run: Run, own: Shop) -> None:
    stream = ("--category", "Order", "--id", "o1")
    assert run("snapshots", "list", own.url).out == ""
    done = run("snapshots", "take", own.url, *stream, "--version", "2")
    (row,) = done.rows(SNAPSHOTS)
    assert (done.code, row["version"], row["category"], row["id"]) == (0, 2, "Order", "o1")
    run("snapshots", "take", own.url, *stream)
    listed = run("snapshots", "list", own.url, *stream).rows(SNAPSHOTS)
    assert [row["version"] for row in listed] == [3, 2]
    verified = run("snapshots", "verify", own.url)
    assert [row["verdict"] for row in verified.rows(SNAPSHOTS)] == ["identical", "identical"]
    assert verified.code == 0
    deleted = run("snapshots", "delete", own.url, *stream, "--version", "2")
    assert [row["version"] for row in deleted.rows(SNAPSHOTS)] == [2]
    assert [row["version"] for row in run("snapshots", "list", own.url).rows(SNAPSHOTS)] == [3]
    assert run("snapshots", "delete", own.url, *stream, "--version", "2").code == 2


def test_a_snapshot_that_lies_fails_verification(run: Run, own: Shop) -> None:
    stream = ("--category", "Order", "--id", "o1")
    run("snapshots", "take", own.url, *stream)
    store = open_store(StoreSpec(own.url, writable=True))
    try:
        snapshot = store.snapshot(StreamKey("Order", "o1"))
        assert snapshot is not None
        changed = snapshot.state.replace(b"5.50", b"9.99")
        assert changed != snapshot.state
        store.save_snapshot(type(snapshot)(**{**_fields(snapshot), "state": changed}))
    finally:
        store.close()
    done = run("snapshots", "verify", own.url, *stream)
    assert done.code == 1
    assert done.rows(SNAPSHOTS)[0]["verdict"] != "identical"


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def test_foreign_stores_are_not_written_to(run: Run, tmp_path: Path) -> None:
    url = str(tmp_path / "shop.sqlite")
    facts = stores_written.eventsourcing(url)
    before = Path(url).read_bytes()
    done = run("append", url, "--category", "Order", "--id", facts[1].id, "--type", "T", "--data", "{}")
    assert (done.code, done.out) == (1, "")
    assert "read-only" in done.err
    issued = run("issue", url, "Customer", "CreateCustomer", "--id", "c", "--set", "name=A", "--set", "creditLimit=1")
    assert issued.code == 1
    assert [row["type"] for row in issued.rows(EVENTS)] == ["CustomerCreated"]
    assert run("snapshots", "take", url, "--category", "Order", "--id", facts[1].id).code == 1
    assert Path(url).read_bytes() == before


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def test_what_is_no_store(run: Run, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("no database" * 100)
    (tmp_path / "empty").write_bytes(b"")
    for url in (
        str(tmp_path / "missing.sqlite"),
        str(tmp_path / "text.txt"),
        str(tmp_path / "empty"),
        str(tmp_path),
        "mysql://somewhere/db",
        "postgresql://user:secret@127.0.0.1:1/db",
    ):
        done = run("info", url)
        assert (done.code, done.out) == (3, ""), url
        assert done.err.startswith(f"{arguments.PROGRAM}: ")
        assert "secret" not in done.err
        assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "words",
    [
        ("evnts",),
        ("info",),
        ("streams", "URL", "--limit", "-1"),
        ("streams", "URL", "--limit", "many"),
        ("events", "URL", "--id", "x"),
        ("state", "URL", "--category", "Order"),
        ("state", "URL", "--category", "Order", "--id", "nobody"),
        ("state", "URL", "--category", "Order", "--id", "o1", "--version", "99"),
        ("diff", "URL", "--category", "Order", "--id", "o1", "1", "99"),
        ("append", "URL", "--category", "C", "--id", "1", "--type", "T", "--data", "{"),
        ("append", "URL", "--category", "C", "--id", "1", "--type", "T", "--data", "NaN"),
        ("append", "URL", "--category", "C", "--id", "1", "--type", "T", "--data", "{}", "--metadata", "[]"),
        ("append", "URL", "--category", "C", "--id", "1", "--type", "T", "--data", "@/nonexistent/file"),
        ("info", "URL", "--plugin", "/nonexistent/plugin.py", "--nothing"),
        ("snapshots", "URL"),
        ("tail", "URL", "--seconds", "soon"),
    ],
    ids=" ".join,
)
def test_wrong_usage(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    url = own_shop(str(tmp_path / "own.sqlite")).url
    done = run(*(url if word == "URL" else word for word in words))
    assert (done.code, done.out) == (2, ""), done
    assert done.err
    assert "Traceback" not in done.err


def test_a_mistyped_verb_is_guessed(run: Run) -> None:
    assert "events" in run("evnts").err


def test_plugins_that_cannot_be_loaded(run: Run, tmp_path: Path) -> None:
    url = own_shop(str(tmp_path / "own.sqlite")).url
    broken = tmp_path / "broken.py"
    broken.write_text("import nothing_of_the_kind\n")
    for file in (broken, tmp_path / "missing.py"):
        done = run("state", url, "--category", "Order", "--id", "o1", "--plugin", str(file))
        assert (done.code, done.out) == (2, "")
        assert file.name in done.err


PLUGIN = """
from explorer.model import Aggregate, Domain

def evolve(state, event):
    print("noise")
    if event.version == 2:
        raise ValueError("cannot fold this")
    if event.data.get("mutate"):
        state["mutated"] = True
        return state
    return {**state, "seen": event.version}

domain = Domain("notes", aggregates=(Aggregate("Note", dict, evolve),))
"""


def test_a_plugin_whose_reducer_fails_and_prints(run: Run, tmp_path: Path) -> None:
    url = str(tmp_path / "own.sqlite")
    own_shop(url)
    words = ("append", url, "--category", "Note", "--id", "n1", "--type", "Noted")
    for data in ("{}", "{}", '{"mutate": true}', "{}"):
        assert run(*words, "--data", data).code == 0
    file = tmp_path / "notes.py"
    file.write_text(PLUGIN)
    stream = ("--category", "Note", "--id", "n1", "--plugin", str(file))
    good = run("state", url, *stream, "--version", "1")
    assert good.code == 0
    assert good.rows(STATE)[0]["state"] == {"seen": 1}
    assert "noise" in good.err
    done = run("state", url, *stream)
    (row,) = done.rows(STATE)
    assert done.code == 1
    assert "cannot fold this" in row["error"]
    assert row["state"] == {"seen": 4, "mutated": True}
    assert run("diff", url, *stream, "1", "3").rows(DIFF)[0]["path"] == "/mutated"


def test_events_that_are_not_json(run: Run, tmp_path: Path) -> None:
    import sqlite3

    url = own_shop(str(tmp_path / "own.sqlite")).url
    with sqlite3.connect(url) as connection:
        table = next(row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE name LIKE '%events'"))
        connection.execute(f"UPDATE {table} SET data = '{{\"broken' || char(27) || '[31m' WHERE version = 2")
    connection.close()
    rows = run("events", url, "--category", "Order", "--id", "o1").rows(EVENTS)
    assert rows[1]["problem"]
    assert rows[1]["data"] == '{"broken\x1b[31m'
    table_form = run("events", url, json=False)
    assert "\x1b" not in table_form.out
    done = run("state", url, "--category", "Order", "--id", "o1", "--version", "2")
    assert done.code == 1


def test_text_from_the_store_cannot_drive_the_terminal(run: Run, tmp_path: Path) -> None:
    url = str(tmp_path / "own.sqlite")
    own_shop(url)
    evil = "\x1b]0;title\x07\x1b[2J\u202eevil\nline"
    assert run("append", url, "--category", evil, "--id", evil, "--type", evil, "--data", "{}").code == 0
    for verb in ("events", "streams"):
        done = run(verb, url, json=False)
        assert not set(done.out) & set("\x1b\x07\u202e")
        assert len(done.out.splitlines()) == {"events": 8, "streams": 4}[verb]
    (row,) = [row for row in run("streams", url).rows(STREAMS) if row["id"] == evil]
    assert row["category"] == evil


# -- as a program ------------------------------------------------------------------------------------------------------


def program(*words: str, stderr: int = subprocess.PIPE, **more: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "explorer", *words], stdout=subprocess.PIPE, stderr=stderr, text=True, **more
    )


def test_interrupted(tmp_path: Path) -> None:
    url = own_shop(str(tmp_path / "own.sqlite")).url
    with program("tail", url, "--after", "0", "--json") as running:
        assert running.stdout is not None
        assert running.stdout.readline()
        running.send_signal(signal.SIGINT)
        assert running.wait(10) == 130
        assert running.stderr is not None
        assert "Traceback" not in running.stderr.read()


def test_whoever_reads_may_stop_reading(tmp_path: Path) -> None:
    url = str(tmp_path / "own.sqlite")
    store = open_store(StoreSpec(url, writable=True, create=True))
    try:
        for n in range(40):
            store.append(StreamKey("C", str(n)), 0, [NewEvent("T", {"text": "x" * 5000}, f"{n}")])
    finally:
        store.close()
    with program("events", url, "--json") as running:
        assert running.stdout is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.wait(20) == 0
        assert running.stderr is not None
        assert running.stderr.read() == ""


def test_looking_loads_no_qt() -> None:
    code = "import sys, explorer.cli, explorer.cli.reading, explorer.cli.writing; print('PySide6' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_password_comes_from_the_url_or_the_environment_and_is_never_shown(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url, environment in (
        ("postgresql://nobody@127.0.0.1:1/db", "tops3cret"),
        ("postgresql://nobody:tops3cret@127.0.0.1:1/db", ""),
    ):
        monkeypatch.setenv("PGPASSWORD", environment)
        done = run("info", url)
        assert done.code == 3
        assert "tops3cret" not in done.err + done.out


@pytest.fixture
def guarded(postgres: PostgresServer, postgres_url: str) -> tuple[str, str]:
    """A store for which a password is asked: its URL without and with it."""
    own_shop(postgres_url)
    database = str(conninfo_to_dict(postgres_url)["dbname"])
    return postgres.url(database, tcp=True, password=None), postgres.url(database, tcp=True)


def test_where_the_password_is_taken_from(run: Run, guarded: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    without, within = guarded
    monkeypatch.delenv("PGPASSWORD", raising=False)
    assert run("info", without).code == 3
    assert run("info", within).code == 0
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert run("info", without).code == 0
    monkeypatch.setenv("PGPASSWORD", "another")
    assert run("info", without).code == 3
    assert run("info", within).code == 0


@pytest.mark.parametrize("typed", [PASSWORD, "n0t-it"])
def test_the_password_is_asked_for_on_a_terminal(guarded: tuple[str, str], typed: str) -> None:
    master, slave = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name != "PGPASSWORD"}
    try:
        with program(
            "info", guarded[0], "--json", stdin=slave, stderr=slave, env=env, start_new_session=True
        ) as running:
            said = b""
            while b"Password:" not in said:
                said += os.read(master, 1000)
            os.write(master, typed.encode() + b"\n")
            assert running.wait(30) == (0 if typed == PASSWORD else 3)
            assert running.stdout is not None
            assert bool(running.stdout.read()) == (typed == PASSWORD)
        os.set_blocking(master, False)
        with contextlib.suppress(BlockingIOError):
            said += os.read(master, 10_000)
        assert typed.encode() not in said
    finally:
        os.close(master)
        os.close(slave)


# -- help --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", arguments.VERBS)
def test_every_verb_is_documented(run: Run, verb: str) -> None:
    overview = run("--help", json=False)
    assert overview.code == 0
    assert re.search(rf"^ +{verb}\b", overview.out, re.MULTILINE)
    own_help = run(verb, "--help", json=False)
    assert own_help.code == 0
    assert verb in own_help.out
    readme = Path(__file__).parent.parent.joinpath("README.md").read_text()
    assert re.search(rf"`{verb}[ `]", readme), f"{verb} is not in README.md"
