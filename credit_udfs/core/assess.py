"""The main job as one pure computation: checked tables in, scores, grades and the lending plan out.

The command line, the Python API, the workbook's macros and the batch all run this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
import polars as pl

from credit_udfs.core.allocation import Firms, Limits, Plan, Problem, Terms, solve
from credit_udfs.core.allocation.faults import check_kinds, faults_of, kind_fault, search_faults
from credit_udfs.core.allocation.problem import FUNDING, LGD, BadProblem, MoneyBasis, Objective
from credit_udfs.core.churn import DEFAULT_CURVES, RATE_MAX, RATE_MIN, ChurnCurves, fit_churn
from credit_udfs.core.grade_sets import grade_sets
from credit_udfs.core.indicators import compute
from credit_udfs.core.industry import industries, industry_of
from credit_udfs.core.method_scores import score_model
from credit_udfs.core.model_card import Model
from credit_udfs.core.scoring import Scores
from credit_udfs.core.tables import Tables
from credit_udfs.errors import BadInput, CreditError, OutOfRange
from credit_udfs.types import GRADES, ChurnModel, Floats, Grade, Ints, Progress

Compute: TypeAlias = Callable[[pl.DataFrame, pl.DataFrame, Sequence[str], Sequence[str]], pl.DataFrame]
LendTo: TypeAlias = Literal["auto", "new", "rated", "all"]

ANY_LOAN = (1e-9, 1e300)
"""Stands in for limits of a loan that are wrong, so that nothing else is found wrong because of them."""


@dataclass(frozen=True)
class FirmTerms:
    """What the bank has settled for one firm. amount_min, amount_max: of its loan, yuan (None: as for all; a largest
    of 0 refuses it); amount: decided beforehand, 0 for refused; group: connected firms have the same, "" for none."""

    amount_min: float | None = None
    amount_max: float | None = None
    amount: float | None = None
    group: str = ""


@dataclass(frozen=True)
class Settings:
    """What the bank decides. Money in yuan, rates as fractions per year.

    budget: to lend at most. rate_min, rate_max: within the churn curves' range. amount_min, amount_max: of one
    loan. lgd: loss given default (0.45: Basel II foundation approach, senior unsecured). funding: cost of a yuan
    for a year (0.015: one-year benchmark deposit rate). churn: which fit of the churn statistics. lend_to: whom
    the plan is about: "new" firms (no grade on record), "rated" ones, "all", or "auto" (the new ones if there are
    any, else all). objective: what counts as a gain, see core.allocation.problem.Terms. limits: the risk
    officer's. gap: how far from proven optimal a plan with limits may be, relative; prove: search on to 1e-6.
    budget_basis: the budget is of money "offered" or expected to be "drawn"; use_all_budget: lend it to the last
    yuan. firm_terms: what is settled for single firms, by name. time_limit: seconds for a plan, after which the best
    one so far is taken with its honest gap; None for as long as it takes.
    """

    budget: float = 100_000_000.0
    rate_min: float = RATE_MIN
    rate_max: float = RATE_MAX
    amount_min: float = 100_000.0
    amount_max: float = 1_000_000.0
    lgd: float = LGD
    funding: float = FUNDING
    churn: ChurnModel = "power"
    lend_to: LendTo = "auto"
    objective: Objective = "bank"
    limits: Limits = field(default_factory=Limits)
    gap: float = 1e-4
    prove: bool = False
    budget_basis: MoneyBasis = "offered"
    use_all_budget: bool = False
    firm_terms: Mapping[str, FirmTerms] = field(default_factory=dict)
    time_limit: float | None = None

    def with_changes(self, **changes: object) -> Settings:
        """A copy with some fields changed. Raises BadInput for a name that is no setting."""
        unknown = sorted(set(changes) - set(self.__dataclass_fields__))
        if unknown:
            known = ", ".join(self.__dataclass_fields__)
            raise BadInput("core.setting_unknown", name=unknown[0], known=known)
        return replace(self, **changes)  # type: ignore[arg-type]  # names are checked, types by the problem


@dataclass(frozen=True)
class Assessment:
    """What comes of it. Rows of `scores`, `grade`, `industry` are those of `tables.firms`.

    model gives score and probability of default, grade_model grades and their probabilities: the same one, unless the
    model asked for predicts only one of the two.
    indicators: "firm" and the model's indicators. grade: the grade on record, else the predicted one; None where
    too little is known. industry: key of core.industry, None where the name doesn't tell. applicants: rows of
    `tables.firms` that the plan is about, in its order. log: what the caller records of the run (versions, times).
    """

    settings: Settings
    model: Model
    curves: ChurnCurves
    tables: Tables
    indicators: pl.DataFrame
    scores: Scores
    grade: tuple[Grade | None, ...]
    industry: tuple[str | None, ...]
    applicants: Ints
    plan: Plan
    log: Mapping[str, str] = field(default_factory=dict)
    grade_model: Model | None = None

    @property
    def grader(self) -> Model:
        """The model that gives the grades."""
        return self.grade_model or self.model

    @cached_property
    def annual_net_sales(self) -> Floats:
        """(n,), yuan a year, whether or not the model has this indicator."""
        key = "annual_net_sales"
        if key in self.indicators.columns:
            frame = self.indicators.select("firm", key)
        else:
            firms = self.tables.firms["firm"].to_list()
            frame = compute(self.tables.purchases, self.tables.sales, firms, [key])
        return matrix(frame)[:, 0]

    @cached_property
    def grade_sets(self) -> tuple[str, ...] | None:
        """Per enterprise the grades that can't be ruled out, such as "AB"; None when the model isn't calibrated."""
        return grade_sets(self.grader, self.scores.grade_probs)

    @cached_property
    def firms(self) -> pl.DataFrame:
        """One row per enterprise: score, probability of default, grades and their probabilities, contributions.

        Probabilities and shares are fractions; ``points_*`` are score points against the training median.
        """
        scores = self.scores
        letters = [scores.grade_letter(row) for row in range(len(self.grade))]
        return self.tables.firms.select("firm", "name").with_columns(
            pl.Series("industry", self.industry, dtype=pl.String),
            self.tables.firms["grade"].alias("grade_on_record"),
            self.tables.firms["default"].alias("default_on_record"),
            pl.Series("score", scores.score, nan_to_null=True),
            pl.Series("pd", scores.pd, nan_to_null=True),
            pl.Series("grade_predicted", letters, dtype=pl.String),
            *(pl.Series(f"p_{letter}", scores.grade_probs[:, i], nan_to_null=True) for i, letter in enumerate(GRADES)),
            *(
                pl.Series(f"points_{key}", scores.points[:, i], nan_to_null=True)
                for i, key in enumerate(self.model.indicators)
            ),
            pl.Series("out_of_range", scores.out_of_range.any(axis=1)),
            pl.Series("missing", scores.missing.sum(axis=1)),
        )

    @cached_property
    def loans(self) -> pl.DataFrame:
        """One row per applicant: lend, amount (yuan), rate, churn, expected profit (yuan), margin, grade, pd."""
        plan, rows = self.plan, self.applicants.tolist()
        return pl.DataFrame(
            {
                "firm": plan.problem.firms.ids,
                "grade": [self.grade[row] for row in rows],
                "pd": pl.Series(plan.problem.firms.pd, nan_to_null=True),
                "lend": plan.lend,
                "amount": plan.amount,
                "rate": pl.Series(plan.rate, nan_to_null=True),
                "churn": pl.Series(plan.churn, nan_to_null=True),
                "profit": plan.profit,
                "expected_loss": plan.expected_loss,
                "best_rate": pl.Series(plan.best_rate, nan_to_null=True),
                "margin": pl.Series(plan.margin, nan_to_null=True),
            },
            schema_overrides={"grade": pl.String},
        )


def assess(
    tables: Tables,
    settings: Settings,
    model: Model,
    progress: Progress | None = None,
    *,
    other: Model | None = None,
    compute: Compute = compute,
    clock: Callable[[], float] | None = None,
) -> Assessment:
    """Score every enterprise of `tables` with `model`, and plan the loans of the applicants.

    other: gives what `model` doesn't predict, probabilities of default or grades; needed then only.
    compute: the indicators, where a model has some that core.indicators doesn't know. clock: for the time limit, which
    doesn't count without one.
    Raises BadProblem with everything that is wrong with the settings, Infeasible when no plan keeps the limits.
    """
    faults = list[CreditError]()
    tell = progress or (lambda stage, done, total: None)
    firms = tables.firms["firm"].to_list()
    try:
        curves = churn_curves(tables, settings)
    except CreditError as error:  # to be said with all the rest, for which any curves will do
        faults.append(error)
        curves = DEFAULT_CURVES
    tell("indicators", 0, len(firms))
    risk, grader = (_able(target, model, other) for target in ("default", "grade"))
    indicators = compute(tables.purchases, tables.sales, firms, risk.indicators)
    tell("scores", 0, len(firms))
    scores = score_model(risk, matrix(indicators))
    if grader is not risk:
        graded = compute(tables.purchases, tables.sales, firms, grader.indicators)
        said = score_model(grader, matrix(graded), contributions=False)
        scores = replace(scores, grade=said.grade, grade_probs=said.grade_probs)
    on_record = tables.firms["grade"].to_list()
    grade = tuple(known or scores.grade_letter(row) for row, known in enumerate(on_record))
    industry = tuple(found.key if (found := industry_of(name)) else None for name in tables.firms["name"])
    try:
        applicants = _applicants(on_record, settings.lend_to)
    except CreditError as error:
        faults.append(error)
        applicants = np.arange(len(firms))
    tell("plan", 0, applicants.size)
    plan = solve(
        pose(settings, curves, firms, scores.pd, grade, industry, applicants, faults),
        gap=settings.gap,
        prove=settings.prove,
        time_limit=settings.time_limit,
        clock=clock,
        progress=progress,
    )
    return Assessment(
        settings,
        risk,
        curves,
        tables,
        indicators,
        scores,
        grade,
        industry,
        applicants,
        plan,
        grade_model=grader if grader is not risk else None,
    )


def _able(target: str, *models: Model | None) -> Model:
    for model in models:
        if model is not None and target in model.predicts:
            return model
    first = models[0]
    raise BadInput("core.model_predicts", name=first.name if first else "", target=target)


def matrix(indicators: pl.DataFrame) -> Floats:
    """The indicators of a frame as (n, k) floats, missing ones NaN."""
    return indicators.drop("firm").fill_null(float("nan")).to_numpy()


def churn_curves(tables: Tables, settings: Settings) -> ChurnCurves:
    """Curves fitted to the bank's own statistics, or the published ones (power law only) where there are none."""
    if (wrong := kind_fault("churn", settings.churn, ChurnModel)) is not None:
        raise wrong
    if tables.churn is not None:
        return fit_churn(tables.churn.rates, tables.churn.observed, settings.churn)
    if settings.churn != "power":
        raise BadInput("core.churn_needs_statistics", model=settings.churn)
    return DEFAULT_CURVES


