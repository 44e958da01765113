"""Grade sets that hold the true grade with a chosen probability: "A or B, 90%".

Conformal prediction needs no model to be right, only that new firms are drawn as the calibration firms were: on
firms unlike them (sole traders, say) the promise lapses.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from credit_udfs.core.folds import stratified_folds
from credit_udfs.core.grade_sets import contiguous
from credit_udfs.errors import OutOfRange
from credit_udfs.types import Bools, Floats, Ints

Calibration: TypeAlias = Literal["cross", "split"]


@dataclass(frozen=True)
class GradeSets:
    """A fitted model and the threshold that makes its sets hold: a grade is in while its probability is at least
    1 - threshold. `level` is the promised coverage.
    """

    model: Any
    threshold: float
    level: float

    def sets(self, x: Floats) -> Bools:
        """(n, classes) whether each grade is in the firm's set; never empty, always neighbours."""
        return contiguous(self.model.predict_proba(x), self.threshold)


def fit(
    make: Callable[[], Any],
    x: Floats,
    codes: Ints,
    level: float = 0.9,
    calibration: Calibration = "cross",
    folds: int = 10,
    seed: int = 0,
) -> GradeSets:
    """Train a model and find the threshold.

    make: a fresh classifier; x: (n, k); codes: (n,) grades 0..3.
    calibration "split": about a third of the firms set the threshold, the others train the model; coverage of at
    least `level` is proved (Vovk, Gammerman and Shafer, 2005). "cross" (default): out-of-fold probabilities of all
    firms set it and all train the model; smaller sets, coverage near `level` by experience (Vovk, 2015).
    Raises OutOfRange when level isn't between 0 and 1.
    """
    if not 0 < level < 1:
        raise OutOfRange("validation.level", level=level)
    if calibration == "split":
        held = _held(codes, level, seed)
        model = make().fit(x[~held], codes[~held])
        scores = nonconformity(model.predict_proba(x[held]), codes[held])
    else:
        place = stratified_folds(codes, folds, seed)
        scores = np.empty(len(codes))
        for fold in range(folds):
            held = place == fold
            part = make().fit(x[~held], codes[~held])
            scores[held] = nonconformity(part.predict_proba(x[held]), codes[held])
        model = make().fit(x, codes)
    return GradeSets(model, quantile(scores, level), level)


def calibration_size(n: int, level: float) -> int:
    """How many of n firms set the threshold in a split: a quarter to two fifths, near a third.

    With m firms the sets promise ceil((m + 1) level) / (m + 1); the m that promises least above `level` doesn't make
    sets larger than asked for: of 110 firms at 90%, 39 (36 / 40 = 90%), where 37 promise 35 / 38 = 92%.
    """

    def excess(m: int) -> float:
        return min(math.ceil((m + 1) * level - 1e-12) / (m + 1), 1.0) - level

    return min(range(max(n // 4, 1), 2 * n // 5 + 1), key=lambda m: (round(excess(m), 9), abs(3 * m - n)))


def _held(codes: Ints, level: float, seed: int) -> Bools:
    """(n,) a stratified random sample of `calibration_size` firms."""
    random, n = np.random.default_rng(seed), len(codes)
    size = calibration_size(n, level)
    order = np.lexsort((random.random(n), codes))
    held = np.zeros(n, dtype=np.bool_)
    held[order[((np.arange(size) + random.random()) * n / size).astype(np.int64)]] = True
    return held


def nonconformity(p: Floats, codes: Ints) -> Floats:
    """1 - probability of the true grade (Sadinle, Lei and Wasserman, 2019: smallest sets on average)."""
    result: Floats = 1.0 - p[np.arange(len(codes)), codes]
    return result


def quantile(scores: Floats, level: float) -> float:
    """The ceil((n + 1) level)-th smallest score; 1 (every grade is in) where n is too small for the level."""
    rank = int(np.ceil((len(scores) + 1) * level - 1e-12))
    return float(np.sort(scores)[rank - 1]) if rank <= len(scores) else 1.0
