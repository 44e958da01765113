"""Our pages in a user's workbook: the original untouched, other sheets kept, our pages replaced, nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from credit_udfs.errors import BadFile, BadInput
from credit_udfs.workbook.into import write_into
from credit_udfs.workbook.names import PAGE_PREFIX
from tests.workbook import opc
from tests.workbook.results import EPOCH, sample_assessment


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A workbook as users have them: formulas, a table, a name, a chart, a validation, a note, a taken title."""
    path = tmp_path / "mine.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("My sheet")
    bold = book.add_format({"bold": True, "num_format": "#,##0.000", "bg_color": "#FFCC00"})
    sheet.write_row(0, 0, ["a", "b"])
    for row in range(1, 6):
        sheet.write_number(row, 0, row * 1.1, bold)
        sheet.write_formula(row, 1, f"=A{row + 1}*2", None, row * 2.2)
    sheet.add_table(0, 0, 5, 1, {"name": "tblMine", "columns": [{"header": "a"}, {"header": "b"}]})
    sheet.write_comment("D1", "a note")
    sheet.data_validation("D2", {"validate": "list", "source": ["x", "y"]})
    sheet.merge_range("F1:G2", "merged")
    chart = book.add_chart({"type": "line"})
    chart.add_series({"values": "='My sheet'!$A$2:$A$6"})
    sheet.insert_chart("I2", chart)
    sheet.insert_textbox("I20", "a text box")
    summary = book.add_worksheet("Summary")
    summary.write_string(0, 0, "mine, not yours")
    book.define_name("my_name", "='My sheet'!$A$2:$A$6")
    book.close()
    return path


def content(path: Path, title: str) -> list[tuple[str, object, str, bool]]:
    sheet = openpyxl.load_workbook(path)[title]
    return [(c.coordinate, c.value, c.number_format, bool(c.font.b)) for row in sheet.iter_rows() for c in row]


def test_other_sheets_are_kept_and_the_original_is_untouched(mine: Path, tmp_path: Path) -> None:
    before = hashlib.sha256(mine.read_bytes()).hexdigest()
    kept = write_into(sample_assessment(), mine, tmp_path / "out.xlsx", "en", source_date_epoch=EPOCH)
    assert hashlib.sha256(mine.read_bytes()).hexdigest() == before
    book = openpyxl.load_workbook(kept.path)
    assert book.sheetnames[:2] == ["My sheet", "Summary"]
    assert "Summary 2" in book.sheetnames
    for title in ("My sheet", "Summary"):
        assert content(kept.path, title) == content(mine, title)
    sheet = book["My sheet"]
    assert list(sheet.tables) == ["tblMine"]
    assert sheet["D1"].comment.text.endswith("a note")
    assert len(sheet._charts) == 1
    assert [str(r) for r in sheet.merged_cells.ranges] == ["F1:G2"]
    assert [v.sqref for v in sheet.data_validations.dataValidation]
    assert "my_name" in book.defined_names
    assert opc.check(kept.path) == []


def test_what_is_lost_is_said(mine: Path, tmp_path: Path) -> None:
    kept = write_into(sample_assessment(), mine, tmp_path / "out.xlsx", "en")
    assert any("1 shape" in loss for loss in kept.losses), kept.losses
    assert any("1 chart" in loss for loss in kept.losses), kept.losses
    assert any("values are computed" in loss for loss in kept.losses)
    assert not any("macro" in loss for loss in kept.losses)


def test_running_again_replaces_our_pages_and_nothing_else(mine: Path, tmp_path: Path) -> None:
    first = write_into(sample_assessment(), mine, tmp_path / "first.xlsx", "en", source_date_epoch=EPOCH)
    # The user renames and moves one of our pages, and adds a sheet.
    book = openpyxl.load_workbook(first.path)
    book["Plan"].title = "The plan"
    name = book.defined_names[PAGE_PREFIX + "plan"]
    name.attr_text = "'The plan'!$A$1"
    book.move_sheet("The plan", -3)
    book.create_sheet("New")["A1"] = "kept"
    edited = tmp_path / "edited.xlsx"
    book.save(edited)
    second = write_into(sample_assessment(), edited, tmp_path / "second.xlsx", "zh", source_date_epoch=EPOCH)
    assert "The plan" in second.replaced
    titles = openpyxl.load_workbook(second.path).sheetnames
    assert titles[:3] == ["My sheet", "Summary", "New"]
    assert "The plan" not in titles
    assert "Firms" not in titles
    assert "摘要" in titles
    assert content(second.path, "My sheet") == content(mine, "My sheet")
    assert opc.check(second.path) == []
    third = write_into(sample_assessment(), second.path, tmp_path / "third.xlsx", "zh", source_date_epoch=EPOCH)
    assert openpyxl.load_workbook(third.path).sheetnames == titles


def test_our_own_charts_are_no_loss(mine: Path, tmp_path: Path) -> None:
    first = write_into(sample_assessment(), mine, tmp_path / "first.xlsx", "en")
    second = write_into(sample_assessment(), first.path, tmp_path / "second.xlsx", "en")
    assert any("1 chart" in loss for loss in second.losses), second.losses


def test_the_original_is_never_the_target(mine: Path) -> None:
    before = mine.read_bytes()
    with pytest.raises(BadInput, match="never changed"):
        write_into(sample_assessment(), mine, mine, force=True)
    assert mine.read_bytes() == before


def test_an_existing_target_needs_force(mine: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.xlsx"
    target.write_bytes(b"precious")
    with pytest.raises(BadInput, match="exists"):
        write_into(sample_assessment(), mine, target)
    assert target.read_bytes() == b"precious"


@pytest.mark.parametrize("content_", [b"", b"not a zip", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_workbook_is_said(tmp_path: Path, content_: bytes) -> None:
    bad = tmp_path / "bad.xlsx"
    bad.write_bytes(content_)
    with pytest.raises(BadFile, match="can't be used"):
        write_into(sample_assessment(), bad, tmp_path / "out.xlsx")
    assert not (tmp_path / "out.xlsx").exists()
