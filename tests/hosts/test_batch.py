"""The batch: every case of the common table, every spelling, and what a file may bring along."""

from __future__ import annotations

import datetime as dt
import re
import struct
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.chart import BarChart, Reference
from openpyxl.worksheet.formula import ArrayFormula

from credit_udfs import models
from credit_udfs.cells import REGISTRY
from credit_udfs.cells.functions import arguments
from credit_udfs.errors import CreditError
from credit_udfs.hosts.batch import Report, calc
from tests.hosts.cases import CASES, GOOD, SIX, Case, frozen, golden, same_bits

GOLDEN = golden()


def book_with(folder: Path, cells: dict[str, Any], sheet: str = "表 1", firms: bool = True) -> Path:
    book = openpyxl.Workbook()
    book.active.title = sheet
    if firms:
        other = book.create_sheet("firms")
        for row in SIX:
            other.append(row)
    for address, value in cells.items():
        book[sheet][address] = value
    path = folder / "in.xlsx"
    book.save(path)
    return path


def replace_part(path: Path, old: bytes, new: bytes) -> None:
    """Change the first sheet's XML, to have what openpyxl doesn't write."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    before = re.sub(rb"<v ?/>", b"<v></v>", parts[name])
    assert old in before
    parts[name] = before.replace(old, new)
    with zipfile.ZipFile(path, "w") as archive:
        for part, content in parts.items():
            archive.writestr(part, content)


def run(path: Path, **options: Any) -> tuple[Any, Report]:
    out = path.with_name("out.xlsx")
    report = calc(path, out, force=True, **options)
    return openpyxl.load_workbook(out, data_only=True), report


def shown(folder: Path, cells: dict[str, Any], address: str = "A1") -> Any:
    book, report = run(book_with(folder, cells))
    assert not report.failures, report.lines("en")
    return book["表 1"][address].value


def in_cells(case: Case, folder: Path) -> tuple[Path, str]:
    """The case's ranges written into a sheet, and its call at A1 as a formula."""
    book = openpyxl.Workbook()
    sheet = book.active
    row, written = 3, []
    for arg in case.args:
        if not isinstance(arg, list):
            written.append("" if arg is None else f'"{arg}"' if isinstance(arg, str) else repr(arg))
            continue
        for i, cells in enumerate(arg):
            for j, value in enumerate(cells):
                cell = sheet.cell(row + i, 10 + j)
                cell.value = value
                if isinstance(value, str) and not value.startswith("#"):
                    cell.data_type = "s"
        last = sheet.cell(row + len(arg) - 1, 10 + len(arg[0]) - 1).coordinate
        written.append(f"{sheet.cell(row, 10).coordinate}:{last}")
        row += len(arg) + 1
    sheet["A1"] = f"={case.name}({','.join(written)})"
    path = folder / "case.xlsx"
    book.save(path)
    return path, sheet.title


IN_FILES = [pytest.param(c, marks=pytest.mark.slow) if "long" in c.tags else c for c in CASES]


@pytest.mark.parametrize("case", IN_FILES, ids=[case.id for case in CASES])
def test_every_case_gives_the_golden_values(case: Case, tmp_path: Path) -> None:
    path, title = in_cells(case, tmp_path)
    out = tmp_path / "out.xlsx"
    report = calc(path, out)
    assert not report.failures, report.lines("en")
    sheet = openpyxl.load_workbook(out)[title]
    rows = [
        [{"error": c.value} if c.data_type == "e" else "" if c.value is None else c.value for c in cells]
        for cells in sheet.iter_rows(max_col=9)
    ]
    wanted = GOLDEN[case.id]
    height = wanted["rows"] if isinstance(wanted, dict) else len(wanted)
    width = len(wanted["first"] if isinstance(wanted, dict) else wanted[0])
    assert same_bits(frozen([row[:width] for row in rows[:height]]), wanted)
    assert all(v == "" for row in rows[height:] for v in row)
    assert all(v == "" for row in rows for v in row[width:])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_python_api_gives_the_golden_values(case: Case) -> None:
    from tests.hosts.cases import plain

    assert same_bits(frozen(plain(REGISTRY[case.name].call(case.args))), GOLDEN[case.id])


