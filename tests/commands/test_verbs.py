"""What the ribbon's verbs say: the same as the API, from the workbook's own tables and settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.table import Table

from credit_udfs import api
from credit_udfs.commands import VERBS
from credit_udfs.core import card
from credit_udfs.errors import BadFile, BadInput
from tests.commands.running import TODAY, WRITING, contents, refused, rows_of, run, yes
from tests.hosts.openpyxl_book import OpenpyxlBook

TEMPLATES = Path(__file__).parents[2] / "templates"


def test_score_all_is_the_api(book: OpenpyxlBook, sample: list[Path]) -> None:
    rows = rows_of(run("score_all", book), "企业代号")
    wanted = api.assess(api.read(sample[1], sample[2], today=TODAY))
    assert [r["企业代号"] for r in rows] == wanted.tables.firms["firm"].to_list()
    assert [r["风险评分"] for r in rows] == wanted.scores.score.tolist()
    assert [r["违约概率"] for r in rows] == wanted.scores.pd.tolist()
    assert [r["评级"] for r in rows] == [wanted.scores.grade_letter(i) for i in range(len(rows))]
    assert [r["年净销售额"] for r in rows] == wanted.indicators["annual_net_sales"].to_list()
    assert all("分" in str(r["原因1"]) for r in rows)


def test_optimise_is_the_api_and_follows_the_settings_sheet(book: OpenpyxlBook, sample: list[Path]) -> None:
    tables = api.read(sample[1], sample[2], today=TODAY)
    plan = run("optimise", book)
    wanted = api.assess(tables).plan
    rows = rows_of(plan, "企业代号")
    assert [r["金额（元）"] for r in rows] == wanted.amount.tolist()
    assert sum(r["预期利润（元）"] for r in rows) == pytest.approx(wanted.value)
    book.apply(run("settings", book), yes)
    sheet = book.workbook["信贷设置"]
    for row in sheet.iter_rows():
        if row[0].value == "cu_budget":
            row[2].value = "1,500,000"
        if row[0].value == "cu_max_churn":
            row[2].value = "50%"
    rows = rows_of(run("optimise", book), "企业代号")
    assert 0 < sum(r["金额（元）"] for r in rows) <= 1_500_000.0 * (1 + 1e-9)


def test_named_cells_are_the_settings_and_named_tables_the_data(book: OpenpyxlBook) -> None:
    workbook = book.workbook
    sheet = workbook.create_sheet("参数")
    for i, (name, value) in enumerate([("cu_budget", 2e6), ("cu_language", "en"), ("cu_severity", 2.0)], 1):
        sheet.cell(i, 1, value)
        workbook.defined_names[name] = DefinedName(name, attr_text=f"'参数'!$A${i}")
    firms = workbook["企业信息"]
    moved = workbook.create_sheet("甲")
    for i, row in enumerate(firms.iter_rows(values_only=True), 3):
        for j, value in enumerate(row, 2):
            moved.cell(i, j, value)
    moved.add_table(Table(displayName="tblFirms", ref=f"B3:{moved.cell(moved.max_row, moved.max_column).coordinate}"))
    del workbook["企业信息"]
    plan = run("optimise", book)
    assert plan.writes[0].sheet == "Lending plan"  # the workbook's own language
    rows = rows_of(plan, "enterprise")
    assert len(rows) == 12
    assert 0 < sum(r["amount (yuan)"] for r in rows) <= 2e6
    settings = run("settings", book)
    assert settings.writes == ()
    assert settings.show == "参数"


def test_the_templates_page_of_indicators_is_filled_for_its_formulas(book: OpenpyxlBook) -> None:
    workbook = book.workbook
    sheet = workbook.create_sheet("指标")
    for i in range(5, 25):
        sheet.cell(i, 9, f"=RISKSCORE(C{i}:H{i})")
    names = {"cu_firm_ids": "$A$5:$A$24", "cu_indicators": "$C$5:$H$24"}
    for name, cells in names.items():
        workbook.defined_names[name] = DefinedName(name, attr_text=f"'指标'!{cells}")
    before = contents(book)
    plan = run("score_all", book)
    assert [write.sheet for write in plan.writes] == ["信贷评分", "指标"]
    assert str(plan.writes[1].area) == "指标!A5:H24"
    assert plan.asks == ()
    book.apply(plan, yes)
    rows = rows_of(plan, "企业代号")
    assert [sheet.cell(i, 1).value for i in range(5, 17)] == [r["企业代号"] for r in rows]
    assert [sheet.cell(i, 2).value for i in range(5, 17)] == [r["企业名称"] for r in rows]
    assert [sheet.cell(i, 3).value for i in range(5, 17)] == [r["年净销售额"] for r in rows]
    assert all(sheet.cell(i, 1).value is None for i in range(17, 25))
    assert sheet["I5"].value == "=RISKSCORE(C5:H5)"
    book.apply(run("undo", book, last=plan), yes)
    assert contents(book) == before
    workbook.defined_names["cu_firm_ids"] = DefinedName("cu_firm_ids", attr_text="'指标'!$A$5:$A$10")
    full = run("score_all", book)
    assert [write.sheet for write in full.writes] == ["信贷评分"]
    assert any("未填写" in str(row[0]) for row in full.writes[0].values)


def test_the_shipped_template_works_with_every_verb() -> None:
    path = TEMPLATES / "sme_credit_example.zh.xlsx"
    workbook = openpyxl.load_workbook(path)
    book = OpenpyxlBook(workbook, path.name, openpyxl.load_workbook(path, data_only=True))
    for verb in WRITING:
        plan = run(verb, book)
        before = {sheet.title for sheet in workbook.worksheets}
        assert set(plan.creates).isdisjoint(before)
        assert {write.sheet for write in plan.writes} <= {*plan.creates, "指标"}
        assert book.apply(plan, yes)
    assert "指标" in {write.sheet for write in run("score_all", book).writes}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_templates_form_says_what_is_to_be_filled_in_and_needs_no_churn_statistics(
    sample: list[Path], lang: Any
) -> None:
    workbook = openpyxl.load_workbook(TEMPLATES / f"sme_credit_template.{lang}.xlsx")
    book = OpenpyxlBook(workbook, "form.xlsx")
    for verb in ("score_all", "optimise", "stress"):
        with pytest.raises(BadFile) as caught:
            run(verb, book, lang)
        assert {problem.key for problem in caught.value.problems} == {"problems.not_filled_in"}
        assert [problem.sheet for problem in caught.value.problems] == workbook.sheetnames[3:6]
    # The start page says that the churn sheet may stay empty.
    for sheet, given in zip(workbook.worksheets[3:6], openpyxl.load_workbook(sample[1]).worksheets, strict=True):
        for i, row in enumerate(given.iter_rows(min_row=2, max_row=90), 2):
            for j, cell in enumerate(row, 1):
                sheet.cell(i, j, cell.value)
    assert "12" in run("score_all", book, lang).summary(lang)


def test_stress_compares_and_takes_the_workbooks_own_growth(book: OpenpyxlBook) -> None:
    plan = run("stress", book)
    rows = rows_of(plan, "企业代号")
    assert all(0 <= r["销售额剩余比例"] <= 1.2 for r in rows)
    assert any("新冠疫情" in str(row[0]) for row in plan.writes[0].values)
    sheet = book.workbook.create_sheet("情景")
    names = sorted({r["行业"] for r in rows} - {"未知"})
    for row in [["行业", "增速"], *([name, -0.5] for name in names)]:
        sheet.append(row)
    sheet.add_table(Table(displayName="tblScenario", ref=f"A1:B{len(names) + 1}"))
    harder = rows_of(run("stress", book), "企业代号")
    assert all(r["销售额剩余比例"] <= 0.5 for r in harder if r["行业"] in names)
    book.workbook.create_sheet("参数")["A1"] = 0.5
    book.workbook.defined_names["cu_severity"] = DefinedName("cu_severity", attr_text="'参数'!$A$1")
    for hard, half in zip(harder, rows_of(run("stress", book), "企业代号"), strict=True):
        assert 1.0 - half["销售额剩余比例"] == pytest.approx((1.0 - hard["销售额剩余比例"]) / 2.0)
    book.workbook["参数"]["A1"] = -1
    assert refused("stress", book) == [("settings.out_of_range", "参数!A1")]
    del book.workbook.defined_names["cu_severity"]
    sheet["B2"] = "很多"
    sheet["A3"] = "没有的行业"
    assert refused("stress", book) == [("settings.growth", "情景!B2"), ("settings.unknown_industry", "情景!A3")]
    assert run("optimise", book).writes  # the growth is the stress test's only


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_model_card_is_the_cards_every_section(book: OpenpyxlBook, lang: Any) -> None:
    model = api.load_model("default")
    shown = [[value for value in row if value is not None] for row in run("model_card", book, lang).writes[0].values]
    sections = list(card.sections(model, lang))
    assert len(sections) == 6
    for section in sections:
        at = shown.index([section.title])
        assert shown[at + 1 : at + 1 + len(section.prose)] == [[line] for line in section.prose]
        for i, row in enumerate(section.rows, at + 2 + len(section.prose)):
            cells = [round(cell.value, cell.decimals) if isinstance(cell, card.Figure) else cell for cell in row]
            assert shown[i] == cells
        assert all([f"- {item}"] in shown for item in section.items)


def test_problems_of_the_tables_come_all_at_once_with_their_cells(book: OpenpyxlBook) -> None:
    sales = book.workbook["销项发票信息"]
    sales["C5"], sales["E7"] = "去年", "很多"
    with pytest.raises(BadFile) as error:
        run("score_all", book)
    told = error.value.text("zh")
    assert "C5" in told
    assert "E7" in told
    assert "book.xlsx" in told
    with pytest.raises(BadFile) as error:
        run("score_all", OpenpyxlBook(openpyxl.Workbook(), "empty.xlsx"))
    assert error.value.text("en") != error.value.text("zh")


def test_verbs_have_names_and_help_in_both_languages(book: OpenpyxlBook) -> None:
    plan = run("help", book)
    from credit_udfs.locale import text

    for verb in VERBS:
        assert text(f"commands.help_{verb}", "zh") in plan.summary_zh
        assert text(f"commands.help_{verb}", "en") in plan.summary_en
        assert text(f"commands.verb_{verb}", "en")
    with pytest.raises(BadInput) as error:
        run("print_money", book)
    assert error.value.key == "commands.unknown_verb"
