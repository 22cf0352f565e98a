"""The only place where data becomes the text of a label, tooltip, menu, tab or title.

Qt guesses rich text (an `<img src=…>` in a payload would be loaded and painted), takes `&` for a shortcut and `[*]` for
the modified mark. Everything here is cut first, plain or escaped, and control and bidirectional characters are made
visible. A test looks for texts that are set from data without coming through here.
"""

from __future__ import annotations

import html
import re
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

CUT = 200  # characters of a value in a list
TOOLTIP = 2_000

TIME_MODES = ("local", "utc", "relative", "delta")

# C0, DEL, C1, soft hyphen, zero-width and bidirectional controls, line separators, BOM, lone surrogates, tags.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
_NAMED = {"\n": "⏎", "\r": "␍", "\t": "⇥", "\0": "␀"}


def _visible(match: re.Match[str]) -> str:
    char = match.group()
    if char in _NAMED:
        return _NAMED[char]
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    return f"⟨{code:04X}⟩"


def shown(text: str, cut: int = CUT) -> str:
    """The text for one line of a list or label: cut to so many characters, invisible ones made visible."""
    rest = text[:cut]
    line = _INVISIBLE.sub(_visible, rest) if _INVISIBLE.search(rest) else rest
    return line + "…" if len(text) > cut else line


def lines_shown(text: str, cut: int = TOOLTIP) -> str:
    """The same for a text of several lines: line breaks and tabs stay."""
    rest = text[:cut].replace("\r\n", "\n")
    lines = "\n".join(_INVISIBLE.sub(_visible, line.replace("\t", "    ")) for line in rest.split("\n"))
    return lines + "…" if len(text) > cut else lines


def plain_label(text: str = "", parent: QWidget | None = None, *, cut: int = TOOLTIP, wrap: bool = False) -> QLabel:
    """A label that shows exactly this text and never takes it for markup."""
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wrap)
    label.setText(lines_shown(text, cut) if wrap else shown(text, cut))
    return label


def set_label(label: QLabel, text: str, *, cut: int = TOOLTIP) -> None:
    """Change the text of a label that `plain_label` made."""
    wanted = lines_shown(text, cut) if label.wordWrap() else shown(text, cut)
    if label.text() != wanted:
        label.setText(wanted)


def tooltip(text: str) -> str:
    """For setToolTip and the tooltip role: escaped, line breaks kept, long lines wrapped."""
    if not text:
        return ""
    return f'<p style="white-space:pre-wrap">{html.escape(lines_shown(text))}</p>'


def menu_text(text: str) -> str:
    """For menus, buttons and check boxes: `&` is an ampersand, a tab does not start a shortcut."""
    return shown(text, 80).replace("&", "&&")


def tab_text(text: str) -> str:
    """For tabs and dock titles."""
    return shown(text, 40).replace("&", "&&")


def title(text: str) -> str:
    """For window titles: `[*]` is no placeholder."""
    return shown(text, 120).replace("[*]", "[*][*]")


# -- time --------------------------------------------------------------------------------------------------


def microseconds(moment: datetime | None) -> int | None:
    """Microseconds since the epoch, UTC, exactly."""
    if moment is None:
        return None
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def when(
    moment: datetime | int | None,
    mode: str = "local",
    *,
    now: int | None = None,
    previous: datetime | int | None = None,
    full: bool = False,
) -> str:
    """A time, always with its zone: `09:14:02.120` of today is still shown with its date. "" for None.

    `moment` and `previous` are aware datetimes or microseconds since the epoch; `now` likewise in microseconds.
    mode: "local", "utc", "relative" (to now), "delta" (since `previous`). `full`: with microseconds, for tooltips.
    """
    at = moment if isinstance(moment, int) else microseconds(moment)
    if at is None:
        return ""
    if mode == "relative":
        return relative(at, now)
    if mode == "delta":
        before = previous if isinstance(previous, int) else microseconds(previous)
        if before is None:
            return "first"
        return ("+" if at >= before else "−") + duration(abs(at - before) / 1_000_000)
    seconds, rest = divmod(at, 1_000_000)
    parts = calendar(seconds, mode == "utc")
    if parts is None:
        return f"{at} µs"
    fraction = f"{rest:06d}" if full else f"{rest // 1000:03d}"
    return f"{parts.year}-{parts.day} {parts.time}.{fraction} {parts.zone}"


