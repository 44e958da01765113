"""Any registered method, trained on all firms with known grade and default, as a sealed model card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from credit_udfs.core.model_card import Model
from credit_udfs.core.tables import Tables
from credit_udfs.errors import BadInput
from credit_udfs.methods import NAMED, Method, compute, conformal, export
from credit_udfs.methods.linear import GRADE_SETS_LEVEL, rounded
from credit_udfs.methods.method import indicator_name
from credit_udfs.methods.training import described, labels, training_rows
from credit_udfs.methods.validate import Plan, validate
from credit_udfs.types import Floats, Progress

# Fewer repeats and resamples than the default model's card, which both cards say; shuffles are the default model's.
CARD = Plan(repeats=5, draws=1000, shuffles=19, selection_repeats=1, conformal_repeats=1)


def train_method(tables: Tables, name: str, *, trained: str, seed: int = 0) -> Model:
    """The card of the method called `name`, trained on the firms of `tables` with known grade and default.

    trained: ISO date for the card; seed: for networks, forests and the folds of the grade sets. A paper's method
    predicts what its paper does, one of ours both default and grade. Where a paper predicts grade D (P1's
    discriminant), that probability stands in for default's: every D of the training firms has defaulted.
    Raises BadInput for an unknown name or too little to train on, NotAvailable when PyTorch is needed and missing.
    """
    if name not in NAMED:
        raise BadInput("methods.unknown", name=name, known=", ".join(NAMED))
    method = NAMED[name]
    rows = training_rows(tables)
    grades, default = labels(rows)
    frame = compute(tables.purchases, tables.sales, rows["firm"].to_list(), method.indicators)
    table = frame.drop("firm").fill_null(float("nan")).to_numpy().astype(np.float64)
    numbers: dict[str, Any] = {"indicators": _specs(method.indicators, table)}
    if method.target != "grade" or method.paper is None:
        target = (grades == 3).astype(np.int64) if method.target == "D" else default
        numbers["default"] = shortened(export(method.make(seed).fit(table, target)))
    if method.target == "grade" or method.paper is None:
        sets = conformal.fit(lambda: method.make(seed), table, grades, GRADE_SETS_LEVEL, seed=seed)
        numbers["grade"] = shortened(export(sets.model))
        numbers["grade_sets"] = {"level": GRADE_SETS_LEVEL, "threshold": rounded(sets.threshold)}
        if (rule := getattr(sets.model, "refuse_at", None)) is not None:
            numbers["refuse_at"] = rule
    return Model(
        name=name,
        form="method",
        numbers=numbers,
        data=described(tables, table, grades, default),
        settings=_settings(method, seed),
        trained=trained,
    )


def complete_method(model: Model, tables: Tables, progress: Progress | None = None) -> Model:
    """The card with the quality out of sample of what its method predicts, and so with a new hash."""
    found = validate(tables, methods=[model.name], plan=CARD, progress=progress)
    kept = found.summary(model.name)
    own = NAMED[model.name]
    if own.paper is not None:
        kept = {key: value for key, value in kept.items() if key not in {"default", "D", "grade"} or key == own.target}
    # What the report says of the default model isn't this method's.
    return model.with_validation(
        {key: kept[key] for key in ("design", "primary", "default", "D", "grade") if key in kept}
    )


def _settings(method: Method, seed: int) -> dict[str, Any]:
    found: dict[str, Any] = {"method": method.name, "paper": method.paper or "-", "target": method.target, "seed": seed}
    estimator = method.make(seed)
    for key, value in estimator.get_params().items():
        if isinstance(value, int | float | str):
            found[key] = value
    return found


def _specs(keys: Sequence[str], table: Floats) -> list[dict[str, Any]]:
    """Per indicator its key and names, and median, smallest and largest value of the training firms."""
    specs = []
    for key, values in zip(keys, table.T, strict=True):
        known = values[~np.isnan(values)]
        middle, low, high = (float(f(known)) if known.size else 0.0 for f in (np.median, np.min, np.max))
        names = {"zh": indicator_name(key, "zh"), "en": indicator_name(key, "en")}
        specs.append({"key": key, **names, "median": middle, "low": low, "high": high})
    return specs


def shortened(form: Any) -> Any:
    """The same form with every number to twelve significant digits; see `linear.rounded`."""
    if isinstance(form, dict):
        return {key: shortened(value) for key, value in form.items()}
    if isinstance(form, list | tuple):
        return [shortened(value) for value in form]
    return rounded(form) if isinstance(form, float) else form
