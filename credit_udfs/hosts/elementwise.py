"""Functions for single values, given a range: Excel applies them to every cell, the engine to none or to the first.

A call of such a function on something larger than a cell is handed back by the engine (`EACH`), and calculated here
in a workbook of its own, one cell for each element.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import formualizer as fz
from openpyxl.utils.cell import get_column_letter

EACH = "CREDITEACH"
"""Called with a function's name and its arguments."""

_SINGLE = """
    ABS ROUND ROUNDUP ROUNDDOWN MROUND INT TRUNC SQRT EXP LN LOG LOG10 MOD SIGN POWER CEILING FLOOR EVEN ODD QUOTIENT
    ISEVEN ISODD NOT ISNUMBER ISBLANK ISTEXT ISNONTEXT ISERROR ISERR ISNA ISLOGICAL
    LEN LEFT RIGHT MID TRIM CLEAN UPPER LOWER PROPER SUBSTITUTE REPLACE REPT EXACT FIND SEARCH NUMBERVALUE TEXT
    FIXED CHAR CODE UNICHAR UNICODE CONCATENATE
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


def each(name: str, *args: Any) -> Any:
    """A function's values over all elements of its arguments; ranges for single values are stretched to one shape."""
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
