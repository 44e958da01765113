"""What the batch calculates around our functions: other formulas, names, tables, spills, and what it can't."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula

from credit_udfs.cells import REGISTRY
from credit_udfs.hosts.batch import calc
from tests.hosts.batch_books import SCORE, book_with, replace_part, run, scores_of, shown
from tests.hosts.cases import SIX


def test_ordinary_formulas_keep_their_stored_values_or_follow_ours(tmp_path: Path) -> None:
    cells = {"A1": "=RISKSCORE(firms!A1:F1)", "B1": "=1+1", "B2": "=A1*2", "B3": "=SUM(B1:B2)", "B4": "=WEBSERVICE(1)"}
    path = book_with(tmp_path, cells)
    book, report = run(path)
    sheet = book["表 1"]
    assert sheet["B2"].value == SCORE * 2
    # Nothing has a stored value here (openpyxl wrote the file): what can be calculated is.
    assert sheet["B1"].value == 2
    assert sheet["B3"].value == 2 + SCORE * 2
    assert sheet["B4"].value is None
    assert report.uncalculated == 1
    first = tmp_path / "out.xlsx"
    again = calc(first, tmp_path / "again.xlsx")
    assert again.cells == 0
    assert openpyxl.load_workbook(tmp_path / "again.xlsx", data_only=True)["表 1"]["B2"].value == SCORE * 2


def test_stored_values_count_where_a_formula_is_not_ours_to_calculate(tmp_path: Path) -> None:
    path = book_with(tmp_path, {"A1": "=CHURNRATE(B1,B2)", "B1": "=FOO()", "B2": '=IF(TRUE,"A","B")'})
    replace_part(path, b"<f>FOO()</f><v></v>", b"<f>FOO()</f><v>0.06</v>")
    book, report = run(path)
    assert not report.failures
    assert book["表 1"]["A1"].value == REGISTRY["CHURNRATE"].call([0.06, "A"])[0][0]
    assert book["表 1"]["B1"].value == 0.06


def test_what_cannot_be_evaluated_is_said_and_left_alone(tmp_path: Path) -> None:
    cells = {
        "A1": "=FOO(RISKSCORE(firms!A1:F1))",
        "A2": "=RISKSCORE(nowhere!A1:F1)",
        "A3": "=A4+RISKSCORE(firms!A1:F1)",
        "A4": "=A3",
        "A5": "=RISKSCORE(Table1[x])",
        "A6": "=RISKSCORE(nothing)",
        "A7": "=GRADEPROBS(firms!A1:F2)",
        "B8": "in the way",
        "A9": "=RISKSCORE(firms!A1:F1)",
        "C1": '=CUBESET(A9)&" depends on ours"',
        "C2": "=RISKSCORE(C3:H3)",
        "C3": "=BAR()",
        "C4": "=BAR()",
        "C5": "=RISKSCORE([1]Sheet1!A1:F1)",
        "C6": "=RISKSCORE(firms!A1:F1",
    }
    book, report = run(book_with(tmp_path, cells))
    assert report.uncalculated == 1  # C4, which nothing of ours has to do with
    assert {f.cell: f.key for f in report.failures} == {
        "A1": "batch.function",
        "A2": "batch.sheet",
        "A3": "batch.circular",
        "A4": "batch.circular",
        "A5": "batch.structured",
        "A6": "batch.name",
        "A7": "batch.spill_blocked",
        "C1": "batch.function",
        "C2": "batch.depends",
        "C3": "batch.function",
        "C5": "batch.other_workbook",
        "C6": "batch.syntax",
    }
    assert report.cells == 1
    assert openpyxl.load_workbook(tmp_path / "out.xlsx")["表 1"]["A1"].value == cells["A1"]
    assert book["表 1"]["B8"].value == "in the way"
    for lang, words in (("zh", "个单元格无法计算"), ("en", "could not be evaluated")):
        assert any(words in line for line in report.lines(lang))


def test_spills_feed_other_formulas_in_whatever_order(tmp_path: Path) -> None:
    cells = {"A1": "=SUM(C1:C5)+RISKSCORE(firms!A1:F1)*0", "C1": "=RISKSCORE(firms!A1:F4)"}
    scores = scores_of(4)
    assert shown(tmp_path, cells) == ((scores[0] + scores[1]) + scores[2]) + scores[3]


def test_chains_of_our_functions_and_long_chains_of_cells(tmp_path: Path) -> None:
    cells: dict[str, Any] = {
        "A1": "=DEFAULTPROB(firms!A1:F1)",
        "A2": "=CREDITGRADE(firms!A1:F1)",
        "A3": "=BESTRATE(A1,A2)",
        "A4": "=EXPECTEDPROFIT(500000,A3,A1,A2)",
        "C1": "=A4",
    }
    cells |= {f"C{i}": f"=C{i - 1}+1" for i in range(2, 3001)}
    cells["E1"] = '=C3000+CHURNRATE(0.06,"A")*0'
    pd = REGISTRY["DEFAULTPROB"].call([[SIX[0]]])[0][0]
    rate = REGISTRY["BESTRATE"].call([pd, "A"])[0][0]
    profit = REGISTRY["EXPECTEDPROFIT"].call([500_000.0, rate, pd, "A"])[0][0]
    book, report = run(book_with(tmp_path, cells))
    assert not report.failures
    assert book["表 1"]["A4"].value == profit
    assert book["表 1"]["E1"].value == pytest.approx(profit + 2999, rel=1e-12)


def test_array_formulas_fill_their_range(tmp_path: Path) -> None:
    path = book_with(tmp_path, {})
    book = openpyxl.load_workbook(path)
    book["表 1"]["A1"] = ArrayFormula("A1:B6", "=RISKSCORE(firms!A1:F4)")
    book.save(path)
    book, _ = run(path)
    rows = [[cell.value for cell in row] for row in book["表 1"]["A1:B6"]]
    scores = scores_of(4)
    assert rows == [[s, s] for s in scores] + [["#N/A", "#N/A"]] * 2


def test_names_of_the_workbook_and_names_that_hide_ours(tmp_path: Path) -> None:
    path = book_with(tmp_path, {"A1": "=RISKSCORE(firm_one)", "A2": '=INDUSTRY("***商贸有限公司")'})
    book = openpyxl.load_workbook(path)
    book.defined_names["firm_one"] = openpyxl.workbook.defined_name.DefinedName("firm_one", attr_text="firms!$A$1:$F$1")
    book.defined_names["INDUSTRY"] = openpyxl.workbook.defined_name.DefinedName("INDUSTRY", attr_text="firms!$A$1")
    book.save(path)
    book, report = run(path)
    assert book["表 1"]["A1"].value == SCORE
    # A workbook's own name wins, as it does in Excel: that formula isn't ours.
    assert openpyxl.load_workbook(tmp_path / "out.xlsx")["表 1"]["A2"].value.startswith("=INDUSTRY")
    assert report.cells == 1


def test_columns_of_tables_and_names_of_results(tmp_path: Path) -> None:
    path = book_with(tmp_path, {}, firms=False)
    book = openpyxl.load_workbook(path)
    sheet = book["表 1"]
    sheet.append([*"abcdef", "score's", "mean"])
    for i, row in enumerate(SIX[:3], 2):
        sheet.append([*row, "=RISKSCORE(firms[[#This Row],[a]:[f]])", f"=firms[[#This Row],[score''s]]+{i}"])
    sheet.add_table(openpyxl.worksheet.table.Table(displayName="firms", ref="A1:H4"))
    sheet["J1"] = "=SUM(firms[score''s])"
    sheet["J2"] = "=MAX(scores)-MIN(scores)+SUM(RISKSCORE(firms[[a]:[f]]))*0"
    sheet["J3"] = "=ROWS(firms[#All])*10+COLUMNS(firms[])"
    sheet["J4"] = '=firms[[#Headers],[b]]&"!"'
    sheet["J5"] = "=RISKSCORE(firms[nothing])"
    sheet["J6"] = "=ROWS(Firms)+RISKSCORE(A2:F2)*0"
    sheet["J7"] = "=nobody+RISKSCORE(A2:F2)"
    book.defined_names["scores"] = openpyxl.workbook.defined_name.DefinedName("scores", attr_text="'表 1'!$G$2:$G$4")
    book.save(path)
    book, report = run(path)
    sheet = book["表 1"]
    scores = scores_of(3)
    assert [sheet.cell(i, 7).value for i in (2, 3, 4)] == scores
    assert [sheet.cell(i, 8).value for i in (2, 3, 4)] == [score + i for i, score in enumerate(scores, 2)]
    assert sheet["J1"].value == (scores[0] + scores[1]) + scores[2]
    assert sheet["J2"].value == max(scores) - min(scores)
    assert sheet["J3"].value == 48
    assert sheet["J4"].value == "b!"
    assert sheet["J6"].value == 3
    assert [(f.cell, f.key) for f in report.failures] == [("J5", "batch.structured"), ("J7", "batch.name")]


def test_an_at_sign_takes_one_value_of_a_spill(tmp_path: Path) -> None:
    path = book_with(tmp_path, {"A1": "=@RISKSCORE(firms!A1:F3)", "A2": "mine", "B1": "=@GRADEPROBS(firms!A1:F1)+1"})
    book, report = run(path)
    assert not report.failures
    assert [book["表 1"][at].value for at in ("A1", "A2", "B2", "C1")] == [SCORE, "mine", None, None]
    assert book["表 1"]["B1"].value == REGISTRY["GRADEPROBS"].call([SIX[0]])[0][0] + 1


def test_functions_for_single_values_take_every_row_of_a_result(tmp_path: Path) -> None:
    cells = {
        "A1": "=ROUND(RISKSCORE(firms!A1:F3),1)",
        "B1": '=SUMPRODUCT(--(CREDITGRADE(firms!A1:F3)="A"))',
        "C1": '=IF(RISKSCORE(firms!A1:F3)>50,"high","low")',
        "D1": '="score "&RISKSCORE(firms!A1:F1)',
        "E1": '=VLOOKUP(CREDITGRADE(firms!A1:F3),{"A",1;"B",2;"C",3;"D",4},2,FALSE)',
    }
    scores = scores_of(3)
    grades = [row[0] for row in REGISTRY["CREDITGRADE"].call([SIX[:3]])]
    book, report = run(book_with(tmp_path, cells))
    assert not report.failures
    sheet = book["表 1"]
    assert [sheet.cell(r, 1).value for r in (1, 2, 3)] == [round(score, 1) for score in scores]
    assert sheet["B1"].value == grades.count("A")
    assert [sheet.cell(r, 3).value for r in (1, 2, 3)] == ["high" if score > 50 else "low" for score in scores]
    assert sheet["D1"].value == f"score {scores[0]:.15g}"
    assert [sheet.cell(r, 5).value for r in (1, 2, 3)] == ["ABCD".index(grade) + 1 for grade in grades]


def test_a_reference_to_a_spill_follows_it(tmp_path: Path) -> None:
    cells = {"A1": "=RISKSCORE(firms!A1:F3)", "C1": "=SUM(A1#)", "C2": "=_xlfn.ANCHORARRAY(A1)*2", "F1": "=ROWS(C2#)"}
    book, report = run(book_with(tmp_path, {**cells, "G1": "=SUM(H1#)"}))
    scores = scores_of(3)
    assert not report.failures
    assert book["表 1"]["C1"].value == (scores[0] + scores[1]) + scores[2]
    # An array formula is saved as one; any other shows one value, the first of an array.
    assert book["表 1"]["C2"].value == scores[0] * 2
    assert book["表 1"]["C3"].value is None
    assert book["表 1"]["G1"].value == "#REF!"  # H1 covers nothing but itself


def test_a_result_that_failed_is_not_covered_up(tmp_path: Path) -> None:
    cells = {
        "A1": "=NOSUCH(RISKSCORE(firms!A1:F1))",
        "A2": "=IFERROR(A1,0)",
        "A3": "=IFERROR(NOSUCH(1),RISKSCORE(firms!A1:F1))",
    }
    book, report = run(book_with(tmp_path, cells))
    assert {f.cell: f.key for f in report.failures} == {
        "A1": "batch.function", "A2": "batch.depends", "A3": "batch.function",
    }  # fmt: skip
    assert book["表 1"]["A2"].value is None


def test_an_error_value_is_covered_up_as_any_value(tmp_path: Path) -> None:
    cells = {"A1": '=CHURNRATE(0.5,"A")', "A2": "=IFERROR(A1,0)", "A3": '=IFERROR(CHURNRATE(0.5,"A"),7)'}
    book, report = run(book_with(tmp_path, cells))
    assert not report.failures
    assert [book["表 1"][at].value for at in ("A1", "A2", "A3")] == ["#NUM!", 0, 7]


def test_what_would_be_another_value_in_excel_is_not_guessed(tmp_path: Path) -> None:
    cells = {
        "A1": '=CHURNRATE(0.06,"A")',
        "A2": "=CEILING(-A1,-1)",
        "A3": "=FLOOR(A1,B1)",
        "A4": "=CEILING.MATH(-A1,2,-1)",
        "A5": '=TEXT(A1,"0.00E+00")',
        "A6": "=TEXT(A1,B2)",
        "A7": '=TEXT(A1,"[>0.5]0.0;0")',
        "A8": "=LENB(A1)",
        "A9": '=IF(A1>1,TEXT(A1,"# ?/?"),TEXT(A1,"0.0%"))',  # nobody gets there
        "B1": -2,
        "B2": "0.0%;-0.0%;0",
    }
    book, report = run(book_with(tmp_path, cells))
    assert {f.cell: (f.key, *f.values.values()) for f in report.failures} == {
        "A2": ("batch.arguments", "CEILING"),
        "A3": ("batch.arguments", "FLOOR"),
        "A4": ("batch.arguments", "CEILING.MATH"),
        "A5": ("batch.format", "0.00E+00"),
        "A6": ("batch.format", "0.0%;-0.0%;0"),
        "A7": ("batch.format", "[>0.5]0.0;0"),
        "A8": ("batch.function", "LENB"),
    }
    assert book["表 1"]["A9"].value == f"{book['表 1']['A1'].value:.1%}"
    for lang, words in (("zh", "不会按格式“0.00E+00”"), ("en", 'in the format "0.00E+00"')):
        assert any(words in line for line in report.lines(lang))


def test_an_error_keeps_its_meaning_from_cell_to_cell(tmp_path: Path) -> None:
    cells = {"A1": '=CHURNRATE(0.5,"A")', "A2": "=A1*2", "A3": '=EXPECTEDPROFIT(100,A2,0.01,"A")'}
    _, report = run(book_with(tmp_path, cells))
    assert {p.cell for p in report.errors} == {"A1", "A3"}
    assert all("0.15" in problem.en for problem in report.errors)


def test_names_of_one_sheet_and_names_that_are_formulas(tmp_path: Path) -> None:
    from openpyxl.workbook.defined_name import DefinedName

    path = book_with(tmp_path, {"A1": "=RISKSCORE(firms!mine)", "A2": "=RISKSCORE(moving)", "A3": "=worst+0"})
    book = openpyxl.load_workbook(path)
    book["firms"].defined_names["mine"] = DefinedName("mine", attr_text="firms!$A$1:$F$1")
    book.defined_names["moving"] = DefinedName("moving", attr_text="OFFSET(firms!$A$1,0,0,1,6)")
    book.defined_names["worst"] = DefinedName("worst", attr_text="MAX(RISKSCORE(firms!$A$1:$F$3))")
    book.save(path)
    book, report = run(path)
    assert not report.failures
    assert [book["表 1"][at].value for at in ("A1", "A2")] == [SCORE, SCORE]
    assert book["表 1"]["A3"].value == max(scores_of(3))


def test_arguments_left_out_are_not_zeros(tmp_path: Path) -> None:
    wanted = REGISTRY["BESTRATE"].call([0.02, "A", None, 0.01])[0][0]
    assert shown(tmp_path, {"A1": '=BESTRATE(0.02,"A",,0.01)'}) == wanted
