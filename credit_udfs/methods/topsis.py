"""TOPSIS with entropy weights: how close a firm is to the best, and how far from the worst, of what was seen.

Source: P1, section 3.3; P4, section 2; Hwang & Yoon (1981) for the method, Shannon entropy for the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from credit_udfs.core import forms
from credit_udfs.methods.estimator import FormClassifier
from credit_udfs.methods.fitting import fit_platt, impute_step
from credit_udfs.types import Floats, Ints


@dataclass(frozen=True)
class Topsis:
    """Fitted TOPSIS: per column its Euclidean norm, weight, and best and worst value in normed units."""

    norms: Floats
    weights: Floats
    best: Floats
    worst: Floats

    def form(self) -> dict[str, Any]:
        return {
            "form": "topsis",
            "norms": self.norms.tolist(),
            "weights": self.weights.tolist(),
            "best": self.best.tolist(),
            "worst": self.worst.tolist(),
        }

    def scores(self, x: Floats) -> Floats:
        """G (n,) = D- / (D+ + D-) in [0, 1] for x (n, k) without missing values; 1 is the best.

        Outside of what was fitted on, a firm beyond the best still lies at a distance from it.
        """
        return forms.closeness(self.form(), x)


def entropy_weights(x: Floats) -> Floats:
    """Weights (k,) summing to 1: the more a column's shares differ among the rows, the more it weighs.

    x: (n, k) without missing values, n >= 2. Columns are scaled to 0..1 first, so that only differences
    count; a column that doesn't vary weighs 0. All columns constant: equal weights.
    """
    low, high = x.min(axis=0), x.max(axis=0)
    spread = high - low
    unit = (x - low) / np.where(spread > 0, spread, 1.0)
    total = unit.sum(axis=0)
    share = unit / np.where(total > 0, total, 1.0)
    entropy = -(share * np.log(np.where(share > 0, share, 1.0))).sum(axis=0) / np.log(len(x))
    difference = np.where(spread > 0, np.maximum(1.0 - entropy, 0.0), 0.0)
    k = x.shape[1]
    return difference / difference.sum() if difference.sum() > 0 else np.full(k, 1.0 / k)


def fit_topsis(x: Floats, senses: Sequence[int], weights: Floats | None = None) -> Topsis:
    """Norms, and ideal points, of x (n, k) without missing values.

    senses: +1 where more is better, -1 where less is. weights: (k,), None: entropy weights.
    """
    norms = np.sqrt((x**2).sum(axis=0))
    norms = np.where(norms > 0, norms, 1.0)
    c = x / norms
    up = np.asarray(senses) > 0
    high, low = c.max(axis=0), c.min(axis=0)
    w = entropy_weights(x) if weights is None else np.asarray(weights, dtype=np.float64)
    return Topsis(norms, w, np.where(up, high, low), np.where(up, low, high))


class TopsisClassifier(FormClassifier):
    """TOPSIS as a classifier of two classes: a large score speaks against the last one.

    calibrate: the papers use their score o for a probability, which it isn't. Ours, not the papers': the last class
    has a logistic regression's probability on o (`fitting.fit_platt`). False: it has 1 - o, as the papers read it.
    A subclass has `_topsis`.
    """

    MOST = 2

    def __init__(self, calibrate: bool = True) -> None:
        self.calibrate = calibrate

    def _topsis(self, x: Floats) -> Topsis:
        """TOPSIS fitted on x (n, k) without missing values."""
        raise NotImplementedError

    def _fit(self, X: Floats, codes: Ints, count: int) -> dict[str, Any]:  # noqa: N803
        impute = impute_step(X)
        score = self._topsis(forms.transform([impute], X)).form()
        if self.calibrate:
            return fit_platt([impute, {**score, "form": "closeness"}], X, codes)
        return forms.chain([impute], score)


def scaled(scores: Floats) -> Floats:
    """Scores (n,) mapped to 0..1, smallest to largest; all equal: 0.5."""
    low, high = float(scores.min()), float(scores.max())
    return (scores - low) / (high - low) if high > low else np.full(scores.shape, 0.5)


def shares(scores: Floats) -> Floats:
    """Scores normalised to sum to 1: P1, section 3.3, step 4."""
    result: Floats = scores / scores.sum()
    return result