SCORE = REGISTRY["RISKSCORE"].call([[SIX[0]]])[0][0]


@pytest.mark.parametrize(
    "formula",
    [
        "=RISKSCORE(firms!A1:F1)",
        "=riskscore(firms!$A$1:$F$1)",
        "=_xldudf_RISKSCORE(firms!A1:F1)",
        "=_xldudf_CREDIT_RISKSCORE(firms!A1:F1)",
        r"='C:\Program Files\credit_udfs.xlam'!RISKSCORE(firms!A1:F1)",
        "=credit_udfs.xlam!RISKSCORE(firms!A1:F1)",
        "=[1]!RISKSCORE(firms!A1:F1)",
        "=_xll.RISKSCORE(firms!A1:F1)",
        "=COM.EXAMPLE.CREDITUDFS.RISKSCORE(firms!A1:F1)",
        "=@RISKSCORE(firms!A1:F1)",
        "=RISKSCORE( 'firms'!A1:F1 , )",
        "=RISKSCORE(firms!A1:F1)+0",
        "=IF(TRUE,RISKSCORE(firms!A1:F1),RISKSCORE(nowhere!A1:F1))",
        "=IFERROR(RISKSCORE(firms!A5:F5),RISKSCORE(firms!A1:F1))",
        "=SUM(RISKSCORE(firms!A1:F3))-RISKSCORE(firms!A2:F2)-RISKSCORE(firms!A3:F3)+0*1",
        "=INDEX(RISKSCORE(firms!A1:F3),1)",
        "=-(-RISKSCORE(firms!A1:F1))",
        "=RISKSCORE({52000000,3.1,0.18,0.93,0.04,0.22})",
    ],
)
def test_every_spelling_and_nesting(formula: str, tmp_path: Path) -> None:
    value = shown(tmp_path, {"A1": formula})
    if "SUM" in formula:
        assert value == pytest.approx(SCORE, rel=1e-12)  # sums round
    else:
        assert struct.pack("<d", value) == struct.pack("<d", SCORE)


def test_values_replace_formulas_exactly_and_inputs_keep_their_bits(tmp_path: Path) -> None:
    odd = 0.1 + 0.2  # needs 17 digits, and openpyxl writes 16
    path = book_with(tmp_path, {"A1": "=RISKSCORE(firms!A1:F1)", "B1": odd, "C1": '=CREDITGRADE(firms!A1:F1)&"级"'})
    replace_part(path, b"<v>0.3</v>", b"<v>0.30000000000000004</v>")
    book, report = run(path)
    sheet = book["表 1"]
    assert struct.pack("<d", sheet["B1"].value) == struct.pack("<d", odd)
    assert sheet["A1"].value == SCORE
    assert sheet["C1"].value == "A级"
    assert (report.cells, report.calls, report.failures, report.lost) == (2, 2, (), ())


def test_keep_formulas_leaves_them_with_their_values(tmp_path: Path) -> None:
    cells = {"A1": "=RISKSCORE(firms!A1:F1)", "A2": '=IF(A1<50,"低 <&> 中","高")', "A3": "=RISKSCORE(firms!A5:F5)",
             "C1": "=GRADEPROBS(firms!A1:F2)"}  # fmt: skip
    path = book_with(tmp_path, cells)
    shown_book, _ = run(path, keep_formulas=True)
    kept = openpyxl.load_workbook(tmp_path / "out.xlsx")["表 1"]
    sheet = shown_book["表 1"]
    assert kept["A1"].value == cells["A1"]
    assert sheet["A1"].value == SCORE
    assert sheet["A2"].value == "低 <&> 中"
    assert sheet["A3"].value == "#N/A"
    # A spilled formula has to be an array formula, or opening the file would leave only its first cell.
    assert isinstance(kept["C1"].value, ArrayFormula)
    assert kept["C1"].value.ref == "C1:F2"
    probs = REGISTRY["GRADEPROBS"].call([SIX[:2]])
    assert [[sheet.cell(r, c).value for c in range(3, 7)] for r in (1, 2)] == probs


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
        "C1": '=DOLLAR(A9)&" depends on ours"',
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
        "A3": "batch.depends",
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


