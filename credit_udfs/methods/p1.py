"""P1: entropy-weighted TOPSIS, Fisher's discriminant for grade D, a network for the grade.

Its indicators can't be identified (five printed variables PP, SP, LP, a, C; six columns in TOPSIS): yearly
purchases and sales, yearly gross profit, tax, and sales invoices a year stand in, all of them benefits, as
the paper says of its own. The sixth column of its TOPSIS is the grade; it is left out wherever something is
predicted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from credit_udfs.core import forms
from credit_udfs.methods.estimator import FormClassifier
from credit_udfs.methods.fitting import MONEY, fit_stopped, impute_step, prepare, range_step
from credit_udfs.methods.method import declare
from credit_udfs.methods.topsis import Topsis, TopsisClassifier, fit_topsis
from credit_udfs.types import GRADES, Floats, Grade, Ints

INDICATORS_USED: tuple[str, ...] = (
    "annual_net_purchases", "annual_net_sales", "p4_psi1", "p0_total_tax", "p4_psi6",
)  # fmt: skip
UNITS: tuple[float, ...] = (MONEY, MONEY, MONEY, MONEY, 1.0)

# P1, section 3.4 and section 4: how it turns grades A..D into numbers, and its alternative.
CODES: tuple[float, ...] = (4.0, 3.0, 2.0, 1.0)
OTHER_CODES: tuple[float, ...] = (90.0, 80.0, 70.0, 60.0)


class EntropyTopsis(TopsisClassifier):
    """P1's score o in [0, 1] with entropy weights, section 3.3, as soundness."""

    def _topsis(self, x: Floats) -> Topsis:
        return fit_topsis(x, (1,) * x.shape[1])


class Discriminant(FormClassifier):
    """Fisher's linear discriminant as one Bayes discriminant function per class, P1 section 3.2 and 3.4:

    L_j(x) = m_j' S^-1 x - m_j' S^-1 m_j / 2 + ln prior_j, S the pooled within-class covariance; the class
    with the largest L_j, probabilities their softmax. priors "equal" (SPSS's default, and what the paper's
    counts fit) or "shares". logarithm: units of `forms.signed_log` per column, None for none.
    """

    def __init__(
        self, priors: Literal["equal", "shares"] = "equal", logarithm: tuple[float, ...] | None = UNITS
    ) -> None:
        self.priors = priors
        self.logarithm = logarithm

    def _fit(self, X: Floats, codes: Ints, count: int) -> dict[str, Any]:  # noqa: N803
        z, steps = prepare(X, self.logarithm)
        means = np.stack([z[codes == j].mean(axis=0) for j in range(count)])
        rest = z - means[codes]
        pooled = rest.T @ rest / max(len(z) - count, 1)
        weights = means @ np.linalg.pinv(pooled, rcond=1e-10, hermitian=True)
        share = np.bincount(codes, minlength=count) / len(z)
        prior = np.full(count, 1.0 / count) if self.priors == "equal" else share
        bias = -0.5 * (weights * means).sum(axis=1) + np.log(prior)
        end = {"form": "logistic", "coefficients": weights.tolist(), "intercept": bias.tolist()}
        return forms.chain(steps, end)


class GradeNetwork(FormClassifier):
    """P1, section 3.4: ten hidden units regress the grade's code 4..1 (classes in order, best first),
    trained on 70% of the firms, stopped by 15%; the last 15% are left for its own test.

    algorithm: "lm" Levenberg-Marquardt or "cg" conjugate gradient. decay: the paper's remedy for
    overfitting; it gives no factor. The likeliest class has the nearest code; probabilities are those of a
    normal error with the validation set's root mean squared error, which the paper doesn't have.
    """

    def __init__(
        self,
        algorithm: Literal["lm", "cg"] = "cg",
        hidden: int = 10,
        decay: float = 0.001,
        logarithm: tuple[float, ...] | None = UNITS,
        seed: int = 0,
    ) -> None:
        self.algorithm = algorithm
        self.hidden = hidden
        self.decay = decay
        self.logarithm = logarithm
        self.seed = seed

    def _fit(self, X: Floats, codes: Ints, count: int) -> dict[str, Any]:  # noqa: N803
        z, steps = prepare(X, self.logarithm, range_step)
        values = np.arange(count, 0, -1, dtype=np.float64)
        found = fit_stopped(z, values[codes], self.hidden, self.decay, self.seed, self.algorithm)
        self.stopped_ = found
        spread = float(np.sqrt(found.validation if np.isfinite(found.validation) else found.train))
        end = {
            "form": "codes",
            "layers": found.shape.layers(found.weights),
            "codes": values.tolist(),
            "spread": max(spread, 0.05),
        }
        return forms.chain(steps, end)


