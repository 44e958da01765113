"""From cells as people type them to values: one coercion per kind of column.

Each takes a column as read and gives the values, which cells could not be understood, and what was repaired.
Cells that are empty stay null; whether a column may be empty is not decided here.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from credit_udfs.types import GRADES
from credit_udfs.workbook.contract import STATUSES, YES_NO, Kind, normal_value

DATE_MIN, DATE_MAX = dt.date(1980, 1, 1), dt.date(2099, 12, 31)
_EPOCH_1900 = dt.date(1899, 12, 30)
_EPOCH_1904 = dt.date(1904, 1, 1)

_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:e[+-]?\d+)?$", re.IGNORECASE)
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T\s].*)?$")
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\.0)?$")
_SERIAL = re.compile(r"\d{4,5}(?:\.\d*)?$")


@dataclass(frozen=True)
class Coerced:
    """values: shape (rows,); bad: shape (rows,), cells with content that means nothing; repaired: key -> count."""

    values: pl.Series
    bad: pl.Series
    repaired: Mapping[str, int] = field(default_factory=dict)


def coerce(kind: Kind, column: pl.Series, *, date1904: bool = False) -> Coerced:
    """The values of `column` for its `kind`: "id" and "text" give String, "date" Date, "number" Float64,
    "status" and "yes_no" Boolean, "grade" String.

    date1904: whether day numbers count from 1904, as the workbook says.
    """
    if kind == "number":
        return _number(column)
    if kind == "date":
        return _date(column, _EPOCH_1904 if date1904 else _EPOCH_1900)
    if kind in ("id", "text"):
        return _text(column)
    return _word(column, *_WORDS[kind])


def _none_bad(column: pl.Series) -> pl.Series:
    return pl.repeat(False, len(column), eager=True)


def _as_text(column: pl.Series) -> pl.Series:
    """Any column as text; a whole number without its ".0", as a spreadsheet shows it."""
    if column.dtype.is_float():
        whole = column.is_finite() & (column == column.floor()) & (column.abs() < 1e15)
        text = column.cast(pl.String)
        return pl.select(
            pl.when(whole).then(column.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(text)
        ).to_series()
    return column.cast(pl.String)


def _stripped(column: pl.Series) -> tuple[pl.Series, int]:
    """Text without surrounding spaces, "" as null; and how many cells had them."""
    text = _as_text(column)
    bare = text.str.strip_chars()
    changed = int((bare != text).sum() or 0)
    return bare.set(bare == "", None), changed


def _text(column: pl.Series) -> Coerced:
    values, changed = _stripped(column)
    return Coerced(values, _none_bad(column), {"spaces": changed})


def _translated(text: pl.Series, parse: Callable[[str], Any], dtype: pl.DataType | type[pl.DataType]) -> pl.Series:
    """`parse` applied to each different text once; null where it gives None."""
    different = text.unique().drop_nulls().to_list()
    known = {item: value for item in different if (value := parse(item)) is not None}
    if not known:
        return (
            pl.Series([None], dtype=dtype).extend_constant(None, len(text) - 1)
            if len(text)
            else pl.Series([], dtype=dtype)
        )
    return text.replace_strict(
        pl.Series(list(known), dtype=pl.String), pl.Series(list(known.values()), dtype=dtype), default=None
    )


def parse_number(text: str) -> float | None:
    """A number as people type it: ``1,234.50``, full-width digits, ¥ or 元, (12.5) or 12.5- for minus, 4.25%."""
    bare = "".join(unicodedata.normalize("NFKC", text).split())
    bare = bare.replace("−", "-").strip("¥$").removesuffix("元")
    if bare.startswith("(") and bare.endswith(")"):
        bare = "-" + bare[1:-1]
    elif bare.endswith("-"):
        bare = "-" + bare[:-1]
    for sign in ("-", "+"):
        bare = sign + bare[2:] if bare.startswith((sign + "¥", sign + "$")) else bare
    percent = bare.endswith("%")
    bare = bare.removesuffix("%")
    if not _NUMBER.match(bare) or not any(character.isdigit() for character in bare):
        return None
    value = float(bare.replace(",", ""))
    return value / 100 if percent else value


def _number(column: pl.Series) -> Coerced:
    if column.dtype.is_numeric():
        values = column.cast(pl.Float64)
        bad = values.is_finite().not_().fill_null(False)
        return Coerced(values.set(bad, None), bad)
    if column.dtype != pl.String:
        # A date, a duration or true/false where a number belongs.
        return Coerced(pl.repeat(None, len(column), dtype=pl.Float64, eager=True), column.is_not_null())
    text, _ = _stripped(column)
    values = text.cast(pl.Float64, strict=False)
    odd = (values.is_null() & text.is_not_null()) | values.is_finite().not_().fill_null(False)
    if not odd.any():
        return Coerced(values, odd)
    parsed = _translated(text.set(odd.not_(), None), parse_number, pl.Float64)
    bad = odd & (parsed.is_null() | parsed.is_infinite().fill_null(False))
    repaired = int((odd & bad.not_()).sum())
    merged = pl.select(pl.when(bad).then(None).when(odd).then(parsed).otherwise(values)).to_series()
    return Coerced(merged, bad, {"number_text": repaired})


def parse_date(text: str, epoch: dt.date = _EPOCH_1900) -> dt.date | None:
    """A date as people type it: 2019-03-05, 2019/3/5, 2019.3.5, 2019年3月5日, 20190305, with or without a time;
    or a spreadsheet's day number. Day before month is not guessed at."""
    bare = unicodedata.normalize("NFKC", text).strip()
    written = _DATE.match(bare) or _COMPACT_DATE.match(bare)
    try:
        if written:
            value = dt.date(int(written[1]), int(written[2]), int(written[3]))
        elif _SERIAL.match(bare):
            value = epoch + dt.timedelta(days=int(float(bare)))
        else:
            return None
    except ValueError:
        return None
    return value if DATE_MIN <= value <= DATE_MAX else None


