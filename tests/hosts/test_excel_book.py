"""Plans written into Excel and taken back, through xlwings' Book API on a workbook with Excel's object model."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credit_udfs import commands
from credit_udfs.commands import Area, Formula, Write, WritePlan
from credit_udfs.errors import NotAvailable
from credit_udfs.hosts.excel_book import ExcelBook, entry
from tests.hosts import fakewin
from tests.hosts.fakeexcel import FakeBook, typed
from tests.hosts.fakewin import CELL_ERRORS


@pytest.fixture(scope="module", autouse=True)
def _on_windows() -> Iterator[None]:
    with fakewin.windows():
        yield


def opened(book: FakeBook) -> ExcelBook:
    import xlwings as xw

    return ExcelBook(xw.Book(impl=xw._xlwindows.Book(xl=book)))


def plan(book: ExcelBook, *areas: tuple[Area, Sequence[Sequence[Any]]], **more: Any) -> WritePlan:
    """A plan as the commands make it: with what stood there before, and the sheets it makes."""
    present = set(book.sheets())
    writes = tuple(
        Write(
            area.sheet,
            (area.top, area.left),
            tuple(map(tuple, rows)),
            tuple(map(tuple, book.contents(area)))
            if area.sheet in present
            else tuple((None,) * area.width for _ in range(area.height)),
        )
        for area, rows in areas
    )
    creates = tuple(dict.fromkeys(area.sheet for area, _ in areas if area.sheet not in present))
    return WritePlan("score_all", writes, "完成", "done", creates=creates, **more)


def yes(places: Sequence[str]) -> bool:
    return True


def never(places: Sequence[str]) -> bool:
    raise AssertionError(f"asked about {places}")


def taken_back(book: ExcelBook, done: WritePlan) -> WritePlan:
    return commands.run("undo", book, "en", last=done)


RESULT = (Area("Result", 1, 1, 2, 2), [["firm", "score"], ["E1", 51.25]])
DATA = (Area("Data", 1, 4, 2, 1), [["grade"], ["A"]])


# Reading


def test_what_a_workbook_holds_is_read_as_it_is() -> None:
    fake = FakeBook("Data", "空")
    third = 0.1 + 0.2
    fake.fill("Data", "B2:E3", [["'007", "=A1&1", third, True], ["'=text", "#N/A", None, 43875.5]])
    fake.Worksheets("Data").table("tblFirms", "B2:E3")
    fake.name("cu_budget", "Data", "D2:D2")
    fake.Names.append(SimpleNamespace(Name="Data!local", RefersToRange=fake.Worksheets("Data").Range("B2:B3")))
    fake.Names.append(SimpleNamespace(Name="a_number"))  # it refers to no range
    book = opened(fake)
    assert (book.name, book.date1904, book.sheets()) == ("book.xlsx", False, ["Data", "空"])
    assert book.used("Data") == Area("Data", 1, 1, 3, 5)
    assert book.used("空") is None
    assert book.used("nowhere") is None
    area = Area("Data", 2, 2, 2, 4)
    assert book.values(area) == [["007", "value of =A1&1", third, True], ["=text", "#N/A", None, 43875.5]]
    assert book.contents(area) == [
        ["007", Formula("=A1&1"), third, True],
        ["=text", Formula("#N/A"), None, 43875.5],
    ]
    assert book.values(Area("Data", 2, 4, 1, 1)) == [[third]]
    assert book.named("TBLFIRMS") == area
    assert book.named("cu_budget") == Area("Data", 2, 4, 1, 1)
    assert book.named("local") == Area("Data", 2, 2, 2, 1)
    assert book.named("a_number") is None
    assert book.named("nothing") is None


def test_errors_that_cannot_be_typed_are_errors_all_the_same() -> None:
    fake = FakeBook("Data")
    fake.Worksheets("Data").cells[1, 1] = (CELL_ERRORS["#SPILL!"], None)
    assert opened(fake).values(Area("Data", 1, 1, 1, 1)) == [["#VALUE!"]]


# Writing


def test_one_write_per_range_formats_and_the_sheet_to_show() -> None:
    fake = FakeBook("Data")
    book = opened(fake)
    wanted = plan(book, RESULT, DATA, show="Result")
    first = Write(**{**vars(wanted.writes[0]), "formats": ((1, "0.0"), (9, "no such column"))})
    progress: list[tuple[int, int]] = []
    wanted = WritePlan(**{**vars(wanted), "writes": (first, *wanted.writes[1:])})
    assert book.apply(wanted, never, lambda *step: progress.append(step))
    assert fake.log == [("Result", "A1:B2"), ("Data", "D1:D2")]
    assert progress == [(1, 2), (2, 2)]
    assert [sheet.Name for sheet in fake.Worksheets] == ["Data", "Result"]
    assert fake.Worksheets.active.Name == "Result"
    assert fake.Worksheets("Result").formats == {"B1:B2": "0.0"}
    assert fake.state()["Result"] == {
        (1, 1): ("firm", None),
        (1, 2): ("score", None),
        (2, 1): ("E1", None),
        (2, 2): (51.25, None),
    }


def test_undo_puts_back_every_cell_exactly_with_one_write_per_range() -> None:
    third = 0.1 + 0.2  # a digit more than Excel shows
    fake = FakeBook("Data", "Result")
    fake.fill("Data", "A1:D2", [["'007", "=A1&1", third, True], ["'=text", "#N/A", "'1-2", None]])
    fake.fill("Result", "A1:A1", [["old"]])
    before = fake.state()
    book = opened(fake)
    areas = [(Area("Data", 1, 1, 2, 4), [["x"] * 4] * 2), (Area("Result", 1, 1, 1, 2), [[1, 2]])]
    done = plan(book, *areas, (Area("New", 1, 1, 1, 1), [[3]]))
    assert book.apply(done, never)
    assert fake.state() != before
    fake.log.clear()
    back = taken_back(book, done)
    assert back.asks == ()
    assert book.apply(back, never)
    assert fake.state() == before
    assert sorted(fake.log) == [("Data", "A1:D2"), ("Result", "A1:B1")]
    assert fake.Application.DisplayAlerts is True


@pytest.mark.parametrize("dynamic_arrays", [True, False])
def test_undo_of_formulas_in_new_and_old_excel(dynamic_arrays: bool) -> None:
    fake = FakeBook("Data", dynamic_arrays=dynamic_arrays)
    fake.fill("Data", "A1:A2", [["=SUM(B1:B2)"], [2.0]])
    before = fake.state()
    book = opened(fake)
    done = plan(book, (Area("Data", 1, 1, 2, 1), [[Formula("=1+1")], [1]]))
    assert book.apply(done, never)
    assert fake.state()["Data"][1, 1] == ("value of =1+1", "=1+1")
    assert book.apply(taken_back(book, done), never)
    assert fake.state() == before


CHARACTERS = "ab0123456789=+-@'#%/ ,.eEJanTrue年月"
VALUES = st.one_of(
    st.none(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.sampled_from([*CELL_ERRORS][:-1]),
    # A lone apostrophe is an empty text that nobody sees; it comes back as a blank.
    st.text(CHARACTERS, max_size=8).filter(lambda text: text != "'"),
)


# The first example pays for Hypothesis reading our modules' constants.
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=4))
def test_any_cells_come_back_from_undo(rows: list[tuple[Any, Any]]) -> None:
    fake = FakeBook("Data")
    fake.fill("Data", f"A1:B{len(rows)}", rows)
    before = fake.state()
    book = opened(fake)
    done = plan(book, (Area("Data", 1, 1, len(rows), 2), [["x", "y"]] * len(rows)))
    assert book.apply(done, never)
    assert book.apply(taken_back(book, done), never)
    assert fake.state() == before


@settings(max_examples=200, deadline=None)
@given(st.text(CHARACTERS, min_size=1, max_size=8))
def test_a_text_stays_that_text(text: str) -> None:
    assert typed(entry(text)) == (text, None)


def test_a_text_that_looks_like_a_formula_is_written_as_text() -> None:
    for text in (
        "=cmd|' /C calc'!A0",
        "+1",
        "-1+1",
        "@SUM(A1)",
        "007",
        "1-2",
        "TRUE",
        "#N/A",
        "'quoted",
        " 12",
        "Mar 5",
        "E1",
        "CHF 5",
    ):
        assert str(entry(text)).startswith("'")
        assert typed(entry(text)) == (text, None)


def test_other_values_become_what_a_cell_can_hold() -> None:
    assert entry(0.1) == 0.1
    assert entry(True) is True
    assert entry(None) == ""
    assert entry(math.nan) == "#N/A"
    assert entry(math.inf) == "#NUM!"
    assert entry(Formula("=A1")) == "=A1"
    assert entry(dt.date(2020, 2, 14)) == "2020-02-14"
    assert entry(dt.datetime(2020, 2, 14, 12)) == "2020-02-14 12:00:00"


def test_no_to_the_question_means_nothing_is_written() -> None:
    fake = FakeBook("Data")
    fake.fill("Data", "D1:D1", [["mine"]])
    before = fake.state()
    book = opened(fake)
    asked: list[Sequence[str]] = []

    def no(places: Sequence[str]) -> bool:
        asked.append(places)
        return False

    assert not book.apply(plan(book, RESULT, DATA, asks=("Data!D1:D2",)), no)
    assert asked == [("Data!D1:D2",)]
    assert fake.state() == before
    assert fake.log == []


def test_undo_asks_when_the_cells_were_changed_since() -> None:
    fake = FakeBook("Data")
    book = opened(fake)
    done = plan(book, RESULT, DATA)
    assert book.apply(done, never)
    fake.fill("Data", "D2:D2", [["edited"]])
    back = taken_back(book, done)
    assert back.asks == ("Data!D1:D2",)
    assert not book.apply(back, lambda places: False)
    assert fake.state()["Data"][2, 4] == ("edited", None)
    assert book.apply(back, yes)
    assert fake.state() == {"Data": {}}


def test_undo_after_the_user_deleted_a_sheet_puts_back_the_rest() -> None:
    fake = FakeBook("Data")
    book = opened(fake)
    done = plan(book, RESULT, DATA)
    assert book.apply(done, never)
    fake.Worksheets.sheets.remove(fake.Worksheets("Result"))
    assert book.apply(taken_back(book, done), never)
    assert fake.state() == {"Data": {}}


@pytest.mark.parametrize(
    ("what", "message"), [("arrays", "array formula"), ("spills", "spilled"), ("merged", "merged cells")]
)
def test_what_could_not_be_put_back_is_refused_before_anything_is_written(what: str, message: str) -> None:
    fake = FakeBook("Data")
    getattr(fake.Worksheets("Data"), what).add((2, 4))
    book = opened(fake)
    with pytest.raises(NotAvailable, match=message):
        book.apply(plan(book, RESULT, DATA), never)
    assert fake.log == []
    assert book.sheets() == ["Data"]


def test_a_protected_sheet_is_named() -> None:
    fake = FakeBook("Data")
    fake.Worksheets("Data").ProtectContents = True
    book = opened(fake)
    with pytest.raises(NotAvailable, match="Data!D1:D2 is protected"):
        book.apply(plan(book, DATA), never)


def test_a_write_that_fails_halfway_is_taken_back() -> None:
    fake = FakeBook("Data", "Bad")
    fake.fill("Data", "D1:D2", [["=B1"], ["'01"]])
    before = fake.state()
    book = opened(fake)
    fake.broken.add("Bad")
    with pytest.raises(RuntimeError, match="rejected"):
        book.apply(plan(book, RESULT, DATA, (Area("Bad", 1, 1, 1, 1), [[1]])), never)
    assert fake.state() == before
