"""A made-up validation report and made-up figures of the papers, for the tests of their pages."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from credit_udfs.core.indicators import SIX
from credit_udfs.core.metrics import Difference, Interval
from credit_udfs.core.quality import MethodQuality, binary_quality, grade_quality
from credit_udfs.core.shift import indicator_shift
from credit_udfs.core.validation import (
    PRIMARY,
    Comparison,
    ConformalCoverage,
    DatedCut,
    PaperComparison,
    Permutation,
    Power,
    Report,
    Selection,
    Shift,
    SoleTraders,
)
from credit_udfs.methods.figures import Figure, figure

_GAP = Difference(-0.05, -0.09, -0.01, 0.01, 0.02)
_LEVEL = Difference(0.02, -0.03, 0.06, 0.4, 0.02)
_HERE = Interval(0.9, 0.8, 0.95)


@cache
def made_up_report() -> Report:
    """Three methods on 80 firms; one of them only ranks."""
    rng = np.random.default_rng(3)
    y = np.repeat([0, 1, 2, 3], 20)
    p = rng.dirichlet(np.ones(4), (3, 80))
    p[:, np.arange(80), y] += 0.4
    p /= p.sum(axis=2, keepdims=True)
    binary = binary_quality((y == 3).astype(int), p[:, :, 3], (0.99, 0.01), draws=50)
    grade = grade_quality(y, p, p.argmax(axis=2), (0.9, 0.8), draws=50)
    ours = MethodQuality("two_step", None, "本方法", "Ours", 6, 3, binary, binary, grade)
    topsis = replace(ours, name="p1_topsis", paper="P1", zh="理想解", en="TOPSIS", grade=None)
    logistic = replace(ours, name="p4_logistic", paper="P4", zh="回归", en="Logistic", repeats=2)
    x = rng.normal(size=(80, 2))
    return Report(
        quick=True,
        ours="two_step",
        primary=PRIMARY,
        firms=80,
        defaults=20,
        grades=(20, 20, 20, 20),
        folds=5,
        seed=0,
        draws=50,
        data={"附件1.xlsx": "00ff" * 16},
        methods=(ours, topsis, logistic),
        comparisons=(
            Comparison("two_step", "p1_topsis", "P1", "default", "auc", _LEVEL, "level"),
            Comparison("two_step", "p4_logistic", "P4", "default", "auc", replace(_GAP, value=0.05), "ahead"),
            Comparison("two_step", "p4_logistic", "P4", "default", "brier", replace(_GAP, value=0.05), "behind"),
            Comparison("two_step", "p4_logistic", "P4", "grade", "ranked", _GAP, "ahead"),
        ),
        papers=(
            PaperComparison("p1_topsis", "P1", "理想解", "TOPSIS", "税额", "tax", "default", "auc", 0.92, 0.9, _LEVEL,
                            0.4, "level"),
            PaperComparison("p4_logistic", "P4", "回归", "Logistic", "毛利、张数", "profit, count", "grade", "ranked",
                            0.35, 0.4, _GAP, 0.02, "ahead"),
        ),
        power=Power(0.8, 0.05, 0.04, 0.06, 0.1),
        selection=Selection(SIX[:2], {SIX[0]: 0.8, SIX[1]: 0.4}, replace(ours, name="selected"), ours),
        permutation=Permutation(19, 0.9, 0.5, 0.6, 0.05, 0.6, 0.0, 0.1, 0.05),
        dated=DatedCut("2018-12-31", 1, ours),
        shift=Shift(80, 40, Interval(0.55, 0.45, 0.65), Interval(0.7, 0.6, 0.8),
                    tuple(indicator_shift(key, x[:, 0], x[:40, 1] + 2 * (j == 0)) for j, key in enumerate(SIX)),
                    (30, 8, 2, 0, 0, 0, 0)),
        sole_traders=SoleTraders(3, 1, 7, 0.9, 0.3, 0.2, 0.5, 0.1),
        conformal=(ConformalCoverage("cross", 0.9, _HERE, (0.9, 0.9, 0.8, 1.0), 2.1, (0.2, 0.5, 0.3, 0.0)),),
        skipped={"p2_cnn": "quick"},
    )  # fmt: skip


@cache
def made_up_figures() -> tuple[Figure, ...]:
    """One of each verdict and of each way to write a number."""
    return (
        figure("p4_accuracy", "P4", "6", "82.9%", 0.8293, right=1, firms=1, thresholds=""),
        figure("p0_output_total", "P0", "Table 1", "5.00", 4.0, as_paper=5.001, firm="E1"),
        figure("p0_output_count", "P0", "Table 1", "110", 52.0, firm="E1"),
        figure("p4_probability", "P4", "Table 2", "2.22E-16", 1.0655e-20, as_paper=2.22e-16, firm="E2", value=1e-20),
        figure("p0_curve", "P0", "2.1", "1.0", None, grade="A", letter="a", unavailable="no_churn"),
    )
