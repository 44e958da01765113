"""The tables beside the settings: what is settled for single firms, and the largest shares of grades and industries.

They come from cells of a workbook, or, for firms, from a .csv file; either is a header with rows below.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from credit_udfs.core.assess import FirmTerms
from credit_udfs.core.churn import LENDABLE
from credit_udfs.core.industry import industries
from credit_udfs.errors import BadFile, Problem
from credit_udfs.locale import Lang, text
from credit_udfs.workbook.addresses import address
from credit_udfs.workbook.contract import TERMS, Column, normal
from credit_udfs.workbook.names import TABLE_GRADES, TABLE_INDUSTRIES, TABLE_TERMS

Say = Callable[..., None]
"""say(key, row, column, **values): something is wrong in that cell, both counted from 0 below the header (row -1)."""


Terms: TypeAlias = "tuple[dict[str, FirmTerms], dict[str, tuple[int, int]]]"


def firm_terms(header: Sequence[object], rows: Sequence[Sequence[object]], say: Say) -> Terms:
    """By firm, what is settled and the cell (as `Say` counts) it stands in; an empty cell settles nothing.

    Columns as contract.TERMS, the firm's needed, in any order; yuan.
    """
    known = {normal(name): column.key for column in TERMS for name in (*column.label.spellings(), column.key)}
    keys = [known.get(normal(as_text(name)), "") for name in header]
    for at, name in enumerate(header):
        if as_text(name) and not keys[at]:
            say("terms_column", -1, at, name=as_text(name), known=", ".join(column.key for column in TERMS))
    if "firm" not in keys:
        say("terms_no_firm", -1, 0)
        return {}, {}
    found: dict[str, FirmTerms] = {}
    places: dict[str, tuple[int, int]] = {}
    for row, cells in enumerate(rows):
        given = {key: cell for key, cell in zip(keys, cells, strict=False) if key and as_text(cell)}
        firm = as_text(given.pop("firm", None))
        if not firm:
            if given:
                say("terms_nameless", row, keys.index("firm"))
            continue
        if firm in found:
            say("terms_twice", row, keys.index("firm"), firm=firm)
        amounts: dict[str, float] = {}
        for key in given.keys() - {"group"}:
            amounts[key] = _number(given[key])
            if not (math.isfinite(amounts[key]) and amounts[key] >= 0):
                say("terms_amount", row, keys.index(key), firm=firm, value=as_text(given[key]))
        found[firm] = FirmTerms(**amounts, group=as_text(given.get("group")))
        places.setdefault(firm, (row, keys.index("firm")))
    return found, places


def grade_shares(rows: Sequence[Sequence[object]], say: Say) -> dict[str, float]:
    """Largest share by grade, from rows of grade and share; a blank share is no limit."""
    names = {normal(grade): grade for grade in LENDABLE}
    return _by_name(rows, names, ("unknown_grade", "share"), ", ".join(LENDABLE), (0.0, 1.0), say)


def industry_shares(rows: Sequence[Sequence[object]], say: Say) -> dict[str, float]:
    """Largest share by industry's key, from rows of industry (its name in either language, or key) and share."""
    return _by_name(rows, _industry_names(), ("unknown_industry", "share"), "", (0.0, 1.0), say)


def growth(rows: Sequence[Sequence[object]], say: Say) -> dict[str, float]:
    """Growth of value added by industry's key, from rows of industry and growth; a blank growth says nothing."""
    return _by_name(rows, _industry_names(), ("unknown_industry", "growth"), "", (-1.0, 10.0), say)


def _industry_names() -> dict[str, str]:
    return {normal(name): key for key, one in industries().items() for name in (key, one.zh, one.en)}


def _by_name(
    rows: Sequence[Sequence[object]],
    names: Mapping[str, str],
    faults: tuple[str, str],
    known: str,
    ends: tuple[float, float],
    say: Say,
) -> dict[str, float]:
    """Numbers within `ends` by what `names` makes of the first column; faults: of an unknown name, of a number."""
    found: dict[str, float] = {}
    for at, (name, number, *_) in enumerate([*row, None, None] for row in rows):
        if not as_text(number):
            continue
        key, value = names.get(normal(as_text(name))), _number(number)
        if key is None:
            say(faults[0], at, 0, name=as_text(name), known=known)
        elif key in found:
            say("name_twice", at, 0, name=as_text(name))
        if not ends[0] <= value <= ends[1]:
            say(faults[1], at, 1, name=as_text(name), value=as_text(number))
        if key is not None:
            found[key] = value
    return found


def tables(
    lang: Lang, grades: Mapping[str, float], shares: Mapping[str, float], terms: Mapping[str, FirmTerms]
) -> list[tuple[str, list[str], list[list[object]]]]:
    """The tables as a sheet shows them: name, header, rows."""
    share = text("template.col_share", lang)
    by_firm: list[list[object]] = [
        [firm, one.amount_min, one.amount_max, one.amount, one.group or None] for firm, one in terms.items()
    ]
    by_grade: list[list[object]] = [[grade, grades.get(grade)] for grade in LENDABLE]
    by_industry: list[list[object]] = [[one.name(lang), shares.get(key)] for key, one in industries().items()]
    return [
        (TABLE_GRADES, [text("pages.col_grade", lang), share], by_grade),
        (TABLE_INDUSTRIES, [text("pages.col_industry", lang), share], by_industry),
        (TABLE_TERMS, [terms_header(column, lang) for column in TERMS], by_firm),
    ]


def terms_header(column: Column, lang: Lang) -> str:
    """The column's name, with its unit."""
    name = format(column.label, lang)
    unit = text("template.unit_money", lang) if column.kind == "number" else ""
    shown = f"{name}（{unit}）" if lang == "zh" else f"{name} ({unit})"
    return (shown if unit else name)[:1].upper() + (shown if unit else name)[1:]


def read_firm_terms(path: Path) -> dict[str, FirmTerms]:
    """`firm_terms` of a .csv file. Raises BadFile with everything that is wrong with the file."""
    raw, rows = path.read_bytes(), list[list[str]]()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            rows = list(csv.reader(io.StringIO(raw.decode(encoding), newline="")))
            break
        except (UnicodeDecodeError, csv.Error):
            continue
    problems: list[Problem] = []

    def say(key: str, row: int, column: int, **values: object) -> None:
        problems.append(Problem("error", f"settings.{key}", values, path.name, "", address(row + 2, column + 1)))

    found, _places = firm_terms(rows[0] if rows else (), rows[1:], say)
    if problems:
        raise BadFile(problems)
    return found


def as_text(value: Any) -> str:
    """A cell as text: a whole number as a name is written, nothing as ""."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _number(value: Any) -> float:
    """The number in a cell, typed as such or as a text such as "30%"; NaN where there is none."""
    if isinstance(value, bool):
        return math.nan
    if isinstance(value, int | float):
        return float(value)
    plain = str(value).strip()
    try:
        number = float(plain.removesuffix("%").replace(",", ""))
    except ValueError:
        return math.nan
    return number / 100.0 if plain.endswith("%") else number
