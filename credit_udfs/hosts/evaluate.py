"""Ordinary formulas around ours, as far as a file can be calculated without a spreadsheet program.

`parse` turns a formula into a tree, `evaluate` its value. Values are floats, texts, booleans, None (a blank cell),
dates, `Err`, and lists of rows for anything larger than one cell. Operators, comparisons and functions follow
Excel: errors propagate, texts compare without regard to case, a blank is 0 or "", a function made for one value
takes a range element by element. A function that isn't here raises `Unsupported`; nothing is guessed.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from credit_udfs.cells.coerce import parse_number
from credit_udfs.cells.spec import ErrorValue

Value: TypeAlias = Any  # float | str | bool | None | date | Err | list[list[...]]


@dataclass(frozen=True)
class Err:
    """An error in a cell, and of our functions what it means."""

    code: str
    meaning: ErrorValue | None = field(default=None, compare=False)


class Unsupported(Exception):
    """A formula that can't be evaluated here; the text says why (a key of locale/batch.toml, and its values)."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key, values)
        self.key, self.values = key, values


# --- the tree -----------------------------------------------------------------------------------------------


class Ref(NamedTuple):
    """A cell or a range: sheet ("" for the formula's own), first column and row, last column and row (1-based).

    A whole column has rows 1 to 0, a whole row columns 1 to 0: as far as the sheet goes.
    """

    sheet: str
    left: int
    top: int
    right: int
    bottom: int

    @property
    def single(self) -> bool:
        return self.left == self.right and self.top == self.bottom


class Const(NamedTuple):
    value: Value


class Slot(NamedTuple):
    """The n-th reference of the formula; kept apart so that formulas filled down share one tree."""

    number: int


class Name(NamedTuple):
    name: str


class Call(NamedTuple):
    name: str
    args: tuple[Any, ...]
    id: int  # number of the call in its formula


class Op(NamedTuple):
    op: str
    args: tuple[Any, ...]


class Array(NamedTuple):
    rows: tuple[tuple[Any, ...], ...]


Node: TypeAlias = Ref | Const | Slot | Name | Call | Op | Array | None


class Formula(NamedTuple):
    """A formula's tree, the cells its slots stand for, and the names it uses."""

    tree: Node
    refs: tuple[Ref, ...]
    names: tuple[str, ...] = ()


