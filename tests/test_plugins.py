"""Finding domains: shipped, installed and in files; and what is said of broken ones."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from explorer import plugins
from explorer.plugins import Loaded, aggregate_for, describe, fingerprint, load, named

GOOD = """
from dataclasses import dataclass
from explorer.model import Aggregate, Domain

@dataclass(frozen=True)
class Add:
    n: int = 1

def evolve(state, event):
    return state + event.data

{found} Domain("counting", (Aggregate("Counter", lambda: 0, evolve, commands=(Add,), categories=("Counter", "Order")),))
"""


@pytest.fixture(autouse=True)
def no_plugin_modules_left() -> Iterator[None]:
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("event_store_explorer_plugin_"):
            del sys.modules[name]


def written(folder: Path, text: str, name: str = "plugin.py") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def test_the_shipped_domain_is_always_there() -> None:
    loaded = load()
    assert [domain.name for domain in loaded.domains] == ["customers_orders"]
    assert loaded.problems == ()


@pytest.mark.parametrize("found", ["domain =", "DOMAIN =", "def domain():\n    return"])
def test_a_file(tmp_path: Path, found: str) -> None:
    loaded = load([written(tmp_path, GOOD.format(found=found))])
    assert [domain.name for domain in loaded.domains] == ["counting", "customers_orders"]
    assert loaded.problems == ()
    claim = aggregate_for(loaded.domains, "Counter")
    assert claim is not None
    domain, aggregate = claim
    info = describe(domain, aggregate)
    assert (info.name, info.domain, info.categories) == ("Counter", "counting", ("Counter", "Order"))
    assert [command.name for command in info.commands] == ["Add"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x = 1", "plugin.py: it has neither a `domain` nor a function `domain()`."),
        ("domain = 3", "plugin.py: `domain` is a int, not a Domain."),
        ("def domain():\n    return None", "plugin.py: `domain` is a NoneType, not a Domain."),
        ("def domain():\n    raise KeyError('x')", "plugin.py: domain() failed: KeyError: 'x' (plugin.py, line 2)"),
        ("import no_such", "plugin.py: ModuleNotFoundError: No module named 'no_such' (plugin.py, line 1)"),
        ("def broken(:", "plugin.py: SyntaxError: invalid syntax (plugin.py, line 1)"),
        ("raise SystemExit('bye')", "plugin.py: SystemExit: bye (plugin.py, line 1)"),
        ("from explorer.model import *\ndomain = Domain('d', (3,))", "plugin.py: int in `aggregates` is not an Aggr"),
        (
            "from explorer.model import *\ndomain = Domain('d', (Aggregate('A', dict, dict, commands=(int,)),))",
            "plugin.py: The command int is not a dataclass.",
        ),
        (
            GOOD.format(found="domain =").replace("n: int", "n: complex"),
            "plugin.py: Add.n has the type <class 'complex'>, of which no form can be made.",
        ),
    ],
)  # fmt: skip
def test_a_broken_plug_in_is_a_line_saying_why(tmp_path: Path, text: str, problem: str) -> None:
    loaded = load([written(tmp_path, text)])
    assert [domain.name for domain in loaded.domains] == ["customers_orders"]
    (line,) = loaded.problems
    assert line.startswith(problem)
    assert "\n" not in line


VIEW = """
from explorer.model import Domain, Projection, Put, Table

