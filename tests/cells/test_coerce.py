"""The rules for cell values, one by one, and the calls built on them."""

from __future__ import annotations

import datetime as dt
import logging
import math
from decimal import Decimal
from typing import Annotated, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_udfs.cells.coerce import ERROR_TEXTS, Block, from_serial, parse_number
from credit_udfs.cells.spec import CellFunction, Column, ErrorValue, cell, choice, number, table, words
from credit_udfs.errors import OutOfRange


def made(body: Any, result: Any = "row", **more: Any) -> CellFunction:
    registry: dict[str, CellFunction] = {}
    cell("TESTNAME", category=("类", "c"), help_zh="助", help_en="h", result=result, registry=registry, **more)(body)
    return registry["TESTNAME"]


def _same(x: Annotated[Any, number("数", "number", by_row=True)]) -> Any:
    return x


def _block(
    t: Annotated[
        Block,
        table("区", "range", [Column("甲", "first", blank="missing"), Column("乙", "second", low=0.0, high=1.0)]),
    ],
) -> Any:
    return np.nansum(t.matrix, axis=1)


SAME, BLOCK = made(_same), made(_block)


def codes(rows: list[list[Any]]) -> list[Any]:
    return [v.code if isinstance(v, ErrorValue) else v for row in rows for v in row]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (1, 1.0),
        (1.5, 1.5),
        (Decimal("0.1"), 0.1),
        (np.float64(2.5), 2.5),
        (np.int32(3), 3.0),
        ("1,234.5", 1234.5),
        ("１，２３４．５", 1234.5),
        ("12.5%", 0.125),
        ("１２％", 0.12),
        (" −3 ", -3.0),
        ("+.5", 0.5),
        ("1e3", 1000.0),
        ("5.", 5.0),
        (None, "#N/A"),
        ("", "#N/A"),
        ("  ", "#N/A"),
        ("\u3000", "#N/A"),
        (math.nan, "#N/A"),
        (math.inf, "#NUM!"),
        ("1e999", "#NUM!"),
        (10**400, "#NUM!"),
        (True, "#VALUE!"),
        (np.bool_(False), "#VALUE!"),
        (dt.date(2020, 2, 14), "#VALUE!"),
        (dt.datetime(2020, 2, 14), "#VALUE!"),
        (dt.time(1), "#VALUE!"),
        ("abc", "#VALUE!"),
        ("1,23", "#VALUE!"),
        ("12,34.5", "#VALUE!"),
        ("1.2.3", "#VALUE!"),
        ("inf", "#VALUE!"),
        ("nan", "#VALUE!"),
        ("0x10", "#VALUE!"),
        ("1_000", "#VALUE!"),
        (".", "#VALUE!"),
        ("%", "#VALUE!"),
        ("e5", "#VALUE!"),
        (object(), "#VALUE!"),
        *((shown, code) for shown, code in ERROR_TEXTS.items()),
    ],
)
def test_numbers(value: Any, wanted: Any) -> None:
    assert codes(SAME.call([value])) == [wanted]
    # The same among plain numbers, in a column, and it leaves the others alone.
    assert codes(SAME.call([[[7.0], [value], [8.0]]])) == [7.0, wanted, 8.0]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_as_text_is_that_number(x: float) -> None:
    assert parse_number(repr(x)) == x


@given(st.floats(-1e12, 1e12), st.booleans())
def test_thousands_separators_and_full_width_digits(x: float, wide: bool) -> None:
    written = f"{x:,.3f}"
    if wide:
        written = written.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789.,+"})
    assert parse_number(written) == float(f"{x:.3f}")


def test_bounds_include_their_ends_and_forgive_the_last_bit() -> None:
    rows = [[1.0, v] for v in (0.0, 1.0, 1.0 + 2e-16, -1e-9, 1.1)]
    assert codes(BLOCK.call([rows])) == [1.0, 2.0, 2.0, "#NUM!", "#NUM!"]