def pose(
    settings: Settings,
    curves: ChurnCurves,
    ids: list[str],
    pd: Floats,
    grade: tuple[Grade | None, ...],
    industry: tuple[str | None, ...],
    applicants: Ints,
    faults: Sequence[CreditError] = (),
) -> Problem:
    """The allocation problem of the applicants. A firm without a grade or a probability is never lent to.

    Raises BadProblem with `faults`, those known already, and everything else that is wrong.
    """
    found = [*faults, *search_faults(settings.gap, settings.prove, settings.time_limit)]
    low, high = settings.amount_min, settings.amount_max
    if check_kinds(settings, found.append, ("amount_min", "amount_max")):
        low, high = ANY_LOAN
    elif not (0 < low <= high and np.isfinite(high)):
        found.append(OutOfRange("core.amount_limits", low=low, high=high))
        low, high = ANY_LOAN
    rows = applicants.tolist()
    names = [ids[row] for row in rows]
    own = [settings.firm_terms.get(name, FirmTerms()) for name in names]
    strange = sorted(set(settings.firm_terms) - set(names))
    found += [BadInput("core.not_an_applicant", firm=firm, firms=len(names)) for firm in strange]
    graded = np.array([grade[row] is not None for row in rows], dtype=bool)
    firms = Firms.of(
        names,
        np.where(graded, pd[applicants], np.nan),
        np.array([GRADES.index(grade[row] or "D") for row in rows], dtype=np.int64),
        low=[low if one.amount_min is None else one.amount_min for one in own],
        high=[high if one.amount_max is None else one.amount_max for one in own],
        sector=[industry[row] or "" for row in rows],
        group=[one.group for one in own] if any(one.group for one in own) else None,
    )
    terms = Terms(
        settings.budget,
        settings.lgd,
        settings.funding,
        settings.rate_min,
        settings.rate_max,
        curves,
        settings.budget_basis,
        settings.use_all_budget,
        settings.objective,
    )
    fixed = {name: one.amount for name, one in zip(names, own, strict=True) if one.amount is not None}
    limits = settings.limits
    if isinstance(limits.sector_share, Mapping):
        # A limit on an industry that no applicant is in limits nothing; one that doesn't exist is refused.
        absent = industries().keys() - set(firms.sector or ())
        limits = replace(limits, sector_share={k: v for k, v in limits.sector_share.items() if k not in absent})
    if fixed:
        limits = replace(limits, fixed={**(limits.fixed or {}), **fixed})
    if found:
        raise BadProblem([*found, *faults_of(firms, terms, limits)])
    return Problem(firms, terms, limits)


def _applicants(on_record: list[Grade | None], lend_to: LendTo) -> Ints:
    if (wrong := kind_fault("lend_to", lend_to, LendTo)) is not None:
        raise wrong
    rated = np.array([grade is not None for grade in on_record], dtype=bool)
    if lend_to == "auto":
        lend_to = "all" if rated.all() else "new"
    chosen = {"all": np.ones(rated.size, dtype=bool), "new": ~rated, "rated": rated}[lend_to]
    if not chosen.any():
        raise BadInput("core.no_applicants", lend_to=lend_to, firms=rated.size)
    return np.flatnonzero(chosen)