table = Table("{table}", {key}, {{"note": "{kind}"}})
domain = Domain("views", projections=(Projection("notes", ("Noted",), (table,), lambda event, read: []),))
"""


@pytest.mark.parametrize(
    ("table", "key", "kind", "problem"),
    [
        ("notes", '("id",)', "text", ""),
        ("No tes", '("id",)', "text", "'No tes' is no name for a projection or its table"),
        ("notes__rebuild", '("id",)', "text", "is no name for a projection or its table"),
        ("notes", "()", "text", "The table notes needs a key, and each column once."),
        ("notes", '("note",)', "text", "The table notes needs a key, and each column once."),
        ("notes", '("id",)', "money", "The column note of notes is of the type 'money'"),
    ],
)
def test_tables_that_cannot_be_made_are_said(tmp_path: Path, table: str, key: str, kind: str, problem: str) -> None:
    loaded = load([written(tmp_path, VIEW.format(table=table, key=key, kind=kind))])
    assert ("views" in [domain.name for domain in loaded.domains]) == (not problem)
    assert all(problem in line for line in loaded.problems)
    assert bool(loaded.problems) == bool(problem)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    loaded = load([str(tmp_path / "none.py"), str(tmp_path)])
    assert [problem.rpartition(": ")[2] for problem in loaded.problems] == ["there is no such file."] * 2


def test_a_broken_one_does_not_hide_the_others(tmp_path: Path) -> None:
    good = written(tmp_path, GOOD.format(found="domain ="), "good.py")
    loaded = load([written(tmp_path, "1/0", "bad.py"), good])
    assert [domain.name for domain in loaded.domains] == ["counting", "customers_orders"]
    assert len(loaded.problems) == 1


def test_the_first_to_claim_a_category_folds_it(tmp_path: Path) -> None:
    loaded = load([written(tmp_path, GOOD.format(found="domain ="))])
    claims = {category: aggregate_for(loaded.domains, category) for category in ("Order", "Customer", "Nobody's")}
    assert {category: claim and claim[1].name for category, claim in claims.items()} == {
        "Order": "Counter",
        "Customer": "Customer",
        "Nobody's": None,
    }


def test_aggregates_by_name(tmp_path: Path) -> None:
    domains = load([written(tmp_path, GOOD.format(found="domain ="))]).domains
    for name, found in (("Order", "Order"), ("customers_orders.Order", "Order"), ("Counter", "Counter")):
        claim = named(domains, name)
        assert claim is not None
        assert claim[1].name == found
    assert named(domains, "counting.Order") is None


def test_installed_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, GOOD.format(found="domain ="), "installed_counting.py")
    written(tmp_path, "1/0", "installed_broken.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    entries = [
        EntryPoint("counting", "installed_counting:domain", plugins.GROUP),
        EntryPoint("whole_module", "installed_counting", plugins.GROUP),
        EntryPoint("broken", "installed_broken:domain", plugins.GROUP),
        EntryPoint("missing", "installed_counting:nothing", plugins.GROUP),
    ]
    monkeypatch.setattr(plugins, "entry_points", lambda group: entries if group == plugins.GROUP else [])
    loaded = load()
    assert [domain.name for domain in loaded.domains] == ["counting", "counting", "customers_orders"]
    assert [problem.partition(":")[0] for problem in loaded.problems] == [
        "broken (installed_broken",
        "missing (installed_counting",
    ]


def _fingerprint(loaded: Loaded) -> str:
    claim = aggregate_for(loaded.domains, "Counter")
    assert claim is not None
    return fingerprint(*claim)


def test_the_fingerprint_stands_for_the_code(tmp_path: Path) -> None:
    text = GOOD.format(found="domain =")
    first = _fingerprint(load([written(tmp_path, text)]))
    assert _fingerprint(load([written(tmp_path, text.replace("\n", "\r\n"))])) == first
    loaded = load([written(tmp_path, text.replace("+", "-"))])
    assert _fingerprint(loaded) != first
    # The code in memory is what the file held when it was loaded.
    again = _fingerprint(loaded)
    written(tmp_path, text)
    assert _fingerprint(loaded) == again
    assert _fingerprint(load([str(tmp_path / "plugin.py")])) == first


def test_the_fingerprint_changes_with_the_schema(tmp_path: Path) -> None:
    text = GOOD.format(found="domain =")
    first = _fingerprint(load([written(tmp_path, text)]))
    assert (
        _fingerprint(load([written(tmp_path, text.replace("categories=", "schema_version=2, categories="))])) != first
    )


def test_an_invariant_that_cannot_be_read_is_said_with_its_place(tmp_path: Path) -> None:
    text = GOOD.format(found="domain =").replace("commands=(Add,)", "invariants={'never': 'stat > 0'}")
    (problem,) = load([written(tmp_path, text)]).problems
    assert "the invariant 'never' of Counter: There is no 'stat'" in problem
    assert "column 1" in problem
    right = text.replace("stat >", "state >")
    claim = aggregate_for(load([written(tmp_path, right)]).domains, "Counter")
    assert claim is not None
    assert describe(*claim).invariants == {"never": "state > 0"}
