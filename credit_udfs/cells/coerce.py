"""From what a cell holds to what a function computes with: the only place where cell values are read.

One rule per kind:

==========  ==========================================================================================
blank       None, "" or only spaces. Missing, never zero: in a column that may be missing NaN, None or NaT;
            an optional argument takes its default; where a value is needed, #N/A.
number      int or float as it is. Text that is a number to its reader: full-width digits and signs, thousands
            separators in their places, a percent sign ("1,234.5", "１２．５％"). NaN is missing,
            infinity #NUM!. A boolean, a date or other text is #VALUE!. Outside the declared bounds: #NUM!.
text        Text without the spaces around it; a number as its shortest text. A boolean is #VALUE!.
choice      Text, full-width or half-width, capital or small letters alike. Another text is #VALUE!.
date        A date or time stamp (its day); a serial number of the 1900 system; text such as "2020-02-14",
            "2020/2/14", "20200214" or "2020年2月14日". Anything else is #VALUE!, a serial out of range #NUM!.
error       An error inside a range is that row's error: #N/A and #NUM! stay, every other becomes #VALUE!.
range       Rows of the declared columns. One row may also be written as one column. Another width is #VALUE!.
            Where the result isn't by row (INDICATORS), rows that are wholly blank are left out.
==========  ==========================================================================================

In a function with one result row per input row, trouble with a row is that row's error and the other rows are
computed; elsewhere it is the call's error, as is trouble with an argument that isn't by row.
"""

from __future__ import annotations

import datetime as dt
import logging
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from credit_udfs.cells.spec import Arg, Both, Column, ErrorValue
from credit_udfs.errors import CellError

_LOG = logging.getLogger(__name__)

Raw: TypeAlias = object
Values: TypeAlias = npt.NDArray[Any]
Errors: TypeAlias = dict[int, ErrorValue]
Grid: TypeAlias = list[list[Raw]]

ERROR_TEXTS: Final[Mapping[str, CellError]] = {
    "#N/A": "#N/A",
    "#NUM!": "#NUM!",
    **dict.fromkeys(
        ("#VALUE!", "#DIV/0!", "#REF!", "#NAME?", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA", "#FIELD!",
         "#BLOCKED!", "#CONNECT!", "#UNKNOWN!", "#BUSY!"),
        "#VALUE!",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Block:
    """The checked rows of a range: one array of shape (n,) per declared column.

    Numbers are float64 (NaN missing), texts and choices objects (None missing), dates datetime64[D] (NaT).
    """

    columns: tuple[Values, ...]
    whole: npt.NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.columns[0])

    def __getitem__(self, index: int) -> Values:
        return self.columns[index]

    @property
    def matrix(self) -> npt.NDArray[np.float64]:
        """All columns, which are numbers, as one array of shape (n, columns)."""
        if self.whole is not None:
            return self.whole
        return np.column_stack(self.columns).astype(np.float64, copy=False)


class CallError(Exception):
    """The call as a whole has this error."""

    def __init__(self, error: ErrorValue) -> None:
        super().__init__(error)
        self.error = error


# --- one value -------------------------------------------------------------------------------------------


def is_blank(value: Raw) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def as_error(value: Raw) -> ErrorValue | None:
    """The error that a cell holds, if it holds one."""
    if isinstance(value, ErrorValue):
        return value
    if isinstance(value, str) and value[:1] == "#" and value.strip().upper() in ERROR_TEXTS:
        shown = value.strip().upper()
        return ErrorValue.make(ERROR_TEXTS[shown], "cells.error_in_range", shown=shown)
    return None


_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:[eE][+-]?\d+)?")


def parse_number(written: str) -> float | None:
    """The number that a text is to its reader, or None: "1,234.5", "１２％", "−3" (a typographic minus)."""
    plain = unicodedata.normalize("NFKC", written).replace("\u2212", "-").strip()
    percent = plain.endswith("%")
    plain = plain.removesuffix("%").rstrip()
    if not _NUMBER.fullmatch(plain) or not any(c.isdigit() for c in plain.lower().split("e")[0]):
        return None
    value = float(plain.replace(",", ""))
    return value / 100.0 if percent else value


_DATE = re.compile(
    r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.(\d{1,2})\.(\d{1,2})|年(\d{1,2})月(\d{1,2})日"
    r"|(\d{2})(\d{2}))(?:[ T].*)?"
)
_SERIAL_MAX = 2_958_465  # 9999-12-31


