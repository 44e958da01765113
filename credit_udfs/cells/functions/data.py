"""Indicators from invoices, industries, shocks, and what is known of a model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal

import numpy as np

from credit_udfs.cells.coerce import Block, fold
from credit_udfs.cells.functions.arguments import SIX, Language, Method, Texts, model_card
from credit_udfs.cells.spec import Arg, Both, Column, ErrorValue, Example, cell, choice, number, table, words
from credit_udfs.errors import BadInput
from credit_udfs.locale import LANGS, text

CATEGORY = ("信贷数据", "Credit data")
SCENARIOS = ("covid19_2020q1",)
KINDS = ("normal", "micro", "sole_trader")
_NORMAL: Any = KINDS[0]  # a default stands for all rows
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
        by_row=False,
    )


@cell(
    "INDICATORS",
    result="table",
    category=CATEGORY,
    help_zh="由一家企业的销项、进项发票计算六项指标，一行六列，可直接用于 RISKSCORE；无法计算的为空白",
    help_en="A firm's six indicators from its sales and purchase invoices, in one row, as RISKSCORE takes them; "
    "blank where unknown",
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
    category=CATEGORY,
    help_zh="由企业名称（中文或英文）判断所属行业（22 类）；名称看不出时为“未知”",
    help_en="A firm's industry (one of 22) from its name, Chinese or English; unknown where the name doesn't tell",
    columns=[("行业", "industry")],
    examples=[
        Example("=INDUSTRY(G2:G6)", "firms", "一列企业", "A list of firms"),
        Example('=INDUSTRY(G2,"en")', "firms", "英文", "In English"),
    ],
)
def industry(
    firm: Annotated[Texts, words("企业名称（可脱敏）", "Name of the firm, masked or not", by_row=True)],
    language: Language = "zh",
) -> list[Any]:
    from credit_udfs.core.industry import industry_of

    found = [industry_of(name) for name in firm]
    unknown = text("cells.industry_unknown", language)
    return [unknown if one is None else one.name(language) for one in found]


@cell(
    "STRESSFACTOR",
    result="row",
    category=CATEGORY,
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
            "Industry by any name that INDUSTRY gives, or its key; unknown takes the whole economy's change",
            by_row=True,
        ),
    ],
    scenario: Annotated[
        str,
        choice(
            "情景：covid19_2020q1 为 2020 年一季度的新冠疫情",
            "Scenario: covid19_2020q1 is COVID-19 in early 2020",
            choices=SCENARIOS,
        ),
    ] = "covid19_2020q1",
    kind: Annotated[
        Texts,
        choice(
            "企业类型：normal 一般、micro 小微、sole_trader 个体经营；后两类受冲击更大",
            "Kind of firm; micro firms and sole traders are hit harder",
            choices=KINDS,
            by_row=True,
        ),
    ] = _NORMAL,
    severity: Annotated[
        float,
        number(
            "冲击的倍数：1 为情景本身，2 为加倍",
            "Severity: 1 is the scenario as it was, 2 twice as hard",
            low=0.0,
            high=16.0,
        ),
    ] = 1.0,
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


@cell(
    "MODELINFO",
    result="table",
    category=CATEGORY,
    help_zh="模型说明：不给项目则整张说明（带表头），给出部分名则该部分，给出项目则只取其值",
    help_en="The card of a scoring model: all of it, one section (each with a header), or the value of one item",
    columns=[
        ("部分", "section"), ("项目", "item"), ("内容", "detail"), ("值", "value"),
        ("95% 区间下限", "low end of the 95% interval"), ("95% 区间上限", "high end"),
    ],
    examples=[
        Example('=MODELINFO("coefficients")', "firms", "系数，连同符号与区间", "Coefficients, signs and intervals"),
        Example('=MODELINFO("auc")', "firms", "样本外的违约 AUC", "AUC for default, out of sample"),
        Example('=MODELINFO("训练企业数","p4_logistic")', "firms", "中文项目名，另一模型", "Chinese name, other model"),
        Example('=MODELINFO("limits",,"en")', "firms", "不可用于（英文）", "Limits of use, in English"),
    ],
)  # fmt: skip
def modelinfo(
    item: Annotated[
        str | None,
        words(
            "要查的部分（如 coefficients、系数）或项目（如 auc、违约 AUC）；省略则为整张说明",
            "A section (coefficients) or one item (auc), in either language; left out: the whole card",
        ),
    ] = None,
    method: Method = "default",
    language: Language = "zh",
) -> list[Sequence[str | float]]:
    from credit_udfs.core import card_table

    model = model_card(method)[0]
    if item is None:
        return [*card_table.table(model, language)]
    keys = (*card_table.SECTIONS, *card_table.ITEMS)
    names = {_spaceless(name): key for key in keys for name in (*(card_table.item_name(key, g) for g in LANGS), key)}
    if (key := names.get(_spaceless(item))) is None:
        known = Both("、".join(card_table.item_name(key, "zh") for key in keys), ", ".join(keys))
        raise BadInput("cells.unknown_item", value=item, known=known)
    if key in card_table.SECTIONS:
        return [*card_table.table(model, language, key)]
    return [[card_table.value(model, key)]]


def _spaceless(name: str) -> str:
    return fold(name).replace(" ", "")
