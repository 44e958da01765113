"""What the pages hold: their structure, totals recomputed from the sheets alone, life in a real spreadsheet program."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from string import Formatter
from typing import Any

import openpyxl
import pytest
from openpyxl.utils import range_boundaries

from credit_udfs.core.allocation.problem import Objective
from credit_udfs.core.assess import Settings, assess
from credit_udfs.core.stress import scenario, stress
from credit_udfs.core.summary import summarise
from credit_udfs.locale import area, text
from credit_udfs.models import load
from credit_udfs.workbook.names import PAGE_PREFIX
from credit_udfs.workbook.pages import PAGES, View, comparison, firm_titles, summary
from credit_udfs.workbook.pages import stress as stress_page
from credit_udfs.workbook.write import write
from tests.hosts.office import Office
from tests.workbook import opc
from tests.workbook.results import result, sample_assessment, sample_extras, sample_tables

GOLDEN = Path(__file__).parents[1] / "golden" / "pages.json"


def structure(path: Path) -> dict[str, Any]:
    """Names, tables, formulas, formats, validations and charts of a workbook; no values and no pixels."""
    book = openpyxl.load_workbook(path)
    out: dict[str, Any] = {"names": sorted(book.defined_names)}
    for sheet in book.worksheets:
        formats = sorted({c.number_format for row in sheet.iter_rows() for c in row if c.number_format != "General"})
        out[sheet.title] = {
            "tables": {t.name: [c.name for c in t.tableColumns] for t in sheet.tables.values()},
            "formulas": sum(c.data_type == "f" for row in sheet.iter_rows() for c in row),
            "formats": formats,
            "frozen": sheet.freeze_panes,
            "validations": [[str(v.sqref), v.type] for v in sheet.data_validations.dataValidation],
            "conditional": sorted(str(r.sqref) for r in sheet.conditional_formatting),
            "print": [sheet.page_setup.orientation, sheet.print_title_rows, sheet.page_setup.paperSize],
            "charts": [
                {
                    "kind": type(c).__name__,
                    "series": [s.val.numRef.f if hasattr(s, "val") and s.val else s.yVal.numRef.f for s in c.series],
                }
                for c in sheet._charts
            ],
        }
    return out


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_structure_is_the_agreed_one(lang: str) -> None:
    """After a change that is meant: ``python -m tests.workbook.test_pages`` writes the golden file anew."""
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert json.loads(json.dumps(structure(result(lang)))) == golden[lang]


def _fields(template: str) -> set[str]:
    return set(re.findall(r"{(\w+)", template))


def test_every_text_of_the_pages_is_there_in_both_languages() -> None:
    def fields(template: str) -> set[str]:
        return {name.removesuffix("_yuan") for _, name, _, _ in Formatter().parse(template) if name}

    for file in ("pages", "units", "template", "risk", "comparison"):
        for key, texts in area(file).items():
            assert set(texts) == {"zh", "en"}, key
            assert fields(texts["zh"]) == fields(texts["en"]), key
            assert texts["zh"].count("|") == texts["en"].count("|"), key


def test_every_page_has_a_name_that_follows_it() -> None:
    book = openpyxl.load_workbook(result("zh"))
    found = {name.removeprefix(PAGE_PREFIX) for name in book.defined_names if name.startswith(PAGE_PREFIX)}
    shown = {p.key for p in PAGES}
    assert found == shown
    assert len(book.sheetnames) == len(shown)


class Table:
    """An Excel table read from a sheet by nothing but its own range and headers."""

    def __init__(self, book: Any, name: str) -> None:
        for sheet in book.worksheets:
            if name in sheet.tables:
                left, top, right, bottom = range_boundaries(sheet.tables[name].ref)
                rows = list(sheet.iter_rows(top, bottom, left, right, values_only=True))
                self.header, self.rows = list(rows[0]), rows[1:]
                return
        raise KeyError(name)

    def column(self, header: str) -> list[Any]:
        return [row[self.header.index(header)] for row in self.rows]

    def columns_like(self, *beginnings: str) -> list[Any]:
        """The first column whose header begins so."""
        return self.column(next(header for header in self.header if header.startswith(beginnings)))


@pytest.fixture(scope="module")
def book() -> Any:
    return openpyxl.load_workbook(result("en"), data_only=True)


def _tiles(sheet: Any) -> dict[str, float]:
    """The summary's tiles: the number below each label."""
    tiles = {}
    for row in sheet.iter_rows(max_row=8):
        for cell in row:
            below = sheet.cell(cell.row + 1, cell.column).value
            if isinstance(cell.value, str) and isinstance(below, int | float):
                tiles[cell.value] = below
    return tiles


