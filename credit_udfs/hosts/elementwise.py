"""Functions for single values, given a range: Excel applies them to every cell, the engine to none or to the first.

A call of such a function on something larger than a cell is handed back by the engine (`EACH`), and calculated here
in a workbook of its own, one cell for each element. So are calls that the engine may answer differently from Excel
(`CHECKED`), if they are none of those (`doubt`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import formualizer as fz
from openpyxl.utils.cell import get_column_letter

EACH = "CREDITEACH"
"""Called with a function's name and its arguments."""
CHECK = "CREDITCHECK"
"""Called with a place's mark, and the name and arguments of a function that the engine doesn't always get right."""

_SINGLE = """
    ABS ROUND ROUNDUP ROUNDDOWN MROUND INT TRUNC SQRT EXP LN LOG LOG10 MOD SIGN POWER CEILING FLOOR EVEN ODD QUOTIENT
    ISEVEN ISODD NOT ISNUMBER ISBLANK ISTEXT ISNONTEXT ISERROR ISERR ISNA ISLOGICAL
    LEN LEFT RIGHT MID TRIM CLEAN UPPER LOWER PROPER SUBSTITUTE REPLACE REPT EXACT FIND SEARCH VALUE NUMBERVALUE
    TEXT FIXED CHAR CODE UNICHAR UNICODE CONCATENATE
    YEAR MONTH DAY HOUR MINUTE SECOND DATE TIME WEEKDAY WEEKNUM EDATE EOMONTH DATEVALUE TIMEVALUE DATEDIF DAYS YEARFRAC
    NORM.S.DIST NORM.S.INV NORM.DIST NORM.INV NORMSDIST NORMSINV PMT FV PV SWITCH IFS
"""
ARGUMENTS: dict[str, tuple[int, ...] | None] = {
    **dict.fromkeys(_SINGLE.split()),
    **dict.fromkeys(
        ("VLOOKUP", "HLOOKUP", "MATCH", "XLOOKUP", "XMATCH", "LOOKUP", "RANK", "RANK.EQ", "RANK.AVG"), (0,)
    ),
    **dict.fromkeys(("COUNTIF", "SUMIF", "AVERAGEIF", "LARGE", "SMALL", "PERCENTILE", "QUARTILE"), (1,)),
}
"""Of each function which arguments are for single values; None is all of them."""
_ARRAYS = """
    FILTER SORT SORTBY UNIQUE TRANSPOSE SEQUENCE HSTACK VSTACK TAKE DROP CHOOSECOLS CHOOSEROWS EXPAND TOROW TOCOL
    WRAPROWS WRAPCOLS MMULT MUNIT MINVERSE FREQUENCY LINEST LOGEST TREND GROWTH RANDARRAY TEXTSPLIT
"""
ARRAYS = frozenset(_ARRAYS.split())
"""Functions whose result may be larger than a cell whatever they are given."""
THROUGH = frozenset(("IF", "IFERROR", "IFNA", "CHOOSE", "INDEX", "LET", "OFFSET", "INDIRECT"))
"""Functions whose result may be larger than a cell where an argument is."""
_TEXTUAL = """
    LEN LEFT RIGHT MID TRIM UPPER LOWER PROPER SUBSTITUTE REPLACE REPT EXACT FIND SEARCH CONCATENATE CONCAT TEXTJOIN
"""
TEXTUAL = frozenset(_TEXTUAL.split())
"""Functions that take numbers as the texts that Excel shows."""
CHECKED = frozenset(("TEXT", "CEILING", "FLOOR", "CEILING.MATH", "FLOOR.MATH"))
"""Functions that the engine calculates as Excel does for some arguments only."""
LOCAL = frozenset(("LENB", "LEFTB", "RIGHTB", "MIDB", "FINDB", "SEARCHB", "REPLACEB", "ASC", "DBCS", "DOLLAR"))
"""Functions whose values depend on the language of the computer."""

THOUSANDS = re.compile(r" *[-+]?\d{1,3}(?:,\d{3})+(?:\.\d*)?%? *")
"""Texts that Excel reads as numbers and the engine doesn't."""
_SHOWN = r"""(?:[-+ ()$¥￥€元万亿户家笔件分年]|"[^"]*")*"""
_PLACES = r"(?:[#0,]+|[#0,]*\.[0#]+,*)"
_NUMBER = rf"{_SHOWN}(?:{_PLACES}{_SHOWN})?"  # one way to read each: no long text takes long
_DATE = r"""(?!.*(?:(?<!y)y(?:yy)?(?!y)|y{5}|m{5}|d{5}|h{3}|s{3}))(?:[ymdhs]|am/pm|[-/:., 年月日时分秒]|"[^"]*")+"""
_FORMAT = re.compile(
    rf"general|@|{_NUMBER}(?:;(?:{_NUMBER})?){{0,2}}|{_SHOWN}[#0,]+(?:\.[0#]+)?%{_SHOWN}|{_DATE}", re.IGNORECASE
)


