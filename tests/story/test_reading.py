"""Scripts: read as they are meant, and every mistake named with its line, whatever the file holds."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.model import Json
from explorer.story.reading import LARGEST, BadScript, parse, read, shipped
from explorer.story.script import Crash, Issue, Show, Story, Wait
from explorer.story.toml_lines import lines_of

GOOD = """\
title = "A small story"
store = "small"

[[chapter]]
title = "One"

[[chapter.step]]
caption = \"\"\"
  {narrated}, said in
  two lines.
\"\"\"
do = [
    { issue = "CreateOrder", aggregate = "Order", id = "O-1", set = { total = 1.10, lines = [{ sku = "A" }] } },
    { show = "stream", category = "Order", id = "O-1", version = 1 },
]

[[chapter.step]]
caption = "And the end."

[[chapter]]
title = "Two"

[[chapter.step]]
caption = "Wait."
[[chapter.step.do]]
wait_for = "event"
type = "OrderApproved"
category = "Order"
id = "O-1"
seconds = 2
otherwise = "It did not come."
"""


def wrong(text: str) -> list[tuple[int, str]]:
    with pytest.raises(BadScript) as raised:
        parse(text, "story.toml")
    return [(one.line, one.reason) for one in raised.value.mistakes]


def test_a_script_as_it_is_meant() -> None:
    story = parse(GOOD, "story.toml")
    assert (story.title, story.store, [chapter.title for chapter in story.chapters]) == (
        "A small story", "small", ["One", "Two"],
    )  # fmt: skip
    first, second, third = (step for _chapter, _place, step in story.steps())
    assert first.caption == "{narrated}, said in two lines."
    order: dict[str, Json] = {"total": Decimal("1.10"), "lines": [{"sku": "A"}]}
    assert first.actions == (
        Issue("CreateOrder", "Order", "O-1", order, line=13),
        Show("stream", "Order", "O-1", 1, line=14),
    )
    assert second.actions == ()
    assert third.actions == (
        Wait("event", "OrderApproved", "Order", "O-1", seconds=2.0, otherwise="It did not come.", line=25),
    )
    assert [(chapter, place) for chapter, place, _step in story.steps()] == [(1, 1), (1, 2), (2, 1)]


def test_the_ids_of_what_it_writes_are_the_same_in_every_run() -> None:
    one, same = parse(GOOD, "a.toml"), parse(GOOD, "b.toml")
    assert one.event_id(1, 1, 1) == same.event_id(1, 1, 1)
    assert len({one.event_id(c, s, a, n) for c in (1, 2) for s in (1, 2) for a in (1, 2) for n in (0, 1)}) == 16


def test_several_mistakes_at_once_each_with_its_line() -> None:
    text = GOOD.replace('title = "Two"', 'titel = "Two"').replace("seconds = 2", 'seconds = "2"')
    text = text.replace("{narrated}", "{narated}").replace('show = "stream"', 'show = "steam"')
    found = wrong(text)
    assert [line for line, _reason in found] == [8, 14, 20, 21, 30]
    reasons = [reason for _line, reason in found]
    assert reasons[0] == "A caption cannot say {narated}. Did you mean narrated?"
    assert reasons[1] == "show cannot be 'steam'. Did you mean stream?"
    assert reasons[2] == "A chapter needs a title."
    assert reasons[3] == "titel means nothing in a chapter. Did you mean title?"
    assert reasons[4] == "seconds of wait_for is a number of seconds up to 3600."


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ('{ isue = "A" }', "No action is called isue. Did you mean issue?"),
        ('{ issue = "A", aggregate = "Order" }', "issue needs id."),
        ('{ issue = "A", aggregate = "Order", id = "1", sett = {} }', "sett means nothing in issue. Did you mean set?"),
        ('{ show = "stream", category = "Order" }', "show = 'stream' needs category and id."),
        ('{ show = "panel" }', "show = 'panel' needs the name of the panel."),
        ('{ wait_for = "event", type = "A" }', "wait_for = 'event' needs type, category and id."),
        ('{ wait_for = "subscription" }', "wait_for = 'subscription' needs the name of the subscription."),
        ('{ crash = "never" }', "crash needs order, the id of the order that is placed."),
        ("{ zoom = true }", "zoom is a whole number from 0 to 100,000."),
        ("{ zoom = -1 }", "zoom is a whole number from 0 to 100,000."),
        ('{ many = "A", aggregate = "O", id = "1", count = 2, set = 3 }',
         "set of many is a table of values, in braces."),
        ('{ zoom = 100, rebuild = "a" }', "zoom and rebuild are two actions: each stands in braces of its own."),
        ("{}", "This does nothing. An action is one of issue, many, append, service, show, step, snapshot, rebuild, "
         "wait_for, zoom, crash."),
        ("1", "do of a step is a list of tables."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_action(action: str, reason: str) -> None:
    head = 'title = "T"\n[[chapter]]\ntitle = "C"\n[[chapter.step]]\ncaption = "…"\ndo = [\n  # one\n  '
    assert reason in [said for _line, said in wrong(f"{head}{action},\n]\n")]
    if action != "1":
        assert {line for line, _reason in wrong(f"{head}{action},\n]\n")} == {8}


def test_what_is_no_toml_says_where() -> None:
    assert [line for line, _reason in wrong('title = "A"\nchapter = \n')] == [2]
    assert [line for line, _reason in wrong('title = "A"\n\ntext = """')] == [3]
    assert wrong("x = " + "[" * 5000) == [(1, "Values are nested too deep.")]


