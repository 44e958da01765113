"""How good predictions are: discrimination, calibration, agreement of grades, and bootstrap intervals by firm.

Every metric takes the truth y (n,), predictions (n,) and optionally weights (..., n), one row per resample, and
returns a float, or an array (...) of one value per row of weights. A weight says how often a firm counts, so a
bootstrap of firms is a metric with a table of counts. Undefined values (one class only) are NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Any, TypeAlias

import numpy as np
from scipy.special import expit, logit

from credit_udfs.types import Floats, Ints

EPSILON = 1e-6
"""Probabilities are held within EPSILON..1-EPSILON where their logarithm is taken."""

Metric: TypeAlias = Callable[[Any, Any, Any], Any]


def _weights(y: Any, weights: Any) -> Floats:
    return np.ones(np.shape(y)[0]) if weights is None else np.asarray(weights, dtype=np.float64)


def _ratio(top: Any, bottom: Any) -> Any:
    """top / bottom, NaN where the denominator is 0."""
    bottom = np.asarray(bottom, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(bottom == 0, np.nan, np.asarray(top, dtype=np.float64) / bottom)
    return value if value.ndim else float(value)


def _mean(losses: Any, weights: Floats) -> Any:
    return _ratio(weights @ np.asarray(losses, dtype=np.float64), weights.sum(axis=-1))


# --- a yes or no -----------------------------------------------------------------------------------------------


def auc(y: Any, score: Any, weights: Any = None) -> Any:
    """Area under the ROC curve: the probability that a firm with y = 1 scores above one with y = 0, ties half.

    Source: Hanley and McNeil (1982); the weighted Mann-Whitney statistic.
    """
    w, truth, values = _weights(y, weights), np.asarray(y) == 1, np.asarray(score, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    ranked, truth, w = values[order], truth[order], w[..., order]
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    ones = np.add.reduceat(w * truth, starts, axis=-1)
    zeros = np.add.reduceat(w * ~truth, starts, axis=-1)
    below = np.cumsum(zeros, axis=-1) - zeros / 2
    return _ratio((ones * below).sum(axis=-1), ones.sum(axis=-1) * zeros.sum(axis=-1))


def brier(y: Any, p: Any, weights: Any = None) -> Any:
    """Mean squared difference between probability and outcome (Brier, 1950); lower is better."""
    return _mean((np.asarray(p, dtype=np.float64) - np.asarray(y)) ** 2, _weights(y, weights))


def log_loss(y: Any, p: Any, weights: Any = None) -> Any:
    """Mean negative log-likelihood of the outcomes, natural logarithm; probabilities within EPSILON."""
    p = np.clip(np.asarray(p, dtype=np.float64), EPSILON, 1 - EPSILON)
    return _mean(-np.log(np.where(np.asarray(y) == 1, p, 1 - p)), _weights(y, weights))


def calibration(y: Any, p: Any, weights: Any = None) -> Any:
    """(2, ...) slope and intercept of the logistic regression of y on logit p. Source: Cox (1958).

    Slope 1 is right, below 1 too extreme, above 1 too timid; intercept, in log-odds, 0 is right. NaN where they
    don't exist (the outcomes are separated by p, or p doesn't vary). By Newton's method for all rows of weights.
    """
    w = np.atleast_2d(_weights(y, weights))
    truth = np.asarray(y, dtype=np.float64)
    x = logit(np.clip(np.asarray(p, dtype=np.float64), EPSILON, 1 - EPSILON))
    design = np.stack([np.ones_like(x), x])
    squares = np.stack([np.ones_like(x), x, x * x], axis=1)
    # From no slope at all the curve is nowhere flat, however extreme the probabilities are.
    found = np.zeros((len(w), 2))
    result = np.full((len(w), 2), np.nan)
    open_ = np.arange(len(w))  # rows still searched for
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for _ in range(100):
            part = w[open_]
            mean = expit(found[open_] @ design)
            g0, g1 = ((part * (truth - mean)) @ design.T).T
            h00, h01, h11 = ((part * mean * (1 - mean)) @ squares).T
            step = np.stack([h11 * g0 - h01 * g1, h00 * g1 - h01 * g0], axis=1) / (h00 * h11 - h01 * h01)[:, None]
            size = np.abs(step).max(axis=1)
            # A long step overshoots where the curve is flat; holding it to 2 keeps the iteration convergent.
            found[open_] += step * np.minimum(1.0, 2.0 / np.maximum(size, 1e-300))[:, None]
            done = size <= 1e-9
            # Outcomes that p separates drive the slope to infinity; then no firm is left in doubt.
            doubt = h00 > 1e-6 * part.sum(axis=1)
            result[open_[done & doubt]] = found[open_[done & doubt]]
            open_ = open_[~done & doubt & np.isfinite(size)]
            if not open_.size:
                break
    both = result.T[::-1]
    return both[:, 0] if weights is None or np.ndim(weights) == 1 else both


@dataclass(frozen=True)
class ReliabilityBin:
    """Firms of like probability: how many, the mean predicted and the observed share of y = 1, and its 95%
    Wilson interval low..high.
    """

    count: int
    predicted: float
    observed: float
    low: float
    high: float


def reliability(y: Any, p: Any, bins: int = 5) -> tuple[ReliabilityBin, ...]:
    """At most `bins` bins of about equal count, in order of p; equal probabilities are never parted."""
    truth, p = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
    edges = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    place = np.searchsorted(edges, p, side="left")
    out = []
    for i in np.unique(place):
        inside = place == i
        n, share = int(inside.sum()), float(truth[inside].mean())
        low, high = wilson(share, n)
        out.append(ReliabilityBin(n, float(p[inside].mean()), share, low, high))
    return tuple(out)


def wilson(share: float, n: int) -> tuple[float, float]:
    """Wilson's 95% interval (1927) of a proportion `share` seen among n."""
    z = 1.959963984540054
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # The ends meet the share itself at 0 and 1; rounding must not part them.
    return max(min(float(centre - half), share), 0.0), min(max(float(centre + half), share), 1.0)


