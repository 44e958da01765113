"""Churn, rates, profit and the lending plan."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from credit_udfs.cells.coerce import Block
from credit_udfs.cells.functions.arguments import (
    AMOUNT_MAX,
    AMOUNT_MIN,
    FUNDING,
    LENDABLE,
    LGD,
    Churn,
    Funding,
    GradeOf,
    Lgd,
    Objective,
    Pd,
    Rate,
    RateMax,
    RateMin,
    Texts,
    curves_by,
    table_key,
)
from credit_udfs.cells.spec import Column, ErrorValue, Example, cell, number, table
from credit_udfs.types import GRADES, Floats

if TYPE_CHECKING:
    from credit_udfs.core.allocation import Problem, Terms

CATEGORY = ("信贷决策", "Credit lending")


def _without_d(values: Floats, grade: Texts) -> Sequence[Any]:
    """Values as they are, and for grade D the error that says why there is none."""
    listed: list[Any] = values.tolist()
    for i in np.flatnonzero(grade == "D").tolist():
        listed[i] = ErrorValue.make("#N/A", "cells.grade_d")
    return listed


def _ceiling(share: float | None) -> float | None:
    """A share can't be above 1, so that 1 is no ceiling: a formula can't leave an argument out by condition."""
    return None if share is None or share >= 1.0 else share


@lru_cache(maxsize=64)
def _terms(
    budget: float, lgd: float, funding: float, objective: Any, rate_min: float | None, rate_max: float | None,
    churn: bytes | None,
) -> Terms:  # fmt: skip
    # Kept, because the first use of a Terms works out the best rates of every grade.
    from credit_udfs.core.allocation import Terms

    curves = curves_by(churn)
    low = curves.rate_min if rate_min is None else rate_min
    high = curves.rate_max if rate_max is None else rate_max
    return Terms(budget, lgd, funding, low, high, curves, objective=objective)


def _problem(pd: Floats, grade: Texts, terms: Terms) -> Problem:
    from credit_udfs.core.allocation import Firms, Problem

    codes = np.array([GRADES.index(g) for g in grade], dtype=np.int64)
    return Problem(Firms.of(map(str, range(len(pd))), pd, codes), terms)


@cell(
    "CHURNRATE",
    result="row",
    category=CATEGORY,
    help_zh="某信誉评级的客户在给定贷款年利率下的流失率，0 到 1",
    help_en="Share of customers of a grade who go elsewhere at a lending rate, 0 to 1",
    columns=[("流失率", "churn rate")],
    examples=[
        Example('=CHURNRATE(0.0585,"B")', "loans", "评级 B，年利率 5.85%", "Grade B at 5.85% a year"),
        Example(
            '=CHURNRATE({0.04;0.08;0.12},{"A","B","C"})', "loans", "利率成列、评级成行，得一张表",
            "Rates in a column and grades in a row give a table",
        ),
        Example('=CHURNRATE(0.0585,"B",A2:D9)', "churn", "用本行自己的流失率表", "By the bank's own churn table"),
    ],
)  # fmt: skip
def churnrate(rate: Rate, grade: GradeOf, churn: Churn = None) -> Sequence[Any]:
    curves = curves_by(table_key(churn))
    found = np.full(len(rate), np.nan)
    for known in LENDABLE:
        rows = grade == known
        if rows.any():
            found[rows] = curves.churn(rate[rows], known)
    return _without_d(found, grade)


@cell(
    "BESTRATE",
    result="row",
    category=CATEGORY,
    help_zh="使预期利润最大的贷款年利率（默认在 4% 到 15% 之间），已计入因利率而流失的客户",
    help_en="The lending rate (4% to 15% unless told otherwise) that earns most, customers lost to it included",
    columns=[("最优年利率", "best rate")],
    examples=[
        Example('=BESTRATE(0.02,"A")', "loans", "评级 A，违约概率 2%", "Grade A, 2% probability of default"),
        Example("=BESTRATE(A2:A6,B2:B6)", "loans", "一列企业", "A list of firms"),
        Example(
            '=BESTRATE(0.02,"A",,,,0.05,0.065)', "loans", "利率限于 5% 到 6.5%", "Rates from 5% to 6.5% only"
        ),
        Example('=BESTRATE(0.02,"A",,,,,,A2:D9)', "churn", "用本行自己的流失率表", "By the bank's own churn table"),
    ],
)  # fmt: skip
def bestrate(
    pd: Pd,
    grade: GradeOf,
    lgd: Lgd = LGD,
    funding: Funding = FUNDING,
    method: Objective = "bank",
    rate_min: RateMin = None,
    rate_max: RateMax = None,
    churn: Churn = None,
) -> Sequence[Any]:
    from credit_udfs.core.allocation import solve

    # With nothing to lend the plan is empty, and says each firm's best rate all the same.
    plan = solve(_problem(pd, grade, _terms(0.0, lgd, funding, method, rate_min, rate_max, table_key(churn))))
    return _without_d(plan.best_rate, grade)


@cell(
    "EXPECTEDPROFIT",
    result="row",
    category=CATEGORY,
    help_zh="一笔贷款一年的预期利润（元），已计入客户流失、违约损失和资金成本",
    help_en="Expected profit of a loan in a year, yuan, after churn, default losses and cost of funds",
    columns=[("预期利润（元）", "expected profit (yuan)")],
    examples=[
        Example(
            '=EXPECTEDPROFIT(500000,0.06,0.02,"A")', "loans", "50 万元，年利率 6%", "500,000 yuan at 6% a year"
        ),
        Example(
            "=EXPECTEDPROFIT(C2:C6,BESTRATE(A2:A6,B2:B6),A2:A6,B2:B6)", "loans", "按最优利率放贷",
            "Lent at the best rates",
        ),
    ],
)  # fmt: skip
def expectedprofit(
    amount: Annotated[Floats, number("贷款金额（元）", "Amount of the loan, yuan", by_row=True, low=0.0)],
    rate: Rate,
    pd: Pd,
    grade: GradeOf,
    lgd: Lgd = LGD,
    funding: Funding = FUNDING,
    method: Objective = "bank",
    churn: Churn = None,
) -> Sequence[Any]:
    problem = _problem(pd, grade, _terms(0.0, lgd, funding, method, None, None, table_key(churn)))
    stay = problem.terms.rates.stay(rate, problem.firms.grade)
    return _without_d(amount * problem.earning(rate, stay), grade)


@cell(
    "ALLOCATE",
    result="row",
    joint=True,
    category=CATEGORY,
    help_zh="在预算内使预期利润最大的放贷方案，每家企业一行四列：放贷（1 或 0）、金额、年利率、预期利润（元）",
    help_en="The lending plan with the largest expected profit in a budget; per firm: lend (1 or 0), amount, rate, "
    "profit",
    columns=[
        ("放贷", "lend"),
        ("金额（元）", "amount (yuan)"),
        ("年利率", "rate"),
        ("预期利润（元）", "profit (yuan)"),
    ],
    examples=[
        Example("=ALLOCATE(A2:C6,2000000)", "loans", "预算 200 万元", "A budget of two million yuan"),
        Example(
            '=ALLOCATE(A2:D6,1500000,,,,,,0.01,,0.6)', "loans", "另限：预期损失不超过 1%，单一行业不超过六成",
            "With limits: expected loss 1% at most, one industry 60% at most",
        ),
        Example(
            '=ALLOCATE(A2:C6,2000000,,,,,,,,,0.05,0.08,churn!A2:D9)', "loans",
            "利率限于 5% 到 8%，流失率用本行自己的表", "Rates from 5% to 8%, by the bank's own churn table",
        ),
    ],
)  # fmt: skip
def allocate(
    firms: Annotated[
        Block,
        table(
            "企业，每行一家：违约概率、信誉评级，其后可有本企业限额（元，0 为拒贷）、行业；概率或评级空白则不放贷",
            "Firms, one a row: probability of default, grade, then optionally limit in yuan (0 refuses), industry; "
            "blank probability or grade: no loan",
            [
                Column("违约概率", "probability of default", blank="missing", low=0.0, high=1.0),
                Column("信誉评级", "grade", "choice", blank="missing", choices=GRADES),
                Column("限额（元）", "limit (yuan)", blank="missing", optional=True, low=0.0),
                Column("行业", "industry", "text", blank="missing", optional=True),
            ],
        ),
    ],
    budget: Annotated[float, number("可贷总额（元）", "Money to lend, yuan", low=0.0)],
    smallest: Annotated[float, number("单笔最小金额（元）", "Smallest loan, yuan", low=0.0)] = AMOUNT_MIN,
    largest: Annotated[float, number("单笔最大金额（元）", "Largest loan, yuan", low=0.0)] = AMOUNT_MAX,
    lgd: Lgd = LGD,
    funding: Funding = FUNDING,
    method: Objective = "bank",
    max_loss: Annotated[
        float | None,
        number(
            "预期损失占放贷额的上限；省略则不限",
            "Ceiling on expected loss as a share of the money lent; left out: none",
            low=0.0,
            high=1.0,
        ),
    ] = None,
    max_churn: Annotated[
        float | None,
        number("平均流失率的上限；省略则不限", "Ceiling on the mean churn rate; left out: none", low=0.0, high=1.0),
    ] = None,
    max_industry: Annotated[
        float | None,
        number(
            "单一行业占放贷额的上限；省略则不限",
            "Largest share of one industry in the money lent; left out: no limit",
            low=0.0,
            high=1.0,
        ),
    ] = None,
    rate_min: RateMin = None,
    rate_max: RateMax = None,
    churn: Churn = None,
) -> list[list[Any]]:
    from credit_udfs.core.allocation import Firms, Limits, Problem, solve

    pd, grade, limit, sector = firms.columns
    known = np.array([g is not None for g in grade], dtype=bool)
    high = np.where(np.isnan(limit), largest, np.minimum(limit, largest))
    plan = solve(
        Problem(
            Firms.of(
                map(str, range(len(firms))),
                np.where(known, pd, np.nan),
                np.array([GRADES.index(g or "D") for g in grade], dtype=np.int64),
                low=smallest,
                # A limit below the smallest loan leaves no loan.
                high=np.where(high < smallest, 0.0, high),
                sector=["" if s is None else s for s in sector],
            ),
            _terms(budget, lgd, funding, method, rate_min, rate_max, table_key(churn)),
            Limits(
                expected_loss=_ceiling(max_loss), mean_churn=_ceiling(max_churn), sector_share=_ceiling(max_industry)
            ),
        )
    )
    return [
        [1.0, amount, rate, profit] if lend else [0.0, 0.0, "", 0.0]
        for lend, amount, rate, profit in zip(
            plan.lend.tolist(), plan.amount.tolist(), plan.rate.tolist(), plan.profit.tolist(), strict=True
        )
    ]
