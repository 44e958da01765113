"""The validation report: every method on the same folds, and everything else that must be said beside.

Training for judgement happens here and in `credit_udfs.methods.crossval`; what is measured, and how, is in
`credit_udfs.core.validation` and `.metrics`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from credit_udfs.core import metrics
from credit_udfs.core.folds import stratified_folds
from credit_udfs.core.indicators import SIX, WIDE
from credit_udfs.core.industry import is_sole_trader
from credit_udfs.core.quality import MethodQuality
from credit_udfs.core.shift import indicator_shift, out_of_range
from credit_udfs.core.tables import Tables
from credit_udfs.core.validation import (
    PRIMARY,
    ConformalCoverage,
    DatedCut,
    Permutation,
    Report,
    Selection,
    Shift,
    SoleTraders,
)
from credit_udfs.errors import BadInput, NotAvailable
from credit_udfs.locale import text
from credit_udfs.methods import METHODS, NAMED, compute, conformal
from credit_udfs.methods.crossval import (
    TARGETS,
    Clock,
    Data,
    Predictions,
    against_papers,
    compare,
    evaluate,
    out_of_fold,
    power_of,
    work,
)
from credit_udfs.methods.ensemble import Linear, TwoStep
from credit_udfs.methods.estimator import FormClassifier
from credit_udfs.methods.method import Method
from credit_udfs.methods.selection import ForwardLinear
from credit_udfs.methods.training import labels, training_rows
from credit_udfs.types import GRADES, Bools, Floats, Ints, Progress, Target

DEFAULT = "two_step"
"""The method of METHODS that the default model (methods.linear.train) is; a test holds that they give the same."""

# Methods that take seconds a fit get fewer repeats of the same folds, or none in a quick run (repeats full, quick).
_SLOW: Mapping[str, tuple[int, int]] = {"ensemble": (4, 1), "p2_cnn": (2, 0)}


@dataclass(frozen=True)
class Plan:
    """How much is computed: repeats of the folds, resamples, shuffles of the labels."""

    folds: int = 5
    repeats: int = 10
    draws: int = 2000
    shuffles: int = 199
    selection_repeats: int = 5
    conformal_repeats: int = 10
    quick: bool = False

    def repeats_of(self, name: str) -> int:
        if name in _SLOW:
            return min(self.repeats, _SLOW[name][int(self.quick)])
        return self.repeats


QUICK = Plan(repeats=2, draws=500, shuffles=19, selection_repeats=1, conformal_repeats=1, quick=True)


class Majority(FormClassifier):
    """The shares of the classes in training, for everyone: a baseline."""

    def _fit(self, X: Floats, codes: Ints, count: int) -> dict[str, Any]:  # noqa: N803
        return {"form": "constant", "probabilities": (np.bincount(codes, minlength=count) / codes.size).tolist()}


def _own(name: str, indicators: tuple[str, ...], make: Callable[[int], Any]) -> Method:
    texts = [text(f"validation.{key}", lang) for key in (name, f"{name}_note") for lang in ("zh", "en")]
    return Method(name, None, indicators, "default", make, *texts)


BASELINES = (
    _own("majority", ("annual_net_sales",), lambda seed: Majority()),
    _own("size", ("annual_net_sales",), lambda seed: Linear(("annual_net_sales",))),
)


def validate(
    tables: Tables,
    *,
    quick: bool = False,
    methods: Sequence[str] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    plan: Plan | None = None,
) -> Report:
    """Validate the methods called `methods` (default: all) on the firms of `tables` with known grade and default.

    Firms with neither are the scored ones, for the shift. quick: fewer repeats, slow methods left out (the report
    names them). progress is told of units of work done, whose rate is about even, so that time left follows.
    Deterministic for a seed. Raises BadInput when a grade, defaulters or others number fewer than two, or a
    method is unknown.
    """
    plan = plan or (QUICK if quick else Plan())
    chosen = _chosen(methods)
    clock = Clock(progress, _total(chosen, plan))
    clock.tick(0)
    data = _training(tables, [key for method in chosen for key in method.indicators])
    clock.tick(_READING)
    n = len(data.sole)
    places = np.stack([stratified_folds(data.strata, plan.folds, seed + r) for r in range(plan.repeats)])

    qualities: dict[str, MethodQuality] = {}
    predictions: dict[str, Predictions] = {}
    skipped: dict[str, str] = {}
    for method in (*chosen, *BASELINES):
        repeats = plan.repeats_of(method.name)
        if repeats == 0:
            skipped[method.name] = "quick"
            continue
        try:
            quality, predicted = evaluate(method, data, places[:repeats], plan.draws, seed, clock)
        except NotAvailable as problem:  # an optional library isn't there
            skipped[method.name] = str(problem)
            clock.tick(len(TARGETS) * work(method.name, repeats * plan.folds, repeats, plan.draws))
            continue
        qualities[method.name], predictions[method.name] = quality, predicted

    ours = predictions.get(DEFAULT) or evaluate(METHODS[DEFAULT], data, places, plan.draws, seed, clock)[1]
    comparisons = compare(data, predictions, qualities, plan.draws, seed)
    papers = against_papers(data, predictions, chosen, DEFAULT, seed)
    clock.tick(_comparing(chosen, plan))
    rows = training_rows(tables)
    # Ten folds leave the sets nearly as many firms to be calibrated on as they'd have in use.
    tenths = np.stack([stratified_folds(data.strata, 10, seed + r) for r in range(plan.conformal_repeats)])
    return Report(
        quick=plan.quick,
        ours=DEFAULT,
        primary=dict(PRIMARY),
        firms=n,
        defaults=int(data.targets["default"].sum()),
        grades=tuple(np.bincount(data.targets["grade"], minlength=4).tolist()),
        folds=plan.folds,
        seed=seed,
        draws=plan.draws,
        data={source.file: source.sha256 for source in tables.sources},
        methods=tuple(qualities.values()),
        comparisons=comparisons,
        papers=papers,
        power=power_of(comparisons, DEFAULT),
        selection=_selection(data, places[: plan.selection_repeats], plan.draws, seed, clock),
        permutation=permutation(data, places[0], plan.shuffles, seed, clock),
        dated=dated_cut(tables, rows, data, places, plan.draws, seed, clock),
        shift=_shift(tables, data, plan, seed, clock),
        sole_traders=_sole_traders(tables, data, ours["default"].p[:, :, 1]),
        conformal=tuple(coverage(data, tenths, kind, 0.9, plan.draws, seed, clock) for kind in _SETS),
        skipped=skipped,
    )


def _chosen(methods: Sequence[str] | None) -> list[Method]:
    unknown = [name for name in methods or () if name not in NAMED]
    if unknown:
        raise BadInput("validation.method", name=unknown[0], known=", ".join(NAMED))
    return [method for name, method in NAMED.items() if name in (METHODS if methods is None else methods)]


def _training(tables: Tables, keys: Iterable[str]) -> Data:
    rows = training_rows(tables)
    grade, default = labels(rows)
    frame = compute(tables.purchases, tables.sales, rows["firm"].to_list(), (*keys, *WIDE))
    targets: dict[Target, Ints] = {"default": default, "D": (grade == 3).astype(np.int64), "grade": grade}
    return Data(frame, targets, _sole(rows))


def _sole(firms: pl.DataFrame) -> Bools:
    return np.array([is_sole_trader(name or "") for name in firms["name"]], dtype=np.bool_)


_READING = 450
"""Indicators of all methods, and the libraries' first use, in units of work."""


