"""P3: monthly indices, principal components with forward stepwise logistic regression, clusters and SVM.

The five indices' formulas are lost in scanning; what their words leave open is filled in here, and said so.
Month by month, over valid invoices and amounts excl. tax; months between a firm's first and last invoice
without any count as 0. O and J are a month's net sales and net purchases, means are over the firm's months.

- influence: mean of w O + (1 - w) J, w = the firm's share of O in O + J ("different companies place different
  emphases on output and input").
- strength: mean over months with sales of (output tax - input tax) / number of sales invoices.
- supply fluctuation: mean of |J - mean J| / (mean J + b): the paper measures supply by the firm's demand, its
  purchases, and demand by what it supplies; demand fluctuation: the same of O; b = 1 yuan, the "balance
  parameter"; the mean is the stable value, as the paper assumes. Low is stable.
- churn: void sales invoices / sales invoices, over the firm's whole history.

The analytic hierarchy process is in `methods.p3_ahp`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from scipy.special import chdtrc

from credit_udfs.core import forms
from credit_udfs.core.indicators import SCALE
from credit_udfs.methods.convert import from_sklearn
from credit_udfs.methods.estimator import FormClassifier
from credit_udfs.methods.fitting import MONEY, Logistic, fit_logistic, prepare
from credit_udfs.methods.method import declare
from credit_udfs.types import Floats, Grade, Ints

INDICATORS: tuple[str, ...] = (
    "p3_influence", "p3_strength", "p3_supply_fluctuation", "p3_demand_fluctuation", "p3_churn",
)  # fmt: skip
UNITS: tuple[float, ...] = (MONEY, 1.0, 0.0, 0.0, 0.0)
BALANCE = 1.0  # yuan

# P3, section 4.2.2: the risk a grade stands for.
GRADE_RISK: Mapping[Grade, float] = {"A": 0.2, "B": 0.4, "C": 0.6, "D": 0.8}


def compute(
    purchases: pl.DataFrame, sales: pl.DataFrame, firms: Sequence[str], keys: Iterable[str] = INDICATORS
) -> pl.DataFrame:
    """The indices of `firms` in their order: "firm" and one Float64 column per key, null where missing.

    A firm without valid invoices has none of the first four; without sales invoices no strength and no churn.
    """
    sides = [_monthly(sales, "o"), _monthly(purchases, "j")]
    months = sides[0].join(sides[1], on=["firm", "month"], how="full", coalesce=True).fill_null(0)
    first, last = pl.col("month").min(), pl.col("month").max()
    calendar = (
        months.group_by("firm")
        .agg(pl.int_ranges(first, last + 1).alias("month"))
        .explode("month", empty_as_null=False)
        .cast({"month": months.schema["month"]})
    )
    full = calendar.join(months, on=["firm", "month"], how="left").fill_null(0)
    o, j = pl.col("o").cast(pl.Float64) / SCALE, pl.col("j").cast(pl.Float64) / SCALE
    tax = (pl.col("o_tax") - pl.col("j_tax")).cast(pl.Float64) / SCALE
    turnover = (pl.col("o").sum() + pl.col("j").sum()).cast(pl.Float64) / SCALE
    w = pl.when(turnover > 0).then(o.sum() / turnover).otherwise(0.5)
    indices = (
        full.sort("firm", "month")  # a fixed order of summing: the same bits every time
        .group_by("firm", maintain_order=True)
        .agg(
            (w * o.mean() + (1 - w) * j.mean()).alias("p3_influence"),
            (tax / pl.col("o_n")).filter(pl.col("o_n") > 0).mean().alias("p3_strength"),
            ((j - j.mean()).abs().mean() / (j.mean().abs() + BALANCE)).alias("p3_supply_fluctuation"),
            ((o - o.mean()).abs().mean() / (o.mean().abs() + BALANCE)).alias("p3_demand_fluctuation"),
        )
    )
    churn = sales.group_by("firm").agg(pl.col("void").mean().alias("p3_churn")).cast({"firm": pl.String})
    asked = pl.DataFrame({"firm": list(firms)}, schema={"firm": pl.String})
    found = asked.join(indices, on="firm", how="left", maintain_order="left")
    return found.join(churn, on="firm", how="left", maintain_order="left").select("firm", *keys)


def _monthly(side: pl.DataFrame, mark: str) -> pl.DataFrame:
    units = ((pl.col(name) * SCALE).round().cast(pl.Int64) for name in ("amount", "tax"))
    month = pl.col("date").dt.year().cast(pl.Int32) * 12 + pl.col("date").dt.month().cast(pl.Int32)
    return (
        side.filter(~pl.col("void"))
        .with_columns(month.alias("month"), *units)
        .group_by("firm", "month")
        .agg(
            pl.col("amount").sum().alias(mark),
            pl.col("tax").sum().alias(f"{mark}_tax"),
            pl.len().cast(pl.Int64).alias(f"{mark}_n"),
        )
        .cast({"firm": pl.String})
    )


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
    declare("p3_pca_logistic", "P3", INDICATORS, "default", lambda seed: ComponentLogistic()),
    declare("p3_svm", "P3", INDICATORS, "grade", lambda seed: SupportVectors(seed=seed)),
    declare("p3_svm_clusters", "P3", INDICATORS, "grade", lambda seed: ClusterSupportVectors(seed=seed)),
)
