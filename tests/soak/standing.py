"""Who owns which subscription and how far behind it is, from the tables: asked often, also while a server is away."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg

SUBSCRIPTIONS = "SELECT name, owner, epoch, checkpoint, (SELECT max(position) FROM {0}events) FROM {0}checkpoints"


@dataclass(frozen=True)
class Standing:
    pid: int  # of the owner; 0 for none
    epoch: int
    lag: int  # positions


def standing(url: str) -> dict[str, Standing]:
    """By service: what stands behind the last dot of a subscription's name. Empty where it cannot be asked now."""
    found: dict[str, Standing] = {}
    for name, owner, epoch, checkpoint, head in _rows(url):
        pid = owner.partition("@")[0]
        reached = json.loads(bytes(checkpoint) or b"{}").get("position") or 0
        service = name.split(".")[1]
        known = Standing(int(pid) if pid.isdigit() else 0, epoch, (head or 0) - reached)
        # Of a service with several subscriptions the one that is furthest behind.
        if service not in found or known.lag > found[service].lag:
            found[service] = known
    return found


def _rows(url: str) -> list[tuple[Any, ...]]:
    try:
        if "://" in url:
            with psycopg.connect(url, connect_timeout=2) as connection:
                return connection.execute(SUBSCRIPTIONS.format("event_store.").encode()).fetchall()
        with closing(sqlite3.connect(f"file:{url}?mode=ro", uri=True, timeout=2)) as file:
            return file.execute(SUBSCRIPTIONS.format("")).fetchall()
    except (psycopg.OperationalError, sqlite3.OperationalError):
        return []
