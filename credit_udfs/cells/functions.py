"""THE declarations: every cell function, each a thin call into the core.

Names, help, limits and examples are here and nowhere else; hosts, the wizard's texts and the reference are
made from them. The core is imported inside the bodies: declaring a function must not load scipy.
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from credit_udfs.cells.spec import Example, cell, choice, number
from credit_udfs.types import Floats, Grade

LENDING = ("信贷决策", "Credit lending")

# The bounds of the bank's statistics; a test compares them with core.churn.
RATE_MIN, RATE_MAX = 0.04, 0.15
LENDABLE: tuple[Grade, ...] = ("A", "B", "C")


@cell(
    "CHURNRATE",
    result="row",
    category=LENDING,
    help_zh="某信誉评级的客户在给定贷款年利率下的流失率（0 到 1）",
    help_en="Share of customers of a grade who go elsewhere at a lending rate (0 to 1)",
    columns=[("流失率", "churn rate")],
    examples=[
        Example('=CHURNRATE(0.0585, "B")', "firms", "评级 B、年利率 5.85%", "Grade B at 5.85% a year"),
    ],
)
def churnrate(
    rate: Annotated[
        Floats,
        number(
            "贷款年利率，0.04 到 0.15",
            "Lending rate a year, 0.04 to 0.15",
            by_row=True,
            low=RATE_MIN,
            high=RATE_MAX,
        ),
    ],
    grade: Annotated[Any, choice("信誉评级 A、B 或 C", "Grade A, B or C", choices=LENDABLE, by_row=True)],
) -> Floats:
    from credit_udfs.core.churn import DEFAULT_CURVES

    churn = np.empty(len(rate))
    for known in LENDABLE:
        rows = grade == known
        churn[rows] = DEFAULT_CURVES.churn(rate[rows], known)
    return churn
