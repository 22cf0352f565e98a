"""How measurements are told: durations with their spread, a requirement and whether it holds, the load beside them."""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """Of a non-empty sequence, between the two nearest values."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def spread(seconds: Sequence[float]) -> str:
    """Median, 90th percentile, least and most, in seconds."""
    return (
        f"median {statistics.median(seconds):.3f} s   p90 {percentile(seconds, 90):.3f}   "
        f"min {min(seconds):.3f}   max {max(seconds):.3f}   (n = {len(seconds)})"
    )


def load() -> str:
    """How busy the machine is with everything else, as a sentence."""
    if not hasattr(os, "getloadavg"):
        return f"{os.cpu_count()} processors"
    one, five, _fifteen = os.getloadavg()
    return f"load {one:.1f} (one minute), {five:.1f} (five) on {os.cpu_count()} processors"


def verdict(what: str, seconds: float, most: float) -> bool:
    """Print one requirement with its figure; True if it holds."""
    holds = seconds <= most
    print(f"{'ok  ' if holds else 'MISS'}  {what}: {seconds:.3f} s (at most {most:g} s)", flush=True)
    return holds
