"""Cross-validation of methods on common folds, and their comparison: where models are trained to be judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from credit_udfs.core import metrics
from credit_udfs.core.metrics import Metric
from credit_udfs.core.quality import BinaryQuality, GradeQuality, MethodQuality, binary_quality, grade_quality
from credit_udfs.core.validation import PRIMARY, Comparison, PaperComparison, Power, Verdict
from credit_udfs.errors import BadInput
from credit_udfs.methods.method import Method, named
from credit_udfs.types import Bools, Floats, Ints, Progress, Target

TARGETS: tuple[Target, ...] = ("default", "D", "grade")
OURS = ("linear", "two_step", "ensemble")
"""The methods that are compared with every other."""

LEVEL, POWER = 0.05, 0.8
"""Of significance; and how often a true difference should be found."""

COMPARED: tuple[tuple[Target, str, Metric, int], ...] = (
    ("default", "auc", metrics.auc, 1),
    ("default", "brier", metrics.brier, -1),
    ("default", "log_loss", metrics.log_loss, -1),
    ("D", "auc", metrics.auc, 1),
    ("D", "brier", metrics.brier, -1),
    ("grade", "kappa", metrics.quadratic_weighted_kappa, 1),
    ("grade", "absolute_error", metrics.mean_absolute_grade_error, -1),
    ("grade", "ranked", metrics.ranked_probability_score, -1),
)
"""Target, name, metric, and whether more is better (1) or less (-1)."""

# What a fit costs against one of the linear model (about 3.5 ms), for the progress alone.
COST: Mapping[str, int] = {
    "ensemble": 190,
    "p2_cnn": 105,
    "monotone": 32,
    "p1_network_lm": 14,
    "p1_network_cg": 29,
    "p1_two_steps": 8,
    "p0_bp": 13,
    "p3_pca_logistic": 4,
    "p3_svm": 11,
    "p3_svm_clusters": 17,
    "linear_wide": 3,
    "p4_logistic": 3,
    "forward": 5,
}


def work(name: str, fits: int, repeats: int, draws: int) -> int:
    """Units of work of a method on one target: its fits, and the intervals of its measures."""
    return fits * COST.get(name, 1) + repeats * draws // 120


@dataclass(frozen=True)
class Data:
    """Training firms as arrays: indicators by key, targets, and which are sole traders."""

    frame: pl.DataFrame
    targets: Mapping[Target, Ints]
    sole: Bools

    def table(self, keys: Iterable[str]) -> Floats:
        """(n, k), NaN where missing."""
        result: Floats = self.frame.select(list(keys)).to_numpy().astype(np.float64)
        return result

    @property
    def strata(self) -> Ints:
        result: Ints = self.targets["grade"] * 2 + self.targets["default"]
        return result


@dataclass
class Clock:
    """Counts units of work for the progress callback."""

    tell: Progress | None
    total: int = 0
    done: int = 0

    def tick(self, units: int = 1) -> None:
        if self.done and not units:
            return
        self.done += units
        if self.tell:
            self.tell("validate", self.done, self.total)


@dataclass(frozen=True)
class OutOfFold:
    """What was predicted for firms held out, by models trained on the rest.

    p: (repeats, n, classes) probabilities; codes: (repeats, n) the class that the method itself says; training: per
    model, on its own training firms, AUC and Brier score for two classes, accuracy and kappa for more.
    """

    p: Floats
    codes: Ints
    training: tuple[tuple[float, float], ...]

    def judged(self, target: Target, metric: str) -> Any:
        """(repeats, n) or (repeats, n, classes) what the metric of COMPARED takes."""
        if target != "grade":
            return self.p[:, :, 1]
        return self.p if metric == "ranked" else self.codes


Predictions: TypeAlias = dict[Target, OutOfFold]


# --- one method ------------------------------------------------------------------------------------------------


def out_of_fold(
    make: Callable[[int], Any], x: Floats, y: Ints, places: Ints, seed: int, tick: Callable[[], None] | None = None
) -> OutOfFold:
    """Train and predict fold by fold.

    x: (n, k); y: (n,) codes from 0; places: (repeats, n) folds; make: a fresh classifier from a seed.
    """
    classes = int(y.max()) + 1
    p = np.full((*places.shape, classes), np.nan)
    codes = np.full(places.shape, -1, dtype=np.int64)
    training = []
    for r, place in enumerate(places):
        for fold in np.unique(place):
            held = place == fold
            known = y[~held]
            model = make(seed + 1000 * r + int(fold)).fit(x[~held], known)
            p[r, held], codes[r, held] = model.predict_proba(x[held]), model.predict(x[held])
            if classes == 2:
                own = model.predict_proba(x[~held])[:, 1]
                training.append((metrics.auc(known, own), metrics.brier(known, own)))
            else:
                said = model.predict(x[~held])
                training.append((metrics.accuracy(known, said), metrics.quadratic_weighted_kappa(known, said)))
            if tick:
                tick()
    return OutOfFold(p, codes, tuple(training))


def fits(places: Ints) -> int:
    """How many models a cross-validation on these folds trains."""
    return sum(len(np.unique(place)) for place in places)


def evaluate(
    method: Method,
    data: Data,
    places: Ints,
    draws: int,
    seed: int,
    clock: Clock | None = None,
    targets: Iterable[Target] = TARGETS,
) -> tuple[MethodQuality, Predictions]:
    """A method on the targets; one it can't be trained for (TOPSIS has no grades) is None."""
    x = data.table(method.indicators)
    predictions: Predictions = {}
    yes_no: dict[Target, BinaryQuality] = {}
    grade: GradeQuality | None = None
    cost, all_work = COST.get(method.name, 1), work(method.name, fits(places), len(places), draws)
    tick = (lambda: clock.tick(cost)) if clock else None
    for target in targets:
        y = data.targets[target]
        try:
            found = out_of_fold(method.make, x, y, places, seed, tick)
        except BadInput as problem:
            if problem.key not in ("methods.two_classes", "methods.many_classes"):
                raise
            if clock:
                clock.tick(all_work)
            continue
        predictions[target] = found
        first, second = np.mean(found.training, axis=0).tolist()
        if target == "grade":
            grade = grade_quality(y, found.p, found.codes, (first, second), draws, seed)
        else:
            yes_no[target] = binary_quality(y, found.p[:, :, 1], (first, second), draws, seed)
        if clock:
            clock.tick(all_work - cost * fits(places))
    quality = MethodQuality(
        method.name,
        method.paper,
        method.zh,
        method.en,
        len(method.indicators),
        len(places),
        yes_no.get("default"),
        yes_no.get("D"),
        grade,
    )
    return quality, predictions


