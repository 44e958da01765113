"""Ordinary formulas around ours: Excel's rules, one by one."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_udfs.hosts.evaluate import Context, evaluate, serial
from credit_udfs.hosts.formulas import Err, Ref, Unsupported, Value, column_letters, column_number, parse

CELLS: dict[tuple[str, int, int], Any] = {
    ("", 1, 1): 10.0, ("", 2, 1): 20.0, ("", 3, 1): None, ("", 4, 1): "text", ("", 5, 1): True, ("", 6, 1): 30.0,
    ("", 1, 2): "a", ("", 2, 2): "b", ("", 3, 2): "c", ("", 1, 3): Err("#DIV/0!"), ("", 2, 3): Err("#N/A"),
    ("", 1, 4): dt.datetime(2020, 2, 14), ("other sheet", 1, 1): 7.0, ("表", 1, 1): 8.0,
}  # fmt: skip


class Sheet(Context):
    def cell_range(self, ref: Ref) -> Value:
        rows = [
            [CELLS.get((ref.sheet, r, c)) for c in range(ref.left, (ref.right or 4) + 1)]
            for r in range(ref.top, (ref.bottom or 6) + 1)
        ]
        return rows[0][0] if ref.single else rows


def value(formula: str) -> Value:
    return evaluate(parse(f"={formula}"), Sheet())


@pytest.mark.parametrize(
    ("formula", "wanted"),
    [
        ("1+2*3", 7.0),
        ("(1+2)*3", 9.0),
        ("-2^2", 4.0),
        ("2^3^2", 64.0),
        ("2^-1", 0.5),
        ("10%", 0.1),
        ("-50%", -0.5),
        ("1-2-3", -4.0),
        ("8/4/2", 1.0),
        ("--3", 3.0),
        ('"a"&1&TRUE', "a1TRUE"),
        ('"say ""hi"""', 'say "hi"'),
        ("1=1", True),
        ("1<>1", False),
        ('"ABC"="abc"', True),
        ('"a"<"b"', True),
        ('"9">10', True),
        ("TRUE>99", True),
        ("A3=0", True),
        ('A3=""', True),
        ("A3+1", 1.0),
        ("A5+1", 2.0),
        ("A4+1", Err("#VALUE!")),
        ('"3"*2', 6.0),
        ("1/0", Err("#DIV/0!")),
        ("0^0", Err("#NUM!")),
        ("10^400", Err("#NUM!")),
        ("C1+1", Err("#DIV/0!")),
        ("1+#REF!", Err("#REF!")),
        ("D1", dt.datetime(2020, 2, 14)),
        ("D1+1", 43876.0),
        ("1e2", 100.0),
        (".5", 0.5),
        ("'other sheet'!A1", 7.0),
        ("表!A1", 8.0),
        ("$A$1", 10.0),
        ("SUM(A1:A6)", 60.0),
        ("SUM(A:A)", 60.0),
        ("SUM(1:1)", Err("#DIV/0!")),
        ("SUM(A1:A6,5,\"5\",TRUE)", 71.0),
        ("SUM(C1:C2)", Err("#DIV/0!")),
        ("AVERAGE(A1:A6)", 20.0),
        ("AVERAGE(B1:B3)", Err("#DIV/0!")),
        ("MIN(A1:A6)", 10.0),
        ("MAX(A1:A6)", 30.0),
        ("MAX(B1:B2)", 0.0),
        ("PRODUCT(A1:A2)", 200.0),
        ("MEDIAN(A1:A6)", 20.0),
        ("MEDIAN(1,2)", 1.5),
        ("COUNT(A1:C6)", 3.0),
        ("COUNTA(A1:A6)", 5.0),
        ("LARGE(A1:A6,2)", 20.0),
        ("SMALL(A1:A6,4)", Err("#NUM!")),
        ("IF(A1>5,\"y\",\"n\")", "y"),
        ("IF(FALSE,1)", False),
        ("IF(TRUE,,1)", 0.0),
        ("IF(C1,1,2)", Err("#DIV/0!")),
        ("IF(TRUE,1,NOSUCH(1))", 1.0),
        ("IFERROR(1/0,9)", 9.0),
        ("IFERROR(1,NOSUCH(1))", 1.0),
        ("IFNA(C2,1)", 1.0),
        ("IFNA(C1,1)", Err("#DIV/0!")),
        ("IFS(FALSE,1,TRUE,2)", 2.0),
        ("IFS(FALSE,1)", Err("#N/A")),
        ("SWITCH(\"b\",\"A\",1,\"B\",2,NOSUCH(1))", 2.0),
        ("SWITCH(3,1,\"x\",\"other\")", "other"),
        ("SWITCH(3,1,\"x\")", Err("#N/A")),
        ("SWITCH(C1,1,2)", Err("#DIV/0!")),
        ("IF(NOW()<0,1,NOW()-TODAY()<1)", True),
        ("TODAY()=INT(TODAY())", True),
        ("CHOOSE(2,NOSUCH(1),5)", 5.0),
        ("AND(TRUE,1)", True),
        ("AND(A1:A2,FALSE)", False),
        ("OR(FALSE,0)", False),
        ("NOT(0)", True),
        ("XOR(TRUE,TRUE)", False),
        ("ROUND(2.5,0)", 3.0),
        ("ROUND(-2.5,0)", -3.0),
        ("ROUND(1.005,2)", 1.01),
        ("ROUND(1234,-2)", 1200.0),
        ("ROUNDUP(1.01,0)", 2.0),
        ("ROUNDDOWN(-1.9,0)", -1.0),
        ("INT(-1.5)", -2.0),
        ("TRUNC(-1.5)", -1.0),
        ("MOD(-3,2)", 1.0),
        ("MOD(3,0)", Err("#DIV/0!")),
        ("ABS(-3)", 3.0),
        ("SQRT(-1)", Err("#NUM!")),
        ("LOG(100)", 2.0),
        ("LN(0)", Err("#NUM!")),
        ("POWER(2,3)", 8.0),
        ("INDEX(A1:B3,2,2)", "b"),
        ("INDEX(B1:B3,4)", Err("#REF!")),
        ("INDEX({1,2,3},2)", 2.0),
        ("MATCH(20,A1:A2,0)", 2.0),
        ("MATCH(\"B\",B1:B3,0)", 2.0),
        ("MATCH(25,A1:A2)", 2.0),
        ("MATCH(5,A1:A2)", Err("#N/A")),
        ("VLOOKUP(20,A1:B2,2,FALSE)", "b"),
        ("VLOOKUP(21,A1:B2,2,FALSE)", Err("#N/A")),
        ("VLOOKUP(10,A1:B2,3,FALSE)", Err("#REF!")),
        ("HLOOKUP(10,A1:B2,2,FALSE)", 20.0),
        ("XLOOKUP(\"c\",B1:B3,A1:A3,\"-\")", None),
        ("XLOOKUP(\"z\",B1:B3,A1:A3,\"-\")", "-"),
        ("SUMPRODUCT(A1:A2,{1;2})", 50.0),
        ("SUMPRODUCT(A1:A2,{1,2})", Err("#VALUE!")),
        ("SUMIF(A1:A6,\">10\")", 50.0),
        ("SUMIF(B1:B3,\"b\",A1:A3)", 20.0),
        ("COUNTIF(A1:A6,20)", 1.0),
        ("COUNTIF(A1:A6,\"<>20\")", 5.0),
        ("AVERAGEIF(A1:A6,\">100\")", Err("#DIV/0!")),
        ("SUMIFS(A1:A3,B1:B3,\"b\",A1:A3,\">5\")", 20.0),
        ("SUMIFS(A1:A3,B1:B2,\"b\")", Err("#VALUE!")),
        ("COUNTIFS(B1:B3,\"<>a\",A1:A3,\">=20\")", 1.0),
        ("AVERAGEIFS(A1:A3,B1:B3,\"x\")", Err("#DIV/0!")),
        ("AVERAGEIFS(A1:A2,B1:B2,\"a\")", 10.0),
        ("MAXIFS(A1:A2,B1:B2,\"b\")", 20.0),
        ("COUNTBLANK(A1:A6)", 1.0),
        ("CONCAT(A1:B1,\"x\")", "10ax"),
        ("CONCATENATE(1,\"x\")", "1x"),
        ("TEXTJOIN(\",\",TRUE,A1:A4)", "10,20,text"),
        ("LEN(\"中文\")", 2.0),
        ("LEFT(\"abc\",2)&RIGHT(\"abc\")&MID(\"abc\",2,1)", "abcb"),
        ("LEFT(\"abc\",-1)", Err("#VALUE!")),
        ("TRIM(\"  a  b \")", "a b"),
        ("UPPER(\"a\")&LOWER(\"B\")", "Ab"),
        ("SUBSTITUTE(\"aba\",\"a\",\"x\")", "xbx"),
        ("EXACT(\"a\",\"A\")", False),
        ("VALUE(\"1,000\")", 1000.0),
        ("ISBLANK(A3)", True),
        ("ISERROR(C1)", True),
        ("ISERR(C2)", False),
        ("ISNA(C2)", True),
        ("ISNUMBER(A1)", True),
        ("ISTEXT(A4)", True),
        ("ISLOGICAL(A5)", True),
        ("N(\"x\")", 0.0),
        ("T(5)", ""),
        ("ROWS(A1:B3)*COLUMNS(A1:B3)", 6.0),
        ("NA()", Err("#N/A")),
        ("TRUE()", True),
        ("_xlfn.IFNA(NA(),1)", 1.0),
        ("SUM()", 0.0),
        ("ABS()", Err("#VALUE!")),
    ],
)  # fmt: skip
def test_formulas(formula: str, wanted: Any) -> None:
    got = value(formula)
    assert got == wanted
    assert type(got) is type(wanted)