def test_a_blank_is_missing_never_zero() -> None:
    seen: list[Any] = []

    def look(t: Annotated[Block, table("区", "r", [Column("甲", "a", blank="missing"), Column("乙", "b")])]) -> Any:
        seen.append(t.matrix)
        return t[1]

    made(look).call([[[None, 1.0], ["", 2.0], [0.0, 3.0]]])
    assert np.isnan(seen[0][:2, 0]).all()
    assert seen[0][2, 0] == 0.0


def test_a_row_with_trouble_has_its_error_and_the_others_are_right() -> None:
    rows = [[1.0, 0.5], ["x", 0.5], [None, 0.5], [1.0, None], [1.0, "#N/A"], [2.0, 0.25]]
    assert codes(BLOCK.call([rows])) == [1.5, "#VALUE!", 0.5, "#N/A", "#N/A", 2.25]


def test_messages_name_the_column_and_the_value() -> None:
    error = BLOCK.call([[["三", 0.5]]])[0][0]
    assert error == ErrorValue("#VALUE!", "“甲”的值“三”不是数字。", 'The value "三" of "first" is not a number.')
    long = BLOCK.call([[["很" * 500, 0.5]]])[0][0]
    assert isinstance(long, ErrorValue)
    assert len(long.message_zh) < 255


def test_shapes_of_ranges() -> None:
    assert codes(BLOCK.call([[1.0, 0.5]])) == [1.5]  # one row
    assert codes(BLOCK.call([[[1.0], [0.5]]])) == [1.5]  # one record in a column
    assert codes(BLOCK.call([((1.0, 0.5), (2.0, 0.5))])) == [1.5, 2.5]  # tuples, as COM gives them
    assert codes(BLOCK.call([np.array([[1.0, 0.5]])])) == [1.5]
    assert codes(BLOCK.call([[[1.0, 0.5, 1.0]]])) == ["#VALUE!"]
    assert codes(BLOCK.call([[[1.0], [0.5], [0.5]]])) == ["#VALUE!"]
    assert codes(BLOCK.call([[[1.0, 0.5], [1.0]]])) == ["#VALUE!"]
    assert codes(BLOCK.call([[]])) == ["#VALUE!"]
    assert codes(BLOCK.call([1.0])) == ["#VALUE!"]


def _texts(
    firm: Annotated[Any, words("名", "name", by_row=True)],
    kind: Annotated[Any, choice("类", "kind", choices=("A", "Big"), by_row=True)] = "A",
    many: Annotated[int, number("数", "many", low=1.0, integer=True)] = 2,
) -> Any:
    return [f"{n}/{k}/{many}" for n, k in zip(firm, kind, strict=True)]


TEXTS = made(_texts)


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        ([" 甲公司 "], ["甲公司/A/2"]),
        ([12.0], ["12/A/2"]),
        ([0.1], ["0.1/A/2"]),
        ([dt.date(2020, 1, 2)], ["2020-01-02/A/2"]),
        ([True], ["#VALUE!"]),
        ([None], ["#N/A"]),
        (["x", "big"], ["x/Big/2"]),
        (["x", "ＢＩＧ "], ["x/Big/2"]),
        (["x", None, 3.0], ["x/A/3"]),
        (["x", "", "3"], ["x/A/3"]),
        (["x", "C"], ["#VALUE!"]),
        (["x", "A", 2.5], ["#VALUE!"]),
        (["x", "A", 0.0], ["#NUM!"]),
        (["x", "A", [[1.0, 2.0]]], ["#VALUE!"]),
        (["x", "A", [[4.0]]], ["x/A/4"]),
        ([[["x"], ["y"]], [["A", "B"]]], ["x/A/2", "#VALUE!", "y/A/2", "#VALUE!"]),
        ([[["x"], ["y"]], [["A"], ["Big"], ["A"]]], ["#VALUE!"]),
        ([], ["#VALUE!"]),
        (["x", "A", 1.0, 1.0], ["#VALUE!"]),
    ],
)
def test_texts_choices_and_single_values(args: list[Any], wanted: list[Any]) -> None:
    assert codes(TEXTS.call(args)) == wanted


