"""The calls that every host makes, and the golden table of what they give, to the last bit.

``python -m tests.hosts.cases`` writes the golden table anew from the Python API, after a model was trained again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from credit_udfs.cells import REGISTRY, ErrorValue
from credit_udfs.cells.sample import CHURN, FIRMS, INVOICES, LOANS
from credit_udfs.workbook.addresses import address

GOLDEN = Path(__file__).parents[1] / "golden" / "cells.json"
LONG = 100  # results of more rows are kept as a hash


@dataclass(frozen=True)
class Case:
    """One call: a range is a list of rows, as it stands in cells; None is a blank cell or an argument left out.

    tags: what a host may not be able to hand over as it is: "boolean", "error", "date", "count", "long"; "fitted"
        where a curve is fitted on the way, whose last digits differ between machines (not between hosts).
    """

    id: str
    name: str
    args: tuple[Any, ...]
    tags: frozenset[str] = frozenset()

    def placed(self, left: int, put: Callable[[int, int, Any], object]) -> str:
        """The call as a formula, its ranges written by `put(row, column, value)` one below the other from row 3 on;
        left: their first column."""
        row, written = 3, []
        for arg in self.args:
            if not isinstance(arg, list):
                written.append("" if arg is None else f'"{arg}"' if isinstance(arg, str) else repr(arg))
                continue
            for i, cells in enumerate(arg):
                for j, value in enumerate(cells):
                    put(row + i, left + j, value)
            written.append(f"{address(row, left)}:{address(row + len(arg) - 1, left + len(arg[0]) - 1)}")
            row += len(arg) + 1
        return f"={self.name}({','.join(written)})"


def _case(id: str, name: str, *args: Any, tags: str = "") -> Case:
    return Case(id, name, args, frozenset(tags.split()))


def _firms() -> list[list[Any]]:
    draw = random.Random(20)

    def short(x: float) -> float:
        # Twelve digits, since openpyxl, which writes the tests' files, keeps sixteen.
        return float(f"{x:.12g}")

    return [
        [short(draw.lognormvariate(15.0, 1.6)), *(short(draw.uniform(0.0, high)) for high in (3.3, 1, 1, 0.4, 1))]
        for _ in range(10_000)
    ]


SIX = [list(row[:6]) for row in FIRMS[1:]]
ONE = [SIX[0]]
LENT = [list(row) for row in LOANS[1:]]
SALES = [list(row[:6]) for row in INVOICES[1:]]
PURCHASES = [list(row[7:]) for row in INVOICES[1:]]
NAMES = [[row[6]] for row in FIRMS[1:]]
OWN = [list(row) for row in CHURN[1:]]
GOOD = [4_300_000.0, 2.9, 0.3, 0.8, 0.09, 0.35]


P4 = [[5.2e6, 0.31, 0.24, 0.05, 120.0, 260.0], [-3.0e5, -0.2, -0.15, 0.21, 40.0, 15.0]]
P1 = [[3.1e6, 4.3e6, 1.2e6, 4.1e5, 300.0]]


def _with(position: int, value: Any) -> list[Any]:
    return [value if i == position else v for i, v in enumerate(GOOD)]


CASES: tuple[Case, ...] = (
    *(
        _case(f"{name.lower()}_range", name, SIX)
        for name in ("RISKSCORE", "DEFAULTPROB", "CREDITGRADE", "GRADEPROBS", "RISKREASONS")
    ),
    _case("score_one", "RISKSCORE", ONE),
    _case("score_record_in_a_column", "RISKSCORE", [[v] for v in SIX[0]]),
    _case("score_method", "RISKSCORE", ONE, "default"),
    _case("score_method_in_capitals", "RISKSCORE", ONE, "DEFAULT"),
    _case("score_wrong_method", "RISKSCORE", SIX, "nonsense"),
    _case("score_chinese_method", "RISKSCORE", ONE, "随便"),
    _case("score_blanks", "RISKSCORE", [_with(0, None), _with(3, None), [None] * 6, [*GOOD[:3], None, None, None]]),
    _case("score_text_numbers", "RISKSCORE", [_with(0, "4,300,000"), _with(2, "３０％"), _with(3, " 0.8 ")]),
    _case("score_words", "RISKSCORE", [GOOD, _with(1, "三年"), _with(5, "abc"), GOOD]),
    _case("score_zero_is_not_blank", "RISKSCORE", [_with(4, 0.0), _with(4, None)]),
    _case("score_errors", "RISKSCORE", [GOOD, _with(2, "#N/A"), _with(0, "#DIV/0!"), GOOD], tags="error"),
    _case("score_booleans", "RISKSCORE", [GOOD, _with(2, True)], tags="boolean"),
    _case("score_dates", "RISKSCORE", [GOOD, _with(1, dt.datetime(2020, 2, 14))], tags="date"),
    _case("score_five_columns", "RISKSCORE", [GOOD[:5], GOOD[:5]]),
    _case("score_seven_columns", "RISKSCORE", [[*GOOD, 1.0]]),
    _case("score_no_argument", "RISKSCORE", tags="count"),
    _case("score_too_many", "RISKSCORE", ONE, "default", 1.0, tags="count"),
    _case("score_long", "RISKSCORE", _firms(), tags="long"),
    _case("probs_long", "GRADEPROBS", _firms(), tags="long"),
    _case("reasons_english", "RISKREASONS", SIX, "en"),
    _case("method_score", "RISKSCORE", SIX, "monotone"),
    _case("method_other_columns", "RISKSCORE", P4, "p4_logistic"),
    _case("method_network", "DEFAULTPROB", [[1e7, 2e7, 900.0, 800.0, 0.05, 0.02, 2e5, 1e4, 3e4]], "P0_BP"),
    _case("method_blanks", "DEFAULTPROB", [[None, *P4[0][1:]], [None] * 3 + P4[0][3:], [None] * 6], "p4_logistic"),
    _case("method_words", "DEFAULTPROB", [P4[0], ["abc", *P4[1][1:]]], "p4_topsis"),
    _case("method_record_in_a_column", "DEFAULTPROB", [[v] for v in P1[0]], "p1_fisher"),
    _case("method_wrong_columns", "RISKSCORE", SIX, "p0_bp"),
    _case("method_without_default", "RISKSCORE", P1, "p1_network_lm"),
    _case("method_grade", "CREDITGRADE", SIX, "two_step"),
    _case("method_grade_network", "CREDITGRADE", P1, "p1_two_steps"),
    _case("method_probs", "GRADEPROBS", P1, "p1_network_cg"),
    _case("method_probs_long", "GRADEPROBS", _firms(), "two_step", tags="long"),
    _case("method_without_grade", "GRADEPROBS", P4, "p4_logistic"),
    _case("method_reasons", "RISKREASONS", P4, "en", "p4_logistic"),
    _case("method_reasons_of_grades", "RISKREASONS", SIX, None, "p3_svm"),
    _case("method_info", "MODELINFO", "indicators", "p4_logistic"),
    _case("churn_one", "CHURNRATE", 0.0585, "B"),
    _case("churn_table", "CHURNRATE", [[0.04], [0.08], [0.15]], [["A", "B", "C"]]),
    _case("churn_out_of_range", "CHURNRATE", [[0.039], [0.04], [0.15], [0.151], [None], ["6%"]], "C"),
    _case("churn_grades", "CHURNRATE", 0.06, [["A"], ["ｂ"], ["D"], ["E"], [None]]),
    _case("churn_heights", "CHURNRATE", [[0.05], [0.06]], [["A"], ["B"], ["C"]]),
    _case("churn_no_grade", "CHURNRATE", 0.06, tags="count"),
    _case("churn_own", "CHURNRATE", [[0.04], [0.0585], [0.1], [0.11], [None]], "B", OWN, tags="fitted"),
    _case("churn_own_blank_row", "CHURNRATE", 0.0585, [["A", "C", "D"]], [*OWN[:4], [None] * 4, *OWN[4:]],
          tags="fitted"),
    _case("churn_own_bad_cell", "CHURNRATE", [[0.05], [0.06]], "A", [*OWN, [0.11, "many", 0.7, 0.7]]),
    _case("churn_own_too_few", "CHURNRATE", [[0.05], [0.06]], "A", OWN[:3]),
    _case("churn_own_three_columns", "CHURNRATE", 0.05, "A", [row[:3] for row in OWN]),
    _case("churn_left_out", "CHURNRATE", 0.0585, "B", None),
    _case("rate_one", "BESTRATE", 0.02, "A"),
    _case("rate_range", "BESTRATE", [[r[0]] for r in LENT], [[r[1]] for r in LENT]),
    _case("rate_terms", "BESTRATE", 0.05, "C", 0.6, 0.02, "bank"),
    _case("rate_paper", "BESTRATE", 0.05, "C", None, None, "p4"),
    _case("rate_limits", "BESTRATE", [[0.001], [0.02], [0.2]], "A", None, None, None, 0.06, "7%"),
    _case("rate_limit_outside", "BESTRATE", [[0.001], [0.02]], "A", None, None, None, 0.03),
    _case("rate_own", "BESTRATE", [[0.01], [0.05], [0.1]], "C", None, None, None, None, None, OWN, tags="fitted"),
    _case("rate_bad_pd", "BESTRATE", [[-0.1], [1.1], ["x"]], "A"),
    _case("profit_one", "EXPECTEDPROFIT", 500_000.0, 0.06, 0.02, "A"),
    _case("profit_range", "EXPECTEDPROFIT", [[1e5], [2e5], [-1.0]], 0.07, [[0.01], [0.05], [0.1]], "B"),
    _case("profit_own", "EXPECTEDPROFIT", 1e5, [[0.07], [0.12]], 0.05, "B", None, None, None, OWN, tags="fitted"),
    _case("allocate", "ALLOCATE", LENT, 2_000_000.0),
    _case("allocate_two_columns", "ALLOCATE", [r[:2] for r in LENT], 2_000_000.0),
    _case("allocate_bad_row", "ALLOCATE", [LENT[0], [2.0, *LENT[1][1:]], LENT[2]], 2_000_000.0),
    _case("allocate_unknown_firm", "ALLOCATE", [LENT[0], [None, "B", None, None], [0.02, None, None, None]], 1e6),
    _case("allocate_rates", "ALLOCATE", LENT, 2_000_000.0, *[None] * 8, 0.05, 0.08),
    _case("allocate_own", "ALLOCATE", LENT, 2_000_000.0, *[None] * 9, 0.08, OWN, tags="fitted"),
    _case("allocate_no_budget", "ALLOCATE", LENT, None),
    _case("allocate_negative_budget", "ALLOCATE", LENT, -1.0),
    _case("indicators", "INDICATORS", SALES, PURCHASES, tags="date"),
    _case("indicators_text_dates", "INDICATORS",
          [[str(r[0]), *r[1:]] for r in SALES if r[0]], [[str(r[0]), *r[1:3]] for r in PURCHASES if r[0]]),
    _case("indicators_bad_date", "INDICATORS", [["去年", "B01", 1.0]], [["2019-01-01", "S01", 1.0]]),
    _case("industry_chinese", "INDUSTRY", NAMES),
    _case("industry_english", "INDUSTRY", NAMES, "en"),
    _case("industry_language", "INDUSTRY", NAMES, "fr"),
    _case("stress_range", "STRESSFACTOR", [["住宿餐饮"], ["retail"], ["未知"], ["甲乙丙"], [None]]),
    _case("stress_kind", "STRESSFACTOR", "批发贸易", None, [["micro"], ["sole_trader"], ["normal"]], 2.0),
    _case("model_firms", "MODELINFO", "firms"),
    _case("model_wrong_item", "MODELINFO", "所有"),
    _case("model_card", "MODELINFO"),
    _case("model_card_english", "MODELINFO", None, "p4_logistic", "en"),
    _case("model_coefficients", "MODELINFO", "系数"),
    _case("model_item_of_another", "MODELINFO", "auc", "p3_svm"),
)  # fmt: skip


def plain(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Results as the golden table holds them: numbers, texts, and errors as {"error": code}."""
    return [[{"error": v.code} if isinstance(v, ErrorValue) else v for v in row] for row in rows]


