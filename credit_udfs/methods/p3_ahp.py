"""P3, sections 4.2.3 and 6: the analytic hierarchy process, and the emphasis of industries under a shock.

Source of the method and its random indices: Saaty (1980), The Analytic Hierarchy Process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from credit_udfs.core import forms
from credit_udfs.errors import BadInput, OutOfRange
from credit_udfs.methods.estimator import FormClassifier
from credit_udfs.methods.fitting import MONEY, fit_platt, impute_step, log_step
from credit_udfs.methods.method import Method, declare
from credit_udfs.types import Floats, Ints

# Mean consistency index of random reciprocal matrices of order 1..10.
RANDOM_INDEX: tuple[float, ...] = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49)
LIMIT = 0.1

# The paper's three dimensions of risk.
DIMENSIONS: tuple[str, ...] = ("debt_service", "guarantee", "policy")

# How much more a dimension matters than another, Saaty's 1..9. The paper says in words which dimension leads
# under an epidemic (medicine: debt service; manufacturing: guarantee and policy) and prints no matrix: these
# stand in.
EMPHASIS: Mapping[str, tuple[tuple[float, ...], ...]] = {
    "calm": ((1.0, 2.0, 3.0), (1 / 2, 1.0, 2.0), (1 / 3, 1 / 2, 1.0)),
    "medicine": ((1.0, 4.0, 5.0), (1 / 4, 1.0, 2.0), (1 / 5, 1 / 2, 1.0)),
    "manufacturing": ((1.0, 1 / 3, 1 / 3), (3.0, 1.0, 1.0), (3.0, 1.0, 1.0)),
}


@dataclass(frozen=True)
class Weights:
    """weights: (n,), summing to 1; lambda_max: principal eigenvalue; index: (lambda_max - n) / (n - 1);
    ratio: index / random index, 0 for n <= 2."""

    weights: Floats
    lambda_max: float
    index: float
    ratio: float


def weights(matrix: Sequence[Sequence[float]] | Floats) -> Weights:
    """Weights from pairwise comparisons: the principal eigenvector of a reciprocal matrix (n, n), 1 <= n <=
    10.

    Raises BadInput for a matrix that isn't square, positive and reciprocal; OutOfRange for a consistency
    ratio above 0.1, since such judgements contradict each other.
    """
    a = np.asarray(matrix, dtype=np.float64)
    n = a.shape[0]
    if a.ndim != 2 or a.shape != (n, n) or not 1 <= n <= len(RANDOM_INDEX) or not np.all(a > 0):
        raise BadInput("methods.ahp_matrix", shape=str(a.shape), largest=len(RANDOM_INDEX))
    if not np.allclose(a * a.T, 1.0, rtol=1e-6):
        i, j = np.unravel_index(np.abs(a * a.T - 1.0).argmax(), a.shape)
        raise BadInput("methods.ahp_reciprocal", row=int(i) + 1, column=int(j) + 1)
    values, vectors = np.linalg.eig(a)
    at = int(values.real.argmax())
    found = np.abs(vectors[:, at].real)
    largest = float(values[at].real)
    index = max((largest - n) / (n - 1), 0.0) if n > 1 else 0.0
    ratio = index / RANDOM_INDEX[n - 1] if n > 2 else 0.0
    if ratio > LIMIT:
        raise OutOfRange("methods.ahp_inconsistent", ratio=ratio, limit=LIMIT)
    return Weights(found / found.sum(), largest, index, ratio)


def combined(criteria: Weights, below: Sequence[Weights]) -> tuple[Floats, float]:
    """Weights (m,) of the lowest level and the whole hierarchy's consistency ratio.

    criteria: n weights; below: n Weights over the same m elements, one per criterion. The ratio is
    sum w_j index_j / sum w_j RI(m). Raises BadInput when the counts differ, OutOfRange for a ratio above 0.1.
    """
    sizes = {item.weights.size for item in below}
    if len(below) != criteria.weights.size or len(sizes) != 1:
        raise BadInput("methods.ahp_levels", criteria=int(criteria.weights.size), matrices=len(below))
    random = RANDOM_INDEX[sizes.pop() - 1]
    total = float(criteria.weights @ np.array([item.index for item in below]))
    ratio = total / random if random > 0 else 0.0
    if ratio > LIMIT:
        raise OutOfRange("methods.ahp_inconsistent", ratio=ratio, limit=LIMIT)
    result: Floats = criteria.weights @ np.stack([item.weights for item in below])
    return result, ratio


def risk(dimensions: Floats, emphasis: str = "calm") -> Floats:
    """Risk (n,) in 0..1 from three dimensions (n, 3) in 0..1, larger = riskier, in the order of DIMENSIONS,
    weighted as an industry's emphasis has it. Raises BadInput for an unknown emphasis or shape."""
    comparisons = _emphasis(emphasis)
    x = np.asarray(dimensions, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] != len(DIMENSIONS):
        raise BadInput("forms.columns", expected=len(DIMENSIONS), shape=str(x.shape))
    result: Floats = x @ weights(comparisons).weights
    return result


