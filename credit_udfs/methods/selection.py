"""Choosing a few indicators out of many, as part of the fit, so that cross-validation pays for the choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import expit

from credit_udfs.core import forms
from credit_udfs.core.indicators import WIDE
from credit_udfs.methods.ensemble import Linear
from credit_udfs.methods.estimator import FormClassifier
from credit_udfs.methods.linear import fit_proportional_odds, standardise
from credit_udfs.types import Floats, Ints


def forward(z: Floats, codes: Ints, classes: int, count: int = 6, c: float = 1.0) -> list[int]:
    """Columns of z (n, k), standardised, chosen one by one by the score test of proportional odds.

    Each step fits the chosen ones and adds the column that goes most with what the fit left unexplained (its
    partial correlation with the generalised residuals). Ties go to the first column. At most k are chosen.
    Source: Rao's score test; McCullagh (1980).
    """
    n, k = z.shape
    chosen: list[int] = []
    while len(chosen) < min(count, k):
        residual = _residuals(z[:, chosen], codes, classes, c)
        base = np.column_stack([np.ones(n), z[:, chosen]])
        rest = z - base @ np.linalg.lstsq(base, z, rcond=None)[0]
        length = np.sqrt((rest**2).sum(axis=0))
        gain = np.abs(residual @ rest) / np.where(length > 1e-8 * np.sqrt(n), length, np.inf)
        gain[chosen] = -1.0
        chosen.append(int(np.argmax(gain)))
    return chosen


def _residuals(z: Floats, codes: Ints, classes: int, c: float) -> Floats:
    """Derivative of each firm's log-likelihood by its linear predictor."""
    if z.shape[1]:
        weights, cuts = fit_proportional_odds(z, codes, classes, c)
        eta = z @ weights
    else:
        shares = np.cumsum(np.bincount(codes, minlength=classes))[:-1] / codes.size
        cuts, eta = np.log(shares / (1.0 - shares)), np.zeros(len(codes))
    edges = np.concatenate([[-np.inf], cuts, [np.inf]])
    upper, lower = expit(edges[codes + 1] - eta), expit(edges[codes] - eta)
    # d log(upper - lower) / d eta, with f = F (1 - F).
    slope: Floats = -(upper * (1 - upper) - lower * (1 - lower)) / np.maximum(upper - lower, 1e-300)
    return slope


class ForwardLinear(FormClassifier):
    """`forward` selection of `count` out of `keys`, then `Linear` on them. `chosen_` names them after a fit."""

    chosen_: tuple[str, ...]

    def __init__(self, keys: Sequence[str] = WIDE, count: int = 6, c: float = 1.0) -> None:
        self.keys = keys
        self.count = count
        self.c = c

    def _fit(self, X: Floats, codes: Ints, count: int) -> dict[str, Any]:  # noqa: N803
        z, _ = standardise(np.where(np.isnan(X).all(axis=0), 0.0, X), self.keys)
        columns = forward(z, codes, count, self.count, self.c)
        self.chosen_ = tuple(self.keys[j] for j in columns)
        end = Linear(self.chosen_, self.c).fit(X[:, columns], codes).export()
        return forms.chain([{"form": "select", "columns": columns}], end)