def clear(number_format: str) -> bool:
    """Whether the engine's TEXT follows this format as Excel does."""
    return len(number_format) < 256 and _FORMAT.fullmatch(number_format) is not None  # Excel takes no longer ones


def doubt(name: str, *args: Any) -> tuple[str, str] | None:
    """Why a call of one of CHECKED can't be left to the engine: a key of locale/batch.toml and its one value."""
    if name == "TEXT":
        unclear = (f for f in _cells(args[1:]) if isinstance(f, str) and not clear(f))
        found = next(unclear, None)
        return None if found is None else ("batch.format", found)
    if name.endswith(".MATH"):
        return ("batch.arguments", name) if len(args) > 2 else None
    below = any(isinstance(step, (int, float)) and step < 0 for step in _cells(args[1:]))
    return ("batch.arguments", name) if below else None


def _cells(args: Sequence[Any]) -> Iterator[Any]:
    for arg in args:
        if isinstance(arg, list):
            yield from _cells(arg)
        else:
            yield arg


def _mapped(function: Callable[[Any], Any], value: Any) -> Any:
    return [[function(cell) for cell in row] for row in value] if isinstance(value, list) else function(value)


def digits(value: Any) -> Any:
    """Numbers rounded to the 15 digits that Excel shows."""
    return _mapped(lambda cell: float(f"{cell:.15g}") if isinstance(cell, float) else cell, value)


def amount(value: Any) -> Any:
    """Texts with commas for thousands as numbers, as Excel reads them in arithmetic; anything else as it is."""
    return _mapped(_amount, value)


def _amount(value: Any) -> Any:
    if not isinstance(value, str) or not THOUSANDS.fullmatch(value):
        return value
    bare = value.strip(" ").replace(",", "")
    return float(bare[:-1]) / 100 if bare.endswith("%") else float(bare)


def _value(value: Any) -> Any:
    """VALUE: the engine's own doesn't read "1,234.5"."""
    number = _amount(value)
    return number if number is not value else _by_engine("VALUE", value)


def _trim(value: Any) -> Any:
    """TRIM: the engine's own takes every kind of space away, Excel's the common one only."""
    return " ".join(filter(None, value.split(" "))) if isinstance(value, str) else _by_engine("CONCATENATE", value)


OWN: dict[str, Callable[[Any], Any]] = {"VALUE": _value, "TRIM": _trim}
"""Functions of one value that replace the engine's."""


def each(name: str, *args: Any) -> Any:
    """A function's values over all elements of its arguments; ranges for single values are stretched to one shape."""
    if name in TEXTUAL:
        args = tuple(digits(arg) for arg in args)
    return _mapped(OWN[name], args[0]) if name in OWN and len(args) == 1 else _by_engine(name, *args)


def _by_engine(name: str, *args: Any) -> Any:
    single = ARGUMENTS.get(name) or range(len(args))
    grids = {i: args[i] for i in single if i < len(args) and isinstance(args[i], list)}
    height = max((len(grid) for grid in grids.values()), default=1)
    width = max((len(grid[0]) for grid in grids.values()), default=1)
    book = fz.Workbook(mode=fz.WorkbookMode.Ephemeral)
    book.set_temporal_egress("serial")
    written: list[str] = []
    for i, arg in enumerate(args):
        book.add_sheet(f"a{i}")
        if i in grids:
            cells = [[_at(arg, y, x) for x in range(width)] for y in range(height)]
            written.append(f"a{i}!{{}}")
        elif isinstance(arg, list):
            cells = [[_literal(value) for value in row] for row in arg]
            written.append(f"a{i}!$A$1:${get_column_letter(len(arg[0]))}${len(arg)}")
        else:
            cells = [[_literal(arg)]]
            written.append(f"a{i}!$A$1")
        book.set_values_batch(f"a{i}", 1, 1, cells)
    call = f"={name}({','.join(written)})"
    book.add_sheet("out")
    columns = [get_column_letter(x + 1) for x in range(width)]
    formulas = [[call.replace("{}", f"{column}{y + 1}") for column in columns] for y in range(height)]
    book.set_formulas_batch("out", 1, 1, formulas)
    book.evaluate_all()
    rows = [[book.get_value("out", y + 1, x + 1) for x in range(width)] for y in range(height)]
    return rows if grids else rows[0][0]


def _at(grid: Sequence[Sequence[Any]], i: int, j: int) -> Any:
    i, j = (0 if len(grid) == 1 else i), (0 if len(grid[0]) == 1 else j)
    return _literal(grid[i][j]) if i < len(grid) and j < len(grid[0]) else fz.LiteralValue.error("Na", None)


def _literal(value: Any) -> Any:
    return fz.LiteralValue.error(value["kind"], None) if isinstance(value, dict) else value
