"""How far scored firms are from those a model was trained on: per indicator, by three plain measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from credit_udfs.types import Floats


@dataclass(frozen=True)
class IndicatorShift:
    """One indicator in training and in scored firms.

    ks: Kolmogorov-Smirnov distance, 0..1, and its p value. psi: population stability index; by custom below .1
    stable, above .25 shifted. below, above: scored firms outside the training range; missing: without the indicator.
    """

    key: str
    training_median: float
    scored_median: float
    ks: float
    p: float
    psi: float
    below: int
    above: int
    missing: int


def indicator_shift(key: str, training: Floats, scored: Floats) -> IndicatorShift:
    """Compare an indicator's values (n,) and (m,), NaN where missing (left out). Each needs a known value."""
    a, b = training[~np.isnan(training)], scored[~np.isnan(scored)]
    from scipy.stats import ks_2samp  # loads slowly, and only validation needs it

    test = ks_2samp(a, b, method="asymp")
    return IndicatorShift(
        key,
        float(np.median(a)),
        float(np.median(b)),
        float(test.statistic),
        float(test.pvalue),
        psi(a, b),
        int(np.count_nonzero(b < a.min())),
        int(np.count_nonzero(b > a.max())),
        int(scored.size - b.size),
    )


def psi(training: Floats, scored: Floats, bins: int = 10) -> float:
    """Population stability index: sum of (q - p) ln(q / p) over bins cut at the training quantiles.

    p, q: shares of training and scored firms, half a firm added to each bin so that an empty one stays finite.
    """
    edges = np.unique(np.quantile(training, np.linspace(0, 1, bins + 1)[1:-1]))
    shares = []
    for values in (training, scored):
        counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=edges.size + 1) + 0.5
        shares.append(counts / counts.sum())
    p, q = shares
    return float(np.sum((q - p) * np.log(q / p)))


def out_of_range(training: Floats, scored: Floats, columns: Sequence[int] | None = None) -> Floats:
    """(m,) how many of a scored firm's indicators (m, k) lie outside the training range of (n, k)."""
    chosen = slice(None) if columns is None else list(columns)
    a, b = training[:, chosen], scored[:, chosen]
    result: Floats = ((b < np.nanmin(a, axis=0)) | (b > np.nanmax(a, axis=0))).sum(axis=1).astype(np.float64)
    return result
