"""P3: principal components with forward stepwise logistic regression, clusters and support vectors, on its indices.

The five monthly indices are core.indicators.P3_FIVE, whose module says what stands in for the lost formulas.
The analytic hierarchy process is in `methods.p3_ahp`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import chdtrc

from credit_udfs.core import forms
from credit_udfs.core.indicators import P3_FIVE
from credit_udfs.methods.convert import from_sklearn
from credit_udfs.methods.estimator import FormClassifier
from credit_udfs.methods.fitting import MONEY, Logistic, fit_logistic, prepare
from credit_udfs.methods.method import declare
from credit_udfs.types import Floats, Grade, Ints

UNITS: tuple[float, ...] = (MONEY, 1.0, 0.0, 0.0, 0.0)

# P3, section 4.2.2: the risk a grade stands for.
GRADE_RISK: Mapping[Grade, float] = {"A": 0.2, "B": 0.4, "C": 0.6, "D": 0.8}


def grade_risk(probs: Floats) -> Floats:
    """P3's risk R (n,) of firms by their grade probabilities (n, 4), a known grade having probability 1."""
    result: Floats = probs @ np.array(list(GRADE_RISK.values()))
    return result


def principal_components(z: Floats, share: float = 0.85) -> tuple[Floats, Floats]:
    """Components (m, k) of the correlation matrix of z (n, k) standardised, the fewest that carry `share` of
    the variance, and the shares (k,) of all. Signs: each component's largest entry is positive."""
    values, vectors = np.linalg.eigh(z.T @ z / len(z))
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1].T
    carried = values / values.sum() if values.sum() > 0 else np.full(len(values), 1.0 / len(values))
    m = int(np.searchsorted(np.cumsum(carried), share - 1e-12) + 1)
    largest = np.abs(vectors).argmax(axis=1)
    signs = np.sign(vectors[np.arange(len(vectors)), largest])
    return (vectors * signs[:, None])[:m], carried


def forward_stepwise(z: Floats, codes: Ints, count: int, level: float = 0.05) -> tuple[list[int], Logistic]:
    """Columns of z entered one at a time while the best one's likelihood-ratio test has p < level, and the
    logistic regression on them (no penalty). None may enter: then only the intercept is fitted."""
    chosen: list[int] = []
    fit = fit_logistic(z[:, []], codes, count)
    while len(chosen) < z.shape[1]:
        trials = {j: fit_logistic(z[:, [*chosen, j]], codes, count) for j in range(z.shape[1]) if j not in chosen}
        best = max(trials, key=lambda j: trials[j].log_likelihood)
        gain = 2.0 * (trials[best].log_likelihood - fit.log_likelihood)
        if chdtrc(count - 1, max(gain, 0.0)) >= level:
            break
        chosen.append(best)
        fit = trials[best]
    return chosen, fit


class ComponentLogistic(FormClassifier):
    """P3, section 4.2.2: principal components to `share` of the variance, forward stepwise logistic
    regression.

    level: p value of entry (SPSS's default .05; SPSS tests scores, this the likelihood ratio).
    """

    def __init__(self, share: float = 0.85, level: float = 0.05, logarithm: tuple[float, ...] | None = None) -> None:
        self.share = share
        self.level = level
        self.logarithm = logarithm

    def _fit(self, X: Floats, codes: Ints, count: int) -> dict[str, Any]:  # noqa: N803
        z, steps = prepare(X, self.logarithm)
        components, self.carried_ = principal_components(z, self.share)
        scores = z @ components.T
        self.chosen_, fit = forward_stepwise(scores, codes, count, self.level)
        project = {
            "form": "project",
            "center": [0.0] * z.shape[1],
            "components": components[self.chosen_].tolist(),
        }
        return forms.chain([*steps, project], fit.form())