def test_the_summary_adds_up_from_the_sheets(book: Any) -> None:
    tiles, plan, firms = _tiles(book["Summary"]), Table(book, "cuPlan"), Table(book, "cuFirms")
    amounts = plan.column("Amount (10,000 yuan)")
    assert tiles["Lent (10,000 yuan)"] == pytest.approx(sum(amounts), rel=1e-12)
    assert tiles["Lent to"] == sum(a > 0 for a in amounts) == plan.column("Decision").count("Lend")
    assert tiles["Firms scored"] == sum(s is not None for s in firms.column("Risk score"))
    assert tiles["Exp. profit (10,000 yuan)"] == pytest.approx(sum(plan.column("Exp. profit (10,000 yuan)")), rel=1e-9)
    assert tiles["Exp. loss (10,000 yuan)"] == pytest.approx(sum(plan.column("Exp. loss (10,000 yuan)")), rel=1e-9)
    churn = [c for c in plan.column("Churn rate") if c is not None]
    assert tiles["Mean churn"] == pytest.approx(sum(churn) / len(churn), rel=1e-12)
    assert sum(amounts) * 1e4 <= sample_assessment().settings.budget * (1 + 1e-12)


def test_the_plan_s_profit_follows_from_its_own_columns(book: Any) -> None:
    plan, settings = Table(book, "cuPlan"), sample_assessment().settings
    lent = 0
    names = ("Amount (10,000 yuan)", "Lending rate", "Churn rate", "Default prob.", "Exp. profit (10,000 yuan)",
             "Grade")  # fmt: skip
    for amount, rate, churn, pd, profit, grade in zip(*map(plan.column, names), strict=True):
        if not amount:
            assert profit == 0
            continue
        lent += 1
        assert grade in "ABC"
        assert 10 <= amount <= 100
        assert settings.rate_min <= rate <= settings.rate_max
        earned = amount * (1 - churn) * (rate * (1 - pd) - settings.lgd * pd - settings.funding)
        assert profit == pytest.approx(earned, rel=1e-9)
    assert lent == summarise(sample_assessment()).lent > 0


def test_scores_and_their_contributions_add_up(book: Any) -> None:
    firms, indicators = Table(book, "cuFirms"), Table(book, "cuIndicators")
    base = sample_assessment().scores.base_points
    points = [h for h in indicators.header if h.endswith(": points")]
    assert len(points) == 6
    for i, score in enumerate(firms.column("Risk score")):
        total = base + sum(indicators.column(h)[i] for h in points)
        assert score == pytest.approx(min(100.0, max(0.0, total)), abs=1e-9)


def test_shares_on_the_concentration_page_are_whole(book: Any) -> None:
    sheet = book["Concentration"]
    sums: list[float] = []
    for row in sheet.iter_rows():
        for cell in row:
            if cell.value == "Share of lending":
                total, r = 0.0, cell.row + 1
                while isinstance(sheet.cell(r, cell.column).value, int | float):
                    total += sheet.cell(r, cell.column).value
                    r += 1
                sums.append(total)
    assert len(sums) == 2
    assert sums == pytest.approx([1.0, 1.0])


def test_the_stress_page_says_what_the_core_says(book: Any) -> None:
    stress = sample_extras().stress
    table = Table(book, "cuStress")
    assert sum(table.column("Lent after (10,000 yuan)")) == pytest.approx(stress.after.amount.sum() / 1e4)
    assert sum(table.column("Exp. profit unchanged (10,000 yuan)")) == pytest.approx(stress.unchanged_value / 1e4)


def test_the_risk_page_is_one_whole_distribution_with_its_check(book: Any) -> None:
    figures, bands, plan = Table(book, "cuRisk"), Table(book, "cuLosses"), Table(book, "cuPlan")
    exact = dict(zip(figures.column("Figure"), figures.column("Exact"), strict=True))
    losses = sum(plan.column("Exp. loss (10,000 yuan)"))
    assert exact["Expected loss"] == pytest.approx(losses, rel=1e-6)
    order = [exact[f"Value at risk, {level}%"] for level in ("95", "99", "99.9")]
    assert order == sorted(order)
    for level in ("95", "99", "99.9"):
        assert exact[f"Expected shortfall, {level}%"] >= exact[f"Value at risk, {level}%"]
    chance, more = bands.column("Chance of this band"), [m or 0.0 for m in bands.column("Chance of losing more")]
    assert sum(chance) + more[-1] == pytest.approx(1.0, abs=1e-9)
    assert more == pytest.approx([1.0 - sum(chance[: i + 1]) for i in range(len(chance))], abs=1e-9)
    simulated = [m or 0.0 for m in bands.column("Chance of losing more, simulated")]
    assert simulated == pytest.approx(more, abs=0.01)


