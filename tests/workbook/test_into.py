"""Our pages in a user's workbook: the original untouched, other sheets kept, our pages replaced, nothing else."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest
import xlsxwriter
from PIL import Image

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
    assert any("1 chart kept only roughly" in loss for loss in second.losses), second.losses
    assert not any(loss.endswith("charts not kept") for loss in second.losses)


def rewrite(path: Path, changes: dict[str, bytes]) -> None:
    """Put parts into a package, as a program does that knows more than openpyxl."""
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    with zipfile.ZipFile(path, "w") as package:
        for name, data in {**parts, **changes}.items():
            package.writestr(name, data)


@pytest.fixture
def rich(tmp_path: Path) -> Path:
    """What openpyxl drops or has trouble with: a chart sheet in front, local names, a background, sparklines."""
    picture = tmp_path / "picture.png"
    Image.new("RGB", (8, 8), "red").save(picture)
    path = tmp_path / "rich.xlsx"
    book = xlsxwriter.Workbook(path)
    front, sheet, hidden = book.add_chartsheet("Front"), book.add_worksheet("Data"), book.add_worksheet("Hidden")
    sheet.write_column("A1", [1, 2, 3])
    sheet.write_rich_string("C1", "plain ", book.add_format({"bold": True}), "bold")
    sheet.write_url("C2", "https://example.com/", None, "a link")
    sheet.conditional_format("A1:A3", {"type": "data_bar", "data_bar_2010": True})
    sheet.conditional_format("B1:B3", {"type": "formula", "criteria": "=$A1>1", "format": book.add_format({"bold": 1})})
    sheet.data_validation("C3", {"validate": "custom", "value": "=C3>A1", "input_message": "more than A1"})
    sheet.add_sparkline("D1", {"range": "Data!A1:A3"})
    sheet.insert_image("E1", str(picture))
    sheet.set_background(str(picture))
    sheet.insert_button("G1", {"caption": "Go"})
    sheet.print_area("A1:B2")
    sheet.repeat_rows(0)
    hidden.hide()
    combined = book.add_chart({"type": "column"})
    combined.add_series({"values": "=Data!$A$1:$A$3"})
    line = book.add_chart({"type": "line"})
    line.add_series({"values": "=Data!$A$1:$A$3", "y2_axis": True})
    combined.combine(line)
    sheet.insert_chart("H1", combined)
    alone = book.add_chart({"type": "bar"})
    alone.add_series({"values": "=Data!$A$1:$A$3"})
    front.set_chart(alone)
    book.define_name("Data!local", "=Data!$A$2")
    book.define_name("constant", "=0.17")
    book.close()
    return path


def local_names(path: Path) -> dict[tuple[str, str], str]:
    """(name, sheet it is local to, counted over all sheets) -> what it says, as a program sees them."""
    with zipfile.ZipFile(path) as package:
        root = ElementTree.fromstring(package.read("xl/workbook.xml"))
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    sheets = [sheet.get("name") for sheet in root.iter(f"{space}sheet")]
    return {
        (name.get("name"), sheets[int(name.get("localSheetId"))]): name.text
        for name in root.iter(f"{space}definedName") if name.get("localSheetId")
    }  # fmt: skip


def test_names_stay_with_their_sheets_behind_a_chart_sheet(rich: Path, tmp_path: Path) -> None:
    kept = write_into(sample_assessment(), rich, tmp_path / "out.xlsx", "en")
    before, after = local_names(rich), local_names(kept.path)
    assert before
    for key, value in before.items():
        assert after[key].replace("'", "") == value, key
    for (name, sheet), value in after.items():
        if name.startswith("_xlnm"):
            assert value.replace("'", "").startswith(f"{sheet}!"), (name, sheet, value)


def test_every_kind_of_thing_is_kept_or_said_to_be_lost(rich: Path, tmp_path: Path) -> None:
    rewrite(rich, {"xl/embeddings/oleObject1.bin": b"x", "docMetadata/LabelInfo.xml": b"<x/>", "xl/odd.bin": b"x"})
    kept = write_into(sample_assessment(), rich, tmp_path / "out.xlsx", "en")
    assert set(kept.losses) == {
        "1 background picture of sheets not kept",
        "2 charts kept only roughly: worth a look",
        "1 picture kept without cropping, effects and alternative text",
        "1 form control not kept",
        "1 embedded object not kept",
        "the sensitivity label is not kept",
        "newer settings of conditional formats (negative data bars, other sheets) are not kept",
        "sparklines are not kept",
        "some newer settings of a sheet are not kept",
        "other parts not kept: xl/odd.bin",
        "your formulas are kept; their values are computed when the file is opened",
    }
    book = openpyxl.load_workbook(kept.path, rich_text=True)
    assert book.sheetnames[:3] == ["Front", "Data", "Hidden"]
    assert book["Hidden"].sheet_state == "hidden"
    assert len(book["Data"]._charts[0]._charts) == 2
    assert len(book["Data"]._images) == 1
    assert len(book["Data"].conditional_formatting) == 2
    assert book["Data"].data_validations.dataValidation[0].prompt == "more than A1"
    assert book["Data"]["C2"].hyperlink.target == "https://example.com/"
    assert str(book["Data"]["C1"].value) == "plain bold"
    assert book.defined_names["constant"].attr_text == "0.17"
    faults = opc.check(kept.path)
    assert faults == ["sheet Hidden is hidden"]
    chinese = write_into(sample_assessment(), rich, tmp_path / "zh.xlsx", "zh").losses
    assert len(chinese) == len(kept.losses)
    assert not any("openpyxl" in loss for loss in chinese)


def test_pictures_that_openpyxl_leaves_out_without_a_word_are_said(
    rich: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openpyxl.reader.drawings.PILImage", False)  # what openpyxl does where Pillow is missing
    kept = write_into(sample_assessment(), rich, tmp_path / "out.xlsx", "en")
    assert "1 picture not kept" in kept.losses


def test_macros_are_kept_in_an_xlsm_and_said_to_be_lost_in_an_xlsx(rich: Path, tmp_path: Path) -> None:
    project = b"a project, byte for byte"
    source = rich.rename(tmp_path / "mine.xlsm")
    rewrite(source, {"xl/vbaProject.bin": project})
    kept = write_into(sample_assessment(), source, tmp_path / "out.xlsm", "en")
    assert not any("macros" in loss for loss in kept.losses)
    with zipfile.ZipFile(kept.path) as package:
        assert package.read("xl/vbaProject.bin") == project
        assert b"sheet.macroEnabled.main+xml" in package.read("[Content_Types].xml")
    lost = write_into(sample_assessment(), source, tmp_path / "out.xlsx", "en")
    assert any("macros are not kept" in loss for loss in lost.losses)
    with zipfile.ZipFile(lost.path) as package:
        assert "xl/vbaProject.bin" not in package.namelist()


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
