"""The ribbon's verbs: the same plan and the same cells in Excel (xlwings' Book API) and in a file (openpyxl)."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from typing import Any

import openpyxl
import pytest

from credit_udfs import commands
from credit_udfs.commands import WritePlan
from credit_udfs.errors import NotAvailable
from tests.hosts import fakewin
from tests.hosts.fakeexcel import FakeBook
from tests.hosts.fakewin import press
from tests.hosts.openpyxl_book import OpenpyxlBook

FIRMS, PURCHASES, SALES = "企业信息", "进项发票信息", "销项发票信息"
INVOICE = ("企业代号", "发票号码", "开票日期", "{}单位代号", "金额", "税额", "价税合计", "发票状态")
WRITING = ("score_all", "optimise", "stress", "model_card", "settings")


def small_book() -> Any:
    """A workbook with twelve firms, the second half without a grade."""
    draw = random.Random(20)
    book = openpyxl.Workbook()
    firms = book.active
    firms.title = FIRMS
    firms.append(("企业代号", "企业名称", "信誉评级", "是否违约"))
    for i in range(1, 13):
        grade = "ABCD"[i % 4] if i <= 6 else None
        name = "=某某商贸有限公司" if i == 2 else f"***建筑工程有限公司{i}"
        firms.append((f"E{i}", name, grade, ("是" if grade == "D" else "否") if grade else None))
    firms["B3"].data_type = "s"
    for title, other in ((PURCHASES, "销方"), (SALES, "购方")):
        sheet = book.create_sheet(title)
        sheet.append(tuple(h.format(other) for h in INVOICE))
        for i in range(1, 13):
            for _ in range(30):
                amount = round(draw.uniform(1e3, 9e4), 2)
                tax = round(amount * 0.13, 2)
                day = dt.datetime(2018, 1, 1) + dt.timedelta(days=draw.randrange(700))
                void = "作废发票" if draw.random() < 0.1 else "有效发票"
                partner = f"P{draw.randrange(9)}"
                number = f"{draw.randrange(10**8):08d}"
                sheet.append((f"E{i}", number, day, partner, amount, tax, round(amount + tax, 2), void))
    return book


def in_excel(book: Any) -> FakeBook:
    """The same workbook, open in Excel: dates are serial numbers there."""
    from openpyxl.utils.datetime import to_excel

    fake = FakeBook(*book.sheetnames)
    for sheet in book.worksheets:
        for (row, column), cell in sheet._cells.items():
            value = cell.value
            if isinstance(value, dt.datetime):
                value = float(to_excel(value))
            elif isinstance(value, int) and not isinstance(value, bool):
                value = float(value)
            if value is not None:
                fake.Worksheets(sheet.title).cells[row, column] = (value, None)
    return fake


@pytest.fixture(scope="module")
def host() -> Iterator[Any]:
    with fakewin.windows() as module:
        yield module


@pytest.fixture(autouse=True)
def _fresh(host: Any) -> None:
    host._last.clear()
    host.last_errors.clear()
    fakewin.answers.clear()


def reader(host: Any, fake: FakeBook) -> Any:
    return host.ExcelBook(host.xw.Book(impl=host.xw._xlwindows.Book(xl=fake)))


def never(places: Sequence[str]) -> bool:
    raise AssertionError(f"asked about {places}")


@pytest.mark.parametrize("verb", WRITING)
def test_excel_and_the_file_get_the_same_plan_and_the_same_cells(host: Any, verb: str) -> None:
    book = small_book()
    fake = in_excel(book)
    file = OpenpyxlBook(book, "book.xlsx")
    today = dt.date(2020, 9, 10)
    plan = commands.run(verb, reader(host, fake), "zh", today=today)
    assert plan == commands.run(verb, file, "zh", today=today)
    assert plan.asks == ()
    before = fake.state()
    assert reader(host, fake).apply(plan, never)
    assert file.apply(plan, never)
    written = {(w.sheet, *at) for w in plan.writes for at in _places(w)}
    assert written
    for sheet, row, column in written:
        shown, formula = fake.Worksheets(sheet).cells.get((row, column), (None, None))
        assert formula is None
        assert shown == book[sheet].cell(row, column).value
    assert {name: fake.state()[name] for name in before} == before, "the user's sheets are untouched"
    assert len(fake.log) == len(plan.writes)


def _places(write: commands.Write) -> list[tuple[int, int]]:
    area = write.area
    return [(area.top + r, area.left + c) for r in range(area.height) for c in range(area.width)]


@pytest.mark.parametrize("verb", WRITING)
def test_a_button_writes_tells_and_is_undone(host: Any, verb: str) -> None:
    fake = in_excel(small_book())
    before = fake.state()
    [said] = press(host, verb, fake)
    assert len(fake.state()) == len(before) + 1
    assert said
    assert fake.Application.StatusBar is False
    assert fake.Application.ScreenUpdating is True
    after = fake.state()
    press(host, verb, fake)
    assert fake.state() == after, "again on its own sheet, without a question"
    assert press(host, "undo", fake)
    assert fake.state() == after, "the second write is taken back: the first one's cells"
    told = press(host, "undo", fake)
    assert told == [NotAvailable("commands.nothing_to_undo").text("en")], "one step, as the help says"


def test_one_press_and_one_undo_leave_the_workbook_as_it_was(host: Any) -> None:
    fake = in_excel(small_book())
    before = fake.state()
    press(host, "score_all", fake)
    press(host, "undo", fake)
    assert fake.state() == before


def test_messages_and_pages_speak_the_language_of_excels_menus(host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "_PAUSE", 0.0)
    fake = in_excel(small_book())
    fake.Application.language = 2052
    [said] = press(host, "score_all", fake)
    assert "企业" in said or "家" in said
    assert any(isinstance(text, str) and "评级" in text for text, _ in fake.Worksheets.sheets[-1].cells.values())
    assert any("评分" in str(text) for text in fake.Application.bar if text)


def test_progress_is_in_the_status_bar_and_ends_with_excels_own(host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "_PAUSE", 0.0)
    fake = in_excel(small_book())
    press(host, "optimise", fake)
    assert len(fake.Application.bar) > 3
    assert fake.Application.bar[-1] is False
    assert any("Writing 1/1" in str(text) for text in fake.Application.bar)


def test_the_users_own_sheet_of_our_name_is_left_alone(host: Any) -> None:
    fake = in_excel(small_book())
    name = commands.text("commands.sheet_scores", "en")
    fake.Worksheets.sheets.append(type(fake.Worksheets.sheets[0])(fake, name))
    fake.fill(name, "A1:A1", [["my own notes"]])
    before = fake.state()
    press(host, "score_all", fake)
    after = fake.state()
    assert {sheet: after[sheet] for sheet in before} == before
    assert set(after) - set(before) == {f"{name} 2"}
    press(host, "undo", fake)
    assert fake.state() == before


def test_undo_asks_before_it_discards_what_was_typed_since(host: Any) -> None:
    fake = in_excel(small_book())
    press(host, "optimise", fake)
    sheet = fake.Worksheets.sheets[-1].Name
    fake.fill(sheet, "A2:A2", [["typed since"]])
    after = fake.state()
    fakewin.answers.append("no")
    [asked] = press(host, "undo", fake)
    assert "changed since" in asked
    assert fake.state() == after
    fakewin.answers.append("yes")
    press(host, "undo", fake)
    assert sheet not in fake.state()


def test_trouble_is_told_with_the_repair_and_nothing_is_written(host: Any) -> None:
    fake = FakeBook("Sheet1")
    [said] = press(host, "score_all", fake)
    assert len(said) > 20
    assert fake.log == []
    assert "Traceback" not in said
    [said] = press(host, "nonsense", fake)
    assert "nonsense" in said


def test_what_nobody_expected_is_told_and_logged(
    host: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: Any, **more: Any) -> WritePlan:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(host.commands, "run", broken)
    [said] = press(host, "score_all", FakeBook("Sheet1"))
    assert "ZeroDivisionError: by zero" in said
    assert "score_all failed" in caplog.text


def test_help_lists_functions_and_the_reason_of_the_last_error_cell(host: Any) -> None:
    fakewin.call_udf(host, "CHURNRATE", 0.9, "B")
    [said] = press(host, "help", FakeBook("Sheet1"))
    assert "RISKSCORE" in said
    assert "CHURNRATE: #NUM!" in said
    assert "0.9" in said


def test_many_places_are_shortened_in_the_question(host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    places = tuple(f"Sheet1!A{i}:A{i}" for i in range(1, 21))
    monkeypatch.setattr(host.commands, "run", lambda *args, **more: WritePlan("score_all", (), "", "", asks=places))
    fakewin.answers.append("no")
    [asked] = press(host, "score_all", FakeBook("Sheet1"))
    assert "Sheet1!A8:A8" in asked
    assert "A9" not in asked
    assert "12 more" in asked


def test_every_button_has_a_verb_the_commands_know() -> None:
    import re
    from pathlib import Path

    vba = (Path(__file__).parents[2] / "addin/excel/src/Ribbon.bas").read_text("utf-8")
    assert set(re.findall(r'RunCommand "(\w+)"', vba)) == set(commands.VERBS)