_LEXER = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<text>"(?:[^"]|"")*")
  | (?P<error>\#(?:N/A|VALUE!|REF!|DIV/0!|NUM!|NAME\?|NULL!))
  | (?P<func>(?:_xlfn\.|_xlws\.|_xll\.|_xludf\.)*[A-Za-z_][\w.]*)\s*\(
  | (?P<ref>(?:(?P<sheet>'(?:[^']|'')+'|[^\W\d][\w.]*)!)?
       (?:\$?(?P<c1>[A-Za-z]{1,3})\$?(?P<r1>\d{1,7})(?::\$?(?P<c2>[A-Za-z]{1,3})\$?(?P<r2>\d{1,7}))?
         |\$?(?P<wc1>[A-Za-z]{1,3}):\$?(?P<wc2>[A-Za-z]{1,3})
         |\$?(?P<wr1>\d{1,7}):\$?(?P<wr2>\d{1,7})) (?![\w.(!]))
  | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<bool>(?:TRUE|FALSE)\b(?!\())
  | (?P<name>(?:(?:'(?:[^']|'')+'|[^\W\d][\w.]*)!)?[^\W\d][\w.\\]*(?:\[(?:[^\[\]]|\[[^\]]*\])*\])?)
  | (?P<op><=|>=|<>|[-+*/^&=<>%(),;{}:@\#])
    """,
    re.VERBOSE | re.IGNORECASE,
)


@lru_cache(maxsize=65536)
def column_number(letters: str) -> int:
    number = 0
    for c in letters.upper():
        number = number * 26 + ord(c) - 64
    return number


def column_letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _ref(found: re.Match[str]) -> Ref:
    sheet = found["sheet"] or ""
    if sheet[:1] == "'":
        sheet = sheet[1:-1].replace("''", "'")
    if found["c1"]:
        left, top = column_number(found["c1"]), int(found["r1"])
        if not found["c2"]:
            return Ref(sheet, left, top, left, top)
        right, bottom = column_number(found["c2"]), int(found["r2"])
        return Ref(sheet, min(left, right), min(top, bottom), max(left, right), max(top, bottom))
    if found["wc1"]:
        ends = sorted((column_number(found["wc1"]), column_number(found["wc2"])))
        return Ref(sheet, ends[0], 1, ends[1], 0)
    rows = sorted((int(found["wr1"]), int(found["wr2"])))
    return Ref(sheet, 1, rows[0], 0, rows[1])


def parse(formula: str) -> Formula:
    """The tree of a formula in canonical spelling. Raises Unsupported where it isn't one we can read."""
    tokens: list[tuple[str, str]] = []
    refs: list[Ref] = []
    position = 1 if formula.startswith("=") else 0
    while position < len(formula):
        found = _LEXER.match(formula, position)
        if found is None:
            raise Unsupported("batch.syntax", formula=formula)
        position = found.end()
        kind = found.lastgroup or ""
        for outer in ("ref", "name"):  # these hold groups of their own
            if found[outer] is not None:
                kind = outer
        if kind == "space":
            continue
        if kind == "ref":
            refs.append(_ref(found))
            tokens.append(("ref", ""))
        else:
            tokens.append((kind, found[kind]))
    names = tuple(text for kind, text in tokens if kind == "name")
    return Formula(_tree(tuple(tokens), formula if len(tokens) > 200 else ""), tuple(refs), names)


@lru_cache(maxsize=4096)
def _tree(tokens: tuple[tuple[str, str], ...], _long: str) -> Node:
    return _Parser(tokens).formula()


_BINARY = {"=": 1, "<": 1, ">": 1, "<=": 1, ">=": 1, "<>": 1, "&": 2, "+": 3, "-": 3, "*": 4, "/": 4, "^": 5}


class _Parser:
    """Precedence climbing; a sign binds tighter than ^, as in Excel."""

    def __init__(self, tokens: tuple[tuple[str, str], ...]) -> None:
        self.tokens, self.at, self.calls, self.slots = tokens, 0, 0, 0

    def formula(self) -> Node:
        tree = self.binary(1)
        if self.at < len(self.tokens):
            self.fail()
        return tree

    def fail(self) -> Any:
        raise Unsupported("batch.syntax", formula="".join(t for _, t in self.tokens))

    def peek(self, *ops: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at][0] == "op" and self.tokens[self.at][1] in ops

    def take(self, op: str) -> None:
        if not self.peek(op):
            self.fail()
        self.at += 1

    def binary(self, level: int) -> Node:
        if level > 5:
            return self.unary()
        left = self.binary(level + 1)
        while self.at < len(self.tokens):
            kind, op = self.tokens[self.at]
            if kind != "op" or _BINARY.get(op) != level:
                break
            self.at += 1
            left = Op(op, (left, self.binary(level + 1)))
        return left

    def unary(self) -> Node:
        if self.peek("-", "+"):
            sign = self.tokens[self.at][1]
            self.at += 1
            inner = self.unary()
            return Op("neg", (inner,)) if sign == "-" else inner
        if self.peek("@"):
            self.at += 1
            return Op("single", (self.unary(),))
        node = self.primary()
        while self.peek("%", "#"):
            if self.peek("#"):
                raise Unsupported("batch.spill_reference")
            self.at += 1
            node = Op("%", (node,))
        return node

    def primary(self) -> Node:
        if self.at >= len(self.tokens):
            return self.fail()  # type: ignore[no-any-return]  # raises
        kind, value = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return Const(float(value))
        if kind == "text":
            return Const(value[1:-1].replace('""', '"'))
        if kind == "bool":
            return Const(value.upper() == "TRUE")
        if kind == "error":
            return Const(Err(value.upper()))
        if kind == "ref":
            self.slots += 1
            return Slot(self.slots - 1)
        if kind == "func":
            return self.call(value)
        if kind == "name":
            return Name(value)
        if value == "(":
            inner = self.binary(1)
            self.take(")")
            return inner
        if value == "{":
            return self.array()
        return self.fail()  # type: ignore[no-any-return]  # raises

    def call(self, name: str) -> Node:
        number = self.calls
        self.calls += 1
        args: list[Any] = []
        if not self.peek(")"):
            while True:
                args.append(None if self.peek(",", ")") else self.binary(1))
                if not self.peek(","):
                    break
                self.at += 1
        self.take(")")
        return Call(re.sub(r"^(?:_xlfn\.|_xlws\.|_xll\.|_xludf\.)+", "", name, flags=re.I).upper(), tuple(args), number)

    def array(self) -> Node:
        rows: list[tuple[Any, ...]] = []
        row: list[Any] = [self.unary()]
        while not self.peek("}"):
            if self.peek(","):
                self.at += 1
                row.append(self.unary())
            else:
                self.take(";")
                rows.append(tuple(row))
                row = [self.unary()]
        self.take("}")
        return Array((*rows, tuple(row)))


# --- values -------------------------------------------------------------------------------------------------


def first_error(values: Sequence[Value]) -> Err | None:
    return next((v for v in values if isinstance(v, Err)), None)


def to_number(value: Value) -> float | Err:
    if isinstance(value, Err):
        return value
    if value is None:
        return 0.0
    if isinstance(value, (bool, int, float)):
        return float(value)
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return serial(value)
    if isinstance(value, str) and (number := parse_number(value)) is not None:
        return number
    return Err("#VALUE!")


def serial(day: dt.date | dt.time) -> float:
    """The serial number of the 1900 date system."""
    if isinstance(day, dt.time):
        return (day.hour * 3600 + day.minute * 60 + day.second + day.microsecond / 1e6) / 86400
    moment = day if isinstance(day, dt.datetime) else dt.datetime.combine(day, dt.time())
    days = (moment.replace(tzinfo=None) - dt.datetime(1899, 12, 30)) / dt.timedelta(days=1)
    return days if days > 60 else days - 1


def to_text(value: Value) -> str | Err:
    if isinstance(value, (Err, str)):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    number = to_number(value)
    if isinstance(number, Err):
        return number
    shown = f"{number:.15g}"
    return re.sub(r"e([+-])0?(\d)", r"E\1\2", shown)


def to_bool(value: Value) -> bool | Err:
    if isinstance(value, (Err, bool)):
        return value
    if isinstance(value, str):
        return {"TRUE": True, "FALSE": False}.get(value.upper(), Err("#VALUE!"))
    number = to_number(value)
    return number if isinstance(number, Err) else number != 0.0


def rows_of(value: Value) -> list[list[Value]]:
    return value if isinstance(value, list) else [[value]]


def single(value: Value) -> Value:
    return value[0][0] if isinstance(value, list) else value


def cells_of(value: Value) -> Iterator[Value]:
    for row in rows_of(value):
        yield from row


def lift(function: Callable[..., Value], args: Sequence[Value]) -> Value:
    """`function` of single values, element by element where an argument is larger."""
    if not any(isinstance(a, list) for a in args):
        return function(*args)
    grids = [rows_of(a) for a in args]
    height, width = max(len(g) for g in grids), max(len(g[0]) for g in grids)

    def at(grid: list[list[Value]], i: int, j: int) -> Value:
        i, j = 0 if len(grid) == 1 else i, 0 if len(grid[0]) == 1 else j
        return grid[i][j] if i < len(grid) and j < len(grid[0]) else Err("#N/A")

    return [[function(*(at(g, i, j) for g in grids)) for j in range(width)] for i in range(height)]


def _finite(number: float) -> float | Err:
    return number if math.isfinite(number) else Err("#NUM!")


def _arithmetic(op: str) -> Callable[[Value, Value], Value]:
    def compute(a: Value, b: Value) -> Value:
        x, y = to_number(a), to_number(b)
        if isinstance(x, Err):
            return x
        if isinstance(y, Err):
            return y
        try:
            if op == "+":
                return _finite(x + y)
            if op == "-":
                return _finite(x - y)
            if op == "*":
                return _finite(x * y)
            if op == "/":
                return _finite(x / y) if y else Err("#DIV/0!")
            power = x**y if x or y else Err("#NUM!")
            return _finite(power) if isinstance(power, float) else Err("#NUM!")
        except ZeroDivisionError:
            return Err("#DIV/0!")
        except OverflowError:
            return Err("#NUM!")

    return compute


def _rank(value: Value) -> tuple[int, Any]:
    if isinstance(value, bool):
        return 2, value
    if isinstance(value, str):
        return 1, value.casefold()
    return 0, to_number(value)


def _compare(op: str) -> Callable[[Value, Value], Value]:
    tests: Mapping[str, Callable[[Any, Any], bool]] = {
        "=": lambda x, y: x == y,
        "<>": lambda x, y: x != y,
        "<": lambda x, y: x < y,
        ">": lambda x, y: x > y,
        "<=": lambda x, y: x <= y,
        ">=": lambda x, y: x >= y,
    }

    def compute(a: Value, b: Value) -> Value:
        if (error := first_error((a, b))) is not None:
            return error
        # A blank is what the other side makes of it.
        a = {str: "", bool: False}.get(type(b), 0.0) if a is None else a
        b = {str: "", bool: False}.get(type(a), 0.0) if b is None else b
        return tests[op](_rank(a), _rank(b))

    return compute


def _join(a: Value, b: Value) -> Value:
    x, y = to_text(a), to_text(b)
    if isinstance(x, Err):
        return x
    return y if isinstance(y, Err) else x + y


def _negate(value: Value) -> Value:
    number = to_number(value)
    return number if isinstance(number, Err) else -number


def _percent(value: Value) -> Value:
    number = to_number(value)
    return number if isinstance(number, Err) else number / 100.0


OPERATORS: dict[str, Callable[..., Value]] = {
    **{op: _arithmetic(op) for op in "+-*/^"},
    **{op: _compare(op) for op in ("=", "<>", "<", ">", "<=", ">=")},
    "&": _join,
    "neg": _negate,
    "%": _percent,
}


# --- evaluation ---------------------------------------------------------------------------------------------


class Context:
    """What a formula sees: cells, names, and our functions. Subclassed by the host."""

    def cell_range(self, ref: Ref) -> Value:
        raise NotImplementedError

    def name(self, name: str) -> Value:
        raise Unsupported("batch.name", name=name)

    def our_function(self, call: Call, args: Callable[[], list[Value]]) -> Value:
        raise Unsupported("batch.function", name=call.name)

    def is_ours(self, name: str) -> bool:
        return False


def evaluate(formula: Formula, context: Context) -> Value:
    """The formula's value. Raises Unsupported."""
    from credit_udfs.hosts.excel_functions import LAZY, PLAIN, WHOLE

    refs = formula.refs

    def value(node: Node) -> Value:
        if isinstance(node, Const):
            return node.value
        if isinstance(node, Slot):
            return context.cell_range(refs[node.number])
        if isinstance(node, Op):
            args = [value(a) for a in node.args]
            return single(args[0]) if node.op == "single" else lift(OPERATORS[node.op], args)
        if isinstance(node, Call):
            return call(node)
        if isinstance(node, Name):
            return context.name(node.name)
        if isinstance(node, Array):
            return [[value(cell) for cell in row] for row in node.rows]
        return None

    def call(node: Call) -> Value:
        if context.is_ours(node.name):
            return context.our_function(node, lambda: [value(a) for a in node.args])
        if node.name in LAZY:
            return LAZY[node.name](node.args, value)
        if node.name in ("ROW", "COLUMN"):
            raise Unsupported("batch.function", name=node.name)
        try:
            if node.name in WHOLE:
                return WHOLE[node.name](*[value(a) for a in node.args])
            if node.name in PLAIN:
                return lift(PLAIN[node.name], [value(a) for a in node.args])
        except TypeError:  # a wrong count of arguments
            return Err("#VALUE!")
        raise Unsupported("batch.function", name=node.name)

    return value(formula.tree)
