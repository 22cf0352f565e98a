"""The verb read-models: what there is, its rows, making them anew, and whether they are right."""

from __future__ import annotations

import argparse
import sys
from decimal import Decimal

from explorer.cancellation import Cancellation
from explorer.cli.opening import opened, plugins
from explorer.cli.output import GREEN, RED, Output, brief_when, when
from explorer.cli.reading import Verb
from explorer.engine.text import value_text
from explorer.model import Domain, Json, Projection
from explorer.plugins import Loaded
from explorer.projecting import projection_subscription, read_model
from explorer.read_models import Progress, check, rebuild, standing
from explorer.stores import Store
from explorer.subscription import reached


def read_models(arguments: argparse.Namespace, output: Output, cancellation: Cancellation) -> int:
    domains = plugins(arguments)
    with opened(arguments, cancellation, writes=arguments.what == "rebuild") as store:
        match arguments.what:
            case "list":
                return _list(store, domains, output)
            case "rows":
                return _rows(store, *read_model(domains.domains, arguments.name), arguments, output)
            case "rebuild":
                return _rebuild(store, *read_model(domains.domains, arguments.name), output, cancellation)
        return _check(store, domains, arguments.name, output, cancellation)


def _list(store: Store, domains: Loaded, output: Output) -> int:
    output.columns("read model", "tables", ">position", ">lag", "moved", "filled by")
    head = store.head()
    for domain in domains.domains:
        for projection in domain.projections:
            known = standing(store, domain, projection)
            there = reached(known.checkpoint) if known else None
            lag = head - there if isinstance(head, int) and isinstance(there, int) else None
            tables = [f"read_{table.name}" for table in projection.tables]
            output.line(
                {
                    "name": projection.name,
                    "domain": domain.name,
                    "tables": list[Json](tables),
                    "subscription": projection_subscription(domain, projection),
                    "position": there if isinstance(there, int) else None,
                    "lag": lag,
                    "saved_at": when(known.saved_at) if known else None,
                    "owner": (known.owner or None) if known else None,
                }
            )
            output.row(
                projection.name, ", ".join(tables), _number(there), _number(lag),
                brief_when(known.saved_at) if known else "no rows yet", (known.owner if known else "") or "nobody",
            )  # fmt: skip
    output.flush()
    if not output.printed:
        output.text("No domain has a read model.")
    return 0


def _rows(store: Store, domain: Domain, projection: Projection, arguments: argparse.Namespace, output: Output) -> int:
    for table in projection.tables:
        columns = (*table.key, *table.columns)
        output.text(f"read_{table.name}")
        output.printed = 0
        output.columns(*columns)
        left = arguments.limit or sys.maxsize
        after = None
        while left > 0:
            page = store.rows(table, after, min(left, 200), arguments.find)
            for row in page.rows:
                output.line({"table": table.name, "row": dict(row)})
                output.row(*(value_text(row[column]) for column in columns))
            left -= len(page.rows)
            after = page.next
            if after is None:
                break
        output.flush()
    return 0


def _rebuild(store: Store, domain: Domain, projection: Projection, output: Output, cancellation: Cancellation) -> int:
    def tell(progress: Progress) -> None:
        if not output.json and sys.stderr.isatty():
            print(f"\r{progress.position:,} of {progress.head:,}", end="", file=sys.stderr, flush=True)

    done = rebuild(store, domain, projection, cancellation, tell)
    output.line(
        {
            "name": projection.name,
            "position": done.position if isinstance(done.position, int) else None,
            "events": done.events,
            "parked": done.parked,
            "seconds": Decimal(f"{done.seconds:.3f}"),
        }
    )
    parked = f", {done.parked:,} of them parked" if done.parked else ""
    output.text(f"{projection.name}: rebuilt from {done.events:,} events{parked} in {done.seconds:.1f} s.")
    return 0


def _check(store: Store, domains: Loaded, name: str | None, output: Output, cancellation: Cancellation) -> int:
    chosen = [(domain, one) for domain in domains.domains for one in domain.projections]
    if name is not None:
        chosen = [read_model(domains.domains, name)]
    code = 0
    for domain, projection in chosen:
        drift = check(store, domain, projection, cancellation)
        for found in drift.differences:
            output.line(
                {
                    "name": projection.name,
                    "table": found.table,
                    "key": list[Json](found.key),
                    "kind": found.kind,
                    "columns": list[Json](found.columns),
                    "stored": dict(found.stored) if found.stored is not None else None,
                    "fresh": dict(found.fresh) if found.fresh is not None else None,
                }
            )
            said = "; ".join(
                f"{column}: {value_text((found.stored or {})[column])} instead of"
                f" {value_text((found.fresh or {})[column])}"
                for column in found.columns
            )
            output.text(f"{found.kind} in read_{found.table}: {' '.join(map(str, found.key))} {said}".rstrip(), RED)
        verdict = f"{drift.differing:,} differ" if drift.differing else "all as they should be"
        where = f"up to position {_number(drift.position)}"
        output.text(f"{projection.name}: {drift.rows:,} rows {where}, {verdict}. {drift.notice}".rstrip(),
                    RED if drift.differing else GREEN)  # fmt: skip
        code = code or int(bool(drift.differing))
    return code


def _number(number: object) -> str:
    return f"{number:,}" if isinstance(number, int) else "–"


VERBS: dict[str, Verb] = {"read-models": read_models}