def roc_curve(y: Any, score: Any) -> tuple[Floats, Floats]:
    """False and true positive rates (m,), from (0, 0) to (1, 1), one point per distinct score."""
    truth, values = np.asarray(y) == 1, np.asarray(score, dtype=np.float64)
    order = np.argsort(-values, kind="stable")
    ends = np.flatnonzero(np.concatenate([values[order][1:] != values[order][:-1], [True]]))
    hits, alarms = np.cumsum(truth[order])[ends], np.cumsum(~truth[order])[ends]
    zero = np.zeros(1)
    return (
        np.concatenate([zero, np.atleast_1d(_ratio(alarms, (~truth).sum()))]),
        np.concatenate([zero, np.atleast_1d(_ratio(hits, truth.sum()))]),
    )


# --- grades ----------------------------------------------------------------------------------------------------


def confusion(y: Any, predicted: Any, classes: int = 4) -> Ints:
    """Counts (classes, classes): row the true code, column the predicted one."""
    table = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(table, (np.asarray(y), np.asarray(predicted)), 1)
    return table


def accuracy(y: Any, predicted: Any, weights: Any = None) -> Any:
    """Share predicted right."""
    return _mean(np.asarray(y) == np.asarray(predicted), _weights(y, weights))


def balanced_accuracy(y: Any, predicted: Any, weights: Any = None) -> Any:
    """Mean over the true classes that occur of the share of each predicted right."""
    w, y = _weights(y, weights), np.asarray(y)
    right = y == np.asarray(predicted)
    shares = np.stack([_mean_of(right, w, y == c) for c in np.unique(y)])
    known = ~np.isnan(shares)
    return _ratio(np.where(known, shares, 0.0).sum(axis=0), known.sum(axis=0))


def _mean_of(values: Any, w: Floats, inside: Any) -> Any:
    return np.asarray(_ratio(w @ (values & inside).astype(np.float64), w @ inside.astype(np.float64)))


def quadratic_weighted_kappa(y: Any, predicted: Any, weights: Any = None) -> Any:
    """Cohen's kappa with squared distances between codes (Cohen, 1968): 1 agreement, 0 chance.

    Both marginals constant and equal leave it undefined (NaN).
    """
    w, y, predicted = _weights(y, weights), np.asarray(y), np.asarray(predicted)
    total = w.sum(axis=-1)
    seen = w @ ((y - predicted) ** 2).astype(np.float64)
    # The distance expected of independent raters with these marginals, through their first two moments.
    a1, a2 = w @ y.astype(np.float64), w @ (y * y).astype(np.float64)
    b1, b2 = w @ predicted.astype(np.float64), w @ (predicted * predicted).astype(np.float64)
    expected = a2 + b2 - 2 * a1 * _ratio(b1, total)
    return 1 - _ratio(seen, np.where(np.abs(expected) < 1e-12, 0.0, expected))