class Calendar(NamedTuple):
    """A second as people say it."""

    year: str
    day: str  # month and day: 11-23
    time: str  # 09:14:02
    zone: str


@lru_cache(maxsize=4_096)
def calendar(seconds: int, utc: bool) -> Calendar | None:
    """Of a second since the epoch, in UTC or local time; many events have the same. None: no calendar reaches that
    far."""
    try:
        value = datetime.fromtimestamp(seconds, UTC)
        value = value if utc else value.astimezone()
    except (OverflowError, ValueError, OSError):
        return None
    return Calendar(f"{value:%Y}", f"{value:%m-%d}", f"{value:%H:%M:%S}", zone(value))


def clock(moment: int | None, mode: str = "local") -> str:
    """A time for a column whose title names the zone (`clock_zone`): `11-23 09:14:02.120`, with the year where it is
    not the present one. Microseconds since the epoch; "" for None."""
    if moment is None:
        return ""
    seconds, rest = divmod(moment, 1_000_000)
    parts = calendar(seconds, mode == "utc")
    if parts is None:
        return f"{moment} µs"
    # In every zone a year begins with a quarter of an hour.
    now = calendar(int(time.time()) // 900 * 900, mode == "utc")
    date = parts.day if now is not None and parts.year == now.year else f"{parts.year}-{parts.day}"
    return f"{date} {parts.time}.{rest // 1000:03d}"


def clock_zone(mode: str) -> str:
    """The zone of `clock`, for a title: `UTC` or `+01:00`."""
    return "UTC" if mode == "utc" else zone(datetime.now(UTC).astimezone()).replace("Z", "UTC")


def zone(value: datetime) -> str:
    """The zone of a time, short: `Z` or `+01:00`."""
    offset = value.strftime("%z")
    return "Z" if offset in ("", "+0000") and value.tzname() in (None, "UTC") else f"{offset[:3]}:{offset[3:5]}"


def relative(at: int, now: int | None = None) -> str:
    """How long ago (or ahead) of now; microseconds since the epoch."""
    current = now if now is not None else microseconds(datetime.now(UTC))
    assert current is not None
    seconds = (current - at) / 1_000_000
    if abs(seconds) < 1:
        return "now"
    return f"{duration(seconds)} ago" if seconds > 0 else f"in {duration(-seconds)}"


def duration(seconds: float) -> str:
    """A span of time in at most two units: `120 ms`, `3.4 s`, `2 min 5 s`, `3 d 4 h`."""
    if seconds < 0.0005:
        return f"{seconds * 1_000_000:.0f} µs"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, below, sub in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            big, rest = divmod(whole, size)
            small = rest // below
            return f"{number(big)} {unit} {small} {sub}" if small else f"{number(big)} {unit}"
    return f"{whole} s"


def number(value: int) -> str:
    """Digits in groups of three, by thin spaces."""
    return f"{value:,}".replace(",", "\u2009")


def plural(value: int, one: str) -> str:
    """A number of things: `1 event`, `2 events`."""
    return f"{number(value)} {one}{'' if value == 1 else 's'}"


def size_text(size: int) -> str:
    """Bytes for people: `812 B`, `4.2 kB`, `1.3 MB`."""
    if size < 1000:
        return f"{size} B"
    value = float(size)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.5 or unit == "TB":
            return f"{value:.0f} {unit}" if value >= 99.5 else f"{value:.1f} {unit}"
    return f"{size} B"
