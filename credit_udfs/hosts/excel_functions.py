"""The ordinary functions that may stand around ours in a formula: the everyday ones, by Excel's rules.

LAZY functions choose which argument is computed; PLAIN ones take single values and are applied element by element.
Those that take ranges as they are stand in `excel_ranges`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Any, TypeAlias

from credit_udfs.hosts.evaluate import (
    OPERATORS,
    cells_of,
    first_error,
    lift,
    serial,
    single,
    to_bool,
    to_number,
    to_text,
)
from credit_udfs.hosts.excel_ranges import concat
from credit_udfs.hosts.formulas import Err, Value

Evaluate: TypeAlias = Callable[[Any], Value]


# --- lazy ---------------------------------------------------------------------------------------------------


def _if(args: Sequence[Any], value: Evaluate) -> Value:
    if not 2 <= len(args) <= 3:
        return Err("#VALUE!")
    condition = value(args[0])

    def branch(yes: bool) -> Value:
        if yes:
            return 0.0 if args[1] is None else value(args[1])
        return (0.0 if args[2] is None else value(args[2])) if len(args) == 3 else False

    if not isinstance(condition, list):
        yes = to_bool(condition)
        return yes if isinstance(yes, Err) else branch(yes)

    def choose(c: Value, a: Value, b: Value) -> Value:
        yes = to_bool(c)
        return yes if isinstance(yes, Err) else a if yes else b

    return lift(choose, [condition, branch(True), branch(False)])


def _iferror(args: Sequence[Any], value: Evaluate) -> Value:
    return _instead(args, value, lambda v: isinstance(v, Err))


def _ifna(args: Sequence[Any], value: Evaluate) -> Value:
    return _instead(args, value, lambda v: isinstance(v, Err) and v.code == "#N/A")


def _instead(args: Sequence[Any], value: Evaluate, bad: Callable[[Value], bool]) -> Value:
    if len(args) != 2:
        return Err("#VALUE!")
    found = value(args[0])
    if not any(map(bad, cells_of(found))):
        return found
    other = value(args[1])
    return lift(lambda a, b: ("" if b is None else b) if bad(a) else a, [found, other])


def _switch(args: Sequence[Any], value: Evaluate) -> Value:
    if len(args) < 3:
        return Err("#VALUE!")
    wanted = single(value(args[0]))
    if isinstance(wanted, Err):
        return wanted
    for case, result in zip(args[1::2], args[2::2], strict=False):
        same = OPERATORS["="](wanted, single(value(case)))
        if same is not False:
            return same if isinstance(same, Err) else value(result)
    return value(args[-1]) if len(args) % 2 == 0 else Err("#N/A")


def _now() -> float:
    from credit_udfs.api import now

    return serial(now().astimezone())


def _ifs(args: Sequence[Any], value: Evaluate) -> Value:
    for condition, result in zip(args[::2], args[1::2], strict=False):
        yes = to_bool(single(value(condition)))
        if isinstance(yes, Err):
            return yes
        if yes:
            return value(result)
    return Err("#N/A")


def _choose(args: Sequence[Any], value: Evaluate) -> Value:
    index = to_number(single(value(args[0])))
    if isinstance(index, Err):
        return index
    return value(args[int(index)]) if 1 <= int(index) < len(args) else Err("#VALUE!")


LAZY: dict[str, Callable[[Sequence[Any], Evaluate], Value]] = {
    "IF": _if,
    "IFERROR": _iferror,
    "IFNA": _ifna,
    "IFS": _ifs,
    "SWITCH": _switch,
    "CHOOSE": _choose,
}


# --- single values ------------------------------------------------------------------------------------------


def _math(function: Callable[..., float]) -> Callable[..., Value]:
    def compute(*args: Value) -> Value:
        numbers = [to_number(a) for a in args]
        if (error := first_error(numbers)) is not None:
            return error
        try:
            result = float(function(*numbers))
        except ZeroDivisionError:
            return Err("#DIV/0!")
        except (ValueError, OverflowError):
            return Err("#NUM!")
        return result if math.isfinite(result) else Err("#NUM!")

    return compute


def _rounding(how: str) -> Callable[..., Value]:
    def rounded(number: float, digits: float = 0.0) -> float:
        # Excel rounds the decimal number that it shows, of 15 digits.
        return float(Decimal(f"{number:.15g}").quantize(Decimal(1).scaleb(-int(digits)), how))

    return _math(rounded)


def _text(function: Callable[..., Value]) -> Callable[..., Value]:
    def compute(written: Value, *args: Value) -> Value:
        one = to_text(written)
        numbers = [to_number(a) for a in args]
        if isinstance(one, Err):
            return one
        if (error := first_error(numbers)) is not None:
            return error
        return function(one, *(int(n) for n in numbers if not isinstance(n, Err)))

    return compute


def _substitute(written: Value, old: Value, new: Value) -> Value:
    parts = [to_text(v) for v in (written, old, new)]
    if (error := first_error(parts)) is not None:
        return error
    one, out, into = (str(p) for p in parts)
    return one.replace(out, into) if out else one


def _is(test: Callable[[Value], bool]) -> Callable[[Value], Value]:
    return lambda value: test(value)


def _not(value: Value) -> Value:
    yes = to_bool(value)
    return yes if isinstance(yes, Err) else not yes


def _is_number(value: Value) -> bool:
    return value is not None and not isinstance(value, (bool, str, Err))


PLAIN: dict[str, Callable[..., Value]] = {
    "ABS": _math(abs),
    "INT": _math(math.floor),
    "TRUNC": _math(math.trunc),
    "SIGN": _math(lambda x: (x > 0) - (x < 0)),
    "SQRT": _math(math.sqrt),
    "EXP": _math(math.exp),
    "LN": _math(math.log),
    "LOG10": _math(math.log10),
    "LOG": _math(lambda x, base=10.0: math.log(x, base)),
    "POWER": OPERATORS["^"],
    "MOD": _math(lambda x, y: x - y * math.floor(x / y)),
    "ROUND": _rounding(ROUND_HALF_UP),
    "ROUNDUP": _rounding(ROUND_UP),
    "ROUNDDOWN": _rounding(ROUND_DOWN),
    "NOT": _not,
    "NOW": _now,
    "TODAY": lambda: float(int(_now())),
    "ISERROR": _is(lambda v: isinstance(v, Err)),
    "ISERR": _is(lambda v: isinstance(v, Err) and v.code != "#N/A"),
    "ISNA": _is(lambda v: isinstance(v, Err) and v.code == "#N/A"),
    "ISBLANK": _is(lambda v: v is None),
    "ISNUMBER": _is(_is_number),
    "ISTEXT": _is(lambda v: isinstance(v, str)),
    "ISLOGICAL": _is(lambda v: isinstance(v, bool)),
    "N": lambda v: v if isinstance(v, Err) else to_number(v) if _is_number(v) or isinstance(v, bool) else 0.0,
    "T": lambda v: v if isinstance(v, (str, Err)) else "",
    "VALUE": lambda v: v if isinstance(v, Err) else to_number(v),
    "LEN": _text(lambda t: float(len(t))),
    "LEFT": _text(lambda t, n=1: t[:n] if n >= 0 else Err("#VALUE!")),
    "RIGHT": _text(lambda t, n=1: (t[-n:] if n else "") if n >= 0 else Err("#VALUE!")),
    "MID": _text(lambda t, start, n: t[start - 1 : start - 1 + n] if start > 0 <= n else Err("#VALUE!")),
    "TRIM": _text(lambda t: " ".join(part for part in t.split(" ") if part)),
    "UPPER": _text(str.upper),
    "LOWER": _text(str.lower),
    "SUBSTITUTE": _substitute,
    "CONCATENATE": concat,
    "EXACT": lambda a, b: first_error((a, b)) or to_text(a) == to_text(b),
}
