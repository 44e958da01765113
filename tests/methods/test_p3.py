"""P3: the monthly indices by hand, components, stepwise regression, clusters and support vectors."""

from __future__ import annotations

import datetime

import numpy as np
import polars as pl
import pytest
from sklearn.decomposition import PCA

from credit_udfs.core.tables import INVOICE_SCHEMA
from credit_udfs.methods import p3


def invoices(rows: list[tuple[str, int, float, float, bool]]) -> pl.DataFrame:
    full = [
        (firm, datetime.date(2019, month, 5), "x", amount, tax, amount + tax, void)
        for firm, month, amount, tax, void in rows
    ]
    return pl.DataFrame(full, schema=INVOICE_SCHEMA, orient="row")


def test_the_indices_by_hand() -> None:
    sales = invoices([("甲", 1, 300.0, 30.0, False), ("甲", 1, 100.0, 12.0, False), ("甲", 3, 200.0, 18.0, False),
                      ("甲", 3, 999.0, 99.0, True)])  # fmt: skip
    purchases = invoices([("甲", 1, 60.0, 6.0, False), ("甲", 2, 90.0, 9.0, False)])
    row = p3.compute(purchases, sales, ["甲"]).row(0, named=True)
    # months 1..3: O = 400, 0, 200; J = 60, 90, 0; w = 600 / 750
    assert row["p3_influence"] == pytest.approx(0.8 * 200 + 0.2 * 50)
    assert row["p3_strength"] == pytest.approx(((42 - 6) / 2 + 18 / 1) / 2)
    assert row["p3_supply_fluctuation"] == pytest.approx((10 + 40 + 50) / 3 / 51)
    assert row["p3_demand_fluctuation"] == pytest.approx((200 + 200 + 0) / 3 / 201)
    assert row["p3_churn"] == 0.25


def test_a_firm_without_sales_or_without_anything() -> None:
    purchases = invoices([("甲", 1, 60.0, 6.0, False)])
    sales = invoices([("丁", 1, 60.0, 6.0, True)])
    frame = p3.compute(purchases, sales, ["乙", "甲", "丁"])
    assert frame.row(0)[1:] == (None,) * 5
    assert frame.row(1)[1:] == (pytest.approx(60.0), None, 0.0, 0.0, None)
    assert frame.row(2)[1:] == (None, None, None, None, 1.0)


def test_components_are_those_of_the_correlation_matrix() -> None:
    random = np.random.default_rng(3)
    z = random.normal(size=(80, 5)) @ random.normal(size=(5, 5))
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    components, carried = p3.principal_components(z, 0.85)
    peer = PCA().fit(z)
    assert carried == pytest.approx(peer.explained_variance_ratio_)
    assert np.abs(components @ peer.components_[: len(components)].T) == pytest.approx(
        np.eye(len(components)), abs=1e-9
    )
    assert carried[: len(components)].sum() >= 0.85 > carried[: len(components) - 1].sum()


def test_stepwise_regression_enters_what_matters_and_nothing_else() -> None:
    random = np.random.default_rng(1)
    z = random.normal(size=(300, 5))
    y = (z[:, 3] - z[:, 1] + random.logistic(size=300) > 0).astype(np.int64)
    chosen, fit = p3.forward_stepwise(z, y, 2, level=0.001)
    assert sorted(chosen) == [1, 3]
    assert fit.coefficients.shape == (1, 2)
    nothing, constant = p3.forward_stepwise(z, random.permutation(y), 2, level=1e-4)
    assert nothing == []
    assert constant.intercept[0] == pytest.approx(np.log(y.mean() / (1 - y.mean())), abs=1e-9)


def test_a_model_without_any_component_gives_the_shares() -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(60, 5)), np.arange(60) % 3
    fitted = p3.ComponentLogistic(level=1e-12).fit(x, y)
    assert fitted.predict_proba(x[:2]) == pytest.approx(np.full((2, 3), 1 / 3), abs=1e-9)


def blobs(n: int = 120) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(9)
    which = np.arange(n) % 4
    centers = np.array([[0, 0, 0, 0, 0], [6, 0, 0, 0, 0], [0, 6, 0, 0, 0], [0, 0, 6, 0, 0]])
    return centers[which] + random.normal(size=(n, 5)), which


def test_the_svm_on_clusters_predicts_grades_only_as_far_as_clusters_are_grades() -> None:
    x, which = blobs()
    fitted = p3.ClusterSupportVectors(logarithm=None).fit(x, which)
    assert fitted.score(x, which) > 0.95
    unrelated = np.arange(120) // 30
    assert p3.ClusterSupportVectors(logarithm=None).fit(x, unrelated).score(x, unrelated) < 0.4
    assert p3.SupportVectors(logarithm=None).fit(x, which).score(x, which) > 0.95


def test_a_cluster_of_one_joins_its_neighbour() -> None:
    x, _ = blobs(80)
    x[0] = 1000.0
    labels = p3.clusters(x, 4, seed=0)
    assert np.bincount(labels).min() >= 5
    assert set(labels) == set(range(labels.max() + 1))


def test_cluster_accuracy_needs_no_grade_to_be_high() -> None:
    x, _ = blobs()
    assert p3.cluster_accuracy(np.exp(x), seed=0) > 0.8


def test_the_order_of_invoices_does_not_change_a_bit() -> None:
    random = np.random.default_rng(2)
    rows = [
        (firm, int(m), float(a), float(a) * 0.13, bool(v))
        for firm in "甲乙丙"
        for m, a, v in zip(
            random.integers(1, 13, 50), random.normal(1e4, 1e5, 50), random.random(50) < 0.1, strict=True
        )
    ]
    sales, purchases = invoices(rows[::2]), invoices(rows[1::2])
    first = p3.compute(purchases, sales, list("甲乙丙"))
    shuffled = p3.compute(
        purchases.sample(fraction=1.0, shuffle=True, seed=1),
        sales.sample(fraction=1.0, shuffle=True, seed=2),
        list("丙甲乙"),
    )
    assert first.sort("firm").equals(shuffled.sort("firm"))
