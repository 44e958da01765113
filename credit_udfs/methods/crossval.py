"""Cross-validation of methods on common folds, and their comparison: where models are trained to be judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import polars as pl

from credit_udfs.core import metrics
from credit_udfs.core.metrics import Metric
from credit_udfs.core.validation import (
    BinaryQuality,
    Comparison,
    GradeQuality,
    MethodQuality,
    Target,
    binary_quality,
    grade_quality,
)
from credit_udfs.errors import BadInput
from credit_udfs.methods.method import Method
from credit_udfs.types import Bools, Floats, Ints, Progress

TARGETS: tuple[Target, ...] = ("default", "D", "grade")
OURS = ("linear", "two_step", "ensemble")
"""The methods that are compared with every other."""

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

# What a fit costs against one of the linear model (about 2 ms), for the progress alone.
COST: Mapping[str, int] = {
    "ensemble": 250,
    "p2_cnn": 300,
    "monotone": 40,
    "p1_network_lm": 30,
    "p1_network_cg": 40,
    "p0_bp": 20,
    "p3_pca_logistic": 8,
    "p3_svm": 12,
    "p3_svm_clusters": 20,
    "forward": 10,
}


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
    cost = COST.get(method.name, 1)
    tick = (lambda: clock.tick(cost)) if clock else None
    for target in targets:
        y = data.targets[target]
        try:
            found = out_of_fold(method.make, x, y, places, seed, tick)
        except BadInput as problem:
            if problem.key not in ("methods.two_classes", "methods.many_classes"):
                raise
            if clock:
                clock.tick(cost * fits(places))
            continue
        predictions[target] = found
        first, second = np.mean(found.training, axis=0).tolist()
        if target == "grade":
            grade = grade_quality(y, found.p, found.codes, (first, second), draws, seed)
        else:
            yes_no[target] = binary_quality(y, found.p[:, :, 1], (first, second), draws, seed)
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
                verdict: Literal["ahead", "behind", "level"] = "level"
                if gap.significant:
                    verdict = "ahead" if sign * gap.value > 0 else "behind"
                found.append(Comparison(ours, other, qualities[other].paper, target, name, gap, verdict))
    return tuple(found)
