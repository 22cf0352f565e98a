"""Domains: finding those that are shipped, installed or given as a file, and describing them as data.

A plug-in is a module with a `Domain` called `domain` (or `DOMAIN`), or a function `domain()` that returns one.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

from explorer import rows
from explorer.command_fields import build_command, commands_of
from explorer.descriptions import AggregateInfo
from explorer.domains.customers_orders import DOMAIN
from explorer.errors import PluginBroken
from explorer.expressions import Expression, Mistake
from explorer.fold import failure
from explorer.model import Aggregate, Domain, Projection

__all__ = ["Claim", "Loaded", "aggregate_for", "broken", "build_command", "describe", "fingerprint", "load", "named"]

GROUP = "event_store_explorer.domains"

Claim: TypeAlias = tuple[Domain | None, Aggregate | None]
"""Who folds a stream; (None, None) is the generic fold."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """`problems` says why a plug-in is not among the domains: a line each."""

    domains: tuple[Domain, ...]
    problems: tuple[str, ...]


def load(files: Sequence[str] = ()) -> Loaded:
    """The domains of these files, of the installed packages and the shipped one, in this order.

    A broken plug-in is a problem, never an exception. Where two claim a category, the first does.
    """
    _sources.cache_clear()
    domains: list[Domain] = []
    problems: list[str] = []
    for file in files:
        try:
            domains.append(_from_file(Path(file)))
        except PluginBroken as broken:
            problems.append(str(broken))
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        try:
            domains.append(_from_entry_point(entry))
        except PluginBroken as broken:
            problems.append(str(broken))
    domains.append(DOMAIN)
    return Loaded(tuple(domains), tuple(problems))


def broken(loaded: Loaded, files: Iterable[str]) -> str | None:
    """Why one of these files, which were named, is not among the domains."""
    named = tuple(name for file in files for name in (file, Path(file).name))
    return next((problem for problem in loaded.problems if problem.startswith(named)), None)


def aggregate_for(domains: Iterable[Domain], category: str) -> tuple[Domain, Aggregate] | None:
    """Who folds the streams of this category; None: the generic fold."""
    for domain in domains:
        for aggregate in domain.aggregates:
            if category in aggregate.claims:
                return domain, aggregate
    return None


def named(domains: Iterable[Domain], name: str) -> tuple[Domain, Aggregate] | None:
    """The aggregate of this name, the first of several; "domain.name" tells them apart."""
    for domain in domains:
        for aggregate in domain.aggregates:
            if name in (aggregate.name, f"{domain.name}.{aggregate.name}"):
                return domain, aggregate
    return None


def describe(domain: Domain, aggregate: Aggregate) -> AggregateInfo:
    """An aggregate and its commands as data, from which forms and command lines are made."""
    return AggregateInfo(
        name=aggregate.name,
        domain=domain.name,
        categories=aggregate.claims,
        commands=commands_of(aggregate),
        snapshot_every=aggregate.snapshot_every,
        schema_version=aggregate.schema_version,
        invariants=dict(aggregate.invariants),
    )


def fingerprint(domain: Domain, aggregate: Aggregate) -> str:
    """Stands for the code that folds: a hash of the domain's source files and the aggregate's schema version.

    Without `Domain.files` these are the files that the functions of its aggregates are in. They are read when the
    plug-in is loaded: the code in memory is what they held then.
    """
    digest = hashlib.sha256(f"{aggregate.name}\n{aggregate.schema_version}\n".encode())
    digest.update(_sources(domain.files or _files_of(domain)))
    return digest.hexdigest()[:32]


def _files_of(domain: Domain) -> tuple[str, ...]:
    functions: list[Any] = [domain.upcast]
    for aggregate in domain.aggregates:
        functions += [aggregate.initial, aggregate.evolve, aggregate.load, aggregate.dump]
    codes = [getattr(function, "__code__", None) for function in functions]
    return tuple(sorted({code.co_filename for code in codes if code is not None}))


@cache
def _sources(files: tuple[str, ...]) -> bytes:
    digest = hashlib.sha256()
    for file in files:
        path = Path(file)
        digest.update(path.name.encode())
        if path.exists():
            # As lines, so that a checkout with other line ends is the same code.
            digest.update(b"\n".join(path.read_bytes().splitlines()))
    return digest.digest()


def _from_file(path: Path) -> Domain:
    if not path.is_file():
        raise PluginBroken(f"{path}: there is no such file.")
    path = path.resolve()
    # A name of its own, so that a plug-in shadows nothing; in sys.modules, as dataclasses look there.
    name = f"event_store_explorer_plugin_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PluginBroken(f"{path.name}: not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    # A plug-in may do anything while it is imported; what it raises is the line that says why it is missing.
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise PluginBroken(f"{path.name}: {failure(error)}") from error
    domain = _domain_of(_found_in(module, path.name), path.name)
    return domain if domain.files else replace(domain, files=(str(path),))


def _from_entry_point(entry: EntryPoint) -> Domain:
    label = f"{entry.name} ({entry.value})"
    try:
        found: Any = entry.load()
    except (Exception, SystemExit) as error:  # as in `_from_file`
        raise PluginBroken(f"{label}: {failure(error)}") from error
    if isinstance(found, ModuleType):
        found = _found_in(found, label)
    return _domain_of(found, label)


def _found_in(module: ModuleType, label: str) -> Any:
    for name in ("domain", "DOMAIN"):
        if hasattr(module, name):
            return getattr(module, name)
    raise PluginBroken(f"{label}: it has neither a `domain` nor a function `domain()`.")


def _domain_of(found: Any, label: str) -> Domain:
    if callable(found):
        try:
            found = found()
        except (Exception, SystemExit) as error:  # as in `_from_file`
            raise PluginBroken(f"{label}: domain() failed: {failure(error)}") from error
    if not isinstance(found, Domain):
        raise PluginBroken(f"{label}: `domain` is a {type(found).__name__}, not a Domain.")
    for aggregate in found.aggregates:
        if not isinstance(aggregate, Aggregate):
            raise PluginBroken(f"{label}: {type(aggregate).__name__} in `aggregates` is not an Aggregate.")
        try:
            describe(found, aggregate)
        except PluginBroken as broken:
            raise PluginBroken(f"{label}: {broken}") from broken
        for name, source in aggregate.invariants.items():
            try:
                Expression(source)
            except Mistake as mistake:
                raise PluginBroken(f"{label}: the invariant {name!r} of {aggregate.name}: {mistake}") from mistake
        fingerprint(found, aggregate)
    for projection in found.projections:
        if not isinstance(projection, Projection):
            raise PluginBroken(f"{label}: {type(projection).__name__} in `projections` is not a Projection.")
        if wrong := rows.problem(projection):
            raise PluginBroken(f"{label}: {wrong}")
    return found
