"""What a reader is told about a file that can't be used, word for word, in both languages.

The texts are kept in tests/golden/errors/. After a deliberate change write them anew with UPDATE_GOLDEN=1,
and read them aloud.
"""

from __future__ import annotations

import datetime as dt
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from credit_udfs.errors import BadFile, Problem
from credit_udfs.locale import LANGS, area
from credit_udfs.workbook.findings import IN_ALL, PER_COLUMN
from credit_udfs.workbook.read import read

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "errors"
TODAY = dt.date(2020, 6, 30)
Day = dt.date(2019, 3, 5)


def wrong_cells(books) -> list[Path]:
    firms = [
        *books.changed(books.FIRMS, (1, 2, "优"), (2, 3, "也许")),
        [None, "丙", "B", "否"],
        ["E1", "丁", "a", "no"],
    ]
    sales = [
        *books.SALES,
        ["E1", "5", "去年三月", "B1", "一百", 1.0, 1.0, "有效发票"],
        ["E1", "6", "05/03/2019", "B1", "1,23.4", None, 1.0, "红冲"],
        ["E1", "7", Day, "B1", books.Error("#N/A"), 1.0, 1.0, "红冲"],
        [None, "8", Day, "B1", 1.0, 1.0, 1.0, "valid"],
    ]
    return [books.write(books.attachment(firms=firms, sales=sales), "一季度.xlsx")]


def wrong_columns(books) -> list[Path]:
    sales = books.changed(books.SALES, (0, 4, "金额（万元）"), (0, 7, "备注"))
    return [books.write(books.attachment(firms=[["名单"], ["甲公司"]], sales=sales))]


def one_sheet_missing(books) -> list[Path]:
    sheets = books.attachment()
    del sheets["销项发票信息"]
    return [books.write({**sheets, "说明": [["请先看这里"]]})]


def nothing_of_ours(books) -> list[Path]:
    return [books.write({"预算": [["项目", "金额"], ["房租", 3000]], "空": []})]


def only_the_rates(books) -> list[Path]:
    rows = [["贷款年利率", "信誉评级A", "信誉评级B", "信誉评级C"], [4, 0, 0, 0], [0.05, 0.1, "10%", "1O%"]]
    return [books.write({"流失率": rows}, "附件3.xlsx")]


def form_not_filled_in(books) -> list[Path]:
    """A template as it comes: headers, and no row below them."""
    form = {name: table[:1] for name, table in books.attachment().items()}
    return [books.write(form, "form.xlsx")]


def the_same_enterprise_twice(books) -> list[Path]:
    return [books.write(name="附件1.xlsx"), books.write(name="附件2.xlsx")]


def far_too_many(books) -> list[Path]:
    rows = [["E1", f"{i}", f"第{i}天", f"B{i}", f"{i}元整", f"税{i}", f"共{i}", f"状态{i}"] for i in range(300)]
    firms = [*books.FIRMS, *([f"E{i % 40}", "丙", "B", "否"] for i in range(200))]
    pages = books.attachment(firms=firms, purchases=[*books.PURCHASES, *rows], sales=[*books.SALES, *rows])
    return [books.write(pages), books.write(books.attachment(purchases=[*books.PURCHASES, *rows]), "b.xlsx")]


def broken_files(books) -> list[Path]:
    whole = books.write(name="完整.xlsx").read_bytes()
    (books.folder / "截断.xlsx").write_bytes(whole[: len(whole) // 2])
    (books.folder / "旧版.xls").write_bytes(bytes.fromhex("d0cf11e0a1b11ae1"))
    (books.folder / "加密.xlsx").write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + "EncryptedPackage".encode("utf-16-le"))
    (books.folder / "空.xlsx").write_bytes(b"")
    (books.folder / "网页.xlsx").write_bytes(b"<html>")
    (books.folder / "乱码.csv").write_bytes(b"\xff\xff\xff\xff")
    (books.folder / "损坏.parquet").write_bytes(b"PAR1PAR1")
    with zipfile.ZipFile(books.folder / "实体.xlsx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<!DOCTYPE x><x/>")
    with zipfile.ZipFile(books.folder / "表格.ods", "w") as archive:
        archive.writestr("mimetype", "x")
    with zipfile.ZipFile(books.folder / "炸弹.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<x>" + " " * (20 << 20) + "</x>")
    sheet = '<worksheet><row r="1"><c r="A1"/></row><row r="1048576"><c r="XFD1048576"/></row></worksheet>'
    with zipfile.ZipFile(books.folder / "远角.xlsx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    return sorted(path for path in books.folder.iterdir() if path.name != "完整.xlsx")


SCENES: list[Callable[..., list[Path]]] = [
    wrong_cells,
    wrong_columns,
    one_sheet_missing,
    nothing_of_ours,
    only_the_rates,
    form_not_filled_in,
    the_same_enterprise_twice,
    far_too_many,
    broken_files,
]


def compare(name: str, said: str) -> None:
    golden = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(said, encoding="utf-8")
    assert said == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_word_for_word(books, scene):
    with pytest.raises(BadFile) as caught:
        read(scene(books), today=TODAY)
    for lang in LANGS:
        compare(f"{scene.__name__}.{lang}.txt", caught.value.text(lang) + "\n")


def test_warnings_word_for_word(books):
    firms = [*books.FIRMS, *([f"E{i}", "丙", "B", "否"] for i in range(3, 10))]
    sales = [*books.SALES, books.SALES[1], ["E99", "9", books.DAY, "B1", 1.0, 0.0, 1.0, "有效发票"]]
    sales = books.changed(sales, (2, 2, dt.date(2027, 1, 1)), (2, 6, 5.0))
    problems = read(books.write(books.attachment(firms=firms, sales=sales)), today=TODAY).problems
    for lang in LANGS:
        compare(f"warnings.{lang}.txt", "".join(f"{problem.line(lang)}\n" for problem in problems))


def test_the_list_ends_and_says_what_it_left_out(books):
    with pytest.raises(BadFile) as caught:
        read(far_too_many(books), today=TODAY)
    problems = caught.value.problems
    assert len(problems) == IN_ALL + 1
    assert problems[-1].key == "problems.and_more"
    amounts = [p for p in problems if p.cell.startswith("E") and p.sheet == "进项发票信息" and p.file == "book.xlsx"]
    assert len(amounts) == PER_COLUMN + 1
    assert sum(p.count for p in amounts) == 300


def test_every_text_is_used_or_said_to_be_a_repair():
    """No dead texts: each key occurs in the code."""
    package = Path(__file__).resolve().parents[2] / "credit_udfs"
    code = "".join(path.read_text(encoding="utf-8") for path in package.rglob("*.py"))
    # A short text belongs to the warning of the same name; the run log finds it by that.
    names = {key: key.removeprefix("short_") for key in area("problems")}
    unused = [key for key, name in names.items() if f'"{name}"' not in code and f'"problems.{name}"' not in code]
    assert unused == []


def test_a_problem_counts_its_like():
    problem = Problem("error", "problems.empty_cell", {"column": "金额"}, "a.xlsx", "S", "B2", 7)
    assert "7" in problem.text("zh")
    assert "7" in problem.text("en")
    assert "7" not in Problem("error", "problems.empty_cell", {"column": "金额"}, "a.xlsx", "S", "B2").text("zh")