def test_nothing_at_all() -> None:
    assert [reason for _line, reason in wrong("")] == ["A story needs a title.", "A story needs at least one chapter."]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "story.toml"
    for make, line, reason in (
        (lambda: None, 1, "The file cannot be read: No such file or directory."),
        (lambda: file.write_bytes(b'title = "A"\n\xff'), 2, "This is no UTF-8 text."),
        (lambda: file.write_bytes(b"#" * (LARGEST + 1)), 1,
         "The file has 1,000,001 bytes; a script has at most 1,000,000."),
    ):  # fmt: skip
        make()
        with pytest.raises(BadScript) as raised:
            read(file)
        assert [(one.line, one.reason) for one in raised.value.mistakes] == [(line, reason)]
        assert f"line {line}: {reason}" in raised.value.hint


def test_the_shipped_story() -> None:
    story = read(shipped())
    steps = [*story.steps()]
    assert 25 <= len(steps) <= 40
    assert any(isinstance(action, Crash) for _c, _s, step in steps for action in step.actions)
    for _chapter, _place, step in steps:
        assert len(step.caption) <= 330, step.caption


# -- whatever the file holds -------------------------------------------------------------------------------------------

NAMES = st.sampled_from(
    ["title", "store", "chapter", "step", "caption", "do", "issue", "id", "show", "set", "x y", "é"]
)
VALUES = st.recursive(
    st.sampled_from(["1", "-2.5", "true", '"text"', "'lit'", "1979-05-27", "[]", "{}", '"""a\nb"""', "inf"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[\n{', '.join(items)} # c\n]")
        | st.dictionaries(NAMES, inner, max_size=3).map(
            lambda table: "{" + ", ".join(f'"{name}" = {value}' for name, value in table.items()) + "}"
        )
    ),
    max_leaves=6,
)
LINES = st.one_of(
    st.tuples(NAMES, VALUES).map(lambda pair: f'"{pair[0]}" = {pair[1]}'),
    st.lists(NAMES, min_size=1, max_size=3).map(lambda names: "[[" + ".".join(f'"{one}"' for one in names) + "]]"),
    st.lists(NAMES, min_size=1, max_size=2).map(lambda names: "[" + ".".join(f'"{one}"' for one in names) + "]"),
    st.just("# a comment [[chapter]]"),
    st.text(max_size=12),
)


@given(st.lists(LINES, max_size=12).map("\n".join))
def test_any_file_is_a_story_or_says_what_is_wrong(text: str) -> None:
    mistakes = None
    try:
        story = parse(text, "any.toml")
    except BadScript as bad:
        mistakes = bad.mistakes
    if mistakes is None:
        assert isinstance(story, Story)
    else:
        last = text.count("\n") + 1
        assert mistakes
        assert all(1 <= one.line <= last and one.reason for one in mistakes)


@given(st.lists(LINES, max_size=10).map("\n".join))
def test_every_value_of_a_document_has_its_line(text: str) -> None:
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError):
        return
    lines = lines_of(text)
    source = text.replace("\r\n", "\n").split("\n")

    def look(path: tuple[str | int, ...], value: object) -> None:
        if path:
            assert path in lines, path
            if isinstance(path[-1], str):
                assert path[-1] in source[lines[path] - 1]
        if isinstance(value, dict):
            for name, one in value.items():
                look((*path, name), one)
        elif isinstance(value, list):
            for number, one in enumerate(value):
                look((*path, number), one)

    look((), document)
