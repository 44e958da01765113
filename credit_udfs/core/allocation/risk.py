"""The risk of a plan: its loss distribution, value at risk, expected shortfall and concentration.

One-factor Gaussian copula (Vasicek 2002): firm i defaults when sqrt(R_i) Y + sqrt(1 - R_i) e_i <
Phi^-1(pd_i), with Y common to all. Given Y, defaults are independent, so the distribution of the sum of
losses is a convolution, taken exactly by the fast Fourier transform on a lattice of losses and integrated
over Y by Gauss-Legendre quadrature. Monte Carlo (`simulate`) is the cross-check, the granular Basel formula
(`granular_var`) the comparison.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy.fft import irfft, next_fast_len
from scipy.special import ndtr, ndtri  # scipy.stats' norm is these, and loads slowly

from credit_udfs.core.allocation.plan import Plan
from credit_udfs.types import GRADES, Floats, Grade

Basis: TypeAlias = Literal["drawn", "committed"]
LEVELS: tuple[float, ...] = (0.95, 0.99, 0.999)
NODES = 64  # of the common factor, within +-8 standard deviations; more where many names make losses smoother
LATTICE = 2048  # points that the largest possible loss spans
YUAN_PER_EUR = 7.8


@dataclass(frozen=True, eq=False)
class LossDistribution:
    """Distribution of the loss of a year, yuan.

    step: lattice width; probabilities: (k,) of losses 0, step, 2 step, ... var, shortfall: by confidence
    level; expected: mean; deviation: standard deviation.
    """

    step: float
    probabilities: Floats
    expected: float
    deviation: float
    var: Mapping[float, float]
    shortfall: Mapping[float, float]


@dataclass(frozen=True)
class Concentration:
    """Herfindahl indices (sum of squared shares of the money lent, 1/n for n equal parts) and the shares."""

    firms: float
    grades: float
    industries: float
    grade_share: Mapping[Grade, float]
    industry_share: Mapping[str, float]


def correlation(pd: Floats, sales: Floats | float | None = None) -> Floats:
    """Basel's asset correlation of corporates, with the reduction for small and medium-sized firms.

    pd: (n,); sales: annual, yuan, (n,), held within 5 to 50 million EUR; None takes the full reduction.
    Source: Basel II, paragraphs 272 and 273; CRE31.5 and CRE31.8.
    """
    weight = -np.expm1(-50.0 * pd) / -np.expm1(-50.0)
    millions = np.clip(5.0 if sales is None else np.asarray(sales) / YUAN_PER_EUR / 1e6, 5.0, 50.0)
    size = np.where(np.isnan(millions), 0.04, 0.04 * (1.0 - (millions - 5.0) / 45.0))
    rho: Floats = 0.12 * weight + 0.24 * (1.0 - weight) - size
    return rho


def exposures(plan: Plan, basis: Basis = "drawn", sales: Floats | None = None) -> tuple[Floats, Floats, Floats, Floats]:
    """Loss given default in yuan, probability of default, chance that the money is drawn, and correlation,
    (m,) each, of the loans of a plan. On the basis "committed" every offered yuan counts as drawn."""
    lent = plan.lend
    pd = plan.problem.firms.pd[lent]
    stay = 1.0 - plan.churn[lent] if basis == "drawn" else np.ones(pd.shape)
    return (
        plan.amount[lent] * plan.problem.terms.lgd,
        pd,
        stay,
        correlation(pd, None if sales is None else sales[lent]),
    )


def loss_distribution(
    loss: Floats, pd: Floats, stay: Floats, rho: Floats, levels: Sequence[float] = LEVELS
) -> LossDistribution:
    """The distribution of the sum of the losses of m loans; deterministic.

    loss: (m,) yuan lost in default; pd, stay: (m,) probability of default, and that the loan is drawn at all
    (independent of default); rho: (m,) asset correlation. A loss between two lattice points is split between
    them so that its mean stays exact.
    """
    total = float(loss.sum())
    if not total > 0.0:
        zero = dict.fromkeys(levels, 0.0)
        return LossDistribution(1.0, np.ones(1), 0.0, 0.0, zero, zero)
    # Equal loans of a round size fall on the lattice exactly: the step divides the largest loss.
    largest = float(loss.max())
    step = largest / max(1.0, np.ceil(largest / (total / LATTICE)))
    size = int(np.ceil(total / step)) + loss.size + 2
    length = next_fast_len(size, real=True)
    omega = 2.0 * np.pi * np.arange(length // 2 + 1) / length
    # The finer the portfolio, the more the loss is the factor's alone, and the closer nodes must lie.
    names = total**2 / float(loss @ loss)
    y, weights = _factor_nodes(max(NODES, int(np.ceil(8.0 * np.sqrt(names)))))
    given = ndtr((ndtri(pd) - np.sqrt(rho) * y[:, None]) / np.sqrt(1.0 - rho)) * stay  # (nodes, m)
    transform = np.zeros(omega.size, dtype=np.complex128)
    units = loss / step
    lattice, kind = np.unique(np.round(units, 9), return_inverse=True)
    low, part = np.floor(lattice)[:, None], (lattice % 1.0)[:, None]
    turn = np.exp(-1j * omega)
    jumps = np.exp(-1j * omega * low) * (1.0 - part + part * turn) - 1.0  # (kinds, frequencies)
    # Equal loans are one factor and a power.
    _, first, times = np.unique(np.stack([kind, pd, stay, rho]), axis=1, return_index=True, return_counts=True)
    alike = list(zip(first.tolist(), times.tolist(), strict=True))
    for node in range(y.size):
        product = np.ones(omega.size, dtype=np.complex128)
        for i, count in alike:
            factor = 1.0 + given[node, i] * jumps[kind[i]]
            product *= factor if count == 1 else factor**count
        transform += weights[node] * product
    probabilities = np.clip(irfft(transform, n=length)[:size], 0.0, None)
    probabilities /= probabilities.sum()
    return _describe(step, probabilities, levels)


def _factor_nodes(count: int) -> tuple[Floats, Floats]:
    """Nodes and weights of the common factor: denser in the tails than Gauss-Hermite, where quantiles are
    read."""
    x, w = np.polynomial.legendre.leggauss(count)
    y: Floats = 8.0 * np.asarray(x, dtype=np.float64)
    weights = np.asarray(w * np.exp(-y * y / 2.0), dtype=np.float64)
    return y, weights / weights.sum()


def _describe(step: float, probabilities: Floats, levels: Sequence[float]) -> LossDistribution:
    losses = step * np.arange(probabilities.size)
    mean = float(losses @ probabilities)
    cumulated = np.cumsum(probabilities)
    var, shortfall = {}, {}
    for level in levels:
        at = int(np.searchsorted(cumulated, level - 1e-12))
        at = min(at, probabilities.size - 1)
        tail = float(losses[at + 1 :] @ probabilities[at + 1 :])
        # The part of the quantile's own mass that lies beyond the level belongs to the tail.
        shortfall[level] = float((tail + losses[at] * max(cumulated[at] - level, 0.0)) / (1.0 - level))
        var[level] = float(losses[at])
    deviation = max(float(losses**2 @ probabilities) - mean**2, 0.0) ** 0.5
    return LossDistribution(step, probabilities, mean, deviation, var, shortfall)


def simulate(loss: Floats, pd: Floats, stay: Floats, rho: Floats, *, draws: int = 100_000, seed: int = 0) -> Floats:
    """Losses (draws,) of the same model by Monte Carlo."""
    rng = np.random.default_rng(seed)
    out = np.empty(draws)
    threshold = ndtri(pd)
    for start in range(0, draws, 10_000):
        n = min(10_000, draws - start)
        y = rng.standard_normal((n, 1))
        given = ndtr((threshold - np.sqrt(rho) * y) / np.sqrt(1.0 - rho)) * stay
        out[start : start + n] = (rng.random(given.shape) < given) @ loss
    return out


def granular_var(loss: Floats, pd: Floats, stay: Floats, rho: Floats, level: float = 0.999) -> float:
    """Basel's value at risk of an infinitely granular portfolio, yuan (expected loss included).

    It understates a portfolio of few names. Source: Basel II, paragraph 272, without the maturity adjustment.
    """
    given = ndtr((ndtri(pd) + np.sqrt(rho) * ndtri(level)) / np.sqrt(1.0 - rho))
    return float((loss * stay * given).sum())


def concentration(plan: Plan) -> Concentration:
    """How the money lent is spread; all indices NaN when nothing is lent."""
    firms = plan.problem.firms
    total = float(plan.amount.sum())

    def shares(keys: Sequence[str]) -> dict[str, float]:
        out: dict[str, float] = {}
        for key, amount in zip(keys, plan.amount.tolist(), strict=True):
            if amount > 0.0:
                out[key] = out.get(key, 0.0) + amount / total
        return out

    def herfindahl(parts: Mapping[str, float]) -> float:
        return sum(share * share for share in parts.values()) if parts else float("nan")

    by_grade = shares([GRADES[code] for code in firms.grade.tolist()])
    by_industry = shares(firms.sector or [""] * len(firms))
    return Concentration(
        herfindahl(shares(firms.ids)),
        herfindahl(by_grade),
        herfindahl(by_industry),
        {grade: by_grade.get(grade, 0.0) for grade in GRADES},
        dict(sorted(by_industry.items(), key=lambda item: -item[1])),
    )