def fit_svm(z: Floats, codes: Ints, c: float, seed: int) -> dict[str, Any]:
    """A support vector machine's form: RBF kernel with scikit-learn's "scale" width, one against one; Platt's
    sigmoids are fitted on decisions for firms it wasn't trained on (five folds, fewer for a rare class)."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.model_selection import StratifiedKFold
    from sklearn.svm import SVC

    folds = int(min(5, np.bincount(codes).min()))
    parts = StratifiedKFold(max(folds, 2), shuffle=True, random_state=seed)
    machine = CalibratedClassifierCV(SVC(C=c, kernel="rbf", gamma="scale"), cv=parts, ensemble=False)
    return from_sklearn(machine.fit(z, codes))


class SupportVectors(FormClassifier):
    """An SVM on true classes: what P3's section 5 would need to be worth."""

    def __init__(self, c: float = 1.0, logarithm: tuple[float, ...] | None = UNITS, seed: int = 0) -> None:
        self.c = c
        self.logarithm = logarithm
        self.seed = seed

    def _fit(self, X: Floats, codes: Ints, count: int) -> dict[str, Any]:  # noqa: N803
        z, steps = prepare(X, self.logarithm)
        return forms.chain(steps, fit_svm(z, codes, self.c, self.seed))


def clusters(z: Floats, count: int, seed: int, smallest: int = 5) -> Ints:
    """k-means labels (n,) of z (n, k), ten starts, into at most `count` clusters: one with fewer than
    `smallest` firms is joined to the nearest centre, since nothing can be learnt from it. Labels are
    0..m-1.
    """
    from sklearn.cluster import KMeans

    fitted = KMeans(min(count, len(z)), n_init=10, random_state=seed).fit(z)
    labels, centers = fitted.labels_.astype(np.int64), fitted.cluster_centers_
    sizes = np.bincount(labels, minlength=len(centers))
    large = np.flatnonzero(sizes >= min(smallest, sizes.max()))
    for small in np.setdiff1d(np.arange(len(centers)), large):
        gap = ((z[labels == small][:, None, :] - centers[large][None, :, :]) ** 2).sum(axis=2)
        labels[labels == small] = large[gap.argmin(axis=1)]
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


class ClusterSupportVectors(FormClassifier):
    """P3, section 5.2: k-means into four clusters, an SVM trained to tell the clusters apart. A cluster
    stands for the classes of its training firms in their shares (the paper names clusters A..D without
    saying how)."""

    def __init__(
        self, count: int = 4, c: float = 1.0, logarithm: tuple[float, ...] | None = UNITS, seed: int = 0
    ) -> None:
        self.count = count
        self.c = c
        self.logarithm = logarithm
        self.seed = seed

    def _fit(self, X: Floats, codes: Ints, count: int) -> dict[str, Any]:  # noqa: N803
        z, steps = prepare(X, self.logarithm)
        labels = clusters(z, self.count, self.seed)
        groups = int(labels.max()) + 1
        if groups == 1:
            return {"form": "constant", "probabilities": (np.bincount(codes, minlength=count) / len(z)).tolist()}
        table = np.zeros((groups, count))
        np.add.at(table, (labels, codes), 1.0)
        table /= table.sum(axis=1, keepdims=True)
        end = {"form": "mixture", "of": fit_svm(z, labels, self.c, self.seed), "shares": table.tolist()}
        return forms.chain(steps, end)


def cluster_accuracy(x: Floats, seed: int, share: float = 0.3) -> float:
    """P3, section 5.2: accuracy of the SVM on the cluster labels of held-out firms, `share` of x (n, k) at
    random.

    It says how well the SVM repeats the clustering (which saw all firms), nothing about grades.
    """
    z, _ = prepare(x, UNITS)
    labels = clusters(z, 4, seed)
    order = np.random.default_rng(seed).permutation(len(z))
    test, train = order[: round(share * len(z))], order[round(share * len(z)) :]
    known, codes = np.unique(labels[train], return_inverse=True)
    if known.size < 2:
        return float(np.mean(labels[test] == known[0]))
    guess = known[forms.evaluate(fit_svm(z[train], codes, 1.0, seed), z[test]).argmax(axis=1)]
    return float(np.mean(guess == labels[test]))


DECLARED = (
    declare("p3_pca_logistic", "P3", P3_FIVE, "default", lambda seed: ComponentLogistic()),
    declare("p3_svm", "P3", P3_FIVE, "grade", lambda seed: SupportVectors(seed=seed)),
    declare("p3_svm_clusters", "P3", P3_FIVE, "grade", lambda seed: ClusterSupportVectors(seed=seed)),
)
