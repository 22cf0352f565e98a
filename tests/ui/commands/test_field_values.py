"""What was typed into a form becomes exact JSON, or a sentence saying what is wrong."""

from __future__ import annotations

import pytest

from explorer.engine.messages import FieldInfo
from explorer.ui.commands.field_values import Content, blank, json_text, problems

MONEY = FieldInfo("price", "object", fields=(FieldInfo("amount", "decimal"),))
LINES = FieldInfo("lines", "list", fields=(FieldInfo("sku", "text"), FieldInfo("quantity", "integer"), MONEY))
TAGS = FieldInfo("tags", "list", required=False, fields=(FieldInfo("", "text"),))


@pytest.mark.parametrize(
    ("field", "content", "expected"),
    [
        (FieldInfo("a", "text"), 'say "hi"\u202e', '"say \\"hi\\"\u202e"'),
        (FieldInfo("a", "integer"), " 123456789012345678901234567890 ", "123456789012345678901234567890"),
        (FieldInfo("a", "decimal"), "1.10", "1.10"),
        (FieldInfo("a", "decimal"), "1e400", "1e400"),
        (FieldInfo("a", "boolean"), "true", "true"),
        (FieldInfo("a", "choice", choices=("x", "y")), "y", '"y"'),
        (FieldInfo("a", "integer", required=False), "", None),
        (FieldInfo("a", "text", required=False), "", None),
        (MONEY, {"amount": "0.00"}, '{"amount":0.00}'),
        (
            LINES,
            [
                {"sku": "A", "quantity": "2", "price": {"amount": "1.10"}},
                {"sku": "", "quantity": "", "price": {"amount": ""}},
            ],
            '[{"sku":"A","quantity":2,"price":{"amount":1.10}}]',
        ),
        (LINES, [], "[]"),
        (TAGS, ["a", "", "b"], '["a","b"]'),
        (FieldInfo("any", "object"), '{"n": 1.10}', '{"n": 1.10}'),
        (FieldInfo("a", "object", required=False, fields=(FieldInfo("b", "text"),)), {"b": ""}, None),
    ],
)
def test_valid_content_is_exact_json(field: FieldInfo, content: Content, expected: str | None) -> None:
    assert problems(field, content) == {}
    assert json_text(field, content) == expected


@pytest.mark.parametrize(
    ("field", "content", "path", "words"),
    [
        (FieldInfo("a", "integer"), "1.5", "", "whole number"),
        (FieldInfo("a", "integer"), "007", "", "whole number"),
        (FieldInfo("a", "decimal"), "12,50", "", "point"),
        (FieldInfo("a", "decimal"), "NaN", "", "number"),
        (FieldInfo("a", "text"), "  ", "", "needed"),
        (FieldInfo("any", "object"), '{"n": ', "", "column 6"),
        (LINES, [{"sku": "A", "quantity": "x", "price": {"amount": "1"}}], "/0/quantity", "whole number"),
        (LINES, [{"sku": "A", "quantity": "1", "price": {"amount": ""}}], "/0/price/amount", "needed"),
    ],
)
def test_what_is_wrong_is_said_where_it_is(field: FieldInfo, content: Content, path: str, words: str) -> None:
    assert list(problems(field, content)) == [path]
    assert words in problems(field, content)[path]


def test_what_is_missing_is_only_said_when_asked_for() -> None:
    assert problems(LINES, [{"sku": "A", "quantity": "", "price": {"amount": ""}}], missing=False) == {}


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (FieldInfo("a", "decimal", default="1.10"), "1.10"),
        (FieldInfo("a", "boolean", default="true"), "true"),
        (FieldInfo("a", "text", default="null"), ""),
        (FieldInfo("a", "choice", choices=("x", "y")), "x"),
        (FieldInfo("a", "list", default='[{"n": 3}]', fields=(FieldInfo("n", "integer"),)), [{"n": "3"}]),
    ],
)
def test_defaults_are_what_an_untouched_field_holds(field: FieldInfo, expected: Content) -> None:
    assert blank(field) == expected
