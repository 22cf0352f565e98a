"""From what people write as a watch expression to a function: a tree of listed nodes becomes a tree of our operations.

What is not listed is a `Mistake`, with its place. No name of the program can be reached from an expression: it sees
`state`, `before`, what `event` has, names that its own loops give, and the functions and methods listed here.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from explorer.errors import Invalid

LENGTH = 2_000  # characters of an expression at most
_NODES = 500  # of its tree
FILE = "<expression>"

OF_EVENT = ("type", "data", "metadata", "version", "category", "id", "event_id", "recorded_at", "position")
"""What can be asked of `event`. Times are texts in ISO 8601, UTC."""

FUNCTIONS: Mapping[str, str] = {
    "abs": "absolute", "all": "all", "any": "any", "enumerate": "enumerated", "int": "whole", "len": "length",
    "list": "listed", "max": "largest", "min": "smallest", "number": "number", "range": "range", "set": "distinct",
    "sorted": "sorted", "str": "text", "sum": "sum", "zip": "zipped",
}  # fmt: skip
_NAMED_ARGUMENTS = {("min", "default"), ("max", "default"), ("sorted", "reverse")}
OF_OBJECTS = ("values", "keys", "items", "get")
OF_TEXTS = ("startswith", "endswith", "lower", "upper", "strip")
METHODS = (*OF_OBJECTS, *OF_TEXTS)
_WORDS = {"true": True, "false": False, "null": None}

BINARY: Mapping[type[ast.operator], str] = {
    ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide", ast.FloorDiv: "floor_divide",
    ast.Mod: "remainder",
}  # fmt: skip
COMPARED: Mapping[type[ast.cmpop], tuple[str, bool]] = {  # operation, and whether its operands change places
    ast.Eq: ("equal", False), ast.NotEq: ("unequal", False), ast.Lt: ("less", False),
    ast.LtE: ("less_or_equal", False), ast.Gt: ("less", True), ast.GtE: ("less_or_equal", True),
    ast.In: ("contains", False), ast.NotIn: ("misses", False),
}  # fmt: skip


class Mistake(Invalid):
    """An expression that cannot be understood. `position` counts characters from 0; the hint shows it with a caret."""

    def __init__(self, sentence: str, source: str, position: int) -> None:
        before = source[:position]
        self.position = position
        self.line = before.count("\n") + 1
        self.column = position - (before.rfind("\n") + 1) + 1
        line = source.split("\n")[self.line - 1] if source else ""
        super().__init__(f"{sentence} (line {self.line}, column {self.column})", f"{line}\n{' ' * (self.column - 1)}^")
        self.sentence = sentence


class Translation:
    """`code` makes the function (state, before, event) → value, where `constants` and the operations are named.

    `needs`: which of "state", "before" and "event" it looks at. Raises `Mistake`.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self.needs: set[str] = set()
        self.constants: dict[str, Any] = {}
        self._locals: list[set[str]] = []
        self._temporaries = 0
        tree = self._parsed()
        arguments = ast.arguments([], [ast.arg(name) for name in ("state", "before", "event")], None, [], [], None, [])
        made = ast.Expression(ast.Lambda(arguments, self._made(tree.body)))
        self.code = compile(ast.fix_missing_locations(made), FILE, "eval")

    def _parsed(self) -> ast.Expression:
        source = self._source
        if not source.strip():
            raise Mistake("There is no expression.", source, 0)
        if len(source) > LENGTH:
            raise Mistake(f"The expression has more than {LENGTH:,} characters.", source, LENGTH)
        # Columns stay what they are: line breaks become blanks, and blanks at the start would be an indentation.
        flat = "".join(" " if character in "\r\n\t\f\v" else character for character in source)
        blank = len(flat) - len(flat.lstrip(" "))
        try:
            tree = ast.parse(f"{'(' if blank else ''}{flat[1 if blank else 0 :]}{')' if blank else ''}", mode="eval")
        except SyntaxError as error:
            end = len(source.rstrip())
            at = min(error.offset - 1, end) if error.offset else end
            sentence = "compare with ==" if flat[at : at + 1] == "=" else error.msg
            if at == end:
                sentence = "something is missing at the end"
            raise Mistake(f"This cannot be read: {sentence}.", source, at) from None
        except (ValueError, RecursionError, MemoryError):
            raise Mistake("This cannot be read.", source, 0) from None
        if sum(1 for _ in ast.walk(tree)) > _NODES:
            raise Mistake(f"The expression has more than {_NODES} parts.", source, 0)
        return tree

    def _wrong(self, node: ast.AST, sentence: str) -> Mistake:
        column = getattr(node, "col_offset", 0)  # of the text in UTF-8
        if isinstance(node, ast.Attribute):
            column = (node.end_col_offset or len(node.attr)) - len(node.attr.encode())
        return Mistake(sentence, self._source, len(self._source.encode()[:column].decode(errors="ignore")))

    def _call(self, node: ast.expr, name: str, *arguments: ast.expr, **named: ast.expr) -> ast.expr:
        keywords = [ast.keyword(key, value) for key, value in named.items()]
        made = ast.Call(ast.Name(f"_{name}", ast.Load()), list(arguments), keywords)
        return ast.copy_location(made, node)

    def _all(self, nodes: list[ast.expr]) -> list[ast.expr]:
        return [self._made(node) for node in nodes]

    def _made(self, node: ast.expr) -> ast.expr:
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name():
                return self._name(node)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Subscript():
                return self._subscript(node)
            case ast.BoolOp():
                return ast.copy_location(ast.BoolOp(node.op, self._all(node.values)), node)
            case ast.UnaryOp(op=ast.Not()):
                return ast.copy_location(ast.UnaryOp(node.op, self._made(node.operand)), node)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                name = "negative" if isinstance(node.op, ast.USub) else "positive"
                return self._call(node, name, self._made(node.operand))
            case ast.BinOp() if type(node.op) in BINARY:
                return self._call(node, BINARY[type(node.op)], self._made(node.left), self._made(node.right))
            case ast.BinOp(op=ast.Pow()):
                raise self._wrong(node, "Powers are not understood: they may have any number of digits.")
            case ast.Compare():
                return self._chain(node, self._made(node.left), list(zip(node.ops, node.comparators, strict=True)))
            case ast.IfExp():
                made = ast.IfExp(self._made(node.test), self._made(node.body), self._made(node.orelse))
                return ast.copy_location(made, node)
            case ast.List() | ast.Tuple() | ast.Set():
                return ast.copy_location(ast.List(self._all(node.elts), ast.Load()), node)
            case ast.Dict():
                return self._dict(node)
            case ast.ListComp():
                return self._loop(node, ast.ListComp)
            case ast.Call():
                return self._called(node)
        if isinstance(node, ast.GeneratorExp):
            raise self._wrong(node, "A loop stands in a function such as sum(), or in [ ].")
        raise self._wrong(node, f"This is not understood here: {type(node).__name__}.")

    def _constant(self, node: ast.Constant) -> ast.expr:
        value = node.value
        if value is None or type(value) in (bool, int, str):
            return node
        if type(value) is float:  # as it is written, not as a binary fraction
            segment = self._source.encode()[node.col_offset : node.end_col_offset].decode()
            name = f"_c{len(self.constants)}"
            self.constants[name] = Decimal(segment.replace("_", ""))
            return ast.copy_location(ast.Name(name, ast.Load()), node)
        raise self._wrong(node, f"This is not understood here: {type(value).__name__}.")

    def _name(self, node: ast.Name) -> ast.expr:
        name = node.id
        if any(name in names for names in self._locals):
            return node
        if name in ("state", "before"):
            self.needs.add(name)
            return node
        if name in _WORDS:
            return ast.copy_location(ast.Constant(_WORDS[name]), node)
        if name == "event":
            raise self._wrong(node, f"Say what of the event: event.{', event.'.join(OF_EVENT)}.")
        if name in FUNCTIONS:
            raise self._wrong(node, f"{name} is a function: {name}(…).")
        raise self._wrong(node, f"There is no {name!r}: expressions are about state, before and event.")

    def _attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and node.value.id == "event":
            if node.attr not in OF_EVENT:
                raise self._wrong(node, f"An event has no {node.attr!r}; it has {', '.join(OF_EVENT)}.")
            self.needs.add("event")
            read = ast.copy_location(ast.Attribute(node.value, node.attr, ast.Load()), node)
            if node.attr == "recorded_at":
                return self._call(node, "time", read)
            return self._call(node, "members", read) if node.attr == "metadata" else read
        if node.attr.startswith("_"):
            raise self._wrong(node, f"Names with an underscore are read by subscription: […][{node.attr!r}].")
        return ast.copy_location(ast.Subscript(self._made(node.value), ast.Constant(node.attr), ast.Load()), node)

    def _subscript(self, node: ast.Subscript) -> ast.expr:
        value = self._made(node.value)
        if not isinstance(node.slice, ast.Slice):
            return self._call(node, "item", value, self._made(node.slice))
        if node.slice.step is not None:
            raise self._wrong(node, "A part is cut out by [from:to], without a step.")
        ends = [ast.Constant(None) if end is None else self._made(end) for end in (node.slice.lower, node.slice.upper)]
        return self._call(node, "sliced", value, *ends)

    def _dict(self, node: ast.Dict) -> ast.expr:
        for key in node.keys:
            if not (isinstance(key, ast.Constant) and type(key.value) is str):
                raise self._wrong(key or node, "The names of members are texts.")
        return ast.copy_location(ast.Dict(node.keys, self._all(node.values)), node)

    def _chain(self, node: ast.Compare, left: ast.expr, rest: list[tuple[ast.cmpop, ast.expr]]) -> ast.expr:
        """`a < b < c` as `a < b and b < c` with b computed once."""
        operator, written = rest[0]
        if len(rest) == 1:
            return self._compared(node, operator, left, self._made(written), written)
        self._temporaries += 1
        name = f"_t{self._temporaries}"
        again = ast.Name(name, ast.Load())
        first = self._compared(node, operator, left, again, written)
        both = ast.BoolOp(ast.And(), [first, self._chain(node, again, rest[1:])])
        held = ast.Lambda(ast.arguments([], [ast.arg(name)], None, [], [], None, []), both)
        return ast.copy_location(ast.Call(held, [self._made(written)], []), node)

    def _compared(
        self, node: ast.Compare, operator: ast.cmpop, left: ast.expr, right: ast.expr, written: ast.expr
    ) -> ast.expr:
        if isinstance(operator, (ast.Is, ast.IsNot)):
            if not (isinstance(right, ast.Constant) and right.value is None):
                raise self._wrong(written, "'is' asks for None only; compare with == or !=.")
            return ast.copy_location(ast.Compare(left, [operator], [right]), node)
        name, swapped = COMPARED[type(operator)]
        if _as_python(operator, left, right):
            return ast.copy_location(ast.Compare(left, [operator], [right]), node)
        return self._call(node, name, *((right, left) if swapped else (left, right)))

    def _called(self, node: ast.Call) -> ast.expr:
        function = node.func
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                raise self._wrong(argument, "A list cannot be spread over arguments here.")
        if isinstance(function, ast.Attribute):
            if function.attr not in METHODS:
                raise self._wrong(function, f"There is no {function.attr}() here; there is {', '.join(METHODS)}.")
            least, most = {"get": (1, 2), "startswith": (1, 1), "endswith": (1, 1), "strip": (0, 1)}.get(
                function.attr, (0, 0)
            )
            if not least <= len(node.args) <= most or node.keywords:
                raise self._wrong(node, f"{function.attr}() is given {least if least == most else f'{least} or {most}'}"
                                        f" value{'' if most == 1 else 's'}.")  # fmt: skip
            return self._call(node, f"m_{function.attr}", self._made(function.value), *self._all(node.args))
        if not isinstance(function, ast.Name) or function.id not in FUNCTIONS or self._is_local(function.id):
            named = function.id if isinstance(function, ast.Name) else "this"
            raise self._wrong(node, f"{named} cannot be called; there is {', '.join(FUNCTIONS)}.")
        return self._function(node, function.id)

    def _is_local(self, name: str) -> bool:
        return any(name in names for names in self._locals)

    def _function(self, node: ast.Call, name: str) -> ast.expr:
        least, most = {"range": (1, 2), "sum": (1, 2), "min": (1, 20), "max": (1, 20), "zip": (1, 20)}.get(name, (1, 1))
        if not least <= len(node.args) <= most:
            raise self._wrong(node, f"{name}() is given {'one value' if most == 1 else 'one value or more'}.")
        named: dict[str, ast.expr] = {}
        for keyword in node.keywords:
            if keyword.arg is None or (name, keyword.arg) not in _NAMED_ARGUMENTS:
                raise self._wrong(keyword.value, f"{name}() is not given {keyword.arg or 'this'}.")
            named[keyword.arg] = self._made(keyword.value)
        given = [
            self._loop(one, ast.GeneratorExp) if isinstance(one, ast.GeneratorExp) else self._made(one)
            for one in node.args
        ]
        return self._call(node, f"f_{name}", *given, **named)

    def _loop(
        self, node: ast.GeneratorExp | ast.ListComp, made: type[ast.GeneratorExp] | type[ast.ListComp]
    ) -> ast.expr:
        weight = 1 + sum(isinstance(part, ast.expr) for part in ast.walk(node)) // 4
        loops = []
        entered = 0
        for loop in node.generators:
            if loop.is_async:
                raise self._wrong(loop.target, "Nothing here is awaited.")
            over = self._call(loop.iter, "over", self._made(loop.iter), ast.Constant(weight))
            self._locals.append(self._targets(loop.target))
            entered += 1
            loops.append(ast.comprehension(loop.target, over, self._all(loop.ifs), 0))
        element = self._made(node.elt)
        del self._locals[len(self._locals) - entered :]
        return ast.copy_location(made(element, loops), node)

    def _targets(self, target: ast.expr) -> set[str]:
        if isinstance(target, ast.Name):
            if target.id.startswith("_") or target.id in ("state", "before", "event", *_WORDS, *FUNCTIONS):
                raise self._wrong(target, f"{target.id!r} cannot be the name of an element.")
            return {target.id}
        if isinstance(target, (ast.Tuple, ast.List)):
            return set[str]().union(*map(self._targets, target.elts))
        raise self._wrong(target, "An element has a name, or several.")


def _as_python(operator: ast.cmpop, left: ast.expr, right: ast.expr) -> bool:
    """Whether Python compares as we do: texts with anything."""
    if isinstance(operator, (ast.Eq, ast.NotEq)):
        return _is_text(left) or _is_text(right)
    if isinstance(operator, (ast.In, ast.NotIn)):
        return isinstance(right, ast.List) and all(map(_is_text, right.elts))
    return False


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is str
