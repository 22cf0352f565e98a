"""Snapshots as an instance's SELECT of them gives them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from explorer.model import Snapshot, StreamKey
from explorer.stores.layout import StoredSnapshot, time_of
from explorer.stores.reading import Parameters, Reading, as_bytes, as_text

OPTIONAL = ("taken_at", "aggregate", "schema_version", "fingerprint", "last_event_id")


class SnapshotReading:
    """How to ask for the snapshots of this instance; `available` tells whether it keeps any."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self.available = reading.instance.snapshots is not None
        if reading.instance.snapshots is None:
            return
        self._source = f"(\n{reading.escaped(reading.instance.snapshots)}\n) AS e"

    @cached_property
    def _known(self) -> dict[str, str]:
        return self._reading.connection.columns(self._reading.instance.snapshots or "")

    def snapshots(self, stream: StreamKey | None, limit: int, preview: int | None) -> list[Snapshot]:
        """See `Store.snapshots`."""
        if stream is None:
            return self._select("", {}, limit, preview)
        key = self._reading.instance.join(stream)
        if key is None:
            return []
        condition, parameters = self._reading.key_is(key)
        return self._select(condition, parameters, limit, preview)

    def snapshot(self, stream: StreamKey, version: int | None) -> Snapshot | None:
        """See `Store.snapshot`."""
        key = self._reading.instance.join(stream)
        if key is None:
            return None
        condition, parameters = self._reading.key_is(key)
        if version is not None and self._reading.instance.counted:
            first, later = self._reading.place(key, version), self._reading.place(key, version + 1)
            if first is None:
                return None
            condition += " AND e.version >= :version"
            parameters["version"] = first
            if later is not None:
                condition += " AND e.version < :later"
                parameters["later"] = later
        elif version is not None:
            condition += " AND e.version = :version"
            parameters["version"] = version + self._reading.instance.version_base - 1
        found = self._select(condition, parameters, 1, None)
        return found[0] if found else None

    def _select(self, condition: str, parameters: Parameters, limit: int, preview: int | None) -> list[Snapshot]:
        if not self.available:
            return []
        reading = self._reading
        state, size = reading.payload("state", "preview" if preview is not None else None, self._known)
        columns = [*reading.key, "e.version", state, size if preview is not None else "NULL"]
        columns += [f"e.{column}" if column in self._known else "NULL" for column in OPTIONAL]
        where = f" WHERE {condition}" if condition else ""
        order = ", ".join(f"{column} DESC" for column in (*reading.key, "e.version"))
        sql = f"SELECT {', '.join(columns)} FROM {self._source}{where} ORDER BY {order} LIMIT :limit"
        if preview is not None:
            parameters = {**parameters, "preview": preview}
        rows = reading.connection.rows(sql, {**parameters, "limit": limit})
        if reading.instance.counted:
            width = len(reading.key)
            numbers = reading.numbers([tuple(row[: width + 1]) for row in rows])
            rows = [(*row[:width], numbers.get(tuple(row[: width + 1]), 0), *row[width + 1 :]) for row in rows]
        stored = [self._stored(row, preview) for row in rows]
        names = reading.names([snapshot.key for snapshot in stored])
        return [self._snapshot(snapshot, names[snapshot.key]) for snapshot in stored]

    def _stored(self, row: Sequence[Any], preview: int | None) -> StoredSnapshot:
        instance = self._reading.instance
        width = len(self._reading.key)
        version, state, size, taken_at, aggregate, schema_version, fingerprint, last_event_id = row[width:]
        state = as_bytes(state)
        if preview is not None:
            state = state[:preview]
        size = len(state) if size is None else size
        stored = StoredSnapshot(
            tuple(row[:width]),
            version if isinstance(version, int) else 0,
            state,
            (instance.time or time_of)(taken_at) if taken_at is not None else None,
            None if aggregate is None else as_text(aggregate),
            schema_version if isinstance(schema_version, int) else None,
            None if fingerprint is None else as_text(fingerprint),
            None if last_event_id is None else as_text(last_event_id),
            size,
            size > len(state),
        )
        return stored if instance.decode_snapshot is None else instance.decode_snapshot(stored)

    def _snapshot(self, stored: StoredSnapshot, name: StreamKey) -> Snapshot:
        return Snapshot(
            name.category,
            name.id,
            stored.version - self._reading.instance.version_base + 1,
            stored.state,
            stored.taken_at,
            stored.aggregate,
            stored.schema_version,
            stored.fingerprint,
            stored.last_event_id,
            stored.size,
            stored.problem,
        )