def _date(column: pl.Series, epoch: dt.date) -> Coerced:
    if column.dtype in (pl.Date, pl.Datetime):
        values = column.cast(pl.Date)
        bad = ((values < DATE_MIN) | (values > DATE_MAX)).fill_null(False)
        return Coerced(values.set(bad, None), bad)
    if column.dtype == pl.Boolean or column.dtype.is_temporal():
        return Coerced(pl.repeat(None, len(column), dtype=pl.Date, eager=True), column.is_not_null())
    numbers = column.dtype.is_numeric()
    text, _ = _stripped(column)
    values = _translated(text, lambda item: parse_date(item, epoch), pl.Date)
    bad = values.is_null() & text.is_not_null()
    if numbers:
        return Coerced(values, bad, {"date_number": int(values.is_not_null().sum())})
    # The reader gives real dates among text as a date and a time of day.
    serial = text.str.contains(r"^\d{4,5}(\.\d*)?$").fill_null(False) & bad.not_()
    real = text.str.contains(r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}").fill_null(False)
    as_text = values.is_not_null() & serial.not_() & real.not_()
    return Coerced(values, bad, {"date_text": int(as_text.sum()), "date_number": int(serial.sum())})


def _grade(text: str) -> str | None:
    letter = normal_value(text).upper().removesuffix("级")
    return letter if letter in GRADES else None


_WORDS: Mapping[str, tuple[Callable[[str], Any], Any]] = {
    "status": (lambda text: STATUSES.get(normal_value(text)), pl.Boolean),
    "yes_no": (lambda text: YES_NO.get(normal_value(text)), pl.Boolean),
    "grade": (_grade, pl.String),
}


def _word(column: pl.Series, parse: Callable[[str], Any], dtype: type[pl.DataType]) -> Coerced:
    text, changed = _stripped(column)
    values = _translated(text, parse, dtype)
    bad = values.is_null() & text.is_not_null()
    repaired = {"spaces": changed}
    if dtype == pl.String:
        repaired["grade_spelling"] = int((values.is_not_null() & (values != text)).sum() or 0)
    return Coerced(values, bad, repaired)