def compare(
    data: Data,
    predictions: Mapping[str, Predictions],
    qualities: Mapping[str, MethodQuality],
    draws: int = 2000,
    seed: int = 0,
) -> tuple[Comparison, ...]:
    """Each of OURS against every other method, by each of COMPARED that both can do, on the same resamples."""
    found = []
    w = metrics.resamples(len(data.sole), draws, seed)
    for target, name, metric, sign in COMPARED:
        y = data.targets[target]
        able = {m: p[target].judged(target, name) for m, p in predictions.items() if target in p}
        here = {m: float(metrics.over_repeats(metric, y, p)) for m, p in able.items()}
        drawn = {m: metrics.over_repeats(metric, y, p, w) for m, p in able.items()}
        for ours in OURS:
            for other in able:
                if ours not in able or other == ours:
                    continue
                gap = metrics.difference(here[ours], here[other], drawn[ours], drawn[other])
                verdict = _verdict(gap.significant, sign * gap.value)
                found.append(Comparison(ours, other, qualities[other].paper, target, name, gap, verdict))
    return tuple(found)


def _verdict(significant: bool, better: float) -> Verdict:
    return "level" if not significant else "ahead" if better > 0 else "behind"


# Cheap, and a p value can't be smaller than two in so many: enough left after Holm's adjustment.
_DRAWS = 10_000


def against_papers(
    data: Data, predictions: Mapping[str, Predictions], methods: Iterable[Method], ours: str, seed: int = 0
) -> tuple[PaperComparison, ...]:
    """`ours` against every paper's method among `methods`, by the primary measure of the grade, or of default where
    the method has no grades; p values adjusted over all of them.
    """
    w = metrics.resamples(len(data.sole), _DRAWS, seed)
    rules = {(target, name): (metric, sign) for target, name, metric, sign in COMPARED}
    drawn_of: dict[tuple[str, Target], tuple[float, Floats]] = {}

    def measured(name: str, target: Target) -> tuple[float, Floats]:
        if (name, target) not in drawn_of:
            metric, y = rules[target, PRIMARY[target]][0], data.targets[target]
            p = predictions[name][target].judged(target, PRIMARY[target])
            drawn_of[name, target] = float(metrics.over_repeats(metric, y, p)), metrics.over_repeats(metric, y, p, w)
        return drawn_of[name, target]

    found = []
    for method in methods:
        able = predictions.get(method.name, {})
        if method.paper is None or ours not in predictions or not able:
            continue
        target: Target = "grade" if "grade" in able else "default"
        (own, own_drawn), (value, drawn) = measured(ours, target), measured(method.name, target)
        gap = metrics.difference(own, value, own_drawn, drawn)
        found.append((method, target, own, value, gap))
    adjusted = metrics.holm([gap.p for *_, gap in found])
    return tuple(
        PaperComparison(
            other=method.name,
            paper=method.paper or "",
            zh=method.zh,
            en=method.en,
            indicators_zh=named(method.indicators, "zh"),
            indicators_en=named(method.indicators, "en"),
            target=target,
            metric=PRIMARY[target],
            ours=own,
            value=value,
            difference=gap,
            holm=p,
            verdict=_verdict(p <= LEVEL, rules[target, PRIMARY[target]][1] * gap.value),
        )
        for (method, target, own, value, gap), p in zip(found, adjusted, strict=True)
    )


def power_of(comparisons: Iterable[Comparison], ours: str) -> Power | None:
    """What differences in default AUC the firms could show, from the standard errors of `ours` against the papers."""
    errors = [
        c.difference.error
        for c in comparisons
        if c.ours == ours and c.paper is not None and (c.target, c.metric) == ("default", "auc")
    ]
    if not errors:
        return None
    seen = metrics.detectable(1.0, POWER, LEVEL) * np.array(errors)
    return Power(POWER, LEVEL, float(seen.min()), float(np.median(seen)), float(seen.max()))
