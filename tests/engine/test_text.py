from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from explorer.engine.messages import LINE
from explorer.engine.text import HexLines, Pieces, TextLines, page, raw, visible


def lines_of(text: str) -> list[str]:
    lines = TextLines(text, len(text))
    return [lines.line(number) for number in range(len(lines))]


def test_lines_and_their_ends() -> None:
    assert lines_of("") == [""]
    assert lines_of("a") == ["a"]
    assert lines_of("a\n") == ["a"]
    assert lines_of("a\n\nb\r\nc") == ["a", "", "b", "c"]


def test_a_line_that_is_too_long_comes_as_several() -> None:
    assert [len(line) for line in lines_of("x" * (2 * LINE + 5) + "\ny")] == [LINE, LINE, 5, 1]
    assert [len(line) for line in lines_of("x" * LINE)] == [LINE]
    assert len(lines_of("z" * 3_000_000)) == 3_000_000 // LINE


@given(st.lists(st.text("ab ", max_size=LINE + 3), max_size=6))
def test_lines_put_together_are_the_text(parts: list[str]) -> None:
    text = "\n".join(parts)
    assert "".join(lines_of(text)) == text.replace("\n", "")


def test_many_lines() -> None:
    text = "\n".join(str(number) for number in range(400_000))
    lines = TextLines(text, len(text))
    assert len(lines) == 400_000
    assert [lines.line(number) for number in (0, 1, 200_000, 399_999)] == ["0", "1", "200000", "399999"]


def test_controls_and_directions_are_shown() -> None:
    assert visible("a\x1b[31m\x00\x7f\u202eb\tc\n") == "a␛[31m␀␡⟨U+202E⟩b\tc\n"
    assert raw(b"\xff\x1bx").line(0) == "\\xff␛x"


def test_bytes() -> None:
    lines = HexLines(bytes(range(40)))
    assert len(lines) == 3
    assert lines.line(0) == "00000000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  ················"
    assert lines.line(2) == "00000020  20 21 22 23 24 25 26 27                            !\"#$%&'"
    assert HexLines(b"").line(0).startswith("00000000")


def test_pages_stay_small() -> None:
    shown = page(TextLines("\n".join("é" * LINE for _ in range(500)), 1), 10, 500)
    assert shown.start == 10
    assert 5 < len(shown.lines) < 20
    assert shown.total == 500
    assert page(Pieces("abc", 3), 0, 5).lines == ("abc",)
