"""Settings: on the template's sheet, on the ribbon's, on the command line; the same plan from each, to the last bit."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from click.testing import CliRunner, Result

from credit_udfs import commands
from credit_udfs.cli import main
from credit_udfs.commands import Chosen
from credit_udfs.core.allocation import Limits
from credit_udfs.core.assess import FirmTerms, Settings
from credit_udfs.core.industry import industries
from credit_udfs.errors import BadFile
from credit_udfs.hosts.settings_file import SettingsFile
from credit_udfs.workbook.contract import YES_NO_LABELS
from credit_udfs.workbook.settings import DEFAULTS, SETTINGS, plan_settings
from tests.hosts.openpyxl_book import OpenpyxlBook

TEMPLATES = Path(__file__).parents[1] / "templates"

# Every setting of a plan as the sheet holds it, and as the command line asks it.
SHEET: dict[str, Any] = {
    "budget": 9_000_000, "budget_on": "offered", "use_all_budget": "no", "amount_min": 120_000,
    "amount_max": 900_000, "rate_min": 0.045, "rate_max": "14%", "lgd": 0.5, "funding": 0.02,
    "churn_model": "log_quadratic", "lend_to": "all", "max_expected_loss": "3%", "loss_on": "drawn",
    "max_loss_amount": 400_000, "max_risk": 4_000_000, "max_churn": 0.6, "churn_over": "clients",
    "max_industry_share": 0.5, "max_group_share": 0.2, "max_group_amount": 1_000_000, "shares_of": "lent",
    "min_firms": 5, "min_lent": 2_000_000, "objective": "bank", "method": "linear_wide",
}  # fmt: skip
OPTIONS = shlex.split(
    "--budget 9000000 --budget-on offered --amount-min 120000 --amount-max 900000 --rate-min 0.045 --rate-max 0.14 "
    "--lgd 0.5 --funding 0.02 --churn log_quadratic --lend-to all --max-loss 0.03 --loss-on drawn "
    "--max-loss-amount 4e5 --max-risk 4000000 --max-churn 0.6 --churn-over clients --max-industry-share 0.5 "
    "--max-group-share 0.2 --max-group-amount 1000000 --shares-of lent --min-firms 5 --min-lent 2000000 "
    "--objective bank --model linear_wide --max-share construction=0.25 --max-share B=0.7"
)
CONSTRUCTION = industries()["construction"]
TERMS = [("E1", None, 700_000, None, "x"), ("E2", 150_000, None, None, "x"), ("E3", None, None, 0, None)]


def call(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def write(book: Any, name: str, value: Any) -> None:
    title, cell = next(book.defined_names[name].destinations)
    book[title][cell.replace("$", "")].value = value


def fill(book: Any, table: str, rows: dict[str, Any] | list[tuple[Any, ...]]) -> None:
    """Rows of a table from its first, or its second column by what the first one says."""
    sheet = next(sheet for sheet in book.worksheets if table in sheet.tables)
    left, top, right, bottom = openpyxl.utils.cell.range_boundaries(sheet.tables[table].ref)
    for row in sheet.iter_rows(top + 1, bottom, left, right):
        if isinstance(rows, dict) and row[0].value in rows:
            row[1].value = rows[row[0].value]
        elif isinstance(rows, list) and row[0].row - top - 1 < len(rows):
            for cell, value in zip(row, rows[row[0].row - top - 1], strict=True):
                cell.value = value


@pytest.fixture
def form(tmp_path: Path) -> Callable[..., Path]:
    """The example, in English or Chinese, with cells of the settings and tables filled in."""

    def make(lang: str = "en", **cells: Any) -> Path:
        book = openpyxl.load_workbook(TEMPLATES / f"sme_credit_example.{lang}.xlsx")
        for name, value in cells.items():
            (fill if name.startswith("tbl") else write)(book, name if name.startswith("tbl") else f"cu_{name}", value)
        book.save(tmp_path / f"form.{lang}.xlsx")
        return tmp_path / f"form.{lang}.xlsx"

    return make


def test_the_sheet_and_the_options_give_the_same_plan_to_the_last_bit(
    form: Callable[..., Path], tmp_path: Path
) -> None:
    own = {"tblFirmTerms": TERMS, "tblGradeShares": {"B": 0.7}, "tblIndustryShares": {CONSTRUCTION.en: "25%"}}
    book = form(**SHEET, **own)
    terms = tmp_path / "terms.csv"
    lines = [",".join("" if v is None else str(v) for v in row) for row in TERMS]
    terms.write_text("\n".join(["firm,amount_min,amount_max,amount,group", *lines]), "utf-8")
    by_sheet = call("plan", book, "-o", tmp_path / "sheet.parquet", "--lang", "en", "--scenario", "none")
    assert by_sheet.exit_code == 0, by_sheet.output
    assert 'those of "Settings" in form.en.xlsx' in by_sheet.stderr
    plain = TEMPLATES / "sme_credit_example.en.xlsx"
    by_options = call(
        "plan", plain, "--settings-from", "none", "-o", tmp_path / "options.parquet", "--firm-terms", terms, *OPTIONS,
        "--lang", "en",
    )  # fmt: skip
    assert by_options.exit_code == 0, by_options.output
    assert by_options.stderr == ""
    assert by_sheet.stdout.replace("sheet.parquet", "") == by_options.stdout.replace("options.parquet", "")
    found, wanted = (pl.read_parquet(tmp_path / f"{name}.parquet") for name in ("sheet", "options"))
    assert found.equals(wanted)
    assert found["lend"].sum() >= 5
    # The ribbon's verb on the same workbook.
    plan = commands.run("optimise", OpenpyxlBook(openpyxl.load_workbook(book), book.name), "en")
    rows = plan.writes[0].values
    top = next(i for i, row in enumerate(rows) if row[0] == "enterprise")
    assert [row[5] for row in rows[top + 1 :] if row[0] is not None] == wanted["amount"].to_list()


def test_the_settings_are_those_that_were_written(form: Callable[..., Path]) -> None:
    cells = {name: value for name, value in SHEET.items() if name not in ("use_all_budget", "objective")}
    own = {"tblFirmTerms": TERMS, "tblGradeShares": {"B": 0.7}, "tblIndustryShares": {CONSTRUCTION.zh: 0.25}}
    words = {"loss_on": "预期提款", "use_all_budget": True, "prove": "是", "one_rate_per_grade": 1, "objective": "P3"}
    given = form("zh", **{**cells, **words}, rates_ordered="否", time_limit=60, **own)
    chosen = Chosen.of(SettingsFile(given), "en")
    assert chosen.lang == "zh"
    book = openpyxl.load_workbook(given)
    assert Chosen.of(OpenpyxlBook(book, given.name), "en") == chosen
    s = chosen.settings()
    assert (s.budget, s.rate_max, s.churn, s.lend_to, s.objective) == (9e6, 0.14, "log_quadratic", "all", "P3")
    assert (s.use_all_budget, s.prove, s.time_limit) == (True, True, 60.0)
    assert s.limits.sector_share is not None
    assert s.limits.sector_share["construction"] == 0.25  # type: ignore[index]
    assert set(s.limits.sector_share.values()) == {0.25, 0.5}  # type: ignore[union-attr]
    assert (s.limits.loss_basis, s.limits.one_rate_per_grade, s.limits.rates_ordered) == ("drawn", True, False)
    assert s.limits.grade_share == {"B": 0.7}
    assert dict(s.firm_terms)["E2"] == FirmTerms(amount_min=150_000.0, group="x")
    assert dict(s.firm_terms)["E3"] == FirmTerms(amount=0.0)


def test_nothing_written_is_the_default() -> None:
    assert plan_settings(DEFAULTS, {}, {}, {}) == Settings() == plan_settings({}, {}, {}, {})
    assert Chosen.none("en").settings() == Settings(limits=Limits())


def test_every_option_of_the_plan_can_be_asked_on_the_sheet() -> None:
    asked = {p.name for p in main.commands["plan"].params if p.name}  # type: ignore[attr-defined]
    beside = {"files", "output", "compare", "firms", "force", "lang", "settings_from"}
    tables = {"firm_terms", "max_share", "max_c_share"}
    assert asked == beside | tables | {s.name for s in SETTINGS.values() if s.option}
    settled = {s.field.rpartition(".")[2] for s in SETTINGS.values() if s.field}
    names = {*Settings.__dataclass_fields__, *Limits.__dataclass_fields__}
    # The gap is what "prove" changes; tables give the rest.
    assert settled == names - {"limits", "gap", "firm_terms", "grade_share", "fixed"}


def test_options_count_instead_of_the_sheet(form: Callable[..., Path]) -> None:
    book = form(budget=5_000_000, max_churn="x", tblGradeShares={"A": 0.4, "B": 2})
    wrong = call("plan", book, "--lang", "en")
    assert wrong.exit_code == 1
    assert "Settings!" in wrong.stderr
    good = form(budget=5_000_000, language="zh")
    result = call("plan", good, "--scenario", "none")
    assert "占信贷总额 500.0 万元" in result.stdout  # the sheet's own language
    result = call("plan", good, "--scenario", "none", "--lang", "en", "--budget", "3e6")
    assert "of 3,000,000 yuan" in result.stdout
    two = call("plan", good, form("zh", language="en"))
    assert two.exit_code == 2
    assert "--settings-from" in two.stderr
    none = call("plan", good, "--settings-from", TEMPLATES / "README.md", "--lang", "en")
    assert none.exit_code == 1


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_everything_wrong_is_said_at_once_with_sheet_cell_and_repair(form: Callable[..., Path], lang: Any) -> None:
    book = form(
        lang, budget="many", lend_to="everyone", max_churn=1.5, min_firms=2.5, amount_min=2_000_000,
        use_all_budget="maybe",
        tblFirmTerms=[("E1", -1, None, None, None), ("E1", None, "x", None, None), (None, None, 5, None, None)],
        tblGradeShares={"C": 20}, tblIndustryShares={CONSTRUCTION.name(lang): "much"},
    )  # fmt: skip
    with pytest.raises(BadFile) as error:
        Chosen.of(SettingsFile(book), lang).settings()
    found = {(p.key, p.sheet, p.cell) for p in error.value.problems}
    titles = openpyxl.load_workbook(book).sheetnames
    assert {key.removeprefix("settings.") for key, _, _ in found} == {
        "not_a_number", "not_a_choice", "out_of_range", "not_whole", "upside_down", "terms_amount", "terms_twice",
        "terms_nameless", "share",
    }  # fmt: skip
    assert {sheet for _, sheet, _ in found} == set(titles[1:3])
    assert all(cell for _, _, cell in found)
    said = error.value.text(lang)
    assert len(said.splitlines()) == len(error.value.problems) + 1
    other = YES_NO_LABELS[True].en if lang == "zh" else YES_NO_LABELS[True].zh
    assert other not in said


def test_what_the_plan_refuses_names_the_cell(form: Callable[..., Path]) -> None:
    terms = [("E1", None, None, None, None), ("Nobody", None, None, None, None), ("E2", None, None, 50_000, None)]
    book = form(tblFirmTerms=terms, lend_to="all")
    result = call("plan", book, "--lang", "en")
    assert result.exit_code == 1
    assert "Limits!A7" in result.stderr
    book = form(tblFirmTerms=[terms[0], terms[2]], min_lent=9e9, lend_to="all", max_group_share=0.1)
    result = call("plan", book, "--lang", "en")
    assert result.exit_code == 1
    for place in ("Limits!A7", "Settings!B"):
        assert place in result.stderr, result.stderr


def test_contradictions_are_said_at_once_with_their_cells(form: Callable[..., Path]) -> None:
    terms = [("E1", 300_000, 200_000, None, None), ("Nobody", None, None, None, None)]
    book = form(
        amount_min=2_000_000, rate_min=0.1, rate_max=0.05, min_lent=9e9, min_firms=400, max_group_share=0.1,
        lend_to="all", tblFirmTerms=terms,
    )  # fmt: skip
    result = call("plan", book, "--lang", "en")
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    faults = [line for line in lines if line.startswith("- ")]
    words = ("limits of a loan", '"Nobody"', "smallest loan (yuan)", "10.00% to 5.00%", "groups", "400", "9,000,000,")
    for fault, word in zip(faults, words, strict=True):
        assert word in fault
        assert fault.startswith("- form.en.xlsx, ")


def test_the_ribbons_sheet_holds_the_same_and_is_read_back(form: Callable[..., Path], tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    open_book = OpenpyxlBook(book, "mine.xlsx")
    open_book.apply(commands.run("settings", open_book, "zh"), lambda places: True)
    sheet = book.worksheets[-1]
    rows = {row[0].value: row for row in sheet.iter_rows()}
    for name, value in {**SHEET, "rates_ordered": "是"}.items():
        rows[f"cu_{name}"][2].value = value
    rows["C"][1].value = 0.3
    last = sheet.max_row
    for i, row in enumerate(TERMS, last + 1):
        for j, cell in enumerate(row, 1):
            sheet.cell(i, j, cell)
    chosen = Chosen.of(open_book, "zh")
    chosen.check()
    assert (chosen.grades, chosen.terms["E2"]) == ({"C": 0.3}, FirmTerms(amount_min=150_000.0, group="x"))
    assert chosen.settings().limits.rates_ordered
    book.save(tmp_path / "mine.xlsx")
    assert Chosen.of(SettingsFile(tmp_path / "mine.xlsx"), "zh").settings() == chosen.settings()
    again = commands.run("settings", open_book, "zh")  # brought up to date, nothing lost
    open_book.apply(again, lambda places: True)
    assert Chosen.of(open_book, "zh").settings() == chosen.settings()
    rows["cu_budget"][2].value = "much"
    sheet["A10"] = "cu_bugdet"
    shown = commands.run("settings", open_book, "en")
    assert (shown.writes, shown.show) == ((), sheet.title)
    assert "cu_bugdet" in shown.summary_en


def test_a_file_without_settings_says_so(tmp_path: Path) -> None:
    openpyxl.Workbook().save(tmp_path / "plain.xlsx")
    result = call("plan", tmp_path / "plain.xlsx", "--settings-from", tmp_path / "plain.xlsx", "--lang", "en")
    assert result.exit_code == 1
    assert "plain.xlsx holds no settings" in result.stderr