def from_serial(serial: float) -> dt.date | None:
    """The day of a serial number of the 1900 date system; None outside it, and for its 29 February 1900."""
    day = math.floor(serial)
    if not 1 <= day <= _SERIAL_MAX or day == 60:
        return None
    return dt.date(1899, 12, 31 if day < 60 else 30) + dt.timedelta(days=day)


def _number(value: Raw, column: Column) -> float | ErrorValue:
    if isinstance(value, (bool, np.bool_)):
        return _bad("cells.boolean_as_number", column, value)
    if isinstance(value, (int, float, Decimal, np.number)):
        try:
            return float(value)
        except OverflowError:
            return math.inf
    if isinstance(value, str):
        found = parse_number(value)
        return found if found is not None else _bad("cells.not_a_number", column, value)
    if isinstance(value, (dt.date, dt.datetime, dt.time, dt.timedelta)):
        return _bad("cells.date_as_number", column, value)
    return _bad("cells.not_a_number", column, value)


def _text(value: Raw, column: Column) -> str | ErrorValue:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, (bool, np.bool_)):
        return _bad("cells.boolean_as_text", column, value)
    if isinstance(value, (int, float, np.number)):
        return f"{float(value):.15g}"
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()[:10]
    return _bad("cells.not_a_text", column, value)


def fold(written: str) -> str:
    """What is compared of a choice: half-width, small letters, no spaces around."""
    return unicodedata.normalize("NFKC", written).strip().casefold()


def _choice(value: Raw, column: Column) -> str | ErrorValue:
    written = _text(value, column)
    if isinstance(written, ErrorValue):
        return written
    wanted = fold(written)
    for known in column.choices:
        if fold(known) == wanted:
            return known
    return _bad("cells.not_a_choice", column, value, choices=", ".join(column.choices))


def _date(value: Raw, column: Column) -> dt.date | ErrorValue:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    if isinstance(value, (int, float, np.number)) and not isinstance(value, (bool, np.bool_)):
        day = from_serial(float(value)) if math.isfinite(value) else None
        if day is None:
            return ErrorValue.make("#NUM!", "cells.bad_serial", column=_name(column), value=_show(value))
        return day
    if isinstance(value, str) and (found := _DATE.fullmatch(unicodedata.normalize("NFKC", value).strip())):
        try:
            return dt.date(*(int(part) for part in found.groups() if part is not None))
        except ValueError:
            pass
    return _bad("cells.not_a_date", column, value)


_READERS = {"number": _number, "text": _text, "choice": _choice, "date": _date}


_NAMED = 12  # columns in a message


def _names(columns: Sequence[Column]) -> Both:
    more = "…" if len(columns) > _NAMED else ""
    first = columns[:_NAMED]
    return Both("、".join(c.zh for c in first) + more, ", ".join(c.en for c in first) + more)


def _name(column: Column) -> Both:
    return Both(column.zh, column.en)


def _show(value: Raw) -> str:
    shown = str(value)
    return shown if len(shown) <= 40 else shown[:39] + "…"


def _bad(key: str, column: Column, value: Raw, **more: object) -> ErrorValue:
    return ErrorValue.make("#VALUE!", key, column=_name(column), value=_show(value), **more)


# --- one column ------------------------------------------------------------------------------------------


def column_of(values: Sequence[Raw], column: Column) -> tuple[Values, Errors]:
    """The column's values as an array, and the error of each row that has one."""
    errors: Errors = {}
    array = _plain_numbers(values) if column.kind == "number" else None
    if array is None:
        read = _READERS[column.kind]
        found: list[Any] = [None] * len(values)
        for i, value in enumerate(values):
            error = as_error(value)
            if error is None and not is_blank(value):
                got = read(value, column)
                if not isinstance(got, ErrorValue):
                    found[i] = got
                    continue
                error = got
            if error is not None:
                errors[i] = error
        array = _as_array(found, column)
    if column.kind == "number":
        _check_bounds(array, values, column, errors)
    if column.blank == "error" and not column.optional:
        missing: Iterable[int] = (
            (i for i, v in enumerate(array) if v is None)
            if array.dtype == object
            else np.flatnonzero(np.isnat(array) if array.dtype.kind == "M" else np.isnan(array)).tolist()
        )
        for i in missing:
            if i not in errors:
                errors[i] = ErrorValue.make("#N/A", "cells.blank", column=_name(column))
    return array, errors


def _plain_numbers(values: Sequence[Raw]) -> Values | None:
    """The fast way for what nearly every range holds: floats and blanks. None when there is anything else."""
    if set(map(type, values)) <= {float, int, type(None)}:
        try:
            return np.array(values, dtype=np.float64)  # None becomes NaN
        except OverflowError:  # an int beyond any float
            return None
    return None


