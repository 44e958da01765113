"""What completes a model card: validation on the training firms, and intervals of the coefficients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from credit_udfs.core.indicators import SIX, compute
from credit_udfs.core.metrics import resamples
from credit_udfs.core.model_card import Model
from credit_udfs.core.tables import Tables
from credit_udfs.core.validation import Report
from credit_udfs.methods.linear import fit_proportional_odds, fit_two_steps, standardise
from credit_udfs.methods.training import labels, training_rows
from credit_udfs.methods.validate import DEFAULT, Plan, validate
from credit_udfs.types import Progress

# The card's figures are the full report's: the same folds, resamples and shuffles; what it doesn't keep is cut short.
CARD = Plan(selection_repeats=1, conformal_repeats=1)
COEFFICIENT_DRAWS = 500


def complete(model: Model, tables: Tables, report: Report | None = None, progress: Progress | None = None) -> Model:
    """The model with its validation and the intervals of its coefficients on the card, and so with a new hash.

    report: a validation of the same tables that has the method DEFAULT; made here when not given.
    """
    found = report or validate(tables, methods=[DEFAULT], plan=CARD, progress=progress)
    intervals = coefficient_intervals(tables, model.settings)
    kept = {**found.summary(DEFAULT), "coefficient_draws": COEFFICIENT_DRAWS, "coefficients": intervals}
    return model.with_validation(kept)


def coefficient_intervals(
    tables: Tables, strengths: Mapping[str, float], draws: int = COEFFICIENT_DRAWS, seed: int = 0
) -> dict[str, Any]:
    """95% percentile intervals over resamples of the training firms: target -> indicator -> low, high.

    Targets: "default", "refused" (grade D), "grade" (the others). strengths: "c_" + target -> inverse ridge strength.
    Each resample is standardised as the training data is, so that coefficients stay comparable. Resamples without
    every grade and both outcomes are drawn past.
    """
    rows = training_rows(tables)
    grades, default = labels(rows)
    table = compute(tables.purchases, tables.sales, rows["firm"].to_list(), SIX).select(SIX).to_numpy()
    z, _ = standardise(table, SIX)
    found: dict[str, list[Any]] = {"default": [], "refused": [], "grade": []}
    for counts in resamples(rows.height, draws, seed):
        drawn = np.repeat(np.arange(rows.height), counts.astype(np.int64))
        if min(*np.bincount(grades[drawn], minlength=4), *np.bincount(default[drawn], minlength=2)) == 0:
            continue
        found["default"].append(fit_proportional_odds(z[drawn], default[drawn], 2, strengths["c_default"])[0])
        refused, others = fit_two_steps(z[drawn], grades[drawn], 4, strengths["c_refused"], strengths["c_grade"])
        found["refused"].append(refused[0])
        found["grade"].append(others[0])
    result: dict[str, Any] = {}
    for target, values in found.items():
        low, high = np.quantile(np.array(values), [0.025, 0.975], axis=0)
        result[target] = {key: {"low": float(low[j]), "high": float(high[j])} for j, key in enumerate(SIX)}
    return result
