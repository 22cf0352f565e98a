"""What the database holds in the end, read by the bare driver, beside what writers and subscribers have logged."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.stress.log import read

ORDER = "SELECT position, category, id, version, event_id FROM {}events ORDER BY position"


@dataclass
class Findings:
    """Figures, and whatever should not be so."""

    figures: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def check(self, right: bool, sentence: str) -> None:
        if not right:
            self.wrong.append(sentence)


Row = tuple[int, str, str, int, str]


def stored(url: str) -> tuple[list[Row], dict[tuple[str, str], int]]:
    """(position, category, id, version, event id) of all events; the version each stream's row names."""
    heads = "SELECT category, id, version FROM {}streams"
    if url.startswith("postgresql"):
        with psycopg.connect(url) as connection:
            events: list[Any] = connection.execute(ORDER.format("event_store.").encode()).fetchall()
            streams: list[Any] = connection.execute(heads.format("event_store.").encode()).fetchall()
    else:
        with sqlite3.connect(f"file:{url}?mode=ro", uri=True) as file:
            events = file.execute(ORDER.format("")).fetchall()
            streams = file.execute(heads.format("")).fetchall()
        file.close()
    return [tuple(row) for row in events], {(category, id_): version for category, id_, version in streams}


def judge_writers(findings: Findings, url: str, logs: Iterable[Path]) -> list[Row]:
    """Versions have neither hole nor duplicate, and every attempt's outcome is as it was told."""
    events, heads = stored(url)
    by_stream: dict[tuple[str, str], list[int]] = defaultdict(list)
    for _, category, id_, version, _ in events:
        by_stream[category, id_].append(version)
    for stream, versions in by_stream.items():
        findings.check(sorted(versions) == list(range(1, len(versions) + 1)), f"{stream}: versions {versions[:20]}…")
        findings.check(heads.get(stream) == len(versions), f"{stream}: row says {heads.get(stream)}")
    findings.check(heads.keys() == by_stream.keys(), "a stream without events")
    at = {event_id: (category, id_, version) for _, category, id_, version, event_id in events}
    findings.check(len(at) == len(events), "an event id twice")
    outcomes: Counter[str] = Counter()
    explained: set[str] = set()
    attempts = 0
    for log in logs:
        pending: dict[str, Any] | None = None
        for line in read(log):
            if "try" in line:
                attempts += 1
                pending = line
            elif "outcome" in line and pending is not None:
                _judge(findings, pending, line, at)
                outcomes[line["outcome"]] += 1
                explained.update(line["ids"])
                pending = None
        if pending is not None:  # killed in the middle: all of it or nothing
            outcomes["killed"] += 1
            explained.update(pending["try"])
            present = [id_ in at for id_ in pending["try"]]
            findings.check(all(present) or not any(present), f"half of an append: {pending}")
    findings.check(set(at) <= explained, "events that nobody has written")
    positions = [position for position, *_ in events]
    findings.figures |= {
        "attempts": attempts,
        **{outcome.replace(" ", "_"): count for outcome, count in sorted(outcomes.items())},
        "events": len(events),
        "streams": len(by_stream),
        "positions_never_used": (positions[-1] - positions[0] + 1 - len(positions)) if positions else 0,
    }
    return events


def _judge(findings: Findings, attempt: Any, line: Any, at: dict[str, tuple[str, str, int]]) -> None:
    ids, (category, id_), expected = line["ids"], attempt["stream"], attempt["expected"]
    places = [at.get(event_id) for event_id in ids]
    wanted = [(category, id_, expected + n) for n in range(1, len(ids) + 1)]
    if line["outcome"] == "committed":
        findings.check(places == wanted, f"committed, but {places} instead of {wanted}")
    elif line["outcome"] == "unknown":
        findings.check(places in (wanted, [None] * len(ids)), f"half of an append: {places}")
    else:
        findings.check(not any(places), f"{line['outcome']}, and yet stored: {places}")


def judge_subscriber(findings: Findings, name: str, log: Path, events: list[Row], ordered: bool) -> None:
    """Every event was seen; none twice in one life; again only above the checkpoint of that life."""
    position_of = {event_id: position for position, *_, event_id in events}
    ever: Counter[str] = Counter()
    life: set[str] = set()
    checkpoint: dict[str, Any] | None = None
    lives = late = repeated = reconnections = 0
    highest = 0
    ended = False
    for line in read(log):
        if "life" in line:
            lives += 1
            checkpoint, life, highest = line["from"], set(), 0
        elif "p" in line:
            event_id, position = line["id"], line["p"]
            findings.check(event_id not in life, f"{name}: {position} twice in one life")
            findings.check(position_of.get(event_id) == position, f"{name}: {position} is not stored")
            if ever[event_id]:
                repeated += 1
                above = checkpoint is None or _above(checkpoint, position)
                findings.check(above, f"{name}: {position} again, below the checkpoint")
            if ordered:
                findings.check(position > highest and not line["late"], f"{name}: {position} out of order")
            highest = max(highest, position)
            late += line["late"]
            life.add(event_id)
            ever[event_id] += 1
        reconnections += "lost" in line
        ended = "end" in line
    findings.check(ended, f"{name}: has not ended by itself")
    missing = position_of.keys() - ever.keys()
    findings.check(not missing, f"{name}: {len(missing)} never seen: {sorted(position_of[m] for m in missing)[:20]}")
    figures = {"seen": len(ever), "missing": len(missing), "late": late, "lives": lives, "repeated": repeated}
    findings.figures[name] = figures | {"failed_polls": reconnections}


def _above(checkpoint: dict[str, Any], position: int) -> bool:
    if checkpoint.get("position") is None:
        return True
    return position > checkpoint["position"] or any(low <= position <= high for low, high in checkpoint["holes"])
