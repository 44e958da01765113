"""Scores, default probabilities, grade probabilities and reasons of many firms at once, by `core.kernel`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from credit_udfs.core import kernel
from credit_udfs.errors import BadInput
from credit_udfs.types import GRADES, Bools, Floats, Grade, Ints


class Array:
    """The operations of `kernel.Scalar` on numpy arrays."""

    sqrt = staticmethod(np.sqrt)
    frexp = staticmethod(np.frexp)
    rint = staticmethod(np.rint)
    where = staticmethod(np.where)

    @staticmethod
    def ldexp(x: Any, k: Any) -> Any:
        return np.ldexp(x, k.astype(np.int32))

    @staticmethod
    def clip(x: Any, low: float, high: float) -> Any:
        return np.where(x < low, low, np.where(x > high, high, x))


ARRAY = Array()


@dataclass(frozen=True)
class Scores:
    """What the model says of n firms, row by row; all NaN (grade -1) where too many indicators are missing.

    score: (n,), 0 to 100, higher is riskier; an affine map of the log-odds, clipped.
    log_odds, pd: (n,), of default.
    points: (n, k), each indicator's contribution to the score against the training median; with `base_points`
        they add up to the unclipped score.
    grade_probs: (n, 4), of A, B, C, D. grade: (n,), 0 to 3 for A to D, the likeliest; -1 where there is none.
    missing, out_of_range: (n, k); out_of_range marks known values outside what training has seen.
    """

    score: Floats
    log_odds: Floats
    pd: Floats
    points: Floats
    base_points: float
    grade_probs: Floats
    grade: Ints
    missing: Bools
    out_of_range: Bools

    def grade_letter(self, row: int) -> Grade | None:
        number = int(self.grade[row])
        return None if number < 0 else GRADES[number]

    def reasons(self, row: int, count: int = 3) -> list[tuple[int, float]]:
        """The `count` largest contributions of a row; see `kernel.reasons`."""
        return kernel.reasons(self.points[row].tolist(), count)


FEW = 8


Evaluate: TypeAlias = Callable[[kernel.Linear, Sequence[Any], Any], kernel.Result]


def _without_grades(model: kernel.Linear, values: Sequence[Any], ops: Any) -> kernel.Result:
    score, log_odds, points, *_ = kernel.place(model, values, ops)
    return kernel.Result(score, log_odds, kernel.sigmoid(log_odds, ops), points, ())


def _few(evaluate: Evaluate, model: kernel.Linear, values: Floats) -> kernel.Result:
    """A few rows one by one: numpy's cost per operation would be many times that of the arithmetic.

    The bits are the same, which is the kernel's point.
    """
    rows = [evaluate(model, row, kernel.SCALAR) for row in values.tolist()]
    score, log_odds, pd, points, probs = zip(*rows, strict=True)
    return kernel.Result(
        np.array(score),
        np.array(log_odds),
        np.array(pd),
        tuple(map(np.array, zip(*points, strict=True))),
        tuple(map(np.array, zip(*probs, strict=True))),
    )


def score_rows(model: kernel.Linear, x: Floats, *, grades: bool = True) -> Scores:
    """Score n firms.

    x: shape (n, k), columns in the order of the model's indicators, in their own units; NaN is missing. A missing
    indicator takes the training median (contribution 0); a row with more than kernel.MAX_MISSING of them has no
    score. grades: work out the grades, which is most of the work; they are NaN and -1 otherwise.
    Raises BadInput for another number of columns, or for an infinite value.
    """
    values = np.asarray(x, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != len(model.columns):
        raise BadInput("core.indicator_count", found=values.shape[-1], expected=len(model.columns))
    if np.isinf(values).any():
        raise BadInput("core.infinite_indicator", row=int(np.argwhere(np.isinf(values))[0][0]) + 1)
    missing = np.isnan(values)
    evaluate = kernel.score if grades else _without_grades
    few = 0 < len(values) <= FEW
    result = _few(evaluate, model, values) if few else evaluate(model, list(values.T), ARRAY)
    none = missing.sum(axis=1) > kernel.MAX_MISSING
    probs, grade = np.full((len(values), len(GRADES)), np.nan), np.full(len(values), -1)
    if grades:
        probs = np.stack(result.grade_probs, axis=1)
        # argmax of the reversed columns: the worse one of equally likely grades, as kernel.likeliest.
        grade = np.where(none, -1, len(GRADES) - 1 - np.argmax(probs[:, ::-1], axis=1))
    low = np.array([column.low for column in model.columns])
    high = np.array([column.high for column in model.columns])

    def blank(values: Floats) -> Floats:
        return np.where(none.reshape(-1, *(1,) * (values.ndim - 1)), np.nan, values)

    return Scores(
        score=blank(result.score),
        log_odds=blank(result.log_odds),
        pd=blank(result.pd),
        points=blank(np.stack(result.points, axis=1)),
        base_points=model.base_points,
        grade_probs=blank(probs),
        grade=grade.astype(np.int64),
        missing=missing,
        out_of_range=(values < low) | (values > high),
    )
