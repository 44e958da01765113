"""What the ribbon's verbs write, ask and take back: on a file (openpyxl) and on an open workbook (xlwings)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from openpyxl.workbook.defined_name import DefinedName

from credit_udfs.commands import Area, Formula, Write
from credit_udfs.errors import NotAvailable
from tests.commands.running import WRITING, contents, rows_of, run, yes
from tests.hosts import fakewin
from tests.hosts.fakeexcel import FakeBook
from tests.hosts.openpyxl_book import OpenpyxlBook


@pytest.mark.parametrize("verb", WRITING)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_verb_writes_one_sheet_of_ours_in_one_write_and_undo_takes_it_back(
    book: OpenpyxlBook, verb: str, lang: Any
) -> None:
    before = contents(book)
    plan = run(verb, book, lang)
    assert contents(book) == before  # a command writes nothing itself
    assert len(plan.writes) == 1
    assert plan.asks == ()
    assert plan.creates == (plan.writes[0].sheet,)
    assert plan.ours == {plan.show}
    assert plan.summary("zh") != plan.summary("en")
    assert book.apply(plan, yes)
    again = run(verb, book, lang)
    assert again.creates == ()
    assert again.asks == ()
    assert again.writes[0].values == plan.writes[0].values
    assert book.apply(again, yes)
    back = run("undo", book, lang, last=again)
    assert back.asks == ()
    assert book.apply(back, yes)
    assert book.apply(run("undo", book, lang, last=plan), yes)
    assert contents(book) == before


def test_a_users_sheet_of_the_same_name_is_left_alone(book: OpenpyxlBook) -> None:
    mine = book.workbook.create_sheet("信贷评分")
    mine["A1"] = "我的笔记"
    plan = run("score_all", book)
    assert plan.creates == ("信贷评分 2",)
    book.apply(plan, yes)
    assert mine["A1"].value == "我的笔记"
    again = run("score_all", book)
    assert (again.creates, again.show) == ((), "信贷评分 2")


def test_what_a_user_typed_is_asked_about_and_comes_back_exactly(book: OpenpyxlBook) -> None:
    mine = book.workbook.create_sheet("指标")
    for name, cells in {"cu_firm_ids": "$A$1:$A$20", "cu_indicators": "$C$1:$H$20"}.items():
        book.workbook.defined_names[name] = DefinedName(name, attr_text=f"'指标'!{cells}")
    mine["A1"], mine["B2"], mine["C3"], mine["D4"], mine["E5"] = "我", "=1+1", dt.datetime(2020, 2, 14), "=text", "#N/A"
    mine["D4"].data_type = "s"
    mine["F6"], mine["F7"], mine["F8"] = "#SPILL!", "#N/A", "#DIV/0!"
    for cell, kind in (("F6", "e"), ("F7", "s"), ("F8", "e")):  # errors, and a text that looks like one
        mine[cell].data_type = kind
    before = contents(book)
    plan = run("score_all", book)
    assert plan.asks == ("指标!A1:H20",)
    assert plan.ours == {"信贷评分"}
    assert not book.apply(plan, lambda places: False)
    assert contents(book) == before
    assert book.apply(plan, yes)
    assert run("score_all", book).asks == ()  # the same again takes nothing away
    assert book.apply(run("undo", book, last=plan), yes)
    assert contents(book) == before


def test_a_shorter_result_leaves_nothing_of_a_longer_one(book: OpenpyxlBook) -> None:
    first = run("model_card", book)
    book.apply(first, yes)
    book.workbook["模型说明"]["E90"] = "left over"
    again = run("model_card", book)
    book.apply(again, yes)
    assert book.workbook["模型说明"]["E90"].value is None
    book.apply(run("undo", book, last=again), yes)
    assert book.workbook["模型说明"]["E90"].value == "left over"


def test_undo_asks_when_cells_were_changed_since_and_refuses_without_a_write(book: OpenpyxlBook) -> None:
    for last in (None, run("help", book)):
        with pytest.raises(NotAvailable) as error:
            run("undo", book, last=last)
        assert error.value.key == "commands.nothing_to_undo"
    plan = run("model_card", book)
    book.apply(plan, yes)
    assert run("undo", book, last=plan).asks == ()
    book.workbook["模型说明"]["B9"] = "changed"
    assert run("undo", book, last=plan).asks == (str(plan.writes[0].area),)
    del book.workbook["模型说明"]
    gone = run("undo", book, last=plan)
    assert (gone.writes, gone.removes, gone.asks) == ((), (), ())


def test_texts_of_the_file_stay_texts(book: OpenpyxlBook) -> None:
    firms = book.workbook["企业信息"]
    firms["B2"].value = '=HYPERLINK("http://x","y")'
    firms["B2"].data_type = "s"
    plan = run("score_all", book)
    name = rows_of(plan, "企业代号")[0]["企业名称"]
    assert name == '=HYPERLINK("http://x","y")'
    assert not isinstance(name, Formula)
    book.apply(plan, yes)
    written = [c for row in book.workbook["信贷评分"].iter_rows() for c in row if c.value == name]
    assert [c.data_type for c in written] == ["s"]


def test_areas_and_writes_say_where_they_are() -> None:
    write = Write("S", (2, 27), ((1.0, 2.0), (3.0, 4.0)), ((None, None), (None, None)))
    assert str(write.area) == "S!AA2:AB3"
    assert write.area == Area("S", 2, 27, 2, 2)
    assert str(replace(write, top_left=(1, 1)).area) == "S!A1:B2"


# The same on an open workbook of Excel.


@pytest.fixture(scope="module")
def _on_windows() -> Iterator[None]:
    with fakewin.windows():
        yield


def as_excel(book: OpenpyxlBook) -> Any:
    """The same workbook with Excel's object model: dates as serial numbers, everything as COM gives it."""
    import xlwings as xw
    from openpyxl.utils.datetime import to_excel

    from credit_udfs.hosts.excel_book import ExcelBook

    fake = FakeBook(*book.sheets())
    for sheet in book.workbook.worksheets:
        cells = fake.Worksheets(sheet.title).cells
        for row in sheet.iter_rows():
            for cell in row:
                value = cell.value
                if value is not None:
                    value = to_excel(value) if isinstance(value, (dt.datetime, dt.date)) else value
                    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
                    cells[(cell.row, cell.column)] = (float(value) if is_number else value, None)
    return fake, ExcelBook(xw.Book(impl=xw._xlwindows.Book(xl=fake)))


@pytest.mark.usefixtures("_on_windows")
@pytest.mark.parametrize("verb", WRITING)
def test_on_excels_object_model_the_same_plan_and_the_same_cells(book: OpenpyxlBook, verb: str) -> None:
    fake, excel = as_excel(book)
    before = fake.state()
    ours, theirs = run(verb, book), run(verb, excel)
    assert theirs == ours
    book.apply(ours, yes)
    fake.log.clear()
    excel.apply(theirs, yes)
    assert len(fake.log) == 1  # one write per range
    sheet = ours.writes[0].sheet
    wanted = {
        (c.row, c.column): c.value for row in book.workbook[sheet].iter_rows() for c in row if c.value is not None
    }
    assert {at: value for at, (value, _) in fake.Worksheets(sheet).cells.items()} == wanted
    excel.apply(run("undo", excel, last=theirs), yes)
    assert fake.state() == before
