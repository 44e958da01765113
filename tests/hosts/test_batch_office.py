"""Ordinary formulas around ours: the batch's values against LibreOffice's, cell by cell."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula

from credit_udfs.hosts.batch import calc
from tests.hosts.office import Office

pytestmark = pytest.mark.libreoffice

ROWS = [
    ["firm", "score", "grade", "day", "amount", "share"],
    ["甲公司", 12.5, "A", dt.datetime(2019, 1, 5), 1200000.0, 0.25],
    ["乙公司", 48.25, "B", dt.datetime(2019, 3, 31), 350000.0, 0.1],
    ["丙公司", 71.0, "C", dt.datetime(2020, 2, 29), 80000.0, None],
    ["丁 公司", 88.75, "D", dt.datetime(2020, 12, 1), None, 0.4],
    ["戊公司", 48.25, "b", dt.datetime(2021, 7, 15), 640000.0, 0.25],
    [None, None, None, None, "1,000"],
]

FORMULAS = [
    line
    for line in r"""
# Arithmetic, comparison, text.
B2+B3*2-B4/4
-B2^2
2^3^2
10%*E2
B2=B3
C3=C6
"a"<"B"
A2&C2
B3&"分"
E5+1
E5=""
E5=0
"3"*2
TRUE+1
B2>B3
(B2+B3)/(B4-71)
1E3+0.5
0.1+0.2=0.3
1/3&""
"合计"&0.1+0.2
IF(0.1+0.2=0.3,1,2)
B2&B3="12.548.25"
E7+1
-E7
+E7
2*E7%
"1,000"*2
# Choices and errors.
IF(B2>50,"高","低")
IF(B2>5,1)
IF(FALSE,1)
IFERROR(1/0,"无")
IFERROR(B2,0)
_xlfn.IFNA(NA(),7)
_xlfn.IFNA(1/0,7)
_xlfn.IFS(B2>50,"x",TRUE,"y")
_xlfn.SWITCH(C3,"A",1,"B",2)
_xlfn.SWITCH("z","A",1)
CHOOSE(2,"a","b")
AND(B2>1,B3>1)
OR(B2>99,FALSE)
NOT(B2>99)
_xlfn.XOR(TRUE,FALSE)
1/0
NA()
VALUE("x")
SQRT(-1)
ISERROR(1/0)
ISNA(NA())
ISBLANK(E5)
ISNUMBER(B2)
ISTEXT(A2)
ERROR.TYPE(1/0)
# Sums, counts, ranks.
SUM(B2:B6)
SUM(A2:F6)
AVERAGE(B2:B6)
MIN(E2:E6)
MAX(E2:E6)
MEDIAN(B2:B6)
COUNT(A2:F6)
COUNTA(E2:E6)
COUNTBLANK(E2:F6)
PRODUCT(B2:B3)
STDEV(B2:B6)
STDEVP(B2:B6)
VAR(B2:B6)
LARGE(B2:B6,2)
SMALL(E2:E6,9)
RANK(B2,B2:B6)
RANK(B3,B2:B6,1)
_xlfn.RANK.EQ(B4,B2:B6)
_xlfn.RANK.AVG(B3,B2:B6)
PERCENTILE(B2:B6,0.9)
_xlfn.QUARTILE.INC(B2:B6,1)
PERCENTRANK(B2:B6,71)
CORREL(B2:B6,F2:F6)
SUBTOTAL(9,B2:B6)
SUMPRODUCT(B2:B6,F2:F6)
SUMPRODUCT((C2:C6="B")*B2:B6)
SUMSQ(B2:B3)
AVERAGE(A2:A6)
MODE(B2:B6)
# Functions for single values, given ranges.
SUMPRODUCT(ABS(B2:B6))
SUMPRODUCT(ROUND(B2:B6,0))
SUMPRODUCT(--ISNUMBER(E2:E6))
SUMPRODUCT(LEN(A2:A6))
SUMPRODUCT(--(LEFT(A2:A6,1)="甲"))
SUMPRODUCT((YEAR(D2:D6)=2020)*B2:B6)
SUMPRODUCT(1/COUNTIF(C2:C6,C2:C6))
SUMPRODUCT(--ISNUMBER(MATCH(C2:C6,{"A","B"},0)))
SUMPRODUCT(LEN(TRIM(A2:A6)))
SUMPRODUCT(LEN(B2:B6/3))
SUMPRODUCT(--(TEXT(D2:D6,"yyyy")="2020"))
SUMPRODUCT(B2:B6,F2:F5)
# Criteria and lookups.
SUMIF(C2:C6,"B",E2:E6)
SUMIF(B2:B6,">40")
COUNTIF(A2:A6,"*公司")
COUNTIF(C2:C6,"<>B")
COUNTIF(B2:B6,48.25)
AVERAGEIF(C2:C6,"B",B2:B6)
SUMIFS(E2:E6,C2:C6,"B",B2:B6,">40")
COUNTIFS(C2:C6,"B",E2:E6,">400000")
AVERAGEIFS(B2:B6,C2:C6,"x")
_xlfn.MAXIFS(B2:B6,C2:C6,"B")
SUMIFS(E2:E6,C2:C5,"B")
COUNTIFS(C2:C6,"B",E2:E5,">400000")
SUMIFS(OFFSET(E1,1,0,5,1),C2:C6,"B")
SUMIFS(E:E,C:C,"B")
VLOOKUP("丙公司",A2:F6,2,FALSE)
VLOOKUP("己",A2:F6,2,FALSE)
VLOOKUP(60,{0,"低";50,"中";80,"高"},2)
HLOOKUP("grade",A1:F6,3,FALSE)
INDEX(A1:F6,3,2)
INDEX(B2:B6,9)
MATCH("D",C2:C6,0)
MATCH(50,{0,50,80},1)
MATCH(50,{80,50,0},-1)
LOOKUP(60,{0,50,80},{"低","中","高"})
_xlfn.XLOOKUP("丁 公司",A2:A6,B2:B6)
_xlfn.XLOOKUP("己",A2:A6,B2:B6,"无")
OFFSET(A1,2,1)
SUM(OFFSET(B1,1,0,3,1))
INDIRECT("B3")
SUM(INDIRECT("B2:B"&4))
ROW()
COLUMN()
ROWS(A1:F6)
COLUMNS(A1:F6)
# Numbers.
ROUND(2.5,0)
ROUND(-2.5,0)
ROUND(1234.567,-2)
ROUND(1.005,2)
ROUNDUP(1.01,0)
ROUNDDOWN(-1.9,0)
INT(-1.5)
TRUNC(-1.57,1)
MOD(-3,2)
MOD(3,0)
ABS(-3)
SIGN(-2)
SQRT(2)
EXP(1)
LN(10)
LOG(100)
LOG(8,2)
POWER(2,0.5)
CEILING(2.1,0.5)
FLOOR(2.9,0.5)
CEILING(-2.5,2)
FLOOR(-2.5,2)
CEILING(B2,C9+5)
EVEN(3)
PI()
MROUND(7,3)
QUOTIENT(7,2)
GCD(12,18)
_xlfn.NORM.S.DIST(1,TRUE)
NORMSINV(0.975)
# Money and dates.
PMT(0.05/12,12,-100000)
NPV(0.1,100,200)
IRR({-100,60,60})
FV(0.05,10,-100)
PV(0.05,10,-100)
RATE(12,-9000,100000)
DATE(2020,1,31)
YEAR(D2)
MONTH(D3)
DAY(D4)
EDATE(D4,12)
EOMONTH(D2,1)
DATEDIF(D2,D3,"m")
D3-D2
WEEKDAY(D2)
NETWORKDAYS(D2,D3)
YEARFRAC(D2,D6)
_xlfn.DAYS(D3,D2)
DATEVALUE("2020-02-14")
# Texts.
LEN("中文")
LEFT(A2,1)
RIGHT(A2,2)
MID(A2,2,2)
TRIM("  a  b ")
UPPER("aB")
LOWER("aB")
PROPER("ab cd")
SUBSTITUTE(A5," ","")
REPLACE("abc",2,1,"x")
FIND("公",A2)
SEARCH("B","abc")
FIND("z","abc")
REPT("ab",3)
EXACT("a","A")
EXACT(0.1+0.2,0.3)
LEN(0.1+0.2)
LEFT(1/3,30)
SUBSTITUTE(1/3,"3","x")
CONCATENATE(0.1+0.2,"x")
_xlfn.CONCAT(B2:B3,0.1+0.2)
_xlfn.TEXTJOIN(",",TRUE,E2:E6,1/3)
TRIM(5)
TRIM("　a  b ")
CONCATENATE(A2,C2)
_xlfn.CONCAT(A2:A3,C2)
_xlfn.TEXTJOIN("、",TRUE,A2:A6)
T(5)
N(TRUE)
CHAR(65)
CODE("A")
VALUE("12.5%")
VALUE("1,234.5")
VALUE("2020-02-14")
FIXED(1234.567,1)
# Formats.
TEXT(0.1234,"0.0%")
TEXT(1234567.891,"#,##0.00")
TEXT(D2,"yyyy-mm-dd")
TEXT(D2,"yyyy年m月d日")
TEXT(5,"000")
TEXT(-5.5,"0.0;(0.0)")
TEXT(1234.5,"0")
TEXT(0.5,"0.00")
TEXT("x","@")
TEXT(1234567,"0.0,,")
TEXT(D2,"mmm")
TEXT(B2,"0"&".00")
TEXT(-5.5,"#,##0.0元;-#,##0.0元")
# Names, other sheets, newer functions.
SUM(scores)
limit*2
'另 一张''表'!A1
SUM('另 一张''表'!A1:A3)
_xlfn.LET(_xlpm.x,B2,_xlpm.x*2)
SUM(_xlfn._xlws.FILTER(B2:B6,C2:C6="B"))
INDEX(_xlfn._xlws.SORT(B2:B6),1)
ROWS(_xlfn.UNIQUE(B2:B6))
SUM(_xlfn.SEQUENCE(4))
GRADES_TOTAL
SUM(firms[score])
firms[[#Headers],[grade]]
""".splitlines()
    if line and not line.startswith("# ")
]
AWAY = "另 一张'表"


@pytest.fixture(scope="module")
def both(office: Office, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, Any, Any]]:
    """Each formula, what the batch makes of it, and what LibreOffice does."""
    folder: Path = tmp_path_factory.mktemp("ordinary")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "data"
    for row in ROWS:
        sheet.append(row)
    sheet.add_table(openpyxl.worksheet.table.Table(displayName="firms", ref="A1:F6"))
    other = book.create_sheet(AWAY)
    for value in (3.0, 4.5, 6.0):
        other.append([value])
    for name, meant in (("scores", "data!$B$2:$B$6"), ("limit", "0.5"), ("GRADES_TOTAL", "SUM(data!$B$2:$B$6)/2")):
        book.defined_names[name] = openpyxl.workbook.defined_name.DefinedName(name, attr_text=meant)
    for i, formula in enumerate(FORMULAS, 1):
        sheet.cell(i, 10, f"={formula}")
    sheet["L1"] = ArrayFormula("L1:L5", "=B2:B6*2")
    sheet["M1"] = ArrayFormula("M1:N3", "=TRANSPOSE(B2:D3)")
    sheet["O1"] = ArrayFormula("O1", '=MAX(IF(C2:C6="B",B2:B6))')
    book.save(folder / "in.xlsx")
    report = calc(folder / "in.xlsx", folder / "out.xlsx")
    assert not report.failures, report.lines("en")
    ours = openpyxl.load_workbook(folder / "out.xlsx", data_only=True)["data"]
    with office.open(folder / "in.xlsx") as opened:
        opened.calculate()
        theirs = [row[0] for row in opened.read(f"data.J1:J{len(FORMULAS)}")]
        arrays = opened.read("data.L1:O5")
    found = [(formula, ours.cell(i, 10).value, theirs[i - 1]) for i, formula in enumerate(FORMULAS, 1)]
    return found + [
        (f"{'LMNO'[j]}{i + 1}", ours.cell(i + 1, 12 + j).value, value)
        for i, row in enumerate(arrays)
        for j, value in enumerate(row)
    ]


def same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, dt.datetime):
        ours = (ours - dt.datetime(1899, 12, 30)) / dt.timedelta(days=1)
    if ours is None or theirs == "":
        return ours in (None, "") and theirs == ""
    if isinstance(ours, (int, float)) and isinstance(theirs, (int, float)):
        return math.isclose(ours, theirs, rel_tol=1e-12, abs_tol=1e-12)  # Calc shows a boolean as a number
    if theirs in ("Err:502", "#VALUE!"):  # Calc's "invalid argument" is now the one, now the other in Excel
        return ours in ("#VALUE!", "#NUM!")
    return bool(ours == theirs)


def test_ordinary_formulas_have_libreoffices_values(both: list[tuple[str, Any, Any]]) -> None:
    differ = [
        f"={formula}: {ours!r}, LibreOffice {theirs!r}" for formula, ours, theirs in both if not same(ours, theirs)
    ]
    assert not differ, "\n".join(differ)