def _total(chosen: Sequence[Method], plan: Plan) -> int:
    """Units of work, in fits of the linear model."""

    def all_targets(name: str, repeats: int) -> int:
        return len(TARGETS) * work(name, repeats * plan.folds, repeats, plan.draws)

    methods = sum(all_targets(m.name, plan.repeats_of(m.name)) for m in (*chosen, *BASELINES))
    if all(m.name != DEFAULT for m in chosen):
        methods += all_targets(DEFAULT, plan.repeats)
    selection = sum(all_targets(name, plan.selection_repeats) for name in ("forward", "selected"))
    checks = (plan.shuffles + 1) * 2 * plan.folds + all_targets(DEFAULT, plan.repeats) + 4 * plan.folds
    sets = sum(_SETS.values()) * plan.conformal_repeats
    return _READING + methods + _comparing(chosen, plan) + selection + checks + sets


def _comparing(chosen: Sequence[Method], plan: Plan) -> int:
    return len(chosen) * (plan.draws * plan.repeats // 300 + 6 * (1 + plan.repeats))


# Fits of the linear model per repeat of the grade sets' ten folds.
_SETS: Mapping[conformal.Calibration, int] = {"cross": 220, "split": 20}


def _selection(data: Data, places: Ints, draws: int, seed: int, clock: Clock) -> Selection:
    """Default, D and grade each have their own choice; the report names the grade's."""
    made: list[ForwardLinear] = []

    def make(seed: int) -> ForwardLinear:
        made.append(ForwardLinear())
        return made[-1]

    forward = replace(
        METHODS["linear"],
        name="forward",
        indicators=WIDE,
        make=make,
        zh=text("validation.forward", "zh"),
        en=text("validation.forward", "en"),
    )
    nested, _ = evaluate(forward, data, places, draws, seed, clock)
    models = made[-(len(made) // len(TARGETS)) :]  # the last target's: the grade
    shares = {key: sum(key in m.chosen_ for m in models) / len(models) for key in WIDE}
    wide = data.table(WIDE)
    # The same rule with all firms in sight: what a report would claim that forgot to hold out the choice.
    chosen = {target: ForwardLinear().fit(wide, data.targets[target]).chosen_ for target in TARGETS}
    parts: dict[Target, MethodQuality] = {}
    for target in TARGETS:
        keys = chosen[target]
        known = replace(forward, name="selected", indicators=keys, make=_linear_on(keys))
        parts[target] = evaluate(known, data, places, draws, seed, clock, [target])[0]
    selected = replace(parts["default"], d=parts["D"].d, grade=parts["grade"].grade)
    ordered = dict(sorted(((k, v) for k, v in shares.items() if v > 0), key=lambda item: -item[1]))
    return Selection(chosen["grade"], ordered, selected, nested)


def _linear_on(keys: tuple[str, ...]) -> Callable[[int], Linear]:
    return lambda seed: Linear(keys)


def permutation(data: Data, place: Ints, shuffles: int, seed: int, clock: Clock | None = None) -> Permutation:
    """Labels shuffled among firms, default and grade together, folds kept: how well luck predicts.

    p: share of shuffles (and the truth itself) that do at least as well as the truth.
    """
    x, default, grade = data.table(SIX), data.targets["default"], data.targets["grade"]
    make = METHODS[DEFAULT].make
    tick = clock.tick if clock else None

    def both(order: Ints) -> tuple[float, float]:
        a = out_of_fold(make, x, default[order], place[None], seed, tick).p[0, :, 1]
        b = out_of_fold(make, x, grade[order], place[None], seed, tick).codes[0]
        return metrics.auc(default[order], a), metrics.quadratic_weighted_kappa(grade[order], b)

    generator = np.random.default_rng(seed)
    n = len(default)
    truth = both(np.arange(n))
    luck = np.array([both(generator.permutation(n)) for _ in range(shuffles)])
    p = (1 + (luck >= truth).sum(axis=0)) / (1 + shuffles)
    middle, high = np.nanmean(luck, axis=0), np.nanquantile(luck, 0.95, axis=0)
    return Permutation(
        shuffles,
        truth[0], float(middle[0]), float(high[0]), float(p[0]),
        truth[1], float(middle[1]), float(high[1]), float(p[1]),
    )  # fmt: skip


def dated_cut(
    tables: Tables, rows: pl.DataFrame, data: Data, places: Ints, draws: int, seed: int, clock: Clock | None = None
) -> DatedCut:
    """The default model on invoices up to the latest 31 December that at least a year of invoices follows."""
    last = max(d for d in (tables.sales["date"].max(), tables.purchases["date"].max()) if isinstance(d, date))
    edge = last - timedelta(days=365)
    until = edge if (edge.month, edge.day) == (12, 31) else date(edge.year - 1, 12, 31)
    purchases, sales = (side.filter(pl.col("date") <= until) for side in (tables.purchases, tables.sales))
    frame = compute(purchases, sales, rows["firm"].to_list(), SIX)
    cut = replace(data, frame=frame)
    quality, _ = evaluate(METHODS[DEFAULT], cut, places, draws, seed, clock)
    silent = int(np.isnan(cut.table(SIX)).all(axis=1).sum())
    return DatedCut(until.isoformat(), silent, quality)


def _scored(tables: Tables) -> tuple[pl.DataFrame, Floats]:
    rows = tables.firms.filter(pl.col("grade").is_null() & pl.col("default").is_null())
    frame = compute(tables.purchases, tables.sales, rows["firm"].to_list(), SIX)
    return rows, frame.select(SIX).to_numpy().astype(np.float64)


def _shift(tables: Tables, data: Data, plan: Plan, seed: int, clock: Clock) -> Shift | None:
    rows, scored = _scored(tables)
    if rows.height < 2 * plan.folds:
        clock.tick(4 * plan.folds)
        return None
    training = data.table(SIX)
    companies = [training[~data.sole], scored[~_sole(rows)]]
    everyone, alone = (_domain(a, b, plan, seed, clock) for a, b in ((training, scored), (companies[0], companies[1])))
    counts = np.bincount(out_of_range(training, scored).astype(np.int64), minlength=len(SIX) + 1)
    return Shift(
        len(training),
        len(scored),
        everyone,
        alone,
        tuple(indicator_shift(key, training[:, j], scored[:, j]) for j, key in enumerate(SIX)),
        tuple(counts.tolist()),
    )


def _domain(a: Floats, b: Floats, plan: Plan, seed: int, clock: Clock) -> metrics.Interval:
    """AUC of telling b from a, out of fold, with its interval by firm; NaN where a side has too few firms."""
    if min(len(a), len(b)) < plan.folds:
        clock.tick(2 * plan.folds)
        return metrics.Interval(float("nan"), float("nan"), float("nan"))
    y = np.repeat([0, 1], [len(a), len(b)])
    places = np.stack([stratified_folds(y, plan.folds, seed + r) for r in range(2)])
    p = out_of_fold(METHODS["linear"].make, np.vstack([a, b]), y, places, seed, clock.tick).p[:, :, 1]
    return metrics.bootstrap(metrics.auc, y, p, plan.draws, seed)


def _sole_traders(tables: Tables, data: Data, predicted: Floats) -> SoleTraders:
    rows, scored = _scored(tables)
    default, alone = data.targets["default"], _sole(rows)
    training = data.table(SIX)
    model = METHODS[DEFAULT].make(0).fit(training, default)

    def mean(values: Any) -> float:
        return float(np.mean(values)) if len(values) else float("nan")

    pd = model.predict_proba(scored)[:, 1] if len(scored) else np.zeros(0)
    outside = out_of_range(training, scored) > 0
    return SoleTraders(
        int(data.sole.sum()),
        int(default[data.sole].sum()),
        int(alone.sum()),
        float(metrics.over_repeats(metrics.auc, default[~data.sole], predicted[:, ~data.sole])),
        mean(pd[alone]),
        mean(pd[~alone]),
        mean(outside[alone]),
        mean(outside[~alone]),
    )


def coverage(
    data: Data,
    places: Ints,
    calibration: conformal.Calibration,
    level: float,
    draws: int,
    seed: int,
    clock: Clock | None = None,
) -> ConformalCoverage:
    """Grade sets of `TwoStep` on the six for firms held out of both training and calibration."""
    x, y = data.table(SIX), data.targets["grade"]
    inside, sizes = np.empty(places.shape), np.empty(places.shape)
    for r, place in enumerate(places):
        for fold in np.unique(place):
            held = place == fold
            fitted = conformal.fit(TwoStep, x[~held], y[~held], level, calibration, seed=seed + r)
            sets = fitted.sets(x[held])
            inside[r, held] = sets[np.arange(held.sum()), y[held]]
            sizes[r, held] = sets.sum(axis=1)
        if clock:
            clock.tick(_SETS[calibration])
    # Coverage is the "accuracy" of predicting that the set holds.
    interval = metrics.bootstrap(metrics.accuracy, np.ones(len(y)), inside, draws, seed)
    by_grade = tuple(float(inside[:, y == g].mean()) for g in range(len(GRADES)))
    shares = tuple(float((sizes == k).mean()) for k in range(1, len(GRADES) + 1))
    return ConformalCoverage(calibration, level, interval, by_grade, float(sizes.mean()), shares)
