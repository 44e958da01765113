"""Shocks: a scenario by industry and kind of firm, what it does to each firm, to the plan, and what to do about it.

A scenario gives each industry a growth of value added. A firm's sales follow its industry, harder for sole traders
and micro firms; the model scores it on the lower sales, and its log-odds of default rise by a stated sensitivity
besides. All multipliers and sensitivities are assumptions, kept in the scenario where users see and edit them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import numpy as np
from scipy.special import expit

from credit_udfs.core.allocation import Infeasible, LimitUse, Plan, Problem, solve
from credit_udfs.core.allocation.kept import broken
from credit_udfs.core.assess import Assessment, matrix, pose
from credit_udfs.core.churn import ChurnCurves
from credit_udfs.core.industry import industries, is_sole_trader
from credit_udfs.core.method_scores import score_model
from credit_udfs.errors import NotAvailable, OutOfRange
from credit_udfs.locale import Lang
from credit_udfs.types import Bools, Floats, Grade, Progress

SALES = "annual_net_sales"
MAX_SEVERITY = 16.0


@dataclass(frozen=True)
class Scenario:
    """A shock, as a table users can edit.

    growth: by industry key (core.industry), a fraction; an industry that isn't named, and a firm of unknown
    industry, takes `total`. sole_trader, micro: multiply a fall (never a rise) for such firms; the larger one where
    both hold. micro_sales: yuan a year below which a firm is micro. log_odds_per_loss: what losing all sales would
    add to the log-odds of default, beyond the model's own view of lower sales. stay: factor on the share of
    customers who stay at a given rate.
    """

    key: str
    zh: str
    en: str
    source_zh: str
    source_en: str
    growth: Mapping[str, float]
    total: float
    sole_trader: float
    micro: float
    micro_sales: float
    log_odds_per_loss: float
    stay: float

    def __post_init__(self) -> None:
        for name, value in {**self.growth, "total": self.total}.items():
            if not -1.0 <= value <= 10.0:
                raise OutOfRange("stress.growth_range", name=name, value=value)
        for name in ("sole_trader", "micro", "micro_sales", "log_odds_per_loss"):
            if not getattr(self, name) >= 0.0:
                raise OutOfRange("stress.negative", name=name, value=getattr(self, name))
        if not 0.0 <= self.stay <= 1.0:
            raise OutOfRange("stress.stay_range", value=self.stay)

    def name(self, lang: Lang) -> str:
        return self.zh if lang == "zh" else self.en

    def factor(self, industry: str | None, *, sole_trader: bool = False, micro: bool = False) -> float:
        """Sales after the shock as a share of sales before it, at least 0.

        industry: a key of core.industry, or None where unknown (then the economy's total).
        """
        growth = self.total if industry is None else self.growth.get(industry, self.total)
        if growth < 0.0:
            growth *= max(self.sole_trader if sole_trader else 1.0, self.micro if micro else 1.0)
        return max(0.0, 1.0 + growth)

    def factors(self, industry: Sequence[str | None], names: Sequence[str], sales: Floats) -> Floats:
        """`factor` of n firms, (n,), from their industries, names and annual net sales (yuan; NaN isn't micro)."""
        return np.array(
            [
                self.factor(key, sole_trader=is_sole_trader(name), micro=bool(amount < self.micro_sales))
                for key, name, amount in zip(industry, names, sales, strict=True)
            ]
        )

    def scaled(self, severity: float) -> Scenario:
        """The same shock `severity` times as hard: every growth multiplied, falls ending at -100%."""

        def times(growth: float) -> float:
            return min(max(growth * severity, -1.0), 10.0)

        return replace(self, growth={key: times(g) for key, g in self.growth.items()}, total=times(self.total))


@cache
def scenarios() -> Mapping[str, Scenario]:
    """The shipped scenarios by key, growth spelled out for each of the 22 industries."""
    data = tomllib.loads(files("credit_udfs.core").joinpath("stress.toml").read_text(encoding="utf-8"))
    found = {}
    for key, entry in data.items():
        by_section = entry.pop("growth")
        growth = {industry.key: by_section[industry.section] for industry in industries().values()}
        found[key] = Scenario(key=key, growth=growth, **entry)
    return MappingProxyType(found)


def scenario(name: str) -> Scenario:
    """The shipped scenario of that key. Raises NotAvailable, with the known ones, when there is none."""
    if name not in scenarios():
        raise NotAvailable("stress.unknown", name=name, known=", ".join(scenarios()))
    return scenarios()[name]


@dataclass(frozen=True, eq=False)
class Shocked:
    """All firms of an assessment after a shock: sales factor (n,), probability of default (n,), grade, curves."""

    factor: Floats
    pd: Floats
    grade: tuple[Grade | None, ...]
    curves: ChurnCurves


@dataclass(frozen=True, eq=False)
class Stress:
    """A plan before and after a shock, all three by the plan's own objective (`Terms.objective`).

    before: the plan as it was. unchanged: that plan's amounts and rates valued in the shocked world, (m,) per
    applicant; unchanged_loss: their expected loss. after: the best plan in the shocked world (None when no plan keeps
    the limits there). bank: the bank's profit of the three, yuan (NaN for none), whatever their objective.
    unchanged_breaks: the limits that the unchanged plan doesn't keep after the shock, as when firms it lends to have
    become D. breaks_at: severity at which the unchanged plan just loses the bank money; 0 when it does without a
    shock, None when it earns at every severity up to MAX_SEVERITY.
    """

    scenario: Scenario
    shocked: Shocked
    before: Plan
    unchanged: Floats
    unchanged_loss: Floats
    after: Plan | None
    bank: tuple[float, float, float]
    unchanged_breaks: tuple[LimitUse, ...]
    breaks_at: float | None

    @property
    def unchanged_value(self) -> float:
        return float(self.unchanged.sum())

    @property
    def price_of_doing_nothing(self) -> float:
        """What the best plan after the shock earns more than the unchanged one by its objective, yuan (NaN without a
        plan; negative only where the unchanged one breaks limits)."""
        return float("nan") if self.after is None else self.after.value - self.unchanged_value

    @property
    def gainers(self) -> Bools:
        """(m,) who gets more than before."""
        return self.after.amount > self.before.amount if self.after else np.zeros(self.unchanged.shape, dtype=bool)

    @property
    def losers(self) -> Bools:
        """(m,) who gets less than before."""
        return self.after.amount < self.before.amount if self.after else self.before.lend


def shock(assessment: Assessment, scenario: Scenario) -> Shocked:
    """What the scenario does to every firm of the assessment.

    Sales fall by the firm's factor; score, grade probabilities and predicted grade follow from the model on the lower
    sales; the log-odds of default rise by log_odds_per_loss * (1 - factor) besides, and alone for a model that has no
    sales among its indicators. A grade on record stays, as does one that another model gives. A firm without a score
    stays without one.
    """
    tables = assessment.tables
    factor = scenario.factors(assessment.industry, tables.firms["name"].to_list(), assessment.annual_net_sales)
    scores, keys = assessment.scores, assessment.model.indicators
    if SALES in keys:
        lower = matrix(assessment.indicators).copy()
        lower[:, keys.index(SALES)] *= factor
        scores = score_model(assessment.model, lower, contributions=False)
        if assessment.grade_model is not None:  # its own indicators aren't at hand: its grades stay
            scores = replace(scores, grade=assessment.scores.grade)
    pd = expit(scores.log_odds + scenario.log_odds_per_loss * (1.0 - factor))
    on_record = tables.firms["grade"].to_list()
    grade = tuple(known or scores.grade_letter(row) for row, known in enumerate(on_record))
    return Shocked(factor, pd, grade, _fewer_stay(assessment.curves, scenario.stay))


def _fewer_stay(curves: ChurnCurves, stay: float) -> ChurnCurves:
    """Curves whose stayers are `stay` times as many: 1 - stay (1 - u), which every kind of curve can express."""
    if stay == 1.0:
        return curves

    def moved(k: tuple[float, ...]) -> tuple[float, ...]:
        if curves.model == "power":
            return (stay * k[0], k[1], 1.0 - stay * (1.0 - k[2]))
        if curves.model == "log_quadratic":
            return (1.0 - stay * (1.0 - k[0]), stay * k[1], stay * k[2])
        half = len(k) // 2
        return (*k[:half], *(1.0 - stay * (1.0 - u) for u in k[half:]))

    return replace(curves, coefficients={grade: moved(k) for grade, k in curves.coefficients.items()})


def stress(
    assessment: Assessment,
    scenario: Scenario,
    progress: Progress | None = None,
    *,
    clock: Callable[[], float] | None = None,
) -> Stress:
    """The plan before the shock, left unchanged, and made anew; and how hard a shock it stands.

    clock: for the time limit of the settings, which doesn't count without one.
    """
    if progress:
        progress("stress", 0, 2)
    shocked = shock(assessment, scenario)
    problem = _problem(assessment, shocked)
    plan = assessment.plan
    stay = _stay(plan, problem)
    profit, loss = _value(plan, problem, stay)
    try:
        to = assessment.settings
        after = solve(problem, gap=to.gap, prove=to.prove, time_limit=to.time_limit, clock=clock, why=False)
    except Infeasible:
        after = None
    if progress:
        progress("stress", 1, 2)
    bank = (
        plan.totals.bank_profit,
        _bank(plan, problem),
        float("nan") if after is None else after.totals.bank_profit,
    )
    breaks = broken(problem, plan.amount, plan.rate, stay)
    at = breaking_severity(assessment, scenario)
    return Stress(scenario, shocked, plan, profit, loss, after, bank, breaks, at)


def breaking_severity(assessment: Assessment, scenario: Scenario) -> float | None:
    """Reverse stress: the smallest severity (1 is the scenario itself) at which the unchanged plan loses money.

    To a thousandth, by bisection: the bank's profit falls as the severity grows, wherever the scenario is a fall for
    the firms lent to. 0 when it loses money without a shock (plans for another objective may); None when it still
    earns at MAX_SEVERITY, or lends nothing.
    """

    def earns(severity: float) -> bool:
        world = _problem(assessment, shock(assessment, scenario.scaled(severity)))
        return _bank(assessment.plan, world) >= 0.0

    if not assessment.plan.lend.any() or earns(MAX_SEVERITY):
        return None
    if not earns(0.0):
        return 0.0
    low, high = 0.0, MAX_SEVERITY
    while high - low > 1e-3:
        middle = (low + high) / 2.0
        low, high = (middle, high) if earns(middle) else (low, middle)
    return high


def _problem(assessment: Assessment, shocked: Shocked) -> Problem:
    """The allocation problem after the shock; a loan decided beforehand falls where its firm may not be lent to."""
    ids = assessment.tables.firms["firm"].to_list()
    settings, row_of = assessment.settings, {firm: row for row, firm in enumerate(ids)}

    def off(firm: str) -> bool:
        row = row_of.get(firm)
        return row is not None and (shocked.grade[row] in (None, "D") or bool(np.isnan(shocked.pd[row])))

    fixed = {firm: 0.0 if off(firm) else amount for firm, amount in (settings.limits.fixed or {}).items()}
    terms = {
        firm: replace(one, amount=0.0) if one.amount and off(firm) else one for firm, one in settings.firm_terms.items()
    }
    settings = replace(settings, limits=replace(settings.limits, fixed=fixed or None), firm_terms=terms)
    return pose(settings, shocked.curves, ids, shocked.pd, shocked.grade, assessment.industry, assessment.applicants)


def _stay(plan: Plan, world: Problem) -> Floats:
    """(m,) share of the plan's customers who stay in the world, 0 where refused.

    A loan already promised is kept: customers stay as their grade at the time of the plan would, times the world's
    own factor.
    """
    out = np.zeros(plan.amount.shape)
    out[plan.lend] = world.terms.rates.stay(plan.rate[plan.lend], plan.problem.firms.grade[plan.lend])
    return out


def _value(plan: Plan, world: Problem, stay: Floats) -> tuple[Floats, Floats]:
    """What the plan's amounts and rates are worth by the world's objective, and their expected loss, (m,) each."""
    profit, loss = np.zeros(plan.amount.shape), np.zeros(plan.amount.shape)
    lent = plan.lend
    drawn = plan.amount[lent] * stay[lent]
    loss[lent] = drawn * world.firms.pd[lent] * world.terms.lgd
    profit[lent] = drawn * (world.gain[lent] * plan.rate[lent] - world.cost[lent])
    return profit, loss


def _bank(plan: Plan, world: Problem) -> float:
    """The bank's profit of the plan in another world, yuan."""
    return float(_value(plan, world.with_terms(objective="bank"), _stay(plan, world))[0].sum())