def _as_array(found: list[Any], column: Column) -> Values:
    if column.kind == "number":
        return np.array(found, dtype=np.float64)
    if column.kind == "date":
        return np.array(found, dtype="datetime64[D]")
    array = np.empty(len(found), dtype=object)
    array[:] = found
    return array


def _check_bounds(array: Values, values: Sequence[Raw], column: Column, errors: Errors) -> None:
    bad = np.isinf(array)
    # A bound typed as 15% may arrive one bit beyond 0.15.
    if column.low is not None:
        bad |= array < column.low - abs(column.low) * 1e-12
    if column.high is not None:
        bad |= array > column.high + abs(column.high) * 1e-12
    if bad.any():
        for i in np.flatnonzero(bad).tolist():
            errors.setdefault(i, _out_of_range(column, values[i]))


def _out_of_range(column: Column, value: Raw) -> ErrorValue:
    low = "-∞" if column.low is None else f"{column.low:.12g}"
    high = "∞" if column.high is None else f"{column.high:.12g}"
    return ErrorValue.make("#NUM!", "cells.out_of_range", column=_name(column), value=_show(value), low=low, high=high)


# --- arguments -------------------------------------------------------------------------------------------


def grid(value: Raw) -> Grid:
    """A range as rows: a 2-D list as it is, a 1-D list as one row, a single value as one by one.

    Raises BadInput's error for rows of different lengths or no cell at all.
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, (list, tuple)):
        return [[value]]
    if not value or not isinstance(value[0], (list, tuple)):
        rows: Grid = [list(value)]
    else:
        rows = [r if isinstance(r, list) else list(r) if isinstance(r, tuple) else [r] for r in value]
    width = len(rows[0])
    if width == 0 or set(map(len, rows)) != {width}:
        raise CallError(ErrorValue.make("#VALUE!", "cells.ragged"))
    return rows


def _widths(arg: Arg) -> tuple[int, int]:
    most = len(arg.columns)
    return sum(not c.optional for c in arg.columns), most


def records_of(value: Raw, arg: Arg) -> Grid:
    """The rows of a range argument, of an allowed width; one record written as a column is turned."""
    rows = grid(value)
    low, high = _widths(arg)
    if len(rows[0]) == 1 and low > 1 and low <= len(rows) <= high:
        rows = [[r[0] for r in rows]]
    if not low <= len(rows[0]) <= high:
        wanted = str(low) if low == high else f"{low}-{high}"
        raise CallError(
            ErrorValue.make(
                "#VALUE!",
                "cells.wrong_width",
                arg=arg.name,
                wanted=wanted,
                given=len(rows[0]),
                names=_names(arg.columns),
            )
        )
    return rows


def block_of(rows: Grid, arg: Arg) -> tuple[Block, Errors]:
    if (whole := _plain_table(rows, arg)) is not None:
        return Block(tuple(whole.T), whole), {}
    given = list(zip(*rows, strict=True)) if rows else [()] * len(arg.columns)
    blanks = [None] * len(rows)
    arrays: list[Values] = []
    errors: Errors = {}
    for i, column in enumerate(arg.columns):
        array, bad = column_of(given[i] if i < len(given) else blanks, column)
        arrays.append(array)
        for row, error in bad.items():
            errors.setdefault(row, error)
    return Block(tuple(arrays)), errors


def _plain_table(rows: Grid, arg: Arg) -> npt.NDArray[np.float64] | None:
    """The fast way for a table of numbers that may be missing: all cells at once, when all are as they should be."""
    if not rows or len(rows[0]) != len(arg.columns):
        return None
    if any(c.kind != "number" or c.blank == "error" or (c.low, c.high) != (None, None) for c in arg.columns):
        return None
    numbers = _plain_numbers(list(chain.from_iterable(rows)))
    if numbers is None or np.isinf(numbers).any():
        return None
    table: npt.NDArray[np.float64] = numbers.reshape(len(rows), len(arg.columns))
    return table


def single(value: Raw, arg: Arg) -> Any:
    """The value of an argument that isn't by row."""
    rows = grid(value)
    if len(rows) > 1 or len(rows[0]) > 1:
        raise CallError(ErrorValue.make("#VALUE!", "cells.one_value", arg=arg.name))
    cell = rows[0][0]
    if is_blank(cell) and not arg.required:
        return arg.default
    array, errors = column_of([cell], arg.column)
    if errors:
        raise CallError(errors[0])
    if arg.kind != "number":
        return array[0]
    number = float(array[0])
    if arg.integer:
        if number != int(number):
            raise CallError(_bad("cells.not_an_integer", arg.column, cell))
        return int(number)
    return number
