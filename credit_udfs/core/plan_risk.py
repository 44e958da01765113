"""What a plan may lose in a year: exact distribution, a simulation beside it, and what losses would eat the margin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from credit_udfs.core.allocation.plan import Plan
from credit_udfs.core.allocation.risk import (
    LEVELS,
    Basis,
    Concentration,
    LossDistribution,
    concentration,
    exposures,
    granular_var,
    loss_distribution,
    simulate,
)
from credit_udfs.types import Floats

MOST_LOANS: Final = 1_000  # the exact distribution of so many takes some seconds, of thrice as many a minute
_DRAWS: Final = (10_000, 50_000)
_RANDOM_NUMBERS: Final = 5_000_000
_WITHIN: Final = 1.959963984540054  # standard errors on either side of a 95% interval


@dataclass(frozen=True)
class Estimate:
    """A figure from the simulation, and the 95% interval within which the exact one should lie."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class PlanRisk:
    """Losses of a year, yuan; probabilities are fractions.

    drawn: when only the customers who stay draw their money, as the plan expects; committed: when every offered yuan
    is drawn. simulated: losses (draws,) of the same model as `drawn` by Monte Carlo, ascending; seed: its seed.
    largest: loss of the loan that can lose most. granular: Basel's value at risk at 99.9%, drawn, as if the loans were
    infinitely many. margin: expected interest less funding on drawn money, before any loss. concentration: of the
    money offered.
    """

    drawn: LossDistribution
    committed: LossDistribution
    simulated: Floats
    seed: int
    largest: float
    granular: float
    margin: float
    concentration: Concentration

    @property
    def chance_of_red(self) -> float:
        """The chance that a year's losses exceed the expected margin."""
        return exceedance(self.drawn, self.margin)

    def mean(self) -> Estimate:
        """The simulated mean loss."""
        mean, off = float(self.simulated.mean()), float(self.simulated.std()) / self.simulated.size**0.5
        return Estimate(mean, mean - _WITHIN * off, mean + _WITHIN * off)

    def var(self, level: float) -> Estimate:
        """The simulated value at risk; its interval from the ranks of the draws."""
        size = self.simulated.size
        off = _WITHIN * (size * level * (1.0 - level)) ** 0.5
        at = [int(np.clip(np.ceil(size * level + by) - 1, 0, size - 1)) for by in (0.0, -off, off)]
        value, low, high = (float(self.simulated[i]) for i in at)
        return Estimate(value, low, high)

    def shortfall(self, level: float) -> Estimate:
        """The simulated expected shortfall."""
        size = self.simulated.size
        tail = self.simulated[-max(1, round(size * (1.0 - level))) :]
        value, var = float(tail.mean()), self.var(level).value
        # Variance of the tail's mean, its quantile being estimated too (Manistre and Hancock 2005).
        off = _WITHIN * float(np.sqrt((tail.var() + level * (value - var) ** 2) / tail.size))
        return Estimate(value, value - off, value + off)

    def exceeded(self, loss: float) -> float:
        """Share of the simulated years with a larger loss."""
        return 1.0 - float(np.searchsorted(self.simulated, loss * (1.0 + 1e-9), side="right")) / self.simulated.size

    def as_dict(self) -> dict[str, Any]:
        """The main figures, JSON-able."""
        return {
            "expected_loss": self.drawn.expected,
            "deviation": self.drawn.deviation,
            "var": {f"{level:g}": value for level, value in self.drawn.var.items()},
            "expected_shortfall": {f"{level:g}": value for level, value in self.drawn.shortfall.items()},
            "var_all_drawn": {f"{level:g}": value for level, value in self.committed.var.items()},
            "margin": self.margin,
            "chance_losses_exceed_margin": self.chance_of_red,
            "hhi_firms": self.concentration.firms,
        }


def exceedance(distribution: LossDistribution, loss: float) -> float:
    """The chance of losing more than `loss` (yuan) in a year."""
    at = int(np.floor(loss / distribution.step + 1e-6))
    return float(distribution.probabilities[max(at + 1, 0) :].sum())


def plan_risk(plan: Plan, sales: Floats | None = None, *, seed: int = 0) -> PlanRisk:
    """The risk of the loans of a plan; deterministic.

    sales: (n,) annual net sales of the plan's firms, yuan, for Basel's correlation of small firms (NaN or None: the
    full reduction). The simulation draws 10,000 to 50,000 years, fewer for many loans.
    """
    found: dict[Basis, LossDistribution] = {}
    for basis in ("drawn", "committed"):
        found[basis] = loss_distribution(*exposures(plan, basis, sales), levels=LEVELS)
    parts = exposures(plan, "drawn", sales)
    draws = int(np.clip(_RANDOM_NUMBERS // max(1, parts[0].size), *_DRAWS)) // 1_000 * 1_000
    lent = plan.lend
    drawn = plan.amount[lent] * (1.0 - plan.churn[lent])
    paid = plan.rate[lent] * (1.0 - plan.problem.firms.pd[lent]) - plan.problem.terms.funding
    return PlanRisk(
        drawn=found["drawn"],
        committed=found["committed"],
        simulated=np.sort(simulate(*parts, draws=draws, seed=seed)),
        seed=seed,
        largest=float(parts[0].max(initial=0.0)),
        granular=granular_var(*parts),
        margin=float(drawn @ paid),
        concentration=concentration(plan),
    )
