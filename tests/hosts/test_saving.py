"""The batch's file: what is written, what is kept, and what is refused."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from openpyxl.cell.rich_text import TextBlock
from openpyxl.chart import BarChart, Reference
from openpyxl.worksheet.formula import ArrayFormula

from credit_udfs.cells import REGISTRY
from credit_udfs.errors import CreditError
from credit_udfs.hosts.batch import calc
from tests.hosts.batch_books import SCORE, book_with, replace_part, run
from tests.hosts.cases import SIX


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


def test_shapes_beside_a_chart_are_missed_and_notes_are_not(tmp_path: Path) -> None:
    path = tmp_path / "in.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("表 1")
        sheet.write_rich_string("A1", "plain ", book.add_format({"bold": True}), "bold")
        sheet.write_formula("A2", '=INDUSTRY("***商贸有限公司")&A1')
        sheet.write_comment("A2", "a note")
        chart = book.add_chart({"type": "column"})
        chart.add_series({"values": "='表 1'!$B$1:$B$3"})
        sheet.insert_chart("C1", chart)
        sheet.insert_textbox("C20", "a text box")
    book, report = run(path)
    assert report.lost == (("batch.part_drawings", {"count": 1}),)
    assert book["表 1"]["A2"].comment.text == "a note"
    assert book["表 1"]["A2"].value == "批发贸易plain bold"
    formatted = openpyxl.load_workbook(tmp_path / "out.xlsx", rich_text=True)["表 1"]["A1"].value
    assert [part.font.b for part in formatted if isinstance(part, TextBlock)] == [True]


def test_files_that_are_refused(tmp_path: Path) -> None:
    path = book_with(tmp_path, {"A1": "=RISKSCORE(firms!A1:F1)"})
    before = path.read_bytes()
    out = tmp_path / "there.xlsx"
    out.write_bytes(b"mine")
    for source, target, key in [
        (path, path, "batch.same_file"),
        (path, out, "files.exists"),
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

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        calc(path, out, force=True)
    assert out.read_bytes() == b"old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.xlsx", "out.xlsx"]


def test_a_stray_cell_in_the_far_corner_costs_nothing(tmp_path: Path) -> None:
    path = book_with(tmp_path, {"A1": "=RISKSCORE(firms!A1:F1)", "A2": "=A1+1", "XFD1048576": "stray"})
    report = calc(path, tmp_path / "out.xlsx")
    assert report.cells == 1
    assert openpyxl.load_workbook(report.out).active["XFD1048576"].value == "stray"


def test_marks_of_dynamic_arrays_are_lost_only_where_an_array_formula_stays(tmp_path: Path) -> None:
    path = book_with(tmp_path, {"A1": "=RISKSCORE(firms!A1:F3)"})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/metadata.xml", "<x/>")
    assert run(path)[1].lost == ()
    assert [key for key, _ in run(path, keep_formulas=True)[1].lost] == ["batch.part_dynamic"]
