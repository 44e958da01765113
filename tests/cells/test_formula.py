"""The canonical spelling of formulas."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_udfs.cells.formula import canonical

NAMES = ("RISKSCORE", "CHURNRATE")


@pytest.mark.parametrize(
    ("saved", "wanted"),
    [
        ("=RISKSCORE(A2:F2)", "=RISKSCORE(A2:F2)"),
        ("=riskScore(A2:F2)", "=RISKSCORE(A2:F2)"),
        ("=_xldudf_RISKSCORE(A2:F2)", "=RISKSCORE(A2:F2)"),
        ("=_xldudf_CREDIT_RISKSCORE(A2:F2)", "=RISKSCORE(A2:F2)"),
        (r"='C:\my dir\x.xlam'!RISKSCORE(A2:F2)", "=RISKSCORE(A2:F2)"),
        (r"=-'C:\it''s\x.xlam'!RISKSCORE(A2)", "=-RISKSCORE(A2)"),
        ("='/Users/me/add ins/x.xlam'!RISKSCORE(A2)", "=RISKSCORE(A2)"),
        ("=x.xlam!RISKSCORE(A2)", "=RISKSCORE(A2)"),
        ("=[1]!RISKSCORE(A2)", "=RISKSCORE(A2)"),
        ("=[12]!riskscore(A2)", "=RISKSCORE(A2)"),
        ("=_xll.RISKSCORE(A2)", "=RISKSCORE(A2)"),
        ("=_xludf.RISKSCORE(A2)", "=RISKSCORE(A2)"),
        ("=_xlfn.SINGLE(_xludf.RISKSCORE(A1))", "=_xlfn.SINGLE(RISKSCORE(A1))"),
        ("=@RISKSCORE(A1)", "=@RISKSCORE(A1)"),
        ("=@[1]!RISKSCORE(A1)", "=@RISKSCORE(A1)"),
        ("=ORG.EXAMPLE.CREDIT.RISKSCORE(A2)", "=RISKSCORE(A2)"),
        ("of:=COM.X.Y.RISKSCORE([.A2:.F2])", "of:=RISKSCORE([.A2:.F2])"),
        ("=RISKSCORE (A1)", "=RISKSCORE (A1)"),
        ('=IF([1]!RISKSCORE(A1)>60,_xldudf_CHURNRATE(0.06,"A"))', '=IF(RISKSCORE(A1)>60,CHURNRATE(0.06,"A"))'),
        ('=1+[2]!CHURNRATE(0.05,"A")*[1]Sheet1!A1', '=1+CHURNRATE(0.05,"A")*[1]Sheet1!A1'),
        ("=A1-[1]!RISKSCORE(A1)-10%-x.xlam!RISKSCORE(A2)", "=A1-RISKSCORE(A1)-10%-RISKSCORE(A2)"),
        # Not ours, or not a call.
        ("=MYRISKSCORE(1)", "=MYRISKSCORE(1)"),
        ("=RISKSCORES(1)", "=RISKSCORES(1)"),
        ("=RISKSCORE", "=RISKSCORE"),
        ("=Sheet1!RISKSCORE(1)", "=Sheet1!RISKSCORE(1)"),
        ("='My sheet'!RISKSCORE(1)", "='My sheet'!RISKSCORE(1)"),
        ('="_xll.RISKSCORE(1)"', '="_xll.RISKSCORE(1)"'),
        ('="say ""_xll.RISKSCORE(1)"""', '="say ""_xll.RISKSCORE(1)"""'),
        ("=SUM(Table1[_xll.RISKSCORE(x)])", "=SUM(Table1[_xll.RISKSCORE(x)])"),
        ("='_xll.RISKSCORE(1)'!A1", "='_xll.RISKSCORE(1)'!A1"),
        ("", ""),
    ],
)
def test_canonical(saved: str, wanted: str) -> None:
    assert canonical(saved)[0] == wanted
    assert canonical(wanted)[0] == wanted


def test_functions_in_order_and_as_often_as_called() -> None:
    formula = '=_xll.RISKSCORE(A1)+[1]!CHURNRATE(1,"RISKSCORE(1)")+riskscore(B1)'
    assert canonical(formula)[1] == ("RISKSCORE", "CHURNRATE", "RISKSCORE")
    assert canonical("=SUM(A1)")[1] == ()
    assert canonical("=ALLOCATE(A1:B2,1)")[1] == ("ALLOCATE",)


SPELLINGS = (
    "{}", "_xldudf_{}", "_xldudf_CREDIT_{}", "'C:\\a b\\x.xlam'!{}", "[1]!{}", "_xll.{}", "ORG.X.{}",
    "x.xlam!{}",
)  # fmt: skip


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["A1", "SUM(A1:B2)", '"_xll.RISKSCORE(1)"', "'a b'!C3", "1.5", "MYRISKSCORE(2)"]),
            st.tuples(st.sampled_from(NAMES), st.sampled_from(SPELLINGS)),
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from("+-*/^&,=<>"),
)
def test_every_mix_of_spellings(parts: list[str | tuple[str, str]], operator: str) -> None:
    saved = "=" + operator.join(p if isinstance(p, str) else p[1].format(p[0]) + "(A1)" for p in parts)
    wanted = "=" + operator.join(p if isinstance(p, str) else p[0] + "(A1)" for p in parts)
    assert canonical(saved) == (wanted, tuple(p[0] for p in parts if not isinstance(p, str)))