def test_the_comparison_page_has_every_paper_s_plan_in_every_measure(book: Any) -> None:
    table, found = Table(book, "cuComparison"), sample_extras().comparison
    assert table.header[1:] == ["Bank", "P0 ratio Z", "P1 income", "P1 with shock", "P2 rules", "P3 profit",
                                "P3 least risk", "P4 rate search"]  # fmt: skip
    by_measure = {row[0]: row[1:] for row in table.rows}
    profits = by_measure["Bank's expected profit"]
    assert max(profits) == profits[0] == pytest.approx(sample_assessment().plan.value / 1e4)
    assert max(by_measure["P1: expected income"]) == pytest.approx(by_measure["P1: expected income"][2])
    assert max(by_measure["P3: profit"]) == pytest.approx(by_measure["P3: profit"][5])
    assert min(by_measure["P3: money at risk (less is better)"]) == by_measure["P3: money at risk (less is better)"][6]
    assert max(by_measure["P0: ratio Z"]) == by_measure["P0: ratio Z"][1]
    assert found.of("P4", "P4") == pytest.approx(by_measure["P4: loan income"][7] * 1e4)


def test_a_plan_that_breaks_a_limit_is_never_called_best() -> None:
    """P0's plan, the papers' best for the bank or not, breaks a limit: the finding passes over it and says so."""
    extras = sample_extras()
    found = extras.comparison
    assert all(found.keeps(name) for name in found.names)
    others = sorted((name for name in found.names if name != "bank"), key=lambda name: found.of(name, "bank"))
    unkept = replace(found, broken={others[-1]: found.plans["bank"].limits})
    for lang, words in (("zh", "满足全部限额的论文方案"), ("en", "papers' plans that keep all limits")):
        view = View(sample_assessment(), lang, replace(extras, comparison=unkept))
        said = comparison.finding(view)
        assert words in said
        assert text(f"comparison.name_{others[-2]}", lang) in said
        every = dict.fromkeys(others, found.plans["bank"].limits)
        none = View(sample_assessment(), lang, replace(extras, comparison=replace(found, broken=every)))
        assert comparison.finding(none).startswith(
            ("满足全部限额的论文方案一个也没有", "None of the papers' plans keeps")
        )


def test_a_plan_that_breaks_limits_after_a_shock_is_not_said_to_save_money() -> None:
    extras = sample_extras()
    broken = replace(extras.stress, unchanged_breaks=extras.stress.before.limits)
    for lang, words, price in (
        ("zh", "已不满足全部限制", "代价"),
        ("en", "no longer keeps all limits", "doing nothing"),
    ):
        view = View(sample_assessment(), lang, replace(extras, stress=broken))
        assert words in stress_page.finding(view)
        assert price not in stress_page.finding(view)
        assert price in stress_page.finding(View(sample_assessment(), lang, extras))


@pytest.mark.parametrize(("objective", "gain"), [("P1", "P1 income"), ("P3", "P3 profit"), ("P4", "P4 loan income")])
def test_pages_say_what_the_plan_maximises(objective: Objective, gain: str) -> None:
    a = assess(sample_tables(), Settings(budget=5_000_000.0, objective=objective), load())
    shocked = stress(a, scenario("covid19_2020q1"))
    view = View(a, "en", replace(sample_extras(), stress=shocked))
    assert f"an expected {gain} of {view.money(a.plan.value)} a year" in summary.finding(view)
    assert gain in summary.proof(view)
    said = stress_page.finding(view)
    assert f"expected {gain} goes from {view.money(a.plan.value)}" in said
    assert f"The bank's profit goes from {view.money(a.plan.totals.bank_profit)}" in said


def test_the_frontiers_rise_under_their_bounds(book: Any) -> None:
    for name in ("cuFrontier", "cuFrontier2", "cuFrontier3"):  # against loss, churn and budget
        table = Table(book, name)
        profit, bound = table.column("Exp. profit (10,000 yuan)"), table.column("Bound of profit (10,000 yuan)")
        assert len(profit) >= 3
        assert profit == sorted(profit)
        assert all(p <= b * (1 + 1e-9) for p, b in zip(profit, bound, strict=True))
        assert min(table.column("Price (10,000 yuan)")) >= 0
        used, ceiling = table.column("Used"), table.columns_like("Ceiling", "Budget")
        assert all(u <= c * (1 + 1e-9) for u, c in zip(used, ceiling, strict=True))