def test_errors_are_real_errors_with_their_reasons(tmp_path: Path) -> None:
    path = book_with(
        tmp_path, {"A1": "=RISKSCORE(firms!A1:F6)", "C1": '=CHURNRATE(0.5,"A")', "D1": "=RISKSCORE(1,2,3)"}
    )
    _, report = run(path)
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx")["表 1"]
    assert [sheet[a].value for a in ("A5", "A6", "C1", "D1")] == ["#N/A", "#N/A", "#NUM!", "#VALUE!"]
    assert all(sheet[a].data_type == "e" for a in ("A5", "A6", "C1", "D1"))
    assert isinstance(sheet["A1"].value, float)
    reasons = {p.cell: p for p in report.errors}
    assert "0.15" in reasons["C1"].en
    assert "0.15" in reasons["C1"].zh


def test_a_missing_or_damaged_model_is_its_own_cells_error_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / "models"
    left.mkdir()
    for file in Path(models.__file__).parent.glob("*.json"):
        if file.stem != "p4_logistic":
            (left / file.name).write_bytes(file.read_bytes())
    (left / "p1_fisher.json").write_bytes(b"\xff{}")
    cells = {
        "A1": "=RISKSCORE(firms!A1:F1)",
        "A2": '=DEFAULTPROB(firms!A1:F1,"p4_logistic")',
        "A3": '=DEFAULTPROB(firms!A2:F2,"p4_logistic")',
        "A4": '=DEFAULTPROB(firms!A1:E1,"p1_fisher")',
        "A5": '=MODELINFO("firms","p1_fisher")',
        "A6": '=MODELINFO("firms","p3_svm")',
    }
    caches = (models.load, arguments.model_card, arguments.columns_of)
    monkeypatch.setattr(models, "files", lambda package: left)
    for cached in caches:
        cached.cache_clear()
    try:
        book, report = run(book_with(tmp_path, cells))
    finally:
        for cached in caches:
            cached.cache_clear()
    assert not report.failures
    values = [row[0].value for row in book["表 1"]["A1:A6"]]
    assert values == [GOLDEN["score_one"][0][0], "#N/A", "#N/A", "#N/A", "#N/A", 123]
    said = {error.cell: error.en for error in report.errors}
    assert '"p4_logistic"' in said["A2"]
    assert "p1_fisher.json" in said["A4"]
    assert set(said) == {"A2", "A3", "A4", "A5"}


def test_spills_feed_other_formulas_in_whatever_order(tmp_path: Path) -> None:
    cells = {"A1": "=SUM(C1:C5)+RISKSCORE(firms!A1:F1)*0", "C1": "=RISKSCORE(firms!A1:F4)"}
    scores = [row[0] for row in REGISTRY["RISKSCORE"].call([SIX[:4]])]
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
    scores = [row[0] for row in REGISTRY["RISKSCORE"].call([SIX[:4]])]
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
    scores = [row[0] for row in REGISTRY["RISKSCORE"].call([SIX[:3]])]
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


