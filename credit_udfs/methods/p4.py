"""P4: firms and industries scored by TOPSIS, indicators chosen by Kruskal-Wallis, logistic default
probability.

The six indicators are core.indicators.P4_SIX. Its rate search is an allocation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from credit_udfs.core import forms
from credit_udfs.core.indicators import P4_SIX
from credit_udfs.errors import BadInput
from credit_udfs.methods.estimator import FormClassifier
from credit_udfs.methods.fitting import fit_logistic, impute_step, prepare
from credit_udfs.methods.method import declare
from credit_udfs.methods.topsis import Topsis, TopsisClassifier, fit_topsis, scaled
from credit_udfs.types import Floats, Ints

# P4, section 5: the order of its coefficients after the constant.
CHOSEN: tuple[str, ...] = ("p4_psi1", "p4_psi4", "p4_psi6", "p4_psi5")
LEVEL = 0.05

# psi1 (gross profit), psi2, psi3 (margins), psi5, psi6 (invoices) benefit, psi4 (void and negative) costs.
SENSES: tuple[int, ...] = (1, 1, 1, -1, 1, 1)


def kruskal_wallis(first: Floats, second: Floats) -> Floats:
    """p values (k,) of the columns of two groups (n1, k), (n2, k), ties corrected, NaN left out: P4, Table 1.

    A column with fewer than two known values in a group, or without any variation, has p = 1.
    The paper's groups are its 27 A firms and the 27 defaulters.
    """
    from scipy.stats import kruskal  # loads slowly, and scoring doesn't need it

    result = np.ones(first.shape[1])
    for j, (a, b) in enumerate(zip(first.T, second.T, strict=True)):
        x, y = a[~np.isnan(a)], b[~np.isnan(b)]
        if min(x.size, y.size) >= 2 and np.unique(np.concatenate([x, y])).size > 1:
            result[j] = float(kruskal(x, y).pvalue)
    return result


class KruskalLogistic(FormClassifier):
    """P4, sections 4 and 5: columns whose Kruskal-Wallis p between the first and the last class is below
    `level`, then a logistic regression without penalty.

    The selection is part of the fit, so that cross-validation pays for it; the paper selects on all data,
    between A firms and defaulters. When no column passes, all are kept.
    """

    def __init__(self, level: float = LEVEL) -> None:
        self.level = level

    def _fit(self, X: Floats, codes: Ints, count: int) -> dict[str, Any]:  # noqa: N803
        p = kruskal_wallis(X[codes == 0], X[codes == count - 1])
        keep = np.flatnonzero(p < self.level)
        columns = (keep if keep.size else np.arange(X.shape[1])).tolist()
        z, steps = prepare(X[:, columns])
        select = {"form": "select", "columns": columns}
        return forms.chain([select, *steps], fit_logistic(z, codes, count).form())


class FirmTopsis(TopsisClassifier):
    """P4's strength score m2, section 2, read as soundness. Weights aren't given: equal ones stand in."""

    def _topsis(self, x: Floats) -> Topsis:
        k = x.shape[1]
        return fit_topsis(x, SENSES if k == len(SENSES) else (1,) * k, np.full(k, 1.0 / k))


def firm_scores(x: Floats) -> Floats:
    """Strength m2 (n,) in [0, 1] of firms from P4_SIX (n, 6), TOPSIS then min-max: P4, section 2."""
    filled = forms.transform([impute_step(x)], x)
    return scaled(fit_topsis(filled, SENSES, np.full(len(SENSES), 1.0 / len(SENSES))).scores(filled))


def industry_scores(x: Floats, industries: Sequence[str]) -> dict[str, float]:
    """Prospect m1 in [0, 1] per industry, TOPSIS then min-max: P4, section 2.

    x: P4_SIX (n, 6); industries: (n,) names. The paper looks up yearly figures of each industry on the
    internet and doesn't print them: the medians of its firms' own indicators stand in. Needs two industries
    or more.
    """
    names = sorted(set(industries))
    if len(names) < 2:
        raise BadInput("methods.one_industry", count=len(names))
    filled = forms.transform([impute_step(x)], x)
    which = np.array([names.index(name) for name in industries])
    table = np.stack([np.median(filled[which == i], axis=0) for i in range(len(names))])
    scores: Topsis = fit_topsis(table, SENSES, np.full(len(SENSES), 1.0 / len(SENSES)))
    return dict(zip(names, scaled(scores.scores(table)).tolist(), strict=True))


DECLARED = (
    declare("p4_logistic", "P4", P4_SIX, "default", lambda seed: KruskalLogistic()),
    declare("p4_topsis", "P4", P4_SIX, "default", lambda seed: FirmTopsis()),
)
