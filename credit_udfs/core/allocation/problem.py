"""What is asked of a credit plan: firms, terms and limits, as frozen values.

Money is yuan, rates and shares are fractions. Everything wrong with a problem is reported at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np

from credit_udfs.core.allocation.faults import GRADE_D, faults_of
from credit_udfs.core.allocation.rates import RateTable
from credit_udfs.core.churn import DEFAULT_CURVES, ChurnCurves
from credit_udfs.errors import BadInput, CreditError
from credit_udfs.locale import Lang, text
from credit_udfs.types import GRADES, Bools, Floats, Grade, Ints

Objective: TypeAlias = Literal["bank", "P1", "P3", "P4"]
MoneyBasis: TypeAlias = Literal["offered", "drawn"]
ShareBase: TypeAlias = Literal["lent", "budget"]
LossBasis: TypeAlias = Literal["committed", "drawn"]
ChurnBase: TypeAlias = Literal["clients", "applicants"]

LGD = 0.45
"""Loss given default of senior unsecured claims on firms, Basel II foundation approach (paragraph 287)."""
FUNDING = 0.015
"""One-year benchmark deposit rate of the People's Bank of China since October 2015."""
UNTRUST = np.array([0.10, 0.35, 0.65, 0.90])
"""P0, table 3: a grade's quantified rate of untrustworthiness."""
QUOTED_STEP = 0.0025


