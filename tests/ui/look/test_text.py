"""Texts from data: nothing is markup, nothing hides, everything ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from explorer.ui.look import text

IMAGE = '<img src="file:///etc/hostname">'
AT = datetime(2024, 3, 1, 9, 14, 2, 120_456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ("plain", "plain"),
        ("a\nb", "a⏎b"),
        ("tab\there", "tab⇥here"),
        ("nul\0", "nul␀"),
        ("esc\x1b", "esc␛"),
        ("evil\u202egnp.exe", "evil⟨202E⟩gnp.exe"),
        ("zero\u200bwidth", "zero⟨200B⟩width"),
        ("lone\ud800", "lone⟨D800⟩"),
        ("emoji 🎉 עברית", "emoji 🎉 עברית"),
    ],
)
def test_what_cannot_be_seen_is_made_visible(data: str, shown: str) -> None:
    assert text.shown(data) == shown


@given(st.text(alphabet=st.characters(), max_size=300))
def test_shown_texts_are_one_line_of_visible_characters(data: str) -> None:
    line = text.shown(data, 100)
    assert "\n" not in line
    assert "\u202e" not in line
    assert len(line) <= 100 * len("⟨000000⟩") + 1
    line.encode()  # no lone surrogate is left


def test_long_texts_are_cut_before_anything_else() -> None:
    assert text.shown("x" * 1_000_000) == "x" * text.CUT + "…"
    assert len(text.tooltip("<" * 1_000_000)) < 20_000


def test_a_label_never_takes_markup(qapp: QApplication) -> None:
    label = text.plain_label(IMAGE)
    assert label.textFormat() == Qt.TextFormat.PlainText
    assert label.text() == IMAGE


def test_a_tooltip_is_escaped() -> None:
    assert "<img" not in text.tooltip(IMAGE)
    assert "&lt;img" in text.tooltip(IMAGE)


def test_ampersands_are_no_shortcuts_and_stars_no_placeholders() -> None:
    assert text.menu_text("a&b\tc") == "a&&b⇥c"
    assert text.tab_text("R&D") == "R&&D"
    assert text.title("x[*]") == "x[*][*]"


@pytest.mark.parametrize(
    ("mode", "shown"),
    [("utc", "2024-03-01 09:14:02.120 Z"), ("delta", "+2.1 s"), ("relative", "1 min 0 s ago")],
)
def test_times_carry_their_zone(mode: str, shown: str) -> None:
    now = text.microseconds(AT + timedelta(seconds=60, milliseconds=100))
    before = AT - timedelta(seconds=2, milliseconds=100)
    assert text.when(AT, mode, now=now, previous=before).replace("1 min 0 s", "1 min") in (shown, "1 min ago")


def test_microseconds_for_tooltips_and_other_zones() -> None:
    assert text.when(AT, "utc", full=True) == "2024-03-01 09:14:02.120456 Z"
    assert text.zone(datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=45)))) == "+05:45"
    assert text.when(None) == ""


def test_times_beyond_the_calendar_are_still_shown() -> None:
    assert text.when(10**20) == f"{10**20} µs"
    assert text.clock(10**20) == f"{10**20} µs"


def test_time_that_runs_backwards_says_so() -> None:
    assert text.when(AT, "delta", previous=AT + timedelta(seconds=1)) == "−1.0 s"


@given(st.datetimes(timezones=st.just(UTC)))
def test_microseconds_are_exact(moment: datetime) -> None:
    at = text.microseconds(moment)
    assert at is not None
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at) == moment


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.00002, "20 µs"), (0.12, "120 ms"), (3.44, "3.4 s"), (125, "2 min 5 s"), (3600, "1 h"), (90_000, "1 d 1 h")],
)
def test_durations(seconds: float, shown: str) -> None:
    assert text.duration(seconds) == shown


@pytest.mark.parametrize(
    ("size", "shown"), [(0, "0 B"), (999, "999 B"), (4_200, "4.2 kB"), (50_000_000, "50.0 MB"), (10**15, "1000 TB")]
)
def test_sizes(size: int, shown: str) -> None:
    assert text.size_text(size) == shown