def _emphasis(name: str) -> tuple[tuple[float, ...], ...]:
    if name not in EMPHASIS:
        raise BadInput("methods.ahp_emphasis", emphasis=name, known=", ".join(EMPHASIS))
    return EMPHASIS[name]


# What speaks for each dimension, and whether more of it means more risk (1) or less (-1). The paper's ten indicators
# are in a figure that is lost: its own five indices stand in, and for policy the tax rate, as a firm that policy
# favours pays a reduced one.
USED: Mapping[str, Mapping[str, int]] = {
    "debt_service": {"p3_influence": -1, "p3_strength": -1},
    "guarantee": {"p3_supply_fluctuation": 1, "p3_demand_fluctuation": 1, "p3_churn": 1},
    "policy": {"sales_vat_rate": 1},
}
INDICATORS_USED: tuple[str, ...] = tuple(key for indicators in USED.values() for key in indicators)
UNITS: tuple[float, ...] = (MONEY, 1.0, 0.0, 0.0, 0.0, 0.0)


class HierarchyRisk(FormClassifier):
    """P3, sections 4.2.3 and 6: risk as the AHP-weighted sum of three dimensions, each the mean of its indicators.

    Indicators (money as signed logarithms) are scaled to 0..1 between the training firms' 5% and 95% quantiles.
    Two classes; the last one's probability is a logistic regression's on the risk (ours, not the paper's).
    comparisons: pairwise, in the order of DIMENSIONS; a name is one of EMPHASIS. Raises OutOfRange when they
    contradict each other.
    """

    MOST = 2

    def __init__(self, comparisons: str | tuple[tuple[float, ...], ...] = "calm") -> None:
        self.comparisons = comparisons

    def _fit(self, X: Floats, codes: Ints, count: int) -> dict[str, Any]:  # noqa: N803
        if X.shape[1] != len(INDICATORS_USED):
            raise BadInput("forms.columns", expected=len(INDICATORS_USED), shape=str(X.shape))
        given = self.comparisons
        weight = weights(_emphasis(given) if isinstance(given, str) else given).weights.tolist()
        share = [w / len(USED[name]) for name, w in zip(DIMENSIONS, weight, strict=True) for _ in USED[name]]
        senses = np.array([sense for indicators in USED.values() for sense in indicators.values()])
        risk_step = {
            "form": "project",
            "center": np.where(senses > 0, 0.0, 1.0).tolist(),  # of a benefit, 1 - x counts
            "components": [(np.array(share) * senses).tolist()],
        }

        steps = [impute_step(X), log_step(UNITS)]
        low, high = np.quantile(forms.transform(steps, X), [0.05, 0.95], axis=0)
        k = X.shape[1]
        steps += [
            {"form": "affine", "center": low.tolist(), "scale": np.where(high > low, high - low, 1.0).tolist()},
            {"form": "clip", "low": [0.0] * k, "high": [1.0] * k},
            risk_step,
        ]
        return fit_platt(steps, X, codes)


def _declared(name: str, emphasis: str) -> Method:
    return declare(name, "P3", INDICATORS_USED, "default", lambda seed: HierarchyRisk(emphasis))


DECLARED = (_declared("p3_ahp", "calm"),)
# As the paper would have it in a shock, for an industry's own model.
VARIANTS = tuple(_declared(f"p3_ahp_{emphasis}", emphasis) for emphasis in EMPHASIS if emphasis != "calm")
