"""Ordinary formulas around ours, as far as a file can be calculated without a spreadsheet program.

Values are floats, texts, booleans, None (a blank cell), dates, `Err`, and lists of rows for anything larger than one
cell. Operators, comparisons and functions follow Excel: errors propagate, texts compare without regard to case, a
blank is 0 or "", a function made for one value takes a range element by element. A function that isn't here raises
`Unsupported`; nothing is guessed.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from credit_udfs.cells.coerce import parse_number
from credit_udfs.hosts.formulas import Array, Call, Const, Err, Formula, Name, Node, Op, Ref, Slot, Unsupported, Value


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
    from credit_udfs.hosts.excel_functions import LAZY, PLAIN
    from credit_udfs.hosts.excel_ranges import WHOLE

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