def _dates(
    t: Annotated[
        Block, table("区", "range", [Column("日", "day", "date"), Column("数", "n", optional=True)], by_row=False)
    ],
) -> Any:
    return [[str(d) for d in t[0]]]


DATES = made(_dates, result="table")


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (dt.date(2020, 2, 14), "2020-02-14"),
        (dt.datetime(2020, 2, 14, 23, 59), "2020-02-14"),
        (43875.0, "2020-02-14"),
        (43875.9, "2020-02-14"),
        (1, "1900-01-01"),
        (59, "1900-02-28"),
        (61, "1900-03-01"),
        ("2020-02-14", "2020-02-14"),
        ("2020/2/14", "2020-02-14"),
        ("2020.2.14", "2020-02-14"),
        ("20200214", "2020-02-14"),
        ("2020年2月14日", "2020-02-14"),
        ("2020-02-14 10:30:00", "2020-02-14"),
        ("２０２０－０２－１４", "2020-02-14"),
        (60, "#NUM!"),
        (0.5, "#NUM!"),
        (1e9, "#NUM!"),
        (math.inf, "#NUM!"),
        ("2020-02-30", "#VALUE!"),
        ("14.02.2020", "#VALUE!"),
        ("yesterday", "#VALUE!"),
        (True, "#VALUE!"),
        (None, "#VALUE!"),
    ],
)
def test_dates(value: Any, wanted: str) -> None:
    if value is None:
        # Wholly blank rows are left out of a table's input; with them nothing is left.
        assert DATES.call([[[value], [dt.date(2020, 1, 1)]]]) == [["2020-01-01"]]
    else:
        assert codes(DATES.call([[[value]]])) == [wanted]


@given(st.dates(dt.date(1900, 3, 1), dt.date(9999, 12, 31)))
def test_serial_numbers_are_those_of_the_1900_system(day: dt.date) -> None:
    assert from_serial((day - dt.date(1899, 12, 30)).days) == day


def test_in_a_table_a_bad_row_is_the_calls_error_and_says_which() -> None:
    error = DATES.call([[["2020-01-01", 1.0], [None, None], ["x", 1.0]]])[0][0]
    assert isinstance(error, ErrorValue)
    assert error.message_en.startswith("Row 3 of t:")
    assert error.message_zh.startswith("参数 t 第 3 行：")


def _weighted(
    x: Annotated[Any, number("数", "n", by_row=True, low=0.0, high=1.0, bounds_by=("t", lambda t: (0.0, max(t[1]))))],
    t: Annotated[
        Block | None, table("区", "range", [Column("甲", "a"), Column("乙", "b", low=0.0)], by_row=False)
    ] = None,
) -> Any:
    return x if t is None else x * t[0].sum()


WEIGHTED = made(_weighted)


@pytest.mark.parametrize("left_out", [(), (None,), ("",), ([[None]],), ([[" "]],)])
def test_a_table_beside_the_rows_may_be_left_out(left_out: tuple[Any, ...]) -> None:
    assert codes(WEIGHTED.call([[[0.5], [2.0]], *left_out])) == [0.5, "#NUM!"]


def test_a_table_beside_the_rows_counts_as_a_whole() -> None:
    beside = [[1.0, 1.0], [None, ""], [2.0, 9.0]]
    rows = codes(WEIGHTED.call([[[0.5], [8.0], [9.5], [None]], beside]))
    assert rows == [1.5, 24.0, "#NUM!", "#N/A"]  # its own bounds, its blank row left out
    for bad, code in (("x", "#VALUE!"), (-1.0, "#NUM!"), ("#DIV/0!", "#VALUE!"), (None, "#N/A")):
        rows = WEIGHTED.call([[[0.5], [0.6]], [*beside, [3.0, bad]]])
        assert codes(rows) == [code]
        assert "Row 4 of t" in rows[0][0].message_en
    assert codes(WEIGHTED.call([0.5, [[1.0]]])) == ["#VALUE!"]


