"""Validation's inner loops against scikit-learn's, in one run: `python tests/benchmarks/bench_validation.py`.

Ratios above 1 mean that ours takes longer. Medians of repeated runs on made-up firms of the contest's size.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from credit_udfs.core import metrics
from credit_udfs.methods.linear import fit_proportional_odds

FIRMS, INDICATORS, DRAWS = 123, 6, 1000


def median_ms(run: Callable[[], Any], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1e3


def main() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(FIRMS, INDICATORS))
    latent = z @ rng.normal(size=INDICATORS) + rng.logistic(size=FIRMS)
    grades = np.searchsorted(np.quantile(latent, [0.25, 0.5, 0.75]), latent)
    y, p = (grades == 3).astype(np.int64), 1 / (1 + np.exp(-latent - rng.normal(size=FIRMS)))
    guess = rng.integers(0, 4, FIRMS)
    counts = metrics.resamples(FIRMS, DRAWS, 0)
    peer = LogisticRegression(solver="newton-cholesky", tol=1e-12)
    rows = [
        (
            "ridge logistic regression, one fit",
            median_ms(lambda: fit_proportional_odds(z, y, 2, 1.0), 50),
            median_ms(lambda: peer.fit(z, y), 50),
        ),
        ("proportional odds, one fit", median_ms(lambda: fit_proportional_odds(z, grades, 4, 1.0), 50), float("nan")),
        (
            f"AUC on {DRAWS} resamples",
            median_ms(lambda: metrics.auc(y, p, counts), 5),
            median_ms(lambda: [roc_auc_score(y, p, sample_weight=w) for w in counts], 1),
        ),
        (
            f"quadratic kappa on {DRAWS} resamples",
            median_ms(lambda: metrics.quadratic_weighted_kappa(grades, guess, counts), 5),
            median_ms(
                lambda: [cohen_kappa_score(grades, guess, weights="quadratic", sample_weight=w) for w in counts], 1
            ),
        ),
    ]
    print(f"{'':40} {'ours, ms':>10} {'sklearn, ms':>12} {'ratio':>8}")
    for name, ours, theirs in rows:
        print(f"{name:40} {ours:10.2f} {theirs:12.2f} {ours / theirs:8.4f}")


if __name__ == "__main__":
    main()