def test_the_plan_page_says_where_each_decision_turns(book: Any) -> None:
    plan = Table(book, "cuPlan")
    for decision, pd, flip, advice in zip(
        *map(plan.column, ("Decision", "Default prob.", "Turns at default prob.", "What would change it")), strict=True
    ):
        assert advice
        if flip is not None:
            assert (flip > pd) == (decision == "Lend")
            assert f"{flip:.2%}" in advice
    assert sum(flip is not None for flip in plan.column("Turns at default prob.")) > 10


def test_a_plan_that_lends_nothing_has_all_its_pages(tmp_path: Path) -> None:
    nothing = assess(sample_tables(), Settings(budget=50_000.0), load())  # less than the smallest loan
    assert nothing.plan.totals.clients == 0
    for lang in ("zh", "en"):
        path = write(nothing, tmp_path / f"{lang}.xlsx", lang)
        assert opc.check(path) == []
        assert len(openpyxl.load_workbook(path).sheetnames) >= 10


def test_with_very_many_firms_those_lent_to_have_their_own_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credit_udfs.workbook.pages.view.MAX_FIRM_DATA", 6)
    a = sample_assessment()
    path = write(a, tmp_path / "many.xlsx", "en")
    assert opc.check(path) == []
    shown = set(Table(openpyxl.load_workbook(path, data_only=True), "cuFirmData").column("Firm"))
    lent = {firm for firm, yes in zip(a.plan.problem.firms.ids, a.plan.lend, strict=True) if yes}
    assert len(shown) == 6
    assert len(shown & lent) == min(6, len(lent))


def test_every_chart_has_a_title_and_findings_live_where_the_firm_is_chosen() -> None:
    for lang, name in (("zh", "单户分析"), ("en", "One firm")):
        for sheet in openpyxl.load_workbook(result(lang)).worksheets:
            for chart in sheet._charts:
                at = chart.anchor._from
                above = sheet.cell(at.row, at.col + 1)  # counted from 0: the row above the chart
                live = above.data_type == "f" and str(above.value).startswith("=cu_firm&")
                assert live == (sheet.title == name), (sheet.title, above.coordinate)
                assert (chart.title is None) == live


@pytest.mark.libreoffice
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_libreoffice_recalculates_every_page_without_an_error(office: Office, lang: str) -> None:
    known = openpyxl.load_workbook(result(lang), data_only=True)
    with office.open(result(lang)) as document:
        document.calculate()
        sheets = document.ask("sheets")
        assert sheets == known.sheetnames
        for title in sheets:
            used = document.ask("used", sheet=title)
            rows = document.read(f"{title}.{used.rsplit('.', 1)[-1]}" if isinstance(used, str) else f"{title}.A1:CZ200")
            errors = [v for row in rows for v in row if isinstance(v, str) and v.startswith(("#", "Err:"))]
            assert not errors, (title, errors[:3])


@pytest.mark.libreoffice
def test_the_page_of_one_firm_follows_the_choice(office: Office) -> None:
    """Choose every fifth firm in turn: the page says what the core says, its titles what the pages say."""
    a = sample_assessment()
    view = View(a, "en", sample_extras())
    shown = list(range(6))
    with office.open(result("en")) as document:
        for i in range(0, len(a.grade), 5):
            document.put("One firm.C4", [[a.tables.firms["firm"][i]]])
            document.calculate()
            score, pd = document.value("One firm.C10"), document.value("One firm.C11")
            assert score == pytest.approx(float(a.scores.score[i]), abs=1e-9)
            assert pd == pytest.approx(float(a.scores.pd[i]), abs=1e-9)
            points = [row[0] for row in document.read("One firm.J8:J13")]
            assert points == pytest.approx(a.scores.points[i].tolist(), abs=1e-9)
            steps = document.read("One firm.C72:C79")
            assert steps[-1][0] == pytest.approx(score, abs=1e-9)
            title = firm_titles.score_title(view, i, "", ("", ""), "", "", shown)
            assert document.value("One firm.A21") == a.tables.firms["firm"][i] + title.value
            title = firm_titles.months_title(view, i, 0)
            assert document.value("One firm.A48") == a.tables.firms["firm"][i] + title.value


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    made = {lang: structure(result(lang)) for lang in ("zh", "en")}
    GOLDEN.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