def test_merging_keeps_apart_calls_with_other_tables_beside_them() -> None:
    one, other = [[1.0, 1.0], [2.0, 9.0]], [[1.0, 1.0], [2.0, 8.0]]
    calls = [[0.5, one], [8.5, one], [8.5, other], [8.5], [0.5, None], [0.5, [[None]]]]
    assert WEIGHTED.call_many(calls) == [WEIGHTED.call(args) for args in calls]


def test_results_become_cells() -> None:
    def odd(x: Annotated[Any, number("数", "n", by_row=True)]) -> Any:
        return [[math.nan, math.inf, None, np.str_("s"), np.bool_(True), np.float64(1.5), 2] for _ in x]

    row = made(odd).call([1.0])[0]
    assert codes([row]) == ["#N/A", "#NUM!", "", "s", True, 1.5, 2.0]
    assert [type(v) for v in row[2:]] == [str, str, bool, float, float]


def test_an_error_of_ours_is_the_cells_error_and_a_mistake_of_ours_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def ours(x: Annotated[Any, number("数", "n")]) -> Any:
        raise OutOfRange("core.rate_out_of_range", rate=x, low=0.04, high=0.15)

    def mistake(x: Annotated[Any, number("数", "n")]) -> Any:
        return [][0]

    assert codes(made(ours, "scalar").call([1.0])) == ["#NUM!"]
    with caplog.at_level(logging.ERROR):
        error = made(mistake, "scalar").call([1.0])[0][0]
    assert isinstance(error, ErrorValue)
    assert "IndexError" in error.message_en
    assert "TESTNAME failed" in caplog.text


CELLS = st.one_of(
    st.floats(-2, 2), st.none(), st.sampled_from(["", "x", "0.5", "1,000", "#N/A", "#REF!", True, math.inf, math.nan])
)


@given(st.lists(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=4), min_size=1, max_size=6))
def test_merged_calls_give_what_single_ones_give(calls: list[list[tuple[Any, Any]]]) -> None:
    args = [[[list(row) for row in rows]] for rows in calls]
    assert BLOCK.call_many(args) == [BLOCK.call(a) for a in args]
    singles = [[row[0][0]] for rows in args for row in rows]
    assert SAME.call_many(singles) == [SAME.call(a) for a in singles]


def test_merging_keeps_apart_what_differs_and_calls_joint_functions_one_by_one() -> None:
    sizes: list[int] = []

    def count(x: Annotated[Any, number("数", "n", by_row=True)], y: Annotated[Any, number("数", "y")] = 1.0) -> Any:
        sizes.append(len(x))
        return x * y

    assert made(count).call_many([[1.0], [2.0], [3.0, 2.0], [4.0, 2.0], [[[5.0], [6.0]]], [[[1.0, 2.0]]], []])[:4] == [
        [[1.0]], [[2.0]], [[6.0]], [[8.0]]
    ]  # fmt: skip
    assert sorted(sizes) == [2, 2, 4]
    sizes.clear()
    made(count, joint=True).call_many([[1.0], [2.0]])
    assert sizes == [1, 1]


def test_an_error_of_the_whole_call_is_found_again_for_each() -> None:
    def fussy(x: Annotated[Any, number("数", "n", by_row=True)]) -> Any:
        if (x > 1).any():
            raise OutOfRange("core.rate_out_of_range", rate=2.0, low=0.04, high=0.15)
        return x

    function = made(fussy)
    assert [codes(r) for r in function.call_many([[1.0], [2.0], [0.5]])] == [[1.0], ["#NUM!"], [0.5]]
