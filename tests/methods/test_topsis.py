"""TOPSIS as a classifier: the papers' score as it is, and the probability that a calibration makes of it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from credit_udfs.core import forms
from credit_udfs.methods import p1, p4
from credit_udfs.methods.fitting import fit_logistic, fit_platt, impute_step, standard_step
from credit_udfs.methods.topsis import TopsisClassifier, fit_topsis


def made_up(k: int = 6, n: int = 150) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(4)
    x = random.lognormal(0.0, 1.0, (n, k))
    y = (random.logistic(size=n) > 2.0 * np.log(x[:, :2]).sum(axis=1) + 1.0).astype(np.int64)
    x[::11, 1] = np.nan
    return x, y


@pytest.mark.parametrize("kind", [p1.EntropyTopsis, p4.FirmTopsis])
def test_calibrating_leaves_the_order_of_the_scores_and_gives_the_shares(kind: type[TopsisClassifier]) -> None:
    x, y = made_up()
    plain, fitted = kind(calibrate=False).fit(x, y), kind().fit(x, y)
    score, p = plain.predict_proba(x)[:, 1], fitted.predict_proba(x)[:, 1]
    order = np.argsort(score)
    assert np.all(np.diff(p[order]) >= 0)
    assert p.mean() == pytest.approx(y.mean(), abs=1e-6)  # the bare score says 60% and more
    assert np.mean((p - y) ** 2) < np.mean((score - y) ** 2) - 0.02
    exported = json.loads(json.dumps(fitted.export()))
    assert np.abs(forms.evaluate(exported, x)[:, 1] - p).max() < 1e-12


def test_the_bare_score_is_the_papers() -> None:
    x, y = made_up()
    filled = forms.transform([impute_step(x)], x)
    o = fit_topsis(filled, (1,) * 6).scores(filled)
    assert p1.EntropyTopsis(calibrate=False).fit(x, y).predict_proba(x) == pytest.approx(np.stack([o, 1 - o], axis=1))


def test_platt_is_a_logistic_regression_on_the_score() -> None:
    x, y = made_up(2)
    form = fit_platt([{"form": "select", "columns": [0]}], x, y)
    step = standard_step(x[:, :1])
    peer = fit_logistic(forms.transform([step], x[:, :1]), y, 2)
    assert forms.evaluate(form, x) == pytest.approx(
        forms.evaluate(forms.chain([step], peer.form()), x[:, :1]), abs=1e-12
    )
