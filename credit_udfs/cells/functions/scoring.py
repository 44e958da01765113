"""Scores, probabilities of default, grades and reasons of firms, from their indicators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from credit_udfs.cells.coerce import Block
from credit_udfs.cells.functions.arguments import Grader, Indicators, Language, Scorer, columns_of, model_card
from credit_udfs.cells.spec import Column, Example, cell
from credit_udfs.locale import Lang, text
from credit_udfs.types import GRADES, Floats

if TYPE_CHECKING:
    from credit_udfs.core.scoring import Scores

CATEGORY = ("信贷评分", "Credit scoring")
REASONS = 3


def scores_of(indicators: Block, method: str, *, grades: bool = False, reasons: bool = False) -> Scores:
    """What a method says of the firms; `grades` and each indicator's points (`reasons`) only where asked for."""
    model, linear = model_card(method)
    if linear is not None:
        from credit_udfs.core.scoring import score_rows

        return score_rows(linear, indicators.matrix, grades=grades)
    from credit_udfs.core.method_scores import score_model

    return score_model(model, indicators.matrix, contributions=reasons)


@cell(
    "RISKSCORE",
    result="row",
    category=CATEGORY,
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
def riskscore(indicators: Indicators, method: Scorer = "default") -> Floats:
    return scores_of(indicators, method).score


@cell(
    "DEFAULTPROB",
    result="row",
    category=CATEGORY,
    help_zh="企业的违约概率，0 到 1",
    help_en="Probability that a firm defaults, 0 to 1",
    columns=[("违约概率", "probability of default")],
    examples=[Example("=DEFAULTPROB(A2:F6)", "firms", "一列企业", "A list of firms")],
)
def defaultprob(indicators: Indicators, method: Scorer = "default") -> Floats:
    return scores_of(indicators, method).pd


@cell(
    "CREDITGRADE",
    result="row",
    category=CATEGORY,
    help_zh="企业最可能的信誉评级：A、B、C 或 D",
    help_en="A firm's likeliest grade: A, B, C or D",
    columns=[("信誉评级", "grade")],
    examples=[Example("=CREDITGRADE(A2:F6)", "firms", "一列企业", "A list of firms")],
)
def creditgrade(indicators: Indicators, method: Grader = "default") -> list[Any]:
    scores = scores_of(indicators, method, grades=True)
    return [float("nan") if code < 0 else GRADES[code] for code in scores.grade.tolist()]


@cell(
    "GRADEPROBS",
    result="row",
    category=CATEGORY,
    help_zh="企业属于信誉评级 A、B、C、D 的概率，四列，和为 1；相邻评级不易区分，请看概率",
    help_en="Probabilities of grades A, B, C, D, four columns adding up to 1; neighbouring grades are hard to "
    "tell apart",
    columns=[("A", "A"), ("B", "B"), ("C", "C"), ("D", "D")],
    examples=[Example("=GRADEPROBS(A2:F3)", "firms", "两家企业", "Two firms")],
)
def gradeprobs(indicators: Indicators, method: Grader = "default") -> Floats:
    return scores_of(indicators, method, grades=True).grade_probs


@cell(
    "RISKREASONS",
    result="row",
    category=CATEGORY,
    help_zh="评分的主要原因，最多三条，各占一列：指标、数值，以及与训练样本中位数企业相比加减的分数",
    help_en="Up to three main reasons of a score, a column each: indicator, value, points against the median firm",
    columns=[("原因一", "first reason"), ("原因二", "second reason"), ("原因三", "third reason")],
    examples=[
        Example("=RISKREASONS(A3:F3)", "firms", "中文", "In Chinese"),
        Example('=RISKREASONS(A3:F3,"en")', "firms", "英文", "In English"),
        Example('=RISKREASONS(A3:F3,"en","monotone")', "firms", "另一种方法的原因", "The reasons of another method"),
    ],
)
def riskreasons(indicators: Indicators, language: Language = "zh", method: Scorer = "default") -> list[list[Any]]:
    scores = scores_of(indicators, method, reasons=True)
    named = list(zip(columns_of(method), _units(method), strict=True))
    matrix = indicators.matrix
    rows: list[list[Any]] = []
    for i in range(len(indicators)):
        if np.isnan(scores.score[i]):
            rows.append([float("nan")] * REASONS)
            continue
        found = [
            _reason(*named[k], float(matrix[i, k]), points, bool(scores.out_of_range[i, k]), language)
            for k, points in scores.reasons(i, REASONS)
        ]
        rows.append([*found, *[""] * (REASONS - len(found))])
    return rows


def _units(method: str) -> list[str]:
    from credit_udfs.core.indicators import INDICATORS

    keys = model_card(method)[0].indicators
    return [INDICATORS[key].unit if key in INDICATORS else "ratio" for key in keys]


def _reason(column: Column, unit: str, value: float, points: float, outside: bool, lang: Lang) -> str:
    return text(
        "cells.reason_outside" if outside else "cells.reason",
        lang,
        name=column.zh if lang == "zh" else column.en,
        value=text(f"cells.reason_{unit.replace('/', '_per_')}", lang, value=value),
        points=points,
    )