class FisherThenNetwork(FormClassifier):
    """P1's way to a grade, section 3.4: firms the discriminant takes for the last class (D) are set aside, the
    network grades the others. The network learns from all firms, as in the paper, but grades no one D.
    """

    FEWEST = 3
    refuse_at = 0.5

    def __init__(self, algorithm: Literal["lm", "cg"] = "cg", seed: int = 0) -> None:
        self.algorithm = algorithm
        self.seed = seed

    def _fit(self, X: Floats, codes: Ints, count: int) -> dict[str, Any]:  # noqa: N803
        last = Discriminant().fit(X, codes == count - 1).export()
        network = GradeNetwork(self.algorithm, seed=self.seed).fit(X, codes).export()
        others = {**network["end"], "codes": network["end"]["codes"][:-1]}
        return {"form": "two_step", "last": last, "others": {**network, "end": others}}

    def predict(self, X: Any) -> Ints:  # noqa: N803
        """The last class where its probability is a half or more, else the likeliest of the others."""
        p = self.predict_proba(X)
        best = np.where(p[:, -1] >= self.refuse_at, p.shape[1] - 1, p[:, :-1].argmax(axis=1))
        chosen: Ints = self.classes_[best]
        return chosen


@dataclass(frozen=True)
class Sensitivity:
    """How the TOPSIS score o changes with another quantification of the grade.

    scores, changed: (n,); largest, mean: of the absolute differences; rank_correlation: Spearman's.
    """

    scores: Floats
    changed: Floats
    largest: float
    mean: float
    rank_correlation: float


def sensitivity(
    x: Floats,
    grades: Sequence[Grade],
    codes: Sequence[float] = CODES,
    other: Sequence[float] = OTHER_CODES,
) -> Sensitivity:
    """P1, section 4: TOPSIS on six columns, x (n, 5) and the grade's code, with 4..1 and with 90/80/70/60."""
    filled = forms.transform([impute_step(x)], x)
    which = np.array([GRADES.index(grade) for grade in grades])

    def scores(values: Sequence[float]) -> Floats:
        table = np.hstack([filled, np.asarray(values, dtype=np.float64)[which][:, None]])
        return fit_topsis(table, (1,) * table.shape[1]).scores(table)

    first, second = scores(codes), scores(other)
    gap = np.abs(first - second)
    ranks = [np.argsort(np.argsort(s, kind="stable"), kind="stable") for s in (first, second)]
    correlation = float(np.corrcoef(ranks[0], ranks[1])[0, 1])
    return Sensitivity(first, second, float(gap.max()), float(gap.mean()), correlation)


DECLARED = (
    declare("p1_topsis", "P1", INDICATORS_USED, "default", lambda seed: EntropyTopsis()),
    declare("p1_fisher", "P1", INDICATORS_USED, "D", lambda seed: Discriminant()),
    declare("p1_network_lm", "P1", INDICATORS_USED, "grade", lambda seed: GradeNetwork("lm", seed=seed)),
    declare("p1_network_cg", "P1", INDICATORS_USED, "grade", lambda seed: GradeNetwork("cg", seed=seed)),
    declare("p1_two_steps", "P1", INDICATORS_USED, "grade", lambda seed: FisherThenNetwork(seed=seed)),
)
