"""The host for Excel on Windows, driven through xlwings' real converters and server, with COM stubbed."""

from __future__ import annotations

import datetime as dt
import math
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from credit_udfs.cells import REGISTRY
from credit_udfs.cells.spec import ErrorValue
from tests.hosts import fakewin
from tests.hosts.cases import CASES, Case, frozen, golden, same_bits
from tests.hosts.fakewin import CELL_ERRORS, MISSING, call_udf

GOLDEN = golden()


@pytest.fixture(scope="module")
def host() -> Iterator[Any]:
    with fakewin.windows() as module:
        yield module


def real(value: Any) -> Any:
    """What Excel's cell shows after the VBA wrapper: a marked text is an error."""
    if isinstance(value, str) and value.startswith("\x01"):
        return {2015: "#VALUE!", 2036: "#NUM!", 2042: "#N/A"}[int(value[1:])]
    return value


def table(answer: Any) -> list[list[Any]]:
    """CallUDF's answer as a table: it sends one row flat, and one value alone."""
    if not isinstance(answer, (list, tuple)):
        return [[real(answer)]]
    rows = answer if isinstance(answer[0], (list, tuple)) else [answer]
    return [[real(value) for value in row] for row in rows]


def expected(name: str, *args: Any) -> list[list[Any]]:
    return [
        [value.code if isinstance(value, ErrorValue) else value for value in row] for row in REGISTRY[name].call(args)
    ]


def test_a_scalar_a_column_and_a_table_give_the_values_of_the_python_api(host: Any) -> None:
    assert table(call_udf(host, "CHURNRATE", 0.0585, "B")) == expected("CHURNRATE", 0.0585, "B")
    rates = tuple((rate,) for rate in (0.04, 0.0585, 0.1, 0.15))
    assert table(call_udf(host, "CHURNRATE", rates, "A")) == expected("CHURNRATE", [list(r) for r in rates], "A")
    grades = (("A",), ("b",), ("Ｃ",), ("A",))
    answer = table(call_udf(host, "CHURNRATE", rates, grades))
    assert answer == expected("CHURNRATE", [list(r) for r in rates], [list(g) for g in grades])
    assert all(isinstance(row[0], float) for row in answer)


def sent(value: Any) -> Any:
    """A case's argument as COM hands it over: rows as tuples, dates and errors in Excel's own form."""
    if isinstance(value, list):
        return tuple(tuple(map(sent, row)) for row in value)
    if isinstance(value, dt.date):  # a datetime is one as well
        return fakewin.ComTime(*value.timetuple()[:6])
    if isinstance(value, str):
        return CELL_ERRORS.get(value, value)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@pytest.mark.parametrize("case", [c for c in CASES if "count" not in c.tags], ids=lambda c: c.id)
def test_the_common_cases_have_the_golden_values(host: Any, case: Case) -> None:
    """All but wrong counts of arguments, which Excel itself refuses when the formula is entered."""
    left_out = [None] * (len(REGISTRY[case.name].args) - len(case.args))
    answer = table(call_udf(host, case.name, *map(sent, case.args), *left_out))
    codes = {"#VALUE!", "#NUM!", "#N/A"}
    rows = [[{"error": v} if isinstance(v, str) and v in codes else v for v in row] for row in answer]
    assert same_bits(frozen(rows), GOLDEN[case.id])


def test_ten_thousand_rows_are_one_call_with_the_same_bits(host: Any) -> None:
    draw = random.Random(5)
    rates = [[draw.uniform(0.04, 0.15)] for _ in range(10_000)]
    grades = [[draw.choice("ABC")] for _ in range(10_000)]
    answer = call_udf(host, "CHURNRATE", tuple(map(tuple, rates)), tuple(map(tuple, grades)))
    assert [row[0].hex() for row in answer] == [row[0].hex() for row in expected("CHURNRATE", rates, grades)]


def test_rows_with_trouble_have_their_own_error_and_the_others_are_right(host: Any) -> None:
    rates = ((0.05,), (None,), ("text",), (0.9,), (True,), ("",), ("5.5%",), (CELL_ERRORS["#DIV/0!"],))
    answer = [row[0] for row in table(call_udf(host, "CHURNRATE", rates, "B"))]
    assert answer[0] == expected("CHURNRATE", 0.05, "B")[0][0]
    assert answer[6] == expected("CHURNRATE", 0.055, "B")[0][0]
    assert answer[1:6] + answer[7:] == ["#N/A", "#VALUE!", "#NUM!", "#VALUE!", "#N/A", "#VALUE!"]


@pytest.mark.parametrize("shown", list(CELL_ERRORS))
def test_an_error_cell_of_any_kind_is_an_error_never_a_blank_or_a_number(host: Any, shown: str) -> None:
    wanted = shown if shown in ("#N/A", "#NUM!") else "#VALUE!"
    answer = table(call_udf(host, "CHURNRATE", ((0.05,), (CELL_ERRORS[shown],)), "B"))
    assert [row[0] for row in answer] == [expected("CHURNRATE", 0.05, "B")[0][0], wanted]


def test_trouble_with_the_call_is_one_real_error(host: Any) -> None:
    two, three = ((0.05,), (0.06,)), (("A",), ("B",), ("C",))
    assert table(call_udf(host, "CHURNRATE", two, three)) == [["#VALUE!"]]
    assert table(call_udf(host, "CHURNRATE", MISSING, "A")) == expected("CHURNRATE", None, "A")


def test_a_date_in_a_number_is_an_error(host: Any) -> None:
    when = fakewin.ComTime(2020, 2, 14)
    assert table(call_udf(host, "CHURNRATE", when, "B")) == [["#VALUE!"]]


def test_reasons_of_errors_are_kept_for_the_help_button(host: Any) -> None:
    host.last_errors.clear()
    call_udf(host, "CHURNRATE", 0.9, "B")
    ((name, error),) = host.last_errors
    assert name == "CHURNRATE"
    assert "0.9" in error.message_zh
    assert "0.9" in error.message_en


def test_xlwings_is_told_of_every_declaration(host: Any) -> None:
    for name, function in REGISTRY.items():
        told = getattr(host, name).__xlfunc__
        assert told["name"] == name
        assert told["category"] == function.category_en
        assert [a["name"] for a in told["args"]] == [a.name for a in function.args]
        assert [a["doc"] for a in told["args"]] == [a.help_en for a in function.args]
        assert ["optional" in a for a in told["args"]] == [not a.required for a in function.args]
        assert all(a["options"] == {"ndim": 2, "err_to_str": True} for a in told["args"])


def test_every_error_has_its_number_and_vba_knows_the_mark(host: Any) -> None:
    from typing import get_args

    from credit_udfs.errors import CellError

    assert set(host.ERROR_NUMBERS) == set(get_args(CellError))
    vba = (Path(__file__).parents[2] / "addin/excel/src/Answers.bas").read_text("utf-8")
    assert re.search(rf"MarkOfError = Chr\$\({ord(host.MARK)}\)", vba)
    assert not any(math.isnan(number) for number in host.ERROR_NUMBERS.values())


def test_another_version_of_xlwings_is_refused_with_the_repair(host: Any) -> None:
    with pytest.raises(SystemExit, match=r"pip install xlwings==0\.1\.2"):
        host.serve("{clsid}", "0.1.2")


def test_the_paid_part_of_xlwings_is_never_named() -> None:
    for folder in ("credit_udfs", "addin"):
        for path in (Path(__file__).parents[2] / folder).rglob("*.py"):
            assert not re.search(r"xlwings\.(pro|server)\b", path.read_text("utf-8")), path
