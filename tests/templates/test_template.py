"""The templates: built the same every time, readable by our own reader, alive with the add-in in LibreOffice."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from credit_udfs.commands import Chosen
from credit_udfs.core.assess import Settings, assess
from credit_udfs.core.industry import industries
from credit_udfs.models import load
from credit_udfs.workbook import names
from credit_udfs.workbook.read import read
from credit_udfs.workbook.settings import DEFAULTS, SETTINGS
from templates.build import build, build_all
from templates.pages.builder import EXAMPLE_BUDGET, FIRST, ROWS
from templates.pages.inputs import BLANK_ROWS
from tests.hosts import office as suite
from tests.hosts.office import Office
from tests.hosts.openpyxl_book import OpenpyxlBook
from tests.workbook import opc

FOLDER = Path(__file__).parents[2] / "templates"
BOOKS = [f"sme_credit_{kind}.{lang}.xlsx" for kind in ("template", "example") for lang in ("zh", "en")]
TODAY = dt.date(2020, 9, 10)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_shipped_templates_are_what_the_script_builds(tmp_path: Path) -> None:
    """After a change: ``python -m templates.build``."""
    built = build_all(tmp_path)
    assert sorted(p.name for p in built) == sorted(BOOKS)
    for path in built:
        assert digest(path) == digest(FOLDER / path.name), path.name


@pytest.mark.parametrize("name", BOOKS)
def test_the_package_is_consistent(name: str) -> None:
    assert opc.check(FOLDER / name) == []


@pytest.mark.parametrize("name", BOOKS)
def test_inputs_look_like_inputs_have_a_hint_and_nothing_is_hidden(name: str) -> None:
    book = openpyxl.load_workbook(FOLDER / name)
    hinted = 0
    for sheet in book.worksheets:
        assert sheet.sheet_state == "visible"
        assert not any(d.hidden for d in [*sheet.row_dimensions.values(), *sheet.column_dimensions.values()])
        assert not sheet.protection.password
        for rule in sheet.data_validations.dataValidation:
            assert rule.showInputMessage
            assert rule.prompt
            hinted += 1
        covered = [r for rule in sheet.data_validations.dataValidation for r in rule.sqref.ranges]
        for row in sheet.iter_rows(max_row=150):
            for cell in row:
                if not cell.protection.locked:
                    assert cell.fill.fgColor.rgb == "FFFFF8DC", (sheet.title, cell.coordinate)
                    assert any(
                        r.min_row <= cell.row <= r.max_row and r.min_col <= cell.column <= r.max_col for r in covered
                    ), (sheet.title, cell.coordinate)
    assert hinted > 40


@pytest.mark.parametrize("name", BOOKS)
def test_the_promised_names_are_there(name: str) -> None:
    book = openpyxl.load_workbook(FOLDER / name)
    tables = {table for sheet in book.worksheets for table in sheet.tables}
    assert tables == {
        names.TABLE_FIRMS, names.TABLE_PURCHASES, names.TABLE_SALES, names.TABLE_CHURN, names.TABLE_STRESS,
        names.TABLE_TERMS, names.TABLE_GRADES, names.TABLE_INDUSTRIES,
    }  # fmt: skip
    lang = name.split(".")[1]
    chosen = Chosen.of(OpenpyxlBook(book, name), "en" if lang == "zh" else "zh")
    chosen.check()
    assert chosen.places.keys() == SETTINGS.keys()
    assert chosen.values == {
        **DEFAULTS, "language": lang, **({"budget": EXAMPLE_BUDGET} if "example" in name else {}),
    }  # fmt: skip
    assert {**chosen.grades, **chosen.industries, **chosen.terms} == {}
    assert set(chosen.growth) == set(industries())
    for ranged in (names.RANGE_FIRM_IDS, names.RANGE_INDICATORS, names.RANGE_SCORES):
        assert f"${FIRST}" in book.defined_names[ranged].attr_text
    first = openpyxl.load_workbook(FOLDER / name)[book.sheetnames[7]]["I5"].value
    assert first == '=IF(COUNT(C5:H5)<4,"",RISKSCORE(C5:H5))'


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_filled_template_is_read_like_the_attachments(lang: str) -> None:
    tables = read([FOLDER / f"sme_credit_example.{lang}.xlsx"], today=TODAY)
    assert tables.firms.height == 40
    assert tables.churn is not None
    assert not [p for p in tables.problems if p.severity == "error"]
    assert tables.firms["grade"].drop_nulls().len() == 12
    assessment = assess(tables, Settings(), load())
    book = openpyxl.load_workbook(FOLDER / f"sme_credit_example.{lang}.xlsx", data_only=True)
    sheet = book[book.sheetnames[7]]
    for i, score in enumerate(assessment.scores.score.tolist()):
        assert sheet.cell(FIRST + i, 9).value == pytest.approx(score, abs=1e-12)


def test_rows_left_blank_are_no_firms(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(FOLDER / "sme_credit_template.zh.xlsx")
    assert book["企业信息"].max_row >= BLANK_ROWS["firms"]
    book["企业信息"]["A2"], book["企业信息"]["B2"] = "E1", "某贸易有限公司"
    for sheet in ("进项发票信息", "销项发票信息"):
        values = ["E1", "1", dt.date(2019, 5, 1), "X", 1.0, 0.1, 1.1, "有效发票"]
        for column, value in zip("ABCDEFGH", values, strict=True):
            book[sheet][f"{column}2"] = value
    path = tmp_path / "filled.xlsx"
    book.save(path)
    tables = read([path], today=TODAY)
    assert (tables.firms.height, tables.sales.height, tables.purchases.height) == (1, 1, 1)


def errors(document: suite.Book, titles: list[str]) -> list[tuple[str, object]]:
    found = []
    for title in titles:
        for row in document.read(f"{title}.A1:Z{FIRST + ROWS}"):
            found += [(title, v) for v in row if isinstance(v, str) and v.startswith(("#", "Err:"))]
    return found


@pytest.mark.libreoffice
@pytest.mark.parametrize("name", BOOKS)
def test_libreoffice_with_the_extension_recalculates_without_an_error(office: Office, name: str) -> None:
    cached = openpyxl.load_workbook(FOLDER / name, data_only=True)
    scores_at = f"{cached.sheetnames[7]}.I{FIRST}:L{FIRST + 39}"
    with office.open(FOLDER / name) as document:
        document.calculate()
        assert errors(document, cached.sheetnames) == []
        live = document.read(scores_at)
        side = {at: document.read(at) for at in (f"{cached.sheetnames[8]}.K6:M9", f"{cached.sheetnames[9]}.J6:L9")}
    for at, rows in side.items():
        title, _, cells = at.partition(".")
        stored = [["" if cell.value is None else cell.value for cell in row] for row in cached[title][cells]]
        for row, wanted in zip(rows, stored, strict=True):
            assert row == [pytest.approx(v) if isinstance(v, float) else v for v in wanted]
    sheet = cached[cached.sheetnames[7]]
    for i, row in enumerate(live):
        for c, value in enumerate(row):
            stored = sheet.cell(FIRST + i, 9 + c).value
            assert value == (pytest.approx(stored, abs=1e-12) if isinstance(stored, float) else stored or "")


class SettingsPage:
    """The example's settings page, open in LibreOffice, by the names of its cells; its plan, one list a firm."""

    def __init__(self, document: suite.Book) -> None:
        self.document = document
        self.names = openpyxl.load_workbook(FOLDER / "sme_credit_example.en.xlsx").defined_names

    def own_limits(self, *rows: list[Any]) -> None:
        """The first rows of the table of single firms; blank where there are fewer than three."""
        blank: list[list[Any]] = [[""] * 5] * (3 - len(rows))
        self.document.put("Limits.A6:E8", [*rows, *blank])

    def plan(self, **settings: float | str) -> list[list[Any]]:
        for name, value in settings.items():
            title, at = next(self.names[f"cu_{name}"].destinations)
            self.document.put(f"{title}.{at.replace('$', '')}", [[value]])
        self.document.calculate()
        return self.document.read(f"Plan.E{FIRST}:I{FIRST + 39}")


