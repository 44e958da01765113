"""Scores of many firms by any model card: the default linear one by its kernel, a method's by its exported form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from credit_udfs.core import forms, kernel
from credit_udfs.core.model_card import Model
from credit_udfs.core.scoring import ARRAY, Scores, score_rows
from credit_udfs.errors import BadInput
from credit_udfs.types import GRADES, Floats, Ints

DIGITS = 12
"""Probabilities of forms are rounded to so many decimals: exponentials and sums differ in their last bits between
machines, and between one row and many, and a cell must not."""


def score_model(model: Model, x: Floats, *, contributions: bool = True) -> Scores:
    """Scores of n firms by a model of any form.

    x: (n, k), the model's indicators in its order; NaN is missing and enters as in training (by the training median,
    or as the method's trees learnt it). A firm with more than a third of them missing has no score, as with two of
    the default model's six. What the model doesn't predict (see Model.predicts) is NaN, and grade -1.
    contributions: work out `points`; they are NaN otherwise. For a form they are the mean, over the indicators put in
    one by one in their order and in reverse, of what each adds to the score of the firm with every indicator at the
    training median (Castro, Gomez and Tejada, 2009: Shapley values from permutations), and add up as a linear
    model's do. Raises BadInput for another number of columns, or an infinite value.
    """
    if model.form == "linear":
        return score_rows(model.linear(), x)
    values = np.asarray(x, dtype=np.float64)
    specs = model.numbers["indicators"]
    if values.ndim != 2 or values.shape[1] != len(specs):
        raise BadInput("core.indicator_count", found=values.shape[-1], expected=len(specs))
    if np.isinf(values).any():
        raise BadInput("core.infinite_indicator", row=int(np.argwhere(np.isinf(values))[0][0]) + 1)
    n, k = values.shape
    missing = np.isnan(values)
    none = missing.sum(axis=1) * 3 > k
    log_odds, pd, points, base = np.full(n, np.nan), np.full(n, np.nan), np.full((n, k), np.nan), float("nan")
    probs, grade = np.full((n, 4), np.nan), np.full(n, -1, dtype=np.int64)
    rows = np.flatnonzero(~none)
    if rows.size and "default" in model.numbers:
        form = model.numbers["default"]
        pd[rows] = _rounded(forms.evaluate(form, values[rows]))[:, 1]
        log_odds[rows] = _log_odds(pd[rows])
        if contributions:
            middle = np.array([spec["median"] for spec in specs], dtype=np.float64)
            base = 50.0 + float(_place(form, middle[None])[0])
            points[rows] = _points(form, values[rows], middle)
    if rows.size and "grade" in model.numbers:
        probs[rows] = _rounded(forms.evaluate(model.numbers["grade"], values[rows]))
        grade[rows] = likeliest(probs[rows], model.numbers.get("refuse_at"))
    low, high = (np.array([spec[end] for spec in specs], dtype=np.float64) for end in ("low", "high"))
    return Scores(
        score=np.clip(50.0 + kernel.POINTS_PER_LOG_ODDS * log_odds, 0.0, 100.0),
        log_odds=log_odds,
        pd=pd,
        points=points,
        base_points=base,
        grade_probs=probs,
        grade=grade,
        missing=missing,
        out_of_range=(values < low) | (values > high),
    )


def likeliest(probs: Floats, refuse_at: float | None = None) -> Ints:
    """(n,) numbers of the likeliest grades, the worse one of equals; see also `kernel.likeliest`.

    refuse_at: a method's own rule that D is a firm whose probability of it is at least this, and no other.
    """
    best: Ints = len(GRADES) - 1 - np.argmax(probs[:, ::-1], axis=1)
    if refuse_at is None:
        return best
    others = len(GRADES) - 2 - np.argmax(probs[:, -2::-1], axis=1)
    refused: Ints = np.where(probs[:, -1] >= refuse_at, len(GRADES) - 1, others)
    return refused


def _rounded(p: Floats) -> Floats:
    result: Floats = np.round(p, DIGITS)
    return result


def _log_odds(p: Floats) -> Floats:
    """ln(p / (1 - p)) by the kernel's own logarithm, p held within what the rounding can tell from 0 and 1."""
    edge = 10.0**-DIGITS
    held = np.clip(p, edge, 1.0 - edge)
    result: Floats = kernel.log(held / (1.0 - held), ARRAY)
    return result


def _place(form: Mapping[str, Any], x: Floats) -> Floats:
    """(n,) score points against even odds, not held within 0 and 100."""
    result: Floats = kernel.POINTS_PER_LOG_ODDS * _log_odds(_rounded(forms.evaluate(form, x))[:, 1])
    return result


def _points(form: Mapping[str, Any], x: Floats, middle: Floats) -> Floats:
    known = np.where(np.isnan(x), middle, x)
    order = range(x.shape[1])
    total = _path(form, known, middle, order) + _path(form, known, middle, reversed(order))
    result: Floats = total / 2.0
    return result


def _path(form: Mapping[str, Any], x: Floats, middle: Floats, order: Iterable[int]) -> Floats:
    """What each indicator adds when they are put into the median firm one by one in this order."""
    table = np.tile(middle, (len(x), 1))
    points, before = np.empty_like(x), _place(form, table)
    for j in order:
        table[:, j] = x[:, j]
        now = _place(form, table)
        points[:, j], before = now - before, now
    return points