@pytest.mark.parametrize(
    ("formula", "wanted"),
    [
        ("A1:A2*2", [[20.0], [40.0]]),
        ("A1:A2+{1,2}", [[11.0, 12.0], [21.0, 22.0]]),
        ('IF(A1:A2>15,"big","small")', [["small"], ["big"]]),
        ('IFERROR({1,2}/{1,0},"-")', [[1.0, "-"]]),
        ("TRANSPOSE(A1:A2)", [[10.0, 20.0]]),
        ("{1,2;3,4}", [[1.0, 2.0], [3.0, 4.0]]),
        ("ABS({-1,2})", [[1.0, 2.0]]),
        ("{1;2;3}+{1;2}", [[2.0], [4.0], [Err("#N/A")]]),
    ],
)
def test_ranges_element_by_element(formula: str, wanted: Any) -> None:
    assert value(formula) == wanted


@pytest.mark.parametrize(
    ("formula", "key"),
    [
        ("NOSUCH(1)", "batch.function"),
        ('INDIRECT("A1")', "batch.function"),
        ("ROW()", "batch.function"),
        ("1+", "batch.syntax"),
        ("(1", "batch.syntax"),
        ("SUM(1", "batch.syntax"),
        ("1 2", "batch.syntax"),
        ("'[1]x'!A1~", "batch.syntax"),
        ("A1#", "batch.spill_reference"),
        ("nothing+1", "batch.name"),
    ],
)
def test_what_is_not_understood_is_said_never_guessed(formula: str, key: str) -> None:
    with pytest.raises(Unsupported) as why:
        value(formula)
    assert why.value.key == key


def test_formulas_filled_down_share_one_tree() -> None:
    one, other = parse("=SUM(A1:B1)*2"), parse("=SUM($A$9:B9)*2")
    assert one.tree is other.tree
    assert one.refs != other.refs


@given(st.integers(1, 16384))
def test_column_letters(number: int) -> None:
    assert column_number(column_letters(number)) == number


@given(st.dates(dt.date(1900, 3, 1), dt.date(9999, 12, 31)))
def test_serials_of_dates(day: dt.date) -> None:
    assert serial(day) == (day - dt.date(1899, 12, 30)).days


NUMBERS = st.integers(-50, 50)


@given(
    st.recursive(NUMBERS.map(str), lambda s: st.tuples(s, st.sampled_from("+-*"), s).map(lambda t: f"({''.join(t)})"))
)
def test_arithmetic_is_pythons(formula: str) -> None:
    assert value(formula) == float(eval(formula))  # made of integers and + - * only
