"""Commands as data and back: a frozen dataclass described for forms, and built from JSON values."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

from explorer import payload
from explorer.descriptions import CommandInfo, FieldInfo
from explorer.errors import ExplorerError, Invalid, PluginBroken
from explorer.fold import failure
from explorer.model import Aggregate, Json

_LISTS = (list, tuple, Sequence)
_TEXTS: dict[type, tuple[Callable[[str], Any], str]] = {
    datetime: (datetime.fromisoformat, "a date and time like 2026-01-31T09:30:00+00:00"),
    date: (date.fromisoformat, "a date like 2026-01-31"),
    UUID: (UUID, "a UUID"),
}


def command_info(command: type, creates: bool = True) -> CommandInfo:
    """A command's name, help and fields. Raises `PluginBroken` when it is no dataclass of known types.

    Help of a field is the `help` in its metadata, that of the command the first paragraph of its docstring.
    """
    if not (isinstance(command, type) and dataclasses.is_dataclass(command)):
        raise PluginBroken(f"The command {getattr(command, '__name__', command)!s} is not a dataclass.")
    text = inspect.getdoc(command) or ""
    if text.startswith(f"{command.__name__}("):  # what dataclasses write when there is no docstring
        text = ""
    fields = tuple(_field_info(command, field, hint) for field, hint in _fields(command))
    return CommandInfo(command.__name__, " ".join(text.split("\n\n")[0].split()), fields, creates)


def commands_of(aggregate: Aggregate) -> tuple[CommandInfo, ...]:
    """All commands. Those with a class attribute `creates = True` may be issued to a new stream; if none has one, all
    may."""
    declared = any(getattr(command, "creates", False) is True for command in aggregate.commands)
    return tuple(
        command_info(command, not declared or getattr(command, "creates", False) is True)
        for command in aggregate.commands
    )


def build_command(aggregate: Aggregate, command: str, fields: Mapping[str, Json]) -> Any:
    """The command of this name with these fields. Raises `Invalid`, naming the field that cannot be used and why.

    Numbers and booleans may be given as texts that read as one, and an object of a single field as the value of that.
    """
    for known in aggregate.commands:
        if known.__name__ == command:
            return _built(known, fields, "")
    names = ", ".join(known.__name__ for known in aggregate.commands) or "none"
    raise Invalid(f"{aggregate.name} has no command {command}.", f"It has: {names}.")


def build_partly(kind: type, fields: Mapping[str, Json], missing: Callable[[str], Any]) -> Any:
    """A command with these of its fields; what stands for the name of a field that is needed and was not given is
    `missing`'s. Raises `Invalid` as `build_command`, and whatever `missing`'s values raise when they are used."""
    return _built(kind, fields, "", missing)


# -- describing --------------------------------------------------------------------------------------------------------


def _fields(kind: type) -> list[tuple[dataclasses.Field[Any], Any]]:
    try:
        hints = typing.get_type_hints(kind)
    except (NameError, TypeError, AttributeError, SyntaxError) as error:
        raise PluginBroken(f"The types of {kind.__name__} cannot be found: {error}") from error
    return [(field, hints[field.name]) for field in dataclasses.fields(kind) if field.init]


def _field_info(owner: type, field: dataclasses.Field[Any], hint: Any) -> FieldInfo:
    kind, choices, fields = _kind(hint, f"{owner.__name__}.{field.name}")
    default = ""
    if field.default is not dataclasses.MISSING:
        default = payload.encode_plain(payload.to_json(field.default)).decode()
    elif field.default_factory is not dataclasses.MISSING:
        default = payload.encode_plain(payload.to_json(field.default_factory())).decode()
    elif _optional(hint):
        default = "null"
    return FieldInfo(
        name=field.name,
        kind=kind,
        required=not default,
        default=default,
        help=str(field.metadata.get("help", "")),
        choices=choices,
        fields=fields,
    )


def _kind(hint: Any, where: str) -> tuple[str, tuple[str, ...], tuple[FieldInfo, ...]]:
    """The kind of `FieldInfo`, its choices, and the fields of an object or of the elements of a list."""
    hint = _present(hint)
    origin = get_origin(hint)
    if origin is Literal:
        return "choice", tuple(str(choice) for choice in get_args(hint)), ()
    if origin in _LISTS:
        kind, choices, fields = _kind(_element(hint), where)
        # The elements of a list of objects are described by their fields, plain ones by one field without a name.
        return "list", (), fields if kind == "object" and fields else (FieldInfo("", kind, choices=choices),)
    if origin in (dict, Mapping) or hint in (dict, Mapping, Any) or _is_json(hint):
        return "object", (), ()
    if isinstance(hint, type):
        if dataclasses.is_dataclass(hint):
            return "object", (), tuple(_field_info(hint, field, inner) for field, inner in _fields(hint))
        if issubclass(hint, enum.Enum):
            return "choice", tuple(str(member.value) for member in hint), ()
        for plain, kind in ((bool, "boolean"), (int, "integer"), (Decimal, "decimal"), (float, "decimal")):
            if issubclass(hint, plain):
                return kind, (), ()
        if issubclass(hint, str) or hint in _TEXTS:
            return "text", (), ()
        if hint in _LISTS:
            return "list", (), (FieldInfo("", "text"),)
    raise PluginBroken(f"{where} has the type {hint}, of which no form can be made.")


def _optional(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint)


def _present(hint: Any) -> Any:
    """`X` of `X | None`."""
    if not _optional(hint) or _is_json(hint):
        return hint
    rest = tuple(inner for inner in get_args(hint) if inner is not type(None))
    return rest[0] if len(rest) == 1 else hint


def _is_json(hint: Any) -> bool:
    """`model.Json` or a part of it: any JSON value."""
    return get_origin(hint) in (Union, types.UnionType) and {dict, list} <= {get_origin(i) for i in get_args(hint)}


def _element(hint: Any) -> Any:
    arguments = get_args(hint)
    return arguments[0] if arguments else str


# -- building ----------------------------------------------------------------------------------------------------------


def _built(kind: type, values: Mapping[str, Json], where: str, missing: Callable[[str], Any] | None = None) -> Any:
    fields = _fields(kind)
    names = [field.name for field, _ in fields]
    inside = f" in {where}" if where else ""
    for name in values:
        if name not in names:
            raise Invalid(f"{kind.__name__} has no field {name}{inside}.", f"It has: {', '.join(names) or 'none'}.")
    arguments: dict[str, Any] = {}
    for field, hint in fields:
        path = f"{where}.{field.name}" if where else field.name
        if field.name in values:
            arguments[field.name] = _value(values[field.name], hint, path)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            if missing is None and not _optional(hint):
                raise Invalid(f"{path} is missing.")
            arguments[field.name] = None if missing is None or _optional(hint) else missing(field.name)
    try:
        return kind(**arguments)
    except ExplorerError:
        raise
    except Exception as error:  # a command's __post_init__ is the plug-in's code, and says what it does not accept
        raise Invalid(f"{where or kind.__name__}: {failure(error)}") from error


def _value(value: Json, hint: Any, where: str) -> Any:
    if value is None and (_optional(hint) or hint is Any or _is_json(hint)):
        return None
    hint = _present(hint)
    origin = get_origin(hint)
    if origin is Literal:
        return _choice(value, {str(choice): choice for choice in get_args(hint)}, where)
    if origin in _LISTS or hint in _LISTS:
        if not isinstance(value, list):
            raise Invalid(f"{where}: {_shown(value)} is not a list.")
        elements = [_value(element, _element(hint), f"{where}[{index}]") for index, element in enumerate(value)]
        return elements if (origin or hint) is list else tuple(elements)
    if origin in (dict, Mapping) or hint in (dict, Mapping):
        if not isinstance(value, dict):
            raise Invalid(f"{where}: {_shown(value)} is not an object.")
        return value
    if isinstance(hint, type) and hint is not object:
        if dataclasses.is_dataclass(hint):
            return _built(hint, _members(value, hint, where), where)
        if issubclass(hint, enum.Enum):
            return _choice(value, {str(member.value): member for member in hint}, where)
        return _plain(value, hint, where)
    return value


def _members(value: Json, kind: type, where: str) -> Mapping[str, Json]:
    if isinstance(value, dict):
        return value
    names = [field.name for field, _ in _fields(kind)]
    if len(names) == 1 and not isinstance(value, list):
        return {names[0]: value}
    raise Invalid(f"{where}: {_shown(value)} is not an object with {', '.join(names)}.")


def _choice(value: Json, choices: Mapping[str, Any], where: str) -> Any:
    text = value if isinstance(value, str) else payload.encode_plain(value).decode()
    if text not in choices:
        raise Invalid(f"{where}: {_shown(value)} is not one of {', '.join(choices)}.")
    return choices[text]


def _plain(value: Json, hint: type, where: str) -> Any:
    if hint in _TEXTS:
        read, description = _TEXTS[hint]
        try:
            return read(value if isinstance(value, str) else "")
        except ValueError:
            raise Invalid(f"{where}: {_shown(value)} is not {description}.") from None
    if issubclass(hint, str):
        if not isinstance(value, str):
            raise Invalid(f"{where}: {_shown(value)} is not a text.")
        return value if hint is str else hint(value)
    number = value
    if isinstance(value, str):
        decoded = payload.decode(value.strip().encode("utf-8", "replace"))
        number = decoded.value if decoded.problem is None else value
    if issubclass(hint, bool):
        if not isinstance(number, bool):
            raise Invalid(f"{where}: {_shown(value)} is neither true nor false.")
        return number
    if isinstance(number, bool) or not isinstance(number, (int, Decimal)):
        raise Invalid(f"{where}: {_shown(value)} is not a number.")
    if issubclass(hint, int):
        if not isinstance(number, int):
            raise Invalid(f"{where}: {_shown(value)} is not a whole number.")
        return number if hint is int else hint(number)
    made: Any = hint
    return made(number)


def _shown(value: Json) -> str:
    text = payload.encode_plain(value).decode()
    return text if len(text) <= 60 else f"{text[:59]}…"
