"""One firm's probabilities from exported trees, against the estimators they came from: ``python
tests/benchmarks/bench_forms.py``.

Processor time of a call, medians of alternating repeats, on one thread.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier

from credit_udfs.cells import REGISTRY
from credit_udfs.core import forms
from credit_udfs.methods.convert import from_sklearn
from credit_udfs.methods.ensemble import Ensemble

SECONDS, REPEATS = 0.05, 5  # of a timing, at least


def timed(run: Callable[[], object]) -> float:
    start, calls = time.process_time(), 0
    while (spent := time.process_time() - start) < SECONDS or not calls:
        run()
        calls += 1
    return spent / calls


def compare(what: str, ours: Callable[[], object], theirs: Callable[[], object]) -> None:
    ours(), theirs()
    pairs = [(timed(ours), timed(theirs)) for _ in range(REPEATS)]
    mine, other = (statistics.median(times) * 1e3 for times in zip(*pairs, strict=True))
    print(f"{what}: {mine:8.3f} ms; scikit-learn's predict_proba {other:8.3f} ms; ratio {mine / other:.3f}")


def main() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(123, 6))
    y = np.searchsorted([-1.0, 0.0, 1.0], x[:, 0] + random.logistic(size=123))
    models: dict[str, Any] = {
        "random forest, 200 trees": RandomForestClassifier(200, min_samples_leaf=3, random_state=0),
        "gradient boosting, 60 rounds": GradientBoostingClassifier(n_estimators=60, max_depth=2, random_state=0),
        "histogram boosting, 60 rounds": HistGradientBoostingClassifier(max_iter=60, max_depth=2, min_samples_leaf=5),
    }
    for name, model in models.items():
        form = from_sklearn(model.fit(x, y))
        assert np.abs(forms.evaluate(form, x) - model.predict_proba(x)).max() < 1e-12
        for rows in (1, 10_000):
            given = np.resize(x, (rows, 6))
            compare(
                f"{name}, {rows} row(s)",
                lambda form=form, given=given: forms.evaluate(form, given),
                lambda model=model, given=given: model.predict_proba(given),
            )
    ensemble = Ensemble().fit(x, y)
    forest = models["random forest, 200 trees"]
    compare("our ensemble of three, 1 row, against the forest alone",
            lambda: ensemble.predict_proba(x[:1]), lambda: forest.predict_proba(x[:1]))  # fmt: skip
    row = [[1e6, 2.0, 0.3, 0.8, 0.05, 0.4]]
    compare('=RISKSCORE(row, "monotone"), against the forest alone',
            lambda: REGISTRY["RISKSCORE"].call([row, "monotone"]), lambda: forest.predict_proba(x[:1]))  # fmt: skip


if __name__ == "__main__":
    main()
