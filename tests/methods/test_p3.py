"""P3: components, stepwise regression, clusters and support vectors."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from credit_udfs.methods import p3


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


def test_the_risk_of_a_grade_and_of_an_unknown_one() -> None:
    assert p3.grade_risk(np.vstack([np.eye(4), np.full((1, 4), 0.25)])) == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.5])