def shares(plan: list[list[Any]]) -> dict[str, float]:
    """Each industry's share of the money lent."""
    lent = sum(row[2] for row in plan)
    return {one: sum(row[2] for row in plan if row[0] == one) / lent for one in {row[0] for row in plan}}


@pytest.mark.libreoffice
def test_the_plan_in_the_example_keeps_the_settings(office: Office) -> None:
    with office.open(FOLDER / "sme_credit_example.en.xlsx") as document:
        page = SettingsPage(document)
        free = page.plan()
        assert 0 < sum(row[2] for row in free) <= EXAMPLE_BUDGET * (1 + 1e-9)
        assert {row[1] for row in free} == {0.0, 1.0}
        # Each limit is one that the plan without it does not keep.
        assert max(shares(free).values()) > 0.15
        assert max(shares(page.plan(max_industry_share=0.15)).values()) <= 0.15 * (1 + 1e-9)
        assert max(row[3] for row in free if row[1]) > 0.06
        cheap = page.plan(max_industry_share="", rate_max=0.06)
        assert max(row[3] for row in cheap if row[1]) <= 0.06
        assert sum(row[2] for row in page.plan(rate_max=0.15, budget=2_000_000.0)) <= 2_000_000 * (1 + 1e-9)
        page.plan(budget=EXAMPLE_BUDGET)
        page.own_limits(["E1", "", 300_000.0, "", ""], ["E3", "", "", 0.0, ""], ["E8", "", 900_000.0, 200_000.0, ""])
        own = page.plan()
        assert [own[i][2] for i in (0, 2, 7)] == pytest.approx([300_000.0, 0.0, 200_000.0])
        assert min(free[i][2] for i in (0, 2, 7)) > 300_000.0
        page.own_limits()
        assert page.plan() == free
        # Where all customers stay, the highest rate is the best one; no statistics, and the published ones hold.
        churn = "Lending rate and churn rate"
        document.put(f"{churn}.B2:D30", [[0.0] * 3] * 29)
        faithful = page.plan()
        assert [row[3] for row in faithful if row[1]] == pytest.approx([0.15] * 10)
        document.put(f"{churn}.A2:D30", [[""] * 4] * 29)
        assert 0.04 < max(row[3] for row in page.plan() if row[1]) < 0.15


@pytest.mark.libreoffice
def test_nothing_known_gives_an_empty_plan(office: Office) -> None:
    with office.open(FOLDER / "sme_credit_template.en.xlsx") as document:
        document.calculate()
        assert {value for row in document.read(f"Plan.F{FIRST}:I{FIRST + ROWS - 1}") for value in row} == {""}


def test_a_template_is_built_in_either_language(tmp_path: Path) -> None:
    for lang, start in (("zh", "开始"), ("en", "Start")):
        path = build(tmp_path / f"{lang}.xlsx", lang)
        assert openpyxl.load_workbook(path).sheetnames[0] == start
