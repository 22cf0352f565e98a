"""What was typed into a form, as plain data: checked against its `FieldInfo` and turned into JSON texts. No Qt here.

*Content* is what the editors hold: a text for anything with one value ("true" and "false" for booleans), a list for
lists, a dict by field name for objects. Texts are kept as typed, so that 1.10 stays 1.10 and a half-typed number is
still there when one comes back to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TypeAlias

from explorer import payload
from explorer.engine.messages import FieldInfo
from explorer.model import Json

Content: TypeAlias = "str | list[Content] | dict[str, Content]"

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def element(field: FieldInfo) -> FieldInfo:
    """What one element of a list field is: its one unnamed field, else an object of its fields."""
    if len(field.fields) == 1 and not field.fields[0].name:
        return field.fields[0]
    return FieldInfo(name="", kind="object", fields=field.fields)


def inner(field: FieldInfo) -> FieldInfo:
    """The field whose editor stands for this one: an object of one plain field, like {"amount": …}, is shown as it."""
    if field.kind == "object" and len(field.fields) == 1 and field.fields[0].kind not in ("list", "object"):
        return field.fields[0]
    return field


def is_raw(field: FieldInfo) -> bool:
    """Any JSON will do: an object of which nothing is known is typed as JSON text."""
    return field.kind == "object" and not field.fields


def has_parts(field: FieldInfo) -> bool:
    """It is edited as several editors: a list, or an object of several fields."""
    shown = inner(field)
    return shown.kind == "list" or (shown.kind == "object" and not is_raw(shown))


def blank(field: FieldInfo) -> Content:
    """The content of a field nobody has touched: its default, else empty. A list that is needed has one empty row."""
    if field.default and field.default != "null":
        return field.default if is_raw(field) else _content(field, payload.parse(field.default))
    if is_raw(field):
        return ""
    if field.kind == "object":
        return {each.name: blank(each) for each in field.fields}
    if field.kind == "list":
        return [blank(element(field))] if field.required else []
    if field.kind == "boolean":
        return "false"
    if field.kind == "choice" and field.required and field.choices:
        return field.choices[0]
    return ""


def _content(field: FieldInfo, value: Json) -> Content:
    """A JSON value as content; what does not fit the field is left empty."""
    if is_raw(field):
        return payload.encode_plain(value).decode()
    if field.kind == "object":
        known = value if isinstance(value, dict) else {}
        return {
            each.name: _content(each, known[each.name]) if each.name in known else blank(each) for each in field.fields
        }
    if field.kind == "list":
        return [_content(element(field), each) for each in value] if isinstance(value, list) else []
    if isinstance(value, str):
        return value
    return "" if value is None or isinstance(value, (dict, list)) else payload.encode_plain(value).decode()


def is_blank(field: FieldInfo, content: Content) -> bool:
    """Nothing was entered: such a row of a list, or an optional object, is left out."""
    if isinstance(content, dict):
        return all(is_blank(each, content[each.name]) for each in field.fields)
    if isinstance(content, list):
        return all(is_blank(element(field), each) for each in content)
    if field.kind in ("boolean", "choice"):
        return content == blank(field)
    return not content.strip()


def problems(field: FieldInfo, content: Content, path: str = "", *, missing: bool = True) -> dict[str, str]:
    """What is wrong, a sentence by path ("/lines/0/quantity"). `missing`: also what is needed and still empty."""
    return dict(_problems(field, content, path, missing))


def _problems(field: FieldInfo, content: Content, path: str, missing: bool) -> Iterator[tuple[str, str]]:
    if isinstance(content, dict):
        if field.required or not is_blank(field, content):
            for each in field.fields:
                yield from _problems(each, content[each.name], f"{path}/{each.name}", missing)
    elif isinstance(content, list):
        part = element(field)
        for index, each_content in enumerate(content):
            if not is_blank(part, each_content):
                yield from _problems(part, each_content, f"{path}/{index}", missing)
    elif not content.strip():
        if missing and field.required and field.kind not in ("boolean", "choice"):
            yield path, "This is needed."
    else:
        problem = _value_problem(field, content.strip())
        if problem:
            yield path, problem


def _value_problem(field: FieldInfo, text: str) -> str:
    kind = field.kind
    if is_raw(field):
        return payload.decode(text.encode("utf-8", "surrogatepass")).problem or ""
    if kind == "integer" and not _INTEGER.fullmatch(text):
        return "A whole number is needed, such as 3."
    if kind == "decimal" and not _DECIMAL.fullmatch(text):
        if _DECIMAL.fullmatch(text.replace(",", ".", 1)):
            return "Write a point, not a comma."
        return "A number is needed, such as 12.50."
    return ""


def json_text(field: FieldInfo, content: Content) -> str | None:
    """The JSON text of valid content; None when an optional field was left empty."""
    if isinstance(content, dict):
        if not field.required and is_blank(field, content):
            return None
        return _joined(field.fields, content)
    if isinstance(content, list):
        part = element(field)
        texts = [json_text(part, each) for each in content if not is_blank(part, each)]
        return "[" + ",".join(text for text in texts if text is not None) + "]"
    text = content.strip()
    if not text and field.kind != "text":
        return None
    if not text and not field.required:
        return None
    if field.kind in ("integer", "decimal", "boolean") or is_raw(field):
        return text
    return json.dumps(content, ensure_ascii=False)


def _joined(fields: tuple[FieldInfo, ...], content: dict[str, Content]) -> str:
    members = ((each.name, json_text(each, content[each.name])) for each in fields)
    return "{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in members if text is not None) + "}"
