"""What is odd about the events of a stream as they are stored: versions missing or repeated, times that run backwards.

Databases that are in order hold no such streams; those that were imported, mended by hand or damaged do.
"""

from __future__ import annotations

from datetime import datetime


class Oddities:
    """Looks at the events of one stream, one after the other in the order in which they are read."""

    def __init__(self) -> None:
        self._version = 0  # the highest so far
        self._time: datetime | None = None  # the last that is known

    def of(self, version: int, recorded_at: datetime | None) -> str:
        """What is odd about the event that comes next, in sentences; "" if nothing is.

        `version` counts from 1, `recorded_at` is aware or None where the store tells no time.
        """
        earlier = self._time is not None and recorded_at is not None and recorded_at < self._time
        expected = self._version + 1
        self._time = recorded_at or self._time
        if version == expected and not earlier:
            self._version = version
            return ""
        found = []
        if version < expected:
            found.append(f"Version {version} comes {'again' if version == self._version else 'after a later one'}.")
        elif version > expected:
            one = version == expected + 1
            missing = f"Version {expected} is" if one else f"Versions {expected} to {version - 1} are"
            found.append(f"{missing} missing before this event.")
        if earlier:
            found.append("Recorded earlier than the event before it.")
        self._version = max(self._version, version)
        return " ".join(found)