def frozen(rows: list[list[Any]]) -> Any:
    """What is kept of a result: itself, or of a long one its size, ends and the hash of its bits."""
    if len(rows) <= LONG:
        return rows
    packed = b"".join(
        struct.pack("<d", v) if isinstance(v, (int, float)) else json.dumps(v).encode() for row in rows for v in row
    )
    return {"rows": len(rows), "first": rows[0], "last": rows[-1], "sha256": hashlib.sha256(packed).hexdigest()}


@cache
def golden() -> dict[str, Any]:
    """The golden table; what is fitted is as this machine's Python API gives it, within 1e-9 of the table's."""
    table: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    for case in CASES:
        if "fitted" in case.tags:
            here = plain(REGISTRY[case.name].call(case.args))
            for one, other in zip(chain(*here), chain(*table[case.id]), strict=True):
                assert one == (pytest.approx(other, rel=1e-9, abs=1e-9) if isinstance(other, float) else other)
            table[case.id] = here
    return table


def same_bits(one: Any, other: Any) -> bool:
    """Equal to the last bit; 1 and 1.0 are the same number."""
    return _bits(one) == _bits(other)


def _bits(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _bits(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_bits(v) for v in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return struct.pack("<d", value)
    return value


def write() -> None:
    table = {case.id: frozen(plain(REGISTRY[case.name].call(case.args))) for case in CASES}
    GOLDEN.parent.mkdir(exist_ok=True)
    lines = ",\n".join(f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in table.items())
    GOLDEN.write_text("{\n" + lines + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    write()
