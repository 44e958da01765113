"""What the functions' arguments take, declared once for all functions that have them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from credit_udfs.cells.coerce import Block
from credit_udfs.cells.spec import Arg, Column, choice, number, table
from credit_udfs.locale import Lang
from credit_udfs.types import GRADES, Floats, Grade

if TYPE_CHECKING:
    from credit_udfs.core.churn import ChurnCurves
    from credit_udfs.core.model_card import Model

Texts: TypeAlias = npt.NDArray[np.object_]

Language: TypeAlias = Annotated[
    Lang, choice("结果的语言：zh 为中文，en 为英文", "Language of the result: zh or en", choices=("zh", "en"))
]

# --- scoring ------------------------------------------------------------------------------------------------

# The shipped model cards: what gives a score and a probability of default, what gives grades, and both.
SCORERS = (
    "default", "linear_wide", "monotone", "two_step", "p0_bp", "p1_fisher", "p1_topsis", "p3_pca_logistic",
    "p3_ahp", "p4_logistic", "p4_topsis",
)  # fmt: skip
GRADERS = (
    "default", "linear_wide", "monotone", "two_step", "p1_network_cg", "p1_network_lm", "p1_two_steps", "p2_cnn",
    "p3_svm", "p3_svm_clusters",
)  # fmt: skip
MODELS = tuple(dict.fromkeys((*SCORERS, *GRADERS)))
SIX = (
    Column("年净销售额", "Annual net sales", blank="missing"),
    Column("经营年限", "Trading history", blank="missing"),
    Column("最大客户占比", "Largest customer's share", blank="missing"),
    Column("回头客销售占比", "Returning customers' share", blank="missing"),
    Column("销项作废率", "Sales void rate", blank="missing"),
    Column("最大供应商占比", "Largest supplier's share", blank="missing"),
)


@lru_cache(maxsize=32)
def model_card(method: str) -> tuple[Model, Any]:
    """A shipped model, and its compiled numbers if it is linear."""
    from credit_udfs import models

    model = models.load(method)
    return model, model.linear() if model.form == "linear" else None


@lru_cache(maxsize=32)
def columns_of(method: str) -> tuple[Column, ...]:
    """The indicators of a method, from its card."""
    specs = model_card(method)[0].numbers["indicators"]
    # A method's card names its indicators; the default one's are the six. Their register would load polars.
    return tuple(Column(spec["zh"], spec["en"], blank="missing") for spec in specs) if "zh" in specs[0] else SIX


Indicators: TypeAlias = Annotated[
    Block,
    table(
        "企业的六项指标，每行一家：年净销售额（元）、经营年限、最大客户占比、回头客销售占比、销项作废率、最大供应商占比；空白为缺失，最多缺两项",
        "Six indicators, one firm a row: annual sales in yuan, trading years, top customer, returning customers, "
        "void rate, top supplier; blank = missing, two at most",
        SIX,
        columns_by=("method", columns_of),
    ),
]
_OTHERS_ZH = "；其他方法各有自己的指标，列数不符时会提示所需的列"
_OTHERS_EN = "; others than default take indicators of their own, named when the columns don't fit"
Scorer: TypeAlias = Annotated[str, choice(f"评分方法{_OTHERS_ZH}", f"Scoring method{_OTHERS_EN}", choices=SCORERS)]
Grader: TypeAlias = Annotated[str, choice(f"评级方法{_OTHERS_ZH}", f"Grading method{_OTHERS_EN}", choices=GRADERS)]
Method: TypeAlias = Annotated[str, choice("评分或评级方法", "Scoring or grading method", choices=MODELS)]

# --- lending ------------------------------------------------------------------------------------------------

# Declared here so that a declaration stays light; tests compare each with its source in the core.
RATE_MIN, RATE_MAX = 0.04, 0.15
LGD, FUNDING = 0.45, 0.015
AMOUNT_MIN, AMOUNT_MAX = 100_000.0, 1_000_000.0
LENDABLE: tuple[Grade, ...] = ("A", "B", "C")
OBJECTIVES = ("bank", "P1", "P3", "P4")


def table_key(churn: Block | None) -> bytes | None:
    """The bank's own churn table as `curves_by` takes it."""
    return None if churn is None else churn.matrix.tobytes()


@lru_cache(maxsize=16)
def curves_by(key: bytes | None) -> ChurnCurves:
    """The churn curves fitted to the bank's own table, or the published ones."""
    from credit_udfs.core.churn import DEFAULT_CURVES, fit_churn

    if key is None:
        return DEFAULT_CURVES
    rates, *observed = np.frombuffer(key, dtype=np.float64).reshape(-1, 1 + len(LENDABLE)).T
    return fit_churn(rates, dict(zip(LENDABLE, observed, strict=True)))


def _rates_of(churn: Block) -> tuple[float, float]:
    """Rates beyond the table's own are guesses."""
    curves = curves_by(table_key(churn))
    return curves.rate_min, curves.rate_max


def _rate(zh: str, en: str, *, by_row: bool = False) -> Arg:
    return number(zh, en, by_row=by_row, low=RATE_MIN, high=RATE_MAX, bounds_by=("churn", _rates_of))


Rate: TypeAlias = Annotated[
    Floats,
    _rate(
        "贷款年利率，0.04 到 0.15；给出流失率表时以表中利率为限",
        "Lending rate a year, 0.04 to 0.15; with a churn table of your own, within its rates",
        by_row=True,
    ),
]
Pd: TypeAlias = Annotated[
    Floats, number("违约概率，0 到 1", "Probability of default, 0 to 1", by_row=True, low=0.0, high=1.0)
]
GradeOf: TypeAlias = Annotated[
    Texts,
    choice(
        "信誉评级（D 级不予放贷，结果为 #N/A）", "Grade; D is never lent to and gives #N/A", choices=GRADES, by_row=True
    ),
]
Lgd: TypeAlias = Annotated[float, number("违约损失率，0 到 1", "Loss given default, 0 to 1", low=0.0, high=1.0)]
Funding: TypeAlias = Annotated[float, number("资金成本（年利率）", "Cost of funds a year", low=0.0, high=1.0)]
Objective: TypeAlias = Annotated[
    str,
    choice(
        "优化目标：bank 为银行的预期利润，P1、P3、P4 为相应论文的目标",
        "What counts as profit: bank for the bank's own, P1, P3 or P4 for that paper's",
        choices=OBJECTIVES,
    ),
]
RateMin: TypeAlias = Annotated[
    float | None,
    _rate(
        "最低年利率；省略则为流失率数据的下限（4%）",
        "Lowest lending rate a year; left out: the lowest of the churn data (4%)",
    ),
]
RateMax: TypeAlias = Annotated[
    float | None,
    _rate(
        "最高年利率；省略则为流失率数据的上限（15%）",
        "Highest lending rate a year; left out: the highest of the churn data (15%)",
    ),
]
Churn: TypeAlias = Annotated[
    Block | None,
    table(
        "本行的流失率表（不含表头，至少四行）：贷款年利率、A 级、B 级、C 级流失率，同附件 3；省略则用论文的流失率曲线",
        "The bank's own churn table, four rows or more, no header: rate, churn of A, B, C, as attachment 3; left out: "
        "the published curves",
        [
            Column("贷款年利率", "lending rate", low=0.0001, high=1.0),
            *(Column(f"{g} 级流失率", f"churn of grade {g}", low=0.0, high=1.0) for g in LENDABLE),
        ],
        by_row=False,
    ),
]
