"""Titles on the page of one firm: sentences that follow the chosen firm, each a formula and what it says now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from credit_udfs.types import Floats
from credit_udfs.workbook.pages.view import WAN_YUAN, View

YEAR = 12


@dataclass(frozen=True)
class Live:
    """A piece of text: the formula that gives it, without the equals sign, and its value now."""

    formula: str
    value: str


def _number(formula: str, value: float, fmt: str) -> Live:
    """`formula` as text in a number format; `value` is written with as many decimals."""
    decimals = len(fmt.split(";")[0].partition(".")[2].rstrip("%"))
    kind = "%" if "%" in fmt else "f"
    sign = "+" if fmt.startswith("+") else ""
    return Live(f'TEXT({formula},"{fmt}")', f"{value:{sign},.{decimals}{kind}}")


def _said(view: View, key: str, *pieces: Live, **values: object) -> Live:
    """The text `key`, its marks | filled with the pieces."""
    words = [Live(f'"{word}"', word) for word in view.t(key, **values).split("|")]
    nothing = Live('""', "")
    parts = [part for pair in zip(words, (*pieces, nothing), strict=True) for part in pair if part != nothing]
    return Live("&".join(part.formula for part in parts), "".join(part.value for part in parts))


def _either(formula: str, true: bool, one: Live, other: Live) -> Live:
    return Live(f"IF({formula},{one.formula},{other.formula})", (one if true else other).value)


def score_title(
    view: View, row: int, known: str, cells: tuple[str, str], names: str, points: str, shown: list[int]
) -> Live:
    """How far the score is from the median firm's, and the largest reason in that direction.

    known: formula of the score, "" where there is none; cells: of the score and the median firm's, numbers both;
    names, points: ranges of the indicators' names and contributions; shown: which indicators those are.
    """
    scores, model = view.assessment.scores, view.assessment.model
    now, base, mine = float(scores.score[row]), scores.base_points, scores.points[row, shown]
    gap, missing = f"({cells[0]}-{cells[1]})", bool(np.isnan(now) or np.isnan(mine).all())
    score = _number(cells[0], base if missing else now, "0.0")

    def side(key: str, most: str, at: Callable[..., int]) -> Live:
        largest = f"{most}({points})"
        k = 0 if missing else at(mine)
        name = Live(f"INDEX({names},MATCH({largest},{points},0))", view.indicator_name(model.indicators[shown[k]]))
        return _said(view, key, score, _number(f"ABS{gap}", abs(now - base), "0.0"), name,
                     _number(largest, float(mine[k]), "+0.0;-0.0;0.0"))  # fmt: skip

    higher = side("firm_above_median", "MAX", np.nanargmax)
    lower = side("firm_below_median", "MIN", np.nanargmin)
    told = _either(f"{gap}>0", now > base, higher, lower)
    told = _either(f"ABS{gap}<0.05", abs(now - base) < 0.05, _said(view, "firm_as_median", score), told)
    return _either(f'{known}=""', missing, _said(view, "firm_no_score"), told)


def months_title(view: View, row: int, first: int) -> Live:
    """Sales and purchases of the last year, against the year before where that is known.

    first: row of the first month; sales are in column C, purchases in D.
    """
    count = len(view.months)
    sides = list(zip("CD", (side[row] / WAN_YUAN for side in view.monthly), strict=True))

    def total(column: str, values: Floats, start: int, end: int) -> tuple[str, float]:
        return f"SUM({column}{first + start}:{column}{first + end - 1})", float(values[start:end].sum())

    if count < 2 * YEAR:
        sums = [_number(*total(*side, 0, count), "#,##0") for side in sides]
        return _said(view, "firm_months_title", *sums, since=f"{view.months[0]:%Y-%m}")
    pieces = []
    for side in sides:
        (now, value), (then, before) = total(*side, count - YEAR, count), total(*side, count - 2 * YEAR, count - YEAR)
        share = _number(f"ABS({now}/{then}-1)", abs(value / before - 1) if before > 0 else 0.0, "#,##0%")
        change = _either(
            f"{now}<{then}", value < before, _said(view, "firm_fell", share), _said(view, "firm_grew", share)
        )
        pieces += [_number(now, value, "#,##0"), _either(f"{then}>0", before > 0, change, Live('""', ""))]
    return _said(view, "firm_year_title", *pieces, until=f"{view.months[-1]:%Y-%m}")