def test_texts_are_never_written_as_formulas(tmp_path: Path) -> None:
    path = book_with(tmp_path, {"A1": '=IF(CREDITGRADE(firms!A1:F1)="A","=1+1","")'})
    _, report = run(path)
    cell = openpyxl.load_workbook(tmp_path / "out.xlsx")["表 1"]["A1"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")
    assert report.cells == 1


def test_what_openpyxl_cannot_keep_is_said(tmp_path: Path) -> None:
    path = book_with(tmp_path, {"A1": "=RISKSCORE(firms!A1:F1)"})
    book = openpyxl.load_workbook(path)
    chart = BarChart()
    chart.add_data(Reference(book["firms"], min_col=2, min_row=1, max_row=4))
    book["firms"].add_chart(chart, "I1")
    book.save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/slicers/slicer1.xml", "<x/>")
        archive.writestr("customUI/customUI.xml", "<x/>")
        archive.writestr("xl/strange.bin", "x")
    _, report = run(path)
    lost = {key for key, _ in report.lost}
    assert lost == {"batch.part_slicers", "batch.part_ribbon", "batch.part_other"}
    assert "xl/strange.bin" in " ".join(report.lines("en"))
    with zipfile.ZipFile(tmp_path / "out.xlsx") as archive:
        assert any(name.startswith("xl/charts/") for name in archive.namelist())


def test_files_that_are_refused(tmp_path: Path) -> None:
    path = book_with(tmp_path, {"A1": "=RISKSCORE(firms!A1:F1)"})
    before = path.read_bytes()
    out = tmp_path / "there.xlsx"
    out.write_bytes(b"mine")
    for source, target, key in [
        (path, path, "batch.same_file"),
        (path, out, "batch.exists"),
        (tmp_path / "none.xlsx", tmp_path / "x.xlsx", "batch.missing"),
        (out, tmp_path / "x.xlsx", "problems.bad_file"),
    ]:
        with pytest.raises(CreditError) as error:
            calc(source, target)
        assert error.value.key == key
    assert path.read_bytes() == before
    assert out.read_bytes() == b"mine"
    assert not (tmp_path / "x.xlsx").exists()


def test_a_failing_save_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = book_with(tmp_path, {"A1": "=RISKSCORE(firms!A1:F1)"})
    out = tmp_path / "out.xlsx"
    out.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("credit_udfs.hosts.batch.os.replace", full)
    with pytest.raises(OSError, match="No space"):
        calc(path, out, force=True)
    assert out.read_bytes() == b"old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.xlsx", "out.xlsx"]


def test_many_single_cells_are_few_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from credit_udfs.cells.functions import scoring

    calls: list[int] = []
    real = scoring.scores_of

    def counted(block: Any, method: str, **parts: bool) -> Any:
        calls.append(len(block))
        return real(block, method, **parts)

    monkeypatch.setattr(scoring, "scores_of", counted)
    book = openpyxl.Workbook()
    sheet = book.active
    for i in range(1, 501):
        for j, value in enumerate(GOOD, 1):
            sheet.cell(i, j, value * (1 + i / 1000))
        sheet.cell(i, 8, f"=RISKSCORE(A{i}:F{i})")
    path = tmp_path / "in.xlsx"
    book.save(path)
    _, report = run(path)
    assert calls == [500]
    assert report.calls == 500


def test_dates_and_stored_dates_reach_our_functions(tmp_path: Path) -> None:
    cells: dict[str, Any] = {"A1": "=INDICATORS(J1:L3,N1:P2)"}
    for r, (day, who, amount) in enumerate([(dt.datetime(2019, 1, 5), "B", 100.0), (43600, "B", 50.0),
                                            ("2019年9月1日", "C", 25.0)], 1):  # fmt: skip
        cells |= {f"J{r}": day, f"K{r}": who, f"L{r}": amount}
    cells |= {"N1": dt.date(2019, 2, 1), "O1": "S", "P1": 10.0}
    path = book_with(tmp_path, cells)
    book, report = run(path)
    assert not report.failures
    wanted = REGISTRY["INDICATORS"].call(
        [
            [["2019-01-05", "B", 100.0], ["2019-05-15", "B", 50.0], ["2019-09-01", "C", 25.0]],
            [["2019-02-01", "S", 10.0]],
        ]
    )
    assert [book["表 1"].cell(1, c).value for c in range(1, 7)] == wanted[0]


def test_a_stray_cell_in_the_far_corner_costs_nothing(tmp_path: Path) -> None:
    path = book_with(tmp_path, {"A1": "=RISKSCORE(firms!A1:F1)", "A2": "=A1+1", "XFD1048576": "stray"})
    report = calc(path, tmp_path / "out.xlsx")
    assert report.cells == 1
    assert openpyxl.load_workbook(report.out).active["XFD1048576"].value == "stray"
