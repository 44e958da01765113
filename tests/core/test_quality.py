"""The quality of out-of-fold predictions is the metrics', averaged over repeats."""

from __future__ import annotations

import numpy as np
import pytest

from credit_udfs.core import metrics
from credit_udfs.core.quality import binary_quality, grade_quality, mean_roc


def predictions() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    y = np.repeat([0, 1, 2, 3], 20)
    p = rng.dirichlet(np.ones(4), (3, 80))
    p[:, np.arange(80), y] += 0.2
    return y, p / p.sum(axis=2, keepdims=True), (y == 3).astype(int)


def test_binary_quality_is_the_metrics_averaged_over_repeats() -> None:
    _, p, y = predictions()
    found = binary_quality(y, p[:, :, 3], (0.99, 0.01), draws=200)
    assert found.auc.value == pytest.approx(np.mean([metrics.auc(y, row) for row in p[:, :, 3]]))
    assert found.slope == metrics.bootstrap(lambda *of: metrics.calibration(*of)[0], y, p[:, :, 3], 200)
    assert found.intercept == metrics.bootstrap(lambda *of: metrics.calibration(*of)[1], y, p[:, :, 3], 200)
    assert (found.training_auc, found.training_brier) == (0.99, 0.01)
    for interval in (found.auc, found.brier, found.log_loss, found.slope):
        assert interval.low < interval.value < interval.high
    assert sum(b.count for b in found.reliability) == 80
    assert found.roc[0] == (0, 0)
    assert found.roc[-1] == (1, 1)


def test_mean_roc_of_one_repeat_is_its_curve() -> None:
    y = np.array([0, 0, 1, 1])
    assert dict(mean_roc(y, np.array([[0.1, 0.2, 0.8, 0.9]])))[0.0] == 1.0  # perfect: straight up
    rising = [true for _, true in mean_roc(y, np.array([[0.1, 0.8, 0.2, 0.9], [0.9, 0.1, 0.8, 0.2]]))]
    assert rising == sorted(rising)


def test_grade_quality_is_the_metrics_of_the_predicted_grades() -> None:
    y, p, _ = predictions()
    found = grade_quality(y, p, p.argmax(axis=2), (0.9, 0.8), draws=200)
    codes = p.argmax(axis=2)
    assert found.kappa.value == pytest.approx(np.mean([metrics.quadratic_weighted_kappa(y, c) for c in codes]))
    assert found.ranked.value == pytest.approx(np.mean([metrics.ranked_probability_score(y, row) for row in p]))
    assert np.sum(found.confusion) == pytest.approx(80)
    assert np.trace(found.confusion) / 80 == pytest.approx(found.accuracy.value)
    assert np.sum(found.confusion, axis=1) == pytest.approx([20] * 4)
