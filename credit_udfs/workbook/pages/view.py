"""What the pages show, worked out once from an assessment: aligned per firm, in words, by month and counterparty."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import polars as pl

from credit_udfs.core.allocation.explain import Explanation, explain
from credit_udfs.core.allocation.problem import Objective
from credit_udfs.core.assess import Assessment
from credit_udfs.core.indicators import INDICATORS
from credit_udfs.core.industry import industries, is_sole_trader
from credit_udfs.core.summary import REFUSALS, Refusal, refusals
from credit_udfs.locale import Lang, text
from credit_udfs.types import Floats

WAN_YUAN: Final = 10_000.0
FEW_INVOICES: Final = 20
MONTHS: Final = 48
PARTNERS: Final = 5
MAX_FIRM_DATA: Final = 2_000  # firms with their own month by month data: more would make a workbook too heavy

Fate: TypeAlias = Literal["lent"] | Refusal
FATES: Final[tuple[Fate, ...]] = ("lent", *REFUSALS)

UNITS: Final[Mapping[str, tuple[str, float]]] = {
    # unit of an indicator -> number format on the page, divisor
    "yuan": ("#,##0.0", WAN_YUAN),
    "yuan/year": ("#,##0.0", WAN_YUAN),
    "years": ("0.0", 1.0),
    "fraction": ("0.0%", 1.0),
    "count": ("#,##0", 1.0),
    "1/year": ("#,##0.0", 1.0),
    "ratio": ("0.00", 1.0),
}


@dataclass(frozen=True)
class Extras:
    """What a result may have besides the assessment; each adds its page or its column.

    frontiers, risk, stress, comparison, validation, reproduction: results of core (see the pages of these names).
    explanations: per row of the plan, with checked flips; without them the pages give reasons alone.
    grade_sets: per firm of `tables.firms`, the grades that can't be ruled out, such as "AB".
    """

    frontiers: Sequence[Any] = ()
    risk: Any = None
    stress: Any = None
    comparison: Any = None
    explanations: Sequence[Explanation] | None = None
    validation: Any = None
    reproduction: Any = None
    grade_sets: Sequence[str] | None = None


@dataclass(frozen=True)
class View:
    """An assessment as one language's pages see it; `at` is the time of writing, UTC."""

    assessment: Assessment
    lang: Lang
    extras: Extras = field(default_factory=Extras)
    at: dt.datetime = dt.datetime(1980, 1, 1)

    def t(self, key: str, /, **values: object) -> str:
        """The page's text; `gain` in it is what the plan maximises."""
        return text(f"pages.{key}", self.lang, **{"gain": self.gain, **values})

    @property
    def objective(self) -> Objective:
        return self.assessment.plan.problem.terms.objective

    @property
    def gain(self) -> str:
        """What the plan maximises: "profit", or a paper's income or profit."""
        return text(f"allocation.gain_{self.objective}", self.lang)

    @property
    def colon(self) -> str:
        return "：" if self.lang == "zh" else ": "

    @property
    def comma(self) -> str:
        return "，" if self.lang == "zh" else ", "

    @property
    def semicolon(self) -> str:
        return "；" if self.lang == "zh" else "; "

    @property
    def stop(self) -> str:
        """The end of a sentence."""
        return "。" if self.lang == "zh" else "."

    # --- firms ---------------------------------------------------------------------------------------------

    @cached_property
    def ids(self) -> list[str]:
        return self.assessment.tables.firms["firm"].to_list()

    @cached_property
    def names(self) -> list[str]:
        return [name or "" for name in self.assessment.tables.firms["name"].to_list()]

    def industry_name(self, key: str | None) -> str:
        known = industries()
        return known[key].name(self.lang) if key and key in known else self.t("industry_unknown")

    @cached_property
    def industry_names(self) -> list[str]:
        return [self.industry_name(key) for key in self.assessment.industry]

    @cached_property
    def applicant_industries(self) -> list[str]:
        """Keys; "" where the name doesn't tell."""
        return [self.assessment.industry[int(row)] or "" for row in self.assessment.applicants]

    @cached_property
    def plan_row(self) -> dict[int, int]:
        """Row of tables.firms -> row of the plan."""
        return {int(row): j for j, row in enumerate(self.assessment.applicants)}

    @cached_property
    def indicators(self) -> Floats:
        return self.assessment.indicators.drop("firm").fill_null(float("nan")).to_numpy()

    def indicator_name(self, key: str) -> str:
        if key not in INDICATORS:  # a paper's own: its model card names it
            named = {spec["key"]: str(spec[self.lang]) for spec in self.assessment.model.numbers["indicators"]}
            return named[key]
        declared = INDICATORS[key]
        return declared.zh if self.lang == "zh" else declared.en

    def indicator_unit(self, key: str) -> str:
        return INDICATORS[key].unit if key in INDICATORS else "ratio"

    def indicator_format(self, key: str) -> tuple[str, float]:
        return UNITS[self.indicator_unit(key)]

    def indicator_header(self, key: str) -> str:
        return self.indicator_name(key) + self.unit(self.indicator_unit(key))

    def unit(self, unit: str) -> str:
        """The unit in brackets, or nothing where the number says it itself."""
        return text(f"units.{unit.replace('/', '_per_')}", self.lang)

    def indicator_text(self, key: str, value: float) -> str:
        """A value as people say it: 1,234.5 万元/年, 96.0%."""
        if np.isnan(value):
            return self.t("missing_value")
        fmt, divisor = self.indicator_format(key)
        shown = value / divisor if self.lang == "zh" else value
        number = f"{shown:.0%}" if "%" in fmt else f"{shown:,.1f}" if abs(shown) < 1000 else f"{shown:,.0f}"
        unit = text(f"units.{self.indicator_unit(key).replace('/', '_per_')}_short", self.lang)
        return number + unit

    def money(self, yuan: float) -> str:
        """An amount in a sentence: 253.68 万元, 2,536,793 yuan."""
        return f"{yuan / WAN_YUAN:,.2f} 万元" if self.lang == "zh" else f"{yuan:,.0f} yuan"

    def reasons(self, row: int, count: int = 3) -> list[str]:
        """The largest contributions in words, padded with blanks."""
        model = self.assessment.model
        said = []
        for i, points in self.assessment.scores.reasons(row, count):
            key = model.indicators[i]
            value = self.indicator_text(key, float(self.indicators[row, i]))
            kind = "reason_up" if points > 0 else "reason_down"
            said.append(self.t(kind, name=self.indicator_name(key), value=value, points=abs(points)))
        return said + [""] * (count - len(said))

    @cached_property
    def invoice_counts(self) -> tuple[list[int], list[int]]:
        """Valid sales and purchase invoices per firm."""
        tables = self.assessment.tables
        counted = []
        for side in (tables.sales, tables.purchases):
            found = side.filter(~pl.col("void")).group_by("firm").len()
            number = dict(zip(found["firm"].cast(pl.String).to_list(), found["len"].to_list(), strict=True))
            counted.append([number.get(firm, 0) for firm in self.ids])
        return counted[0], counted[1]

    def flags(self, row: int) -> str:
        """What to mind about a firm's score."""
        said = []
        scores = self.assessment.scores
        if scores.grade[row] < 0:
            said.append(self.t("flag_no_score"))
        elif scores.missing[row].any():
            said.append(self.t("flag_missing", count=int(scores.missing[row].sum())))
        if scores.out_of_range[row].any():
            keys = [k for k, out in zip(self.assessment.model.indicators, scores.out_of_range[row], strict=True) if out]
            names = ("、" if self.lang == "zh" else ", ").join(self.indicator_name(k) for k in keys)
            said.append(self.t("flag_range", names=names))
        if is_sole_trader(self.names[row]):
            said.append(self.t("flag_sole_trader"))
        sales, purchases = self.invoice_counts
        if min(sales[row], purchases[row]) < FEW_INVOICES:
            said.append(self.t("flag_few", sales=sales[row], purchases=purchases[row]))
        return self.semicolon.join(said)

    # --- the plan ------------------------------------------------------------------------------------------

    @cached_property
    def fates(self) -> list[Fate]:
        """Per row of the plan: lent, or why not."""
        return [why or "lent" for why in refusals(self.assessment)]

    @cached_property
    def _explained(self) -> tuple[Explanation, ...]:
        return tuple(self.extras.explanations or explain(self.assessment.plan, check=False))

    def flips(self, j: int) -> tuple[float | None, float | None]:
        """The probability of default and the budget (yuan) that turn the decision on row j of the plan."""
        return self._explained[j].flip_pd, self._explained[j].flip_budget

    def why(self, j: int) -> str:
        """Why row j of the plan gets what it gets, in one sentence."""
        return self._explained[j].sentence(self.lang)

    def advice(self, j: int) -> str:
        """What would change the decision on row j of the plan: where it flips, once that was looked for."""
        plan, fate = self.assessment.plan, self.fates[j]
        if self._explained[j].checked and (said := self._explained[j].change(self.lang)):
            return said
        if fate in ("grade_d", "unknown", "limits"):
            return self.t(f"advice_{fate}")
        if fate == "lent":
            # Money that earns nothing elsewhere: the loan goes only when it stops earning.
            return self.t("advice_lent", yuan=max(0.0, float(plan.margin[j])) * WAN_YUAN)
        if fate == "below_cut":
            return self.t("advice_below_cut", yuan=-float(plan.margin[j]) * WAN_YUAN)
        return self.t("advice_no_profit", yuan=-float(plan.earning[j]) * WAN_YUAN)

    @cached_property
    def applicant_grades(self) -> list[str]:
        return [self.assessment.grade[int(row)] or "" for row in self.assessment.applicants]

    def lent_by(self, labels: Sequence[str]) -> list[tuple[str, int, float, float, float]]:
        """(label, firms lent to, yuan, expected profit, expected loss) by the applicants' labels, largest first."""
        plan = self.assessment.plan
        sums: dict[str, list[float]] = {}
        for j, label in enumerate(labels):
            if plan.lend[j]:
                row = sums.setdefault(label, [0.0] * 4)
                for k, value in enumerate((1.0, plan.amount[j], plan.profit[j], plan.expected_loss[j])):
                    row[k] += float(value)
        order = sorted(sums, key=lambda label: (-sums[label][1], label))
        return [(label, int(sums[label][0]), *sums[label][1:]) for label in order]  # type: ignore[misc]

    # --- one firm ------------------------------------------------------------------------------------------

    @cached_property
    def detailed(self) -> list[int]:
        """Rows of firms shown one by one: the applicants first when there are too many for all."""
        n = len(self.ids)
        if n <= MAX_FIRM_DATA:
            return list(range(n))
        plan = self.assessment.plan
        order = sorted(
            range(n),
            key=lambda row: (
                -(float(plan.amount[self.plan_row[row]]) if row in self.plan_row else -1.0),
                row,
            ),
        )
        return sorted(order[:MAX_FIRM_DATA])

    @cached_property
    def months(self) -> list[dt.date]:
        """First days of the months shown, at most MONTHS, up to the last invoice."""
        tables = self.assessment.tables
        ends = [(s["date"].min(), s["date"].max()) for s in (tables.sales, tables.purchases) if s.height]
        if not ends:
            return []
        first, last = min(e[0] for e in ends), max(e[1] for e in ends)  # type: ignore[type-var]
        count = (last.year - first.year) * 12 + last.month - first.month + 1  # type: ignore[union-attr]
        total = last.year * 12 + last.month - 1  # type: ignore[union-attr]
        return [dt.date(m // 12, m % 12 + 1, 1) for m in range(total - min(count, MONTHS) + 1, total + 1)]

    @cached_property
    def monthly(self) -> tuple[Floats, Floats]:
        """Net sales and purchases in yuan, (firms, months); 0 for a month without invoices."""
        start = self.months[0].year * 12 + self.months[0].month - 1 if self.months else 0
        row_of = {firm: i for i, firm in enumerate(self.ids)}
        out = []
        for side in (self.assessment.tables.sales, self.assessment.tables.purchases):
            grid = np.zeros((len(self.ids), len(self.months)))
            found = (
                side.lazy()
                .filter(~pl.col("void"))
                .with_columns((pl.col("date").dt.year() * 12 + pl.col("date").dt.month() - 1 - start).alias("m"))
                .filter((pl.col("m") >= 0) & (pl.col("m") < len(self.months)))
                .group_by("firm", "m")
                .agg(_exact_sum())
                .collect()
            )
            rows = [row_of.get(f, -1) for f in found["firm"].cast(pl.String).to_list()]
            for row, m, net in zip(rows, found["m"].to_list(), found["net"].to_list(), strict=True):
                if row >= 0:
                    grid[row, m] = net
            out.append(grid)
        return out[0], out[1]

    @cached_property
    def partners(self) -> tuple[dict[str, list[tuple[str, float]]], dict[str, list[tuple[str, float]]]]:
        """The largest customers and suppliers per firm: (name, share of the firm's positive net amounts)."""
        out = []
        for side in (self.assessment.tables.sales, self.assessment.tables.purchases):
            found = (
                side.lazy()
                .filter(~pl.col("void"))
                .group_by("firm", "counterparty")
                .agg(_exact_sum())
                .filter(pl.col("net") > 0)
                .with_columns(pl.col("firm").cast(pl.String), pl.col("counterparty").cast(pl.String))
                .sort("firm", "net", "counterparty", descending=[False, True, False])
                .with_columns((pl.col("net") * 1e4).round().cast(pl.Int64).sum().over("firm").alias("whole"))
                .group_by("firm", maintain_order=True)
                .head(PARTNERS)
                .collect()
            )
            largest: dict[str, list[tuple[str, float]]] = {}
            for firm, name, net, whole in found.select("firm", "counterparty", "net", "whole").iter_rows():
                largest.setdefault(firm, []).append((name, net / (whole / 1e4)))
            out.append(largest)
        return out[0], out[1]


def _exact_sum() -> pl.Expr:
    """Net amount, summed as whole ten-thousandths, so that threads can't change its last bit."""
    return (((pl.col("amount") * 1e4).round().cast(pl.Int64)).sum().cast(pl.Float64) / 1e4).alias("net")