def ranked_probability_score(y: Any, p: Any, weights: Any = None) -> Any:
    """Mean over firms of the squared errors of the cumulated probabilities p (n, classes), summed over the cuts:
    the Brier score of ordered classes (Epstein, 1969); lower is better.
    """
    p = np.asarray(p, dtype=np.float64)
    below = np.asarray(y)[:, None] <= np.arange(p.shape[1] - 1)
    return _mean(((np.cumsum(p, axis=1)[:, :-1] - below) ** 2).sum(axis=1), _weights(y, weights))


def mean_absolute_grade_error(y: Any, predicted: Any, weights: Any = None) -> Any:
    """Mean number of grades between the true and the predicted one."""
    return _mean(np.abs(np.asarray(y) - np.asarray(predicted)), _weights(y, weights))


# --- bootstrap by firm -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Interval:
    """A value and its 95% percentile interval over resamples of firms."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """a - b of a metric with its 95% interval, the two-sided bootstrap p value of no difference, and the
    difference's standard error over resamples.
    """

    value: float
    low: float
    high: float
    p: float
    error: float

    @property
    def significant(self) -> bool:
        return bool(self.low > 0 or self.high < 0)


@lru_cache(maxsize=4)
def resamples(n: int, draws: int, seed: int) -> Floats:
    """(draws, n) how often each firm is drawn, when n firms are drawn with replacement. Read-only."""
    generator = np.random.default_rng(seed)
    counts = generator.multinomial(n, np.full(n, 1.0 / n), size=draws).astype(np.float64)
    counts.setflags(write=False)
    return counts


def over_repeats(metric: Metric, y: Any, predictions: Any, weights: Any = None) -> Any:
    """The metric of each row of predictions (repeats, n), averaged over the rows."""
    return np.mean([metric(y, row, weights) for row in predictions], axis=0)


def interval(value: float, drawn: Any) -> Interval:
    """A value with the 2.5% and 97.5% points of what it was on resamples (draws,), undefined ones left out."""
    return Interval(value, *_percentiles(drawn[~np.isnan(drawn)]))


def bootstrap(metric: Metric, y: Any, predictions: Any, draws: int = 2000, seed: int = 0) -> Interval:
    """A metric of out-of-fold predictions (repeats, n), averaged over the repeats, with its interval by firm.

    The firms are resampled and the models are not trained again, so the interval is about which firms we saw, not
    about which firms we trained on.
    """
    drawn = over_repeats(metric, y, predictions, resamples(len(y), draws, seed))
    return interval(float(over_repeats(metric, y, predictions)), drawn)


def difference(a: float, b: float, drawn_a: Floats, drawn_b: Floats) -> Difference:
    """a - b, from the values a and b and those on the same resamples, (draws,) each."""
    values = drawn_a - drawn_b
    known = values[~np.isnan(values)]
    low, high = _percentiles(known)
    # Doubled tail, with one draw added so that p is never 0.
    tails = [(1 + np.count_nonzero(side)) / (1 + known.size) for side in (known <= 0, known >= 0)]
    error = float(np.std(known, ddof=1)) if known.size > 1 else float("nan")
    return Difference(a - b, low, high, min(1.0, 2 * float(min(tails))), error)


def holm(p: Sequence[float]) -> tuple[float, ...]:
    """p values of several hypotheses, adjusted so that at most 5% of such families have a false one at .05.

    Source: Holm (1979), a step-down Bonferroni: the k-th smallest of m is multiplied by m - k + 1, never falls.
    """
    adjusted = [0.0] * len(p)
    highest = 0.0
    for rank, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        highest = max(highest, min(1.0, (len(p) - rank) * p[i]))
        adjusted[i] = highest
    return tuple(adjusted)


def detectable(error: float, power: float = 0.8, level: float = 0.05) -> float:
    """The smallest true difference that a two-sided test at `level` finds with this power, for a difference whose
    standard error is `error` and which is about normally distributed: (z(1 - level/2) + z(power)) error.
    """
    normal = NormalDist()
    return (normal.inv_cdf(1 - level / 2) + normal.inv_cdf(power)) * error


def _percentiles(known: Any) -> tuple[float, float]:
    if known.size == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)
