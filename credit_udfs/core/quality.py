"""The quality of a method's out-of-fold predictions: probabilities of a yes or no, and grades.

Every interval is a 95% bootstrap interval by firm (core.metrics).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit_udfs.core import metrics
from credit_udfs.core.metrics import Interval, ReliabilityBin
from credit_udfs.types import Floats, Ints

ROC_GRID = np.linspace(0.0, 1.0, 41)


@dataclass(frozen=True)
class BinaryQuality:
    """Out-of-fold quality for a yes or no, and the same model's AUC and Brier score on its training firms.

    slope, intercept: of calibration. reliability: bins of the firms' mean probability over repeats. roc: pairs of
    false and true positive rate, the latter averaged over repeats.
    """

    auc: Interval
    brier: Interval
    log_loss: Interval
    slope: Interval
    intercept: Interval
    training_auc: float
    training_brier: float
    reliability: tuple[ReliabilityBin, ...]
    roc: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class GradeQuality:
    """Out-of-fold quality of predicted grades, and the training accuracy and kappa.

    ranked: ranked probability score. confusion: mean number of firms over repeats, rows the true grade, columns
    the predicted one.
    """

    accuracy: Interval
    balanced_accuracy: Interval
    kappa: Interval
    absolute_error: Interval
    ranked: Interval
    training_accuracy: float
    training_kappa: float
    confusion: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class MethodQuality:
    """One method on the common folds, for each target it can predict (else None)."""

    name: str
    paper: str | None
    zh: str
    en: str
    indicators: int
    repeats: int
    default: BinaryQuality | None
    d: BinaryQuality | None
    grade: GradeQuality | None


def binary_quality(
    y: Ints, p: Floats, training: tuple[float, float], draws: int = 1000, seed: int = 0
) -> BinaryQuality:
    """y: (n,) 0/1; p: (repeats, n) out-of-fold probabilities; training: AUC and Brier score on training firms."""

    def interval(metric: metrics.Metric) -> Interval:
        return metrics.bootstrap(metric, y, p, draws, seed)

    slope, intercept = metrics.over_repeats(metrics.calibration, y, p)
    drawn = metrics.over_repeats(metrics.calibration, y, p, metrics.resamples(len(y), draws, seed))
    return BinaryQuality(
        interval(metrics.auc),
        interval(metrics.brier),
        interval(metrics.log_loss),
        metrics.interval(float(slope), drawn[0]),
        metrics.interval(float(intercept), drawn[1]),
        *training,
        metrics.reliability(y, p.mean(axis=0)),
        mean_roc(y, p),
    )


def mean_roc(y: Ints, p: Floats) -> tuple[tuple[float, float], ...]:
    """(false, true positive rate) on a grid of false positive rates, true rates averaged over repeats."""
    curves = []
    for row in p:
        false, true = metrics.roc_curve(y, row)
        # The curve climbs straight up at repeated false rates: keep the upper end of each climb.
        last = np.append(false[1:] != false[:-1], True)
        curves.append(np.interp(ROC_GRID, false[last], true[last]))
    points = zip(ROC_GRID.tolist(), np.mean(curves, axis=0).tolist(), strict=True)
    return ((0.0, 0.0), *points)


def grade_quality(
    y: Ints, p: Floats, codes: Ints, training: tuple[float, float], draws: int = 1000, seed: int = 0
) -> GradeQuality:
    """y: (n,) 0..3; p: (repeats, n, 4) out-of-fold probabilities, codes: (repeats, n) predicted grades; training:
    accuracy and kappa.
    """

    def interval(metric: metrics.Metric) -> Interval:
        return metrics.bootstrap(metric, y, codes, draws, seed)

    table = np.mean([metrics.confusion(y, row, p.shape[2]) for row in codes], axis=0)
    return GradeQuality(
        interval(metrics.accuracy),
        interval(metrics.balanced_accuracy),
        interval(metrics.quadratic_weighted_kappa),
        interval(metrics.mean_absolute_grade_error),
        metrics.bootstrap(metrics.ranked_probability_score, y, p, draws, seed),
        *training,
        tuple(tuple(row) for row in table.tolist()),
    )
