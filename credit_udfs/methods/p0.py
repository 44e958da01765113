"""P0: a back-propagation network on nine indicators, quantified reputation, the lending standard.

Its three-step optimisation is an allocation, not a prediction; its nine indicators are
core.indicators.P0_NINE.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from credit_udfs.core import forms
from credit_udfs.core.indicators import P0_NINE
from credit_udfs.errors import BadInput, OutOfRange
from credit_udfs.methods.estimator import FormClassifier
from credit_udfs.methods.fitting import fit_bp, prepare, range_step
from credit_udfs.methods.method import declare
from credit_udfs.types import GRADES, Bools, Floats, Grade

# P0, Table 3: the shares it assigns so that grades look normally distributed.
ASSIGNED_SHARES: tuple[float, ...] = (0.20, 0.30, 0.30, 0.20)


class BPNetwork(FormClassifier):
    """P0, section 2.1.1: inputs scaled to -1..1, one hidden layer, output in [0, 1] = credit risk q.

    The paper doesn't give the hidden layer, the training or any regularisation: ten tanh units, squared
    error and 200 full-batch steps stand in, with the weight decay that is just enough to keep outputs from
    saturating (with none, most firms have a risk of exactly 0).
    """

    def __init__(self, hidden: int = 10, decay: float = 1e-5, steps: int = 200, seed: int = 0) -> None:
        self.hidden = hidden
        self.decay = decay
        self.steps = steps
        self.seed = seed

    def _fit(self, X: Floats, codes: Any, count: int) -> dict[str, Any]:  # noqa: N803
        z, steps = prepare(X, scaling=range_step)
        return forms.chain(steps, fit_bp(z, codes, count, self.hidden, self.decay, self.steps, self.seed))


def grade_shares(grades: Sequence[Grade]) -> Floats:
    """Shares (4,) of A..D among `grades`: P0, Table 2. Raises BadInput without any."""
    if not grades:
        raise BadInput("methods.no_grades")
    return np.array([sum(g == grade for g in grades) for grade in GRADES], dtype=np.float64) / len(grades)


def quantified_reputation(shares: Sequence[float] | Floats = ASSIGNED_SHARES) -> Floats:
    """K_j, the midpoint of grade j's interval of cumulated shares, larger = less trustworthy: P0, Table 3.

    K_j = sum_{k<=j} T_k/2 + sum_{k<j} T_k/2, T the shares. 20/30/30/20 gives .10 .35 .65 .90.
    Raises OutOfRange unless the shares are non-negative and sum to 1.
    """
    t = np.asarray(shares, dtype=np.float64)
    if np.any(t < 0) or abs(float(t.sum()) - 1.0) > 1e-9:
        raise OutOfRange("methods.shares", total=float(t.sum()))
    result: Floats = np.cumsum(t) - t / 2.0
    return result


def grades_by_risk(risk: Floats, shares: Sequence[float] | Floats = ASSIGNED_SHARES) -> tuple[Grade, ...]:
    """Grades (n,) for firms without one, A to the lowest risk: P0, section 2.1.3, step 1.

    risk: q (n,). The paper maps ranges of risk to grades without printing them: firms in order of q, cut at the
    cumulated shares, stand in; equal risks get the same grade, the better one. Raises OutOfRange as
    `quantified_reputation`.
    """
    quantified_reputation(shares)
    q = np.asarray(risk, dtype=np.float64)
    below = (q[None, :] < q[:, None]).sum(axis=1) / max(q.size, 1)
    cuts = np.cumsum(np.asarray(shares, dtype=np.float64))[:-1]
    return tuple(GRADES[i] for i in np.searchsorted(cuts, below + 1e-12, side="right"))


def default_rates(grades: Sequence[Grade], default: Sequence[bool] | Bools) -> Floats:
    """Share of defaulters (4,) within each grade A..D, NaN for a grade without firms: P0, Table 4."""
    hit = np.asarray(default, dtype=bool)
    member = np.array([[g == grade for g in grades] for grade in GRADES])
    firms = member.sum(axis=1)
    counts = (member & hit).sum(axis=1)
    return np.where(firms > 0, counts / np.where(firms > 0, firms, 1), np.nan)


def lending_standard(risk: Floats, reputation: Floats, weights: tuple[float, float] = (0.5, 0.5)) -> Floats:
    """l = w1 q + w2 p: P0, section 2.1.3, step 2.

    risk: q (n,), the network's output; reputation: p (n,), K_j of the firm's grade (the "untrustworthiness
    rate"). The paper calls its .5/.5 the entropy method's, without the computation.
    """
    result: Floats = weights[0] * np.asarray(risk) + weights[1] * np.asarray(reputation)
    return result


DECLARED = (declare("p0_bp", "P0", P0_NINE, "default", lambda seed: BPNetwork(seed=seed)),)
