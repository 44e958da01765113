"""THE declarations: every cell function, each a thin call into the core.

Names, help, limits and examples are here and nowhere else; hosts, the wizard's texts and the reference are
made from them. The core is imported inside the bodies: declaring a function must not load scipy or polars.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from credit_udfs.cells.coerce import Block, fold
from credit_udfs.cells.spec import Arg, Column, ErrorValue, Example, cell, choice, number, table, words
from credit_udfs.locale import LANGS, Lang, text
from credit_udfs.types import GRADES, Floats, Grade

if TYPE_CHECKING:
    from credit_udfs.core.allocation import Problem, Terms
    from credit_udfs.core.model_card import Model
    from credit_udfs.core.scoring import Scores

Texts: TypeAlias = npt.NDArray[np.object_]

SCORING = ("信贷评分", "Credit scoring")
LENDING = ("信贷决策", "Credit lending")
DATA = ("信贷数据", "Credit data")

# Declared here so that a declaration stays light; tests compare each with its source in the core.
RATE_MIN, RATE_MAX = 0.04, 0.15
LGD, FUNDING = 0.45, 0.015
AMOUNT_MIN, AMOUNT_MAX = 100_000.0, 1_000_000.0
LENDABLE: tuple[Grade, ...] = ("A", "B", "C")
# The shipped model cards: what gives a score and a probability of default, what gives grades, and both.
SCORERS = (
    "default", "linear_wide", "monotone", "two_step", "p0_bp", "p1_fisher", "p1_topsis", "p3_pca_logistic",
    "p4_logistic", "p4_topsis",
)  # fmt: skip
GRADERS = (
    "default", "linear_wide", "monotone", "two_step", "p1_network_cg", "p1_network_lm", "p1_two_steps", "p2_cnn",
    "p3_svm", "p3_svm_clusters",
)  # fmt: skip
MODELS = tuple(dict.fromkeys((*SCORERS, *GRADERS)))
LINEAR = ("default",)  # reasons are points of a linear model
OBJECTIVES = ("bank", "P1", "P3", "P4")
SCENARIOS = ("covid19_2020q1",)
KINDS = ("normal", "micro", "sole_trader")
_NORMAL: Any = KINDS[0]  # a default stands for all rows
SIX = (
    Column("年净销售额", "Annual net sales", blank="missing"),
    Column("经营年限", "Trading history", blank="missing"),
    Column("最大客户占比", "Largest customer's share", blank="missing"),
    Column("回头客销售占比", "Returning customers' share", blank="missing"),
    Column("销项作废率", "Sales void rate", blank="missing"),
    Column("最大供应商占比", "Largest supplier's share", blank="missing"),
)
REASONS = 3


def _columns(method: str) -> tuple[Column, ...]:
    """The indicators of a method, from its card."""
    specs = _model(method)[0].numbers["indicators"]
    return tuple(Column(spec["zh"], spec["en"], blank="missing") for spec in specs)


_INDICATORS = table(
    "企业的六项指标，每行一家：年净销售额（元）、经营年限、最大客户占比、回头客销售占比、销项作废率、最大供应商占比；空白为缺失，最多缺两项",
    "Six indicators, one firm a row: annual sales in yuan, trading years, top customer, returning customers, "
    "void rate, top supplier; blank = missing, two at most",
    SIX,
    ("method", _columns),
)
_SCORER = choice(
    "评分方法；default 以外的方法用各自的指标，列数不对时会列出", "Scoring method; those other than default take "
    "indicators of their own, named when the columns don't fit", choices=SCORERS,
)  # fmt: skip
_GRADER = choice(
    "评级方法；default 以外的方法用各自的指标，列数不对时会列出", "Grading method; those other than default take "
    "indicators of their own, named when the columns don't fit", choices=GRADERS,
)  # fmt: skip
_METHOD = choice("评分模型", "Scoring model", choices=MODELS)
_REASONED = choice("评分模型", "Scoring model", choices=LINEAR)
_LANG = choice("结果的语言：zh 或 en", "Language of the result: zh or en", choices=("zh", "en"))
_RATE = number(
    "贷款年利率，0.04 到 0.15", "Lending rate a year, 0.04 to 0.15", by_row=True, low=RATE_MIN, high=RATE_MAX
)
_PD = number("违约概率，0 到 1", "Probability of default, 0 to 1", by_row=True, low=0.0, high=1.0)
_GRADE = choice(
    "信誉评级 A、B、C 或 D（D 级不予放贷）", "Grade A, B, C or D (D is never lent to)", choices=GRADES, by_row=True
)
_LGD = number("违约损失率，0 到 1", "Loss given default, 0 to 1", low=0.0, high=1.0)
_FUNDING = number("资金成本（年利率）", "Cost of funds a year", low=0.0, high=1.0)
_OBJECTIVE = choice(
    "目标：bank 为银行利润，P1、P3、P4 为论文的目标",
    "What counts as profit: bank, or the objective of paper P1, P3 or P4",
    choices=OBJECTIVES,
)


# --- scoring ------------------------------------------------------------------------------------------------


@lru_cache(maxsize=32)
def _model(name: str) -> tuple[Model, Any]:
    from credit_udfs import models

    model = models.load(name)
    return model, model.linear() if model.form == "linear" else None


def _scores(indicators: Block, method: str) -> Scores:
    from credit_udfs.core.scoring import score_rows

    model, linear = _model(method)
    if linear is not None:
        return score_rows(linear, indicators.matrix)
    from credit_udfs.core.method_scores import score_model

    return score_model(model, indicators.matrix, contributions=False)


@cell(
    "RISKSCORE",
    result="row",
    category=SCORING,
    help_zh="企业的信贷风险评分，0 到 100，越高风险越大",
    help_en="Credit risk score of a firm, 0 to 100, higher is riskier",
    columns=[("风险评分", "risk score")],
    examples=[
        Example("=RISKSCORE(A2:F2)", "firms", "一家企业", "One firm"),
        Example("=RISKSCORE(A2:F6)", "firms", "一列企业，一次算完", "A list of firms in one call"),
        Example('=IF(RISKSCORE(A2:F2)>60,"复核","通过")', "firms", "嵌套在 IF 中", "Inside IF"),
        Example('=RISKSCORE(A2:F6,"monotone")', "firms", "另一种方法", "Another method"),
    ],
)
def riskscore(indicators: Annotated[Block, _INDICATORS], method: Annotated[str, _SCORER] = "default") -> Floats:
    return _scores(indicators, method).score


@cell(
    "DEFAULTPROB",
    result="row",
    category=SCORING,
    help_zh="企业的违约概率，0 到 1",
    help_en="Probability that a firm defaults, 0 to 1",
    columns=[("违约概率", "probability of default")],
    examples=[Example("=DEFAULTPROB(A2:F6)", "firms", "一列企业", "A list of firms")],
)
def defaultprob(indicators: Annotated[Block, _INDICATORS], method: Annotated[str, _SCORER] = "default") -> Floats:
    return _scores(indicators, method).pd


@cell(
    "CREDITGRADE",
    result="row",
    category=SCORING,
    help_zh="企业最可能的信誉评级：A、B、C 或 D",
    help_en="A firm's likeliest grade: A, B, C or D",
    columns=[("信誉评级", "grade")],
    examples=[Example("=CREDITGRADE(A2:F6)", "firms", "一列企业", "A list of firms")],
)
def creditgrade(indicators: Annotated[Block, _INDICATORS], method: Annotated[str, _GRADER] = "default") -> list[Any]:
    return [float("nan") if code < 0 else GRADES[code] for code in _scores(indicators, method).grade.tolist()]


@cell(
    "GRADEPROBS",
    result="row",
    category=SCORING,
    help_zh="企业属于信誉评级 A、B、C、D 的概率，四列，和为 1；相邻评级不易区分，请看概率",
    help_en="Probabilities of grades A, B, C, D, four columns adding up to 1; neighbouring grades are hard to tell",
    columns=[("A", "A"), ("B", "B"), ("C", "C"), ("D", "D")],
    examples=[Example("=GRADEPROBS(A2:F3)", "firms", "两家企业", "Two firms")],
)
def gradeprobs(indicators: Annotated[Block, _INDICATORS], method: Annotated[str, _GRADER] = "default") -> Floats:
    return _scores(indicators, method).grade_probs


@cell(
    "RISKREASONS",
    result="row",
    category=SCORING,
    help_zh="评分的主要原因，最多三条，各占一列：指标、数值、与训练样本中位数相比增减的分数",
    help_en="Up to three main reasons of a score, a column each: indicator, value, points against the median firm",
    columns=[("原因一", "first reason"), ("原因二", "second reason"), ("原因三", "third reason")],
    examples=[
        Example("=RISKREASONS(A3:F3)", "firms", "中文", "In Chinese"),
        Example('=RISKREASONS(A3:F3,"en")', "firms", "英文", "In English"),
    ],
)
def riskreasons(
    indicators: Annotated[Block, _INDICATORS],
    language: Annotated[Lang, _LANG] = "zh",
    method: Annotated[str, _REASONED] = "default",
) -> list[list[Any]]:
    scores = _scores(indicators, method)
    keys = _model(method)[0].indicators
    matrix = indicators.matrix
    rows: list[list[Any]] = []
    for i in range(len(indicators)):
        if np.isnan(scores.score[i]):
            rows.append([float("nan")] * REASONS)
            continue
        found = [
            _reason(SIX[k], keys[k], float(matrix[i, k]), points, bool(scores.out_of_range[i, k]), language)
            for k, points in scores.reasons(i, REASONS)
        ]
        rows.append([*found, *[""] * (REASONS - len(found))])
    return rows


def _reason(column: Column, key: str, value: float, points: float, outside: bool, lang: Lang) -> str:
    unit = {"annual_net_sales": "yuan", "trading_years": "years"}.get(key, "share")
    return text(
        "cells.reason_outside" if outside else "cells.reason",
        lang,
        name=column.zh if lang == "zh" else column.en,
        value=text(f"cells.reason_{unit}", lang, value=value),
        points=points,
    )


# --- lending ------------------------------------------------------------------------------------------------


def _refused(grade: Texts) -> npt.NDArray[np.bool_]:
    return np.asarray(grade == "D", dtype=bool)


def _without_d(values: Floats, grade: Texts) -> Sequence[Any]:
    """Values as they are, and for grade D the error that says why there is none."""
    listed: list[Any] = values.tolist()
    for i in np.flatnonzero(_refused(grade)).tolist():
        listed[i] = ErrorValue.make("#N/A", "cells.grade_d")
    return listed


@lru_cache(maxsize=64)
def _terms(budget: float, lgd: float, funding: float, objective: Any) -> Terms:
    # Kept, because the first use of a Terms works out the best rates of every grade.
    from credit_udfs.core.allocation import Terms

    return Terms(budget, lgd, funding, RATE_MIN, RATE_MAX, objective=objective)


def _problem(pd: Floats, grade: Texts, lgd: float, funding: float, objective: str) -> Problem:
    from credit_udfs.core.allocation import Firms, Problem

    codes = np.array([GRADES.index(g) for g in grade], dtype=np.int64)
    firms = Firms.of(map(str, range(len(pd))), pd, codes)
    return Problem(firms, _terms(0.0, lgd, funding, objective))


@cell(
    "CHURNRATE",
    result="row",
    category=LENDING,
    help_zh="某信誉评级的客户在给定贷款年利率下的流失率，0 到 1",
    help_en="Share of customers of a grade who go elsewhere at a lending rate, 0 to 1",
    columns=[("流失率", "churn rate")],
    examples=[
        Example('=CHURNRATE(0.0585,"B")', "loans", "评级 B，年利率 5.85%", "Grade B at 5.85% a year"),
        Example(
            '=CHURNRATE({0.04;0.08;0.12},{"A","B","C"})', "loans", "利率成列、评级成行，得一张表",
            "Rates in a column and grades in a row give a table",
        ),
    ],
)  # fmt: skip
def churnrate(rate: Annotated[Floats, _RATE], grade: Annotated[Texts, _GRADE]) -> Sequence[Any]:
    from credit_udfs.core.churn import DEFAULT_CURVES

    churn = np.full(len(rate), np.nan)
    for known in LENDABLE:
        rows = grade == known
        if rows.any():
            churn[rows] = DEFAULT_CURVES.churn(rate[rows], known)
    return _without_d(churn, grade)


@cell(
    "BESTRATE",
    result="row",
    category=LENDING,
    help_zh="使预期利润最大的贷款年利率（4% 到 15%），已计入客户流失",
    help_en="The lending rate (4% to 15%) that earns most, customers lost to it included",
    columns=[("最优年利率", "best rate")],
    examples=[
        Example('=BESTRATE(0.02,"A")', "loans", "评级 A，违约概率 2%", "Grade A, 2% probability of default"),
        Example("=BESTRATE(A2:A6,B2:B6)", "loans", "一列企业", "A list of firms"),
    ],
)
def bestrate(
    pd: Annotated[Floats, _PD],
    grade: Annotated[Texts, _GRADE],
    lgd: Annotated[float, _LGD] = LGD,
    funding: Annotated[float, _FUNDING] = FUNDING,
    method: Annotated[str, _OBJECTIVE] = "bank",
) -> Sequence[Any]:
    from credit_udfs.core.allocation import solve

    # With nothing to lend the plan is empty, and says each firm's best rate all the same.
    return _without_d(solve(_problem(pd, grade, lgd, funding, method)).best_rate, grade)


@cell(
    "EXPECTEDPROFIT",
    result="row",
    category=LENDING,
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
    rate: Annotated[Floats, _RATE],
    pd: Annotated[Floats, _PD],
    grade: Annotated[Texts, _GRADE],
    lgd: Annotated[float, _LGD] = LGD,
    funding: Annotated[float, _FUNDING] = FUNDING,
    method: Annotated[str, _OBJECTIVE] = "bank",
) -> Sequence[Any]:
    problem = _problem(pd, grade, lgd, funding, method)
    stay = problem.terms.rates.stay(rate, problem.firms.grade)
    return _without_d(amount * problem.earning(rate, stay), grade)


@cell(
    "ALLOCATE",
    result="row",
    joint=True,
    category=LENDING,
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
    lgd: Annotated[float, _LGD] = LGD,
    funding: Annotated[float, _FUNDING] = FUNDING,
    method: Annotated[str, _OBJECTIVE] = "bank",
    max_loss: Annotated[
        float | None,
        number("预期损失占放贷额的上限", "Ceiling on expected loss, share of money lent", low=0.0, high=1.0),
    ] = None,
    max_churn: Annotated[
        float | None, number("平均流失率上限", "Ceiling on the mean churn rate", low=0.0, high=1.0)
    ] = None,
    max_industry: Annotated[
        float | None,
        number("单一行业占放贷额的上限", "Largest share of one industry in the money lent", low=0.0, high=1.0),
    ] = None,
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
            _terms(budget, lgd, funding, method),
            Limits(expected_loss=max_loss, mean_churn=max_churn, sector_share=max_industry),
        )
    )
    return [
        [1.0, amount, rate, profit] if lend else [0.0, 0.0, "", 0.0]
        for lend, amount, rate, profit in zip(
            plan.lend.tolist(), plan.amount.tolist(), plan.rate.tolist(), plan.profit.tolist(), strict=True
        )
    ]


# --- data ---------------------------------------------------------------------------------------------------

_VOID = ("作废发票", "void")
_STATUSES = ("有效发票", *_VOID, "valid")


def _invoices(zh: str, en: str) -> Arg:
    return table(
        f"{zh}，每行一张：日期、对方单位、金额（不含税），其后可有税额、价税合计、发票状态；空行略去",
        f"{en}, one a row: date, counterparty, amount before tax, then optionally tax, total, status; "
        "blank rows are skipped",
        [
            Column("开票日期", "date", "date"),
            Column("对方单位", "counterparty", "text"),
            Column("金额", "amount"),
            Column("税额", "tax", blank="missing", optional=True),
            Column("价税合计", "total", blank="missing", optional=True),
            Column("发票状态", "status", "choice", blank="missing", optional=True, choices=_STATUSES),
        ],
    )


@cell(
    "INDICATORS",
    result="table",
    category=DATA,
    help_zh="由一家企业的销项、进项发票计算六项指标，一行六列，可直接用于 RISKSCORE；无法计算的为空白",
    help_en="A firm's six indicators from its sales and purchase invoices, a row for RISKSCORE; blank where unknown",
    columns=[(c.zh, c.en) for c in SIX],
    examples=[
        Example("=INDICATORS(A2:F9,H2:M6)", "invoices", "由发票计算", "From invoices"),
        Example("=RISKSCORE(INDICATORS(A2:F9,H2:M6))", "invoices", "直接评分", "Scored at once"),
    ],
)
def indicators(
    sales: Annotated[Block, _invoices("销项发票", "Sales invoices")],
    purchases: Annotated[Block, _invoices("进项发票", "Purchase invoices")],
) -> list[list[Any]]:
    from credit_udfs.core import indicators as core

    found = core.compute(_frame(purchases), _frame(sales), ["firm"], core.SIX)
    return [["" if value is None else value for value in found.row(0)[1:]]]


def _frame(invoices: Block) -> Any:
    import polars as pl

    from credit_udfs.core.tables import INVOICE_SCHEMA

    date, counterparty, amount, tax, total, status = invoices.columns
    tax = np.where(np.isnan(tax), 0.0, tax)
    return pl.DataFrame(
        {
            "firm": ["firm"] * len(invoices),
            "date": date,
            "counterparty": pl.Series(counterparty.tolist(), dtype=pl.String),
            "amount": amount,
            "tax": tax,
            "total": np.where(np.isnan(total), amount + tax, total),
            "void": [s in _VOID for s in status],
        },
        schema=INVOICE_SCHEMA,
    )


@cell(
    "INDUSTRY",
    result="row",
    category=DATA,
    help_zh="由企业名称判断所属行业（22 类）；名称看不出时为“未知”",
    help_en="A firm's industry (one of 22) from its Chinese name; unknown where the name doesn't tell",
    columns=[("行业", "industry")],
    examples=[
        Example("=INDUSTRY(G2:G6)", "firms", "一列企业", "A list of firms"),
        Example('=INDUSTRY(G2,"en")', "firms", "英文", "In English"),
    ],
)
def industry(
    firm: Annotated[Texts, words("企业名称（可脱敏）", "Name of the firm, masked or not", by_row=True)],
    language: Annotated[Lang, _LANG] = "zh",
) -> list[Any]:
    from credit_udfs.core.industry import industry_of

    found = [industry_of(name) for name in firm]
    unknown = text("cells.industry_unknown", language)
    return [unknown if one is None else one.name(language) for one in found]


@cell(
    "STRESSFACTOR",
    result="row",
    category=DATA,
    help_zh="冲击情景下企业销售额剩余的比例：1 为不受影响，0.8 为减少两成",
    help_en="Share of its sales that a firm keeps in a shock: 1 is unharmed, 0.8 loses a fifth",
    columns=[("销售额比例", "share of sales")],
    examples=[
        Example('=STRESSFACTOR("住宿餐饮")', "firms", "住宿餐饮业，新冠疫情", "Catering, COVID-19"),
        Example("=STRESSFACTOR(INDUSTRY(G2:G6))", "firms", "由名称判断行业", "Industries from the names"),
        Example(
            '=STRESSFACTOR("Wholesale trade",,"micro",2)', "firms", "小微批发企业，冲击加倍",
            "A micro wholesaler, twice the shock",
        ),
    ],
)  # fmt: skip
def stressfactor(
    sector: Annotated[
        Texts,
        words(
            "行业（INDUSTRY 的结果：中文名、英文名或代码）；“未知”按全国合计",
            "Industry as INDUSTRY names it, in Chinese, English or by key; unknown takes the economy's total",
            by_row=True,
        ),
    ],
    scenario: Annotated[str, choice("情景", "Scenario", choices=SCENARIOS)] = "covid19_2020q1",
    kind: Annotated[
        Texts,
        choice("企业类型：normal 一般、micro 小微、sole_trader 个体经营", "Kind of firm", choices=KINDS, by_row=True),
    ] = _NORMAL,
    severity: Annotated[float, number("冲击的倍数", "How many times as hard", low=0.0, high=16.0)] = 1.0,
) -> list[Any]:
    from credit_udfs.core import stress

    shock = stress.scenario(scenario).scaled(severity)
    return [
        _unknown_industry(name)
        if (key := _industry_key(name)) is False
        else shock.factor(key or None, sole_trader=of == "sole_trader", micro=of == "micro")
        for name, of in zip(sector, kind, strict=True)
    ]


@lru_cache(maxsize=256)
def _industry_key(name: str) -> str | Literal[False]:
    """The key of an industry by any of its names, "" for unknown, False for a name that is none."""
    from credit_udfs.core.industry import industries

    wanted = fold(name)
    if wanted in (text("cells.industry_unknown", lang) for lang in LANGS):
        return ""
    for key, one in industries().items():
        if wanted in (key, fold(one.zh), fold(one.en)):
            return key
    return False


def _unknown_industry(name: str) -> ErrorValue:
    from credit_udfs.core.industry import industries

    zh, en = (
        text(
            "cells.unknown_industry", lang, value=name, known=", ".join(one.name(lang) for one in industries().values())
        )
        for lang in LANGS
    )
    return ErrorValue("#VALUE!", zh, en)


_FIELDS = ("name", "trained", "firms", "defaults", "indicators", "hash")


@cell(
    "MODELINFO",
    result="table",
    category=DATA,
    help_zh="评分模型的说明：不给项目则列出全部，给出项目则只取其值",
    help_en="What is known of a scoring model: everything, or the one item asked for",
    columns=[("项目", "item"), ("值", "value")],
    examples=[
        Example('=MODELINFO("indicators")', "firms", "所用的指标", "The indicators it uses"),
        Example('=MODELINFO("firms")', "firms", "训练样本的企业数", "How many firms it was trained on"),
    ],
)
def modelinfo(
    item: Annotated[str | None, choice("要查的项目", "The item asked for", choices=_FIELDS)] = None,
    method: Annotated[str, _METHOD] = "default",
) -> list[list[Any]]:
    model = _model(method)[0]
    known: dict[str, Any] = {
        "name": model.name,
        "trained": model.trained,
        "firms": float(model.data["firms"]),
        "defaults": float(model.data["defaults"]),
        "indicators": ", ".join(model.indicators),
        "hash": model.hash,
    }
    return [[key, known[key]] for key in _FIELDS] if item is None else [[known[item]]]