def _column(values: Any) -> Any:
    """Numbers as floats, None as NaN; anything else as it is."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return np.asarray(values, dtype=object)


@dataclass(frozen=True, eq=False)
class Firms:
    """Applicants. All arrays have shape (n,), in the caller's order.

    ids: names, unique. pd: probability of default in [0, 1]; NaN where unknown (such a firm isn't lent to).
    grade: codes 0..3 for A..D; a D firm is never lent to. low, high: smallest and largest amount of a loan,
    yuan, 0 < low <= high; high 0 refuses the firm. sector, group: industry, and connected group ("" for
    none). repayment: P1's repayment score in [0, 1] (default 1 - pd); shock: P1's factor on it (default 1).
    """

    ids: tuple[str, ...]
    pd: Floats
    grade: Ints
    low: Floats
    high: Floats
    sector: tuple[str, ...] | None = None
    group: tuple[str, ...] | None = None
    repayment: Floats | None = None
    shock: Floats | None = None

    @classmethod
    def of(
        cls,
        ids: Iterable[str],
        pd: Any,
        grade: Sequence[Grade] | Ints,
        *,
        low: Any = 100_000.0,
        high: Any = 1_000_000.0,
        sector: Iterable[str] | None = None,
        group: Iterable[str] | None = None,
        repayment: Any = None,
        shock: Any = None,
    ) -> Firms:
        """The same from plain lists: grades as letters or codes, amounts as one number or one each.

        Defaults are the contest's: 100,000 to 1,000,000 yuan. What is no number, or no grade, is kept as it is, for
        Problem to refuse with everything else.
        """
        names = tuple(ids)
        codes = [GRADES.index(g) if g in GRADES else g for g in np.asarray(grade).tolist()]

        def each(value: Any) -> Any:
            column = _column(value)
            return np.full(len(names), column) if column.ndim == 0 else column.copy()

        return cls(
            names,
            _column(pd),
            np.asarray(codes, dtype=np.int64 if all(isinstance(g, int) for g in codes) else object),
            each(low),
            each(high),
            None if sector is None else tuple(sector),
            None if group is None else tuple(group),
            None if repayment is None else _column(repayment),
            None if shock is None else _column(shock),
        )

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def risk_value(self) -> Floats:
        """P0's l = 0.5 q + 0.5 p, (n,): q by grade (UNTRUST), p the probability of default; NaN where
        unknown."""
        return 0.5 * UNTRUST[self.grade] + 0.5 * self.pd


@dataclass(frozen=True)
class Terms:
    """What the bank offers and what it counts as a gain.

    budget: yuan; an upper limit, or to be lent to the last yuan with `use_all_budget`.
    budget_basis: "offered" counts every yuan offered (the contest), "drawn" only what is expected to be
    drawn. lgd: loss given default; funding: cost of a yuan lent for a year. rate_min, rate_max: lending rates
    per year, within the range of the churn curves. objective: what a yuan offered at rate r earns, with u the
    churn rate,
        "bank" (1 - u) (r (1 - pd) - lgd pd - funding), the default;
        "P1"   (1 - u) shock repayment r, of paper P1 (section 3.1; shock is its f);
        "P3"   (1 - u) (r - funding), of paper P3 (section 4.2.1; funding is its deposit rate);
        "P4"   (1 - u) (1 - pd) r, the loan income that P4 maximises over the rate (its formula isn't printed:
               our reading).
    quoted: the rates to choose from where rates are to be ordered or one per grade; default: steps of 0.25%.
    """

    budget: float
    lgd: float = LGD
    funding: float = FUNDING
    rate_min: float = 0.04
    rate_max: float = 0.15
    curves: ChurnCurves = field(default=DEFAULT_CURVES)
    budget_basis: MoneyBasis = "offered"
    use_all_budget: bool = False
    objective: Objective = "bank"
    quoted: tuple[float, ...] | None = None

    @property
    def quoted_rates(self) -> Floats:
        """Rates to quote where rates hang together (ordered, or one per grade)."""
        if self.quoted is not None:
            return np.array(sorted(set(self.quoted)), dtype=np.float64)
        steps = max(round((self.rate_max - self.rate_min) / QUOTED_STEP), 1)
        return np.linspace(self.rate_min, self.rate_max, steps + 1)

    @cached_property
    def rates(self) -> RateTable:
        return RateTable(self.curves, self.rate_min, self.rate_max)


@dataclass(frozen=True)
class Limits:
    """What a risk officer sets; None or empty means no limit. Shares are fractions in [0, 1].

    sector_share: largest share of one sector: one number for every known sector (not ""), or by sector.
    grade_share: by grade. group_share: of every connected group; group_amount: yuan, of every connected
    group. share_of: shares are of the money "lent" (default) or of the "budget". expected_loss: ceiling on pd
    * lgd * money, as a share of the money; loss_basis: money "committed" (default)
        or "drawn"; loss_amount: the same on offered money as an amount, yuan; risk_amount: ceiling on P0's H,
        yuan. On drawn money the ceiling can be met by rates so high that risky firms leave.
    mean_churn: ceiling on the mean churn rate of "clients" (firms lent to; default) or of all "applicants"
        (a refused one counts as 1): churn_over.
    min_clients: firms lent to at least; min_lent: yuan offered at least.
    fixed: decisions already taken, by id: yuan offered, 0 for refused.
    one_rate_per_grade: all firms of a grade get the same rate.
    rates_ordered: rates don't fall as the probability of default rises, over all firms lent to; of equal ones in the
        order of the grades, then of the list. With one_rate_per_grade: they don't fall from A to B to C.
    """

    sector_share: float | Mapping[str, float] | None = None
    grade_share: Mapping[Grade, float] | None = None
    group_share: float | None = None
    group_amount: float | None = None
    share_of: ShareBase = "lent"
    expected_loss: float | None = None
    loss_basis: LossBasis = "committed"
    loss_amount: float | None = None
    risk_amount: float | None = None
    mean_churn: float | None = None
    churn_over: ChurnBase = "clients"
    min_clients: int | None = None
    min_lent: float | None = None
    fixed: Mapping[str, float] | None = None
    one_rate_per_grade: bool = False
    rates_ordered: bool = False

    @property
    def any_row(self) -> bool:
        """Whether there is a limit beside the budget that couples firms through money or numbers."""
        return any(
            limit is not None and limit != {}
            for limit in (
                self.sector_share,
                self.grade_share,
                self.group_share,
                self.group_amount,
                self.expected_loss,
                self.loss_amount,
                self.risk_amount,
                self.mean_churn,
                self.min_clients,
                self.min_lent,
            )
        )

    def sentences(self, lang: Lang) -> tuple[str, ...]:
        """One sentence for each limit set, in `lang`."""
        out: list[str] = []

        def say(name: str, **values: object) -> None:
            out.append(text(f"allocation.limit_{name}", lang, **values))

        of = text(f"allocation.share_of_{self.share_of}", lang)
        if isinstance(self.sector_share, Mapping):
            for sector, share in self.sector_share.items():
                say("sector", sector=sector, share=share, of=of)
        elif self.sector_share is not None:
            say("every_sector", share=self.sector_share, of=of)
        for grade, share in (self.grade_share or {}).items():
            say("grade", grade=grade, share=share, of=of)
        if self.group_share is not None:
            say("group_share", share=self.group_share, of=of)
        if self.group_amount is not None:
            say("group_amount", amount=self.group_amount)
        if self.expected_loss is not None:
            say(f"expected_loss_{self.loss_basis}", share=self.expected_loss)
        if self.loss_amount is not None:
            say("loss_amount", amount=self.loss_amount)
        if self.risk_amount is not None:
            say("risk_amount", amount=self.risk_amount)
        if self.mean_churn is not None:
            say(f"mean_churn_{self.churn_over}", share=self.mean_churn)
        if self.min_clients is not None:
            say("min_clients", count=self.min_clients)
        if self.min_lent is not None:
            say("min_lent", amount=self.min_lent)
        for firm, amount in (self.fixed or {}).items():
            say("fixed" if amount else "fixed_refused", firm=firm, amount=amount)
        if self.one_rate_per_grade:
            say("one_rate_per_grade")
        if self.rates_ordered:
            say("rates_ordered_by_grade" if self.one_rate_per_grade else "rates_ordered")
        return tuple(out)


class BadProblem(BadInput):
    """A problem that can't be posed as given; `faults` holds everything wrong with it. #VALUE!"""

    def __init__(self, faults: Sequence[CreditError]) -> None:
        self.faults = tuple(faults)
        super().__init__("allocation.bad_problem", count=len(self.faults))

    def text(self, lang: Lang) -> str:
        return "\n".join([super().text(lang), *(f"- {fault.text(lang)}" for fault in self.faults)])


@dataclass(frozen=True, eq=False)
class Problem:
    """Firms, terms and limits, checked on construction. Raises BadProblem with all faults at once."""

    firms: Firms
    terms: Terms
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        faults = faults_of(self.firms, self.terms, self.limits)
        if faults:
            raise BadProblem(faults)

    def with_terms(self, **changes: Any) -> Problem:
        """A copy with some terms changed."""
        return replace(self, terms=replace(self.terms, **changes))

    def with_limits(self, **changes: Any) -> Problem:
        """A copy with some limits changed."""
        return replace(self, limits=replace(self.limits, **changes))

    @cached_property
    def gain(self) -> Floats:
        """(n,) what a drawn yuan earns per unit of rate: it earns gain * r - cost."""
        firms, objective = self.firms, self.terms.objective
        if objective == "P1":
            score = 1.0 - firms.pd if firms.repayment is None else firms.repayment
            return score if firms.shock is None else score * firms.shock
        return np.where(np.isnan(firms.pd), np.nan, 1.0) if objective == "P3" else 1.0 - firms.pd

    @cached_property
    def cost(self) -> Floats:
        """(n,) what a drawn yuan costs whatever its rate, yuan per yuan and year."""
        terms = self.terms
        if terms.objective == "bank":
            return terms.lgd * self.firms.pd + terms.funding
        return np.full(len(self.firms), terms.funding if terms.objective == "P3" else 0.0)

    @cached_property
    def lendable(self) -> Bools:
        """(n,) whether the firm may be lent to: not D, its probability of default known, not fixed at 0."""
        firms = self.firms
        ok = (firms.grade < GRADE_D) & ~np.isnan(firms.pd) & (firms.high > 0.0) & ~np.isnan(self.gain)
        if self.limits.fixed:
            ok &= ~(self.fixed_amount == 0.0)
        return ok

    @cached_property
    def fixed_amount(self) -> Floats:
        """(n,) yuan fixed beforehand; NaN where the plan decides."""
        out = np.full(len(self.firms), np.nan)
        if self.limits.fixed:
            rows = {name: row for row, name in enumerate(self.firms.ids)}
            for name, amount in self.limits.fixed.items():
                out[rows[name]] = amount
        return out

    def earning(self, rate: Floats, stay: Floats) -> Floats:
        """(n,) what an offered yuan is expected to earn at rate (n,) where the share stay (n,) draws it."""
        return stay * (self.gain * rate - self.cost)
