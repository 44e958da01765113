"""The functions that need no numpy: scores by the kernel's very file, cell values by the package's very rules.

Values of cells are floats, texts ("" is blank) and texts of errors ("#N/A"); results are rows of floats, texts
and, for errors, NaNs that Calc shows as such.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import kernel, link, rules, written

Row = tuple[Any, ...]
Rows = tuple[Row, ...]

DATA: dict[str, Any] = json.loads(Path(__file__).with_name("data.json").read_text(encoding="utf-8"))
MODEL = kernel.compile_model(DATA["model"])
UNITS = tuple(DATA["units"])
WIDTH = len(UNITS)
GRADES = tuple(DATA["grades"])
CHURN = {grade: tuple(k) for grade, k in DATA["churn"].items()}

ERRORS = {name: link.error_number(name) for name in link.CODES}
NAN = float("nan")


class CallError(Exception):
    """The call as a whole is an error; the text is the error's name."""


def _error_text(value: str) -> str | None:
    """The error that a text names, as our functions give it; None for any other text."""
    return rules.ERROR_TEXTS.get(value.strip().upper()) if value[:1] == "#" else None


def _number(value: Any) -> Any:
    """A cell value as a float (NaN: blank), or the name of its error."""
    if type(value) is float:
        if value != value:
            return _error_text(link.error_of(value))
        return "#NUM!" if value in (float("inf"), float("-inf")) else value
    if rules.is_blank(value):
        return NAN
    error = _error_text(value)
    if error is not None:
        return error
    number = rules.parse_number(value)
    return "#VALUE!" if number is None else _number(number)


def _choice(value: Any, choices: list[str]) -> Any:
    """The choice that a cell value names, in its own spelling; None for blank; else the name of the error."""
    if type(value) is float:
        return _error_text(link.error_of(value)) if value != value else "#VALUE!"
    if rules.is_blank(value):
        return None
    wanted = rules.fold(value)
    for known in choices:
        if rules.fold(known) == wanted:
            return known
    return _error_text(value) or "#VALUE!"


# --- scoring ---------------------------------------------------------------------------------------------


class ErrorCells(Exception):
    """A cell holds an error, and its row doesn't say which: the range must be read cell by cell."""


def _values(row: Row) -> Any:
    """A firm's six cells as floats (NaN: blank), or the name of the row's error."""
    if None in row:
        raise ErrorCells
    values = []
    for cell in row:
        value = cell if type(cell) is float and -1e308 < cell < 1e308 else _number(cell)
        if type(value) is str:
            return value
        values.append(value)
    return values if kernel.enough(values) else "#N/A"


def _grade(row: Row, at: Any, lang: str) -> Row:
    return (GRADES[kernel.likeliest(_probs(row, at, lang))],)


def _probs(row: Row, at: Any, lang: str) -> Row:
    return tuple(kernel.grade_probs(MODEL, at.refused, at.scale))


def _reasons(row: Row, at: Any, lang: str) -> Row:
    found = []
    for i, points in kernel.reasons(at.points, rules.REASONS):
        value, column = _number(row[i]), MODEL.columns[i]
        outside = value < column.low or value > column.high
        found.append(rules._reason(rules.NAMES[i], UNITS[i], value, points, outside, lang))
    return tuple(found) + ("",) * (rules.REASONS - len(found))


# Each function's columns, and what they hold of a firm's place.
_SHOWN: dict[str, tuple[int, Callable[[Row, Any, str], Row]]] = {
    "RISKSCORE": (1, lambda row, at, lang: (at.score,)),
    "DEFAULTPROB": (1, lambda row, at, lang: (kernel.sigmoid(at.log_odds),)),
    "CREDITGRADE": (1, _grade),
    "GRADEPROBS": (4, _probs),
    "RISKREASONS": (rules.REASONS, _reasons),
}
SCORING = tuple(_SHOWN)
# What needs one of the model's sums only: six floats aren't even looked at before they are computed with.
_WRITTEN = {"RISKSCORE": written.RISKSCORE, "DEFAULTPROB": written.DEFAULTPROB}


def score(name: str, rows: Rows, lang: str = "zh") -> Rows:
    """RISKSCORE and its like for rows of six cells (or one firm written as a column).

    Raises ErrorCells for a None among them.
    """
    if len(rows[0]) != WIDTH:
        if len(rows[0]) != 1 or len(rows) != WIDTH:
            raise CallError("#VALUE!")
        rows = (tuple([row[0] for row in rows]),)
    if name in _WRITTEN:
        return _WRITTEN[name](rows, _carefully)
    return tuple([_carefully(name, row, lang) for row in rows])


def _carefully(name: str, row: Row, lang: str = "zh") -> Row:
    width, show = _SHOWN[name]
    values = _values(row)
    if type(values) is not str:
        try:
            return show(row, kernel.place(MODEL, values), lang)
        except (ValueError, OverflowError):  # numbers near the largest of all, whose products are none
            values = "#N/A"
    return (ERRORS[values],) * width


# --- churn -----------------------------------------------------------------------------------------------


def _grid(value: Any) -> Rows:
    return value if type(value) is tuple else ((value,),)


def churnrate(rate: Any, grade: Any) -> Rows:
    """CHURNRATE for one rate and grade, or for a row or column of either."""
    rates, grades = _grid(rate), _grid(grade)
    height = _common(len(rates), len(grades))
    width = _common(len(rates[0]), len(grades[0]))
    low, high = DATA["rate_min"], DATA["rate_max"]
    out = []
    for i in range(height):
        row = []
        for j in range(width):
            r = _number(rates[i % len(rates)][j % len(rates[0])])
            g = _choice(grades[i % len(grades)][j % len(grades[0])], DATA["grades"])
            row.append(_churn(r, g, low, high))
        out.append(tuple(row))
    return tuple(out)


def _common(a: int, b: int) -> int:
    if a != b and 1 not in (a, b):
        raise CallError("#VALUE!")
    return max(a, b)


def _churn(rate: Any, grade: Any, low: float, high: float) -> float:
    if type(rate) is str:
        return ERRORS[rate]
    if rate != rate:
        return ERRORS["#N/A"]
    # A bound typed as 15% may arrive one bit beyond 0.15.
    if rate < low - abs(low) * 1e-12 or rate > high + abs(high) * 1e-12:
        return ERRORS["#NUM!"]
    if grade is None:
        return ERRORS["#N/A"]
    if grade[0] == "#":
        return ERRORS[grade]
    if grade not in CHURN:
        return ERRORS["#N/A"]
    inside = min(max(rate, low), high)
    return min(max(kernel.power_law(inside, CHURN[grade]), 0.0), 1.0)


def option(value: Any, choices: list[str], default: str) -> str:
    """The value of an optional choice."""
    grid = _grid(value)
    if len(grid) > 1 or len(grid[0]) > 1:
        raise CallError("#VALUE!")
    found = _choice(grid[0][0] if grid[0][0] is not None else "", choices)
    if found is None:
        return default
    if found[0] == "#":
        raise CallError(found)
    return str(found)
