"""The pages of reports, alone and in a result: what they say is what the report holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from credit_udfs.core.validation import Report
from credit_udfs.workbook.pages import Extras
from credit_udfs.workbook.write import write, write_report
from tests.workbook import opc
from tests.workbook.reports import made_up_figures, made_up_report
from tests.workbook.results import EPOCH, sample_assessment


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = write_report(
        tmp_path_factory.mktemp("reports") / "r.xlsx", "en", validation=made_up_report(), reproduction=made_up_figures()
    )
    assert opc.check(path) == []
    return openpyxl.load_workbook(path)


def rows(sheet: Any, table: str) -> list[dict[str, Any]]:
    cells = sheet[sheet.tables[table].ref]
    head = [cell.value for cell in cells[0]]
    return [dict(zip(head, (cell.value for cell in line), strict=True)) for line in cells[1:]]


def words(sheet: Any) -> str:
    return "\n".join(cell.value for line in sheet.iter_rows() for cell in line if isinstance(cell.value, str))


def test_a_report_alone_has_its_pages_and_the_same_bytes_again(tmp_path: Path) -> None:
    paths = [
        write_report(tmp_path / f"{i}.xlsx", "zh", validation=made_up_report(), source_date_epoch=EPOCH) for i in (1, 2)
    ]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert openpyxl.load_workbook(paths[0]).sheetnames == ["检验"]
    alone = write_report(tmp_path / "r.xlsx", "en", reproduction=made_up_figures())
    assert openpyxl.load_workbook(alone).sheetnames == ["Reproduction"]


def test_ours_stands_against_each_paper_s_method(book: Any) -> None:
    report, table = made_up_report(), rows(book["Validation"], "cuValidationPapers")
    assert [line["Method"] for line in table] == ["TOPSIS", "Logistic"]
    assert [line["Verdict"] for line in table] == ["level", "ahead"]
    for line, c in zip(table, report.papers, strict=True):
        assert (line["That paper's own indicators"], line["Ours"], line["Theirs"]) == (c.indicators_en, c.ours, c.value)
        assert (line["Difference"], line["p"], line["p, Holm"]) == (c.difference.value, c.difference.p, c.holm)
    said = words(book["Validation"])
    assert "ahead of 1 of the papers' 2 methods, level with 1, and significantly behind 0" in said
    assert "80 firms can show: with 80% power at the 5% level" in said
    assert "of 0.060 (the median; 0.040 to 0.100" in said


def test_secondary_measures_say_where_ours_is_not_ahead(book: Any) -> None:
    sheet = book["Validation"]
    topsis, logistic = rows(sheet, "cuValidationSecondary")
    assert topsis["Where ours isn't significantly ahead"] == "Default AUC"
    assert logistic["Where ours isn't significantly ahead"] == "Default Brier"
    assert logistic["Default AUC"] == 0.05
    assert logistic["Default Brier"] == -0.05  # less is better: ours is worse
    assert logistic["Grade RPS"] == 0.05
    assert (
        "In 4 comparisons with 2 other methods, ours and the baselines among them, it is significantly behind in 1"
        in (words(sheet))
    )


def test_figures_of_every_method_with_training_beside(book: Any) -> None:
    report, sheet = made_up_report(), book["Validation"]
    ours = report.method("two_step")
    assert ours.default is not None
    assert ours.grade is not None
    default, grade = rows(sheet, "cuValidation")[0], rows(sheet, "cuValidationGrades")[0]
    assert (default["AUC"], default["AUC, training"]) == (ours.default.auc.value, 0.99)
    assert (default["Slope, low"], default["Slope, high"]) == (ours.default.slope.low, ours.default.slope.high)
    assert (grade["RPS"], grade["Kappa, training"]) == (ours.grade.ranked.value, 0.8)
    assert rows(sheet, "cuValidationGrades")[1]["RPS"] is None  # TOPSIS has no grades
    assert "p2_cnn (too slow for quick mode)" in words(sheet)


def test_the_confusion_matrix_is_the_report_s(book: Any) -> None:
    sheet, report = book["Validation"], made_up_report()
    quality = report.method("two_step").grade
    assert quality is not None
    (head,) = [c for line in sheet.iter_rows(max_col=14) for c in line if c.value == "True grade" and c.column == 3]
    shown = [[sheet.cell(head.row + 1 + i, 4 + j).value for j in range(4)] for i in range(4)]
    assert shown == [pytest.approx(line) for line in quality.confusion]
    assert sum(map(sum, shown)) == pytest.approx(report.firms)
    scaled = [str(r.sqref) for r in sheet.conditional_formatting if r.rules[0].type == "colorScale"]
    assert scaled == [f"D{head.row + 1}:G{head.row + 4}"]


def test_charts_are_native(book: Any) -> None:
    assert [type(c).__name__ for c in book["Validation"]._charts] == [
        "ScatterChart", "ScatterChart", "BarChart", "BarChart",
    ]  # fmt: skip
    assert [type(c).__name__ for c in book["Reproduction"]._charts] == ["BarChart"]


def test_what_must_be_said_beside_is_said(book: Any) -> None:
    said = words(book["Validation"])
    for part in (
        "Shuffled labels: default AUC",
        "Nested selection: default AUC",
        "Only invoices up to 2018-12-31",
        "1 firm has no invoice by then",
        "A linear classifier on the six can't tell them apart",
        "They can be told apart: scored firms differ",
        "7 sole traders are scored: mean default probability 30.0%",
        "2.10 grades on average",
        "10 of 40 scored firms have at least one indicator outside",
        "Quick mode",
        "It was declared after first results",
    ):
        assert part in said, part
    shifted = rows(book["Validation"], "cuValidationShift")
    assert len(shifted) == 6
    assert shifted[0]["Reading (by PSI)"].startswith("shifted")
    # Not told apart, and shifted: one statement says both, in the checks and above the table.
    cells = [cell for row in book["Validation"].iter_rows(values_only=True) for cell in row if isinstance(cell, str)]
    said = [cell for cell in cells if "can't tell them apart" in cell]
    assert len(said) == 2
    assert all("taken alone, Annual net sales" in cell and "shifted (PSI" in cell for cell in said)


def test_a_report_of_one_method_without_scored_firms(tmp_path: Path) -> None:
    report = made_up_report()
    bare: Report = replace(
        report, methods=report.methods[1:2], comparisons=(), papers=(), power=None, selection=None, shift=None,
        conformal=(), skipped={}, dated=replace(report.dated, silent=0),
    )  # fmt: skip
    path = write_report(tmp_path / "bare.xlsx", "en", validation=bare)
    assert opc.check(path) == []
    said = words(openpyxl.load_workbook(path)["Validation"])
    assert "No firms to be scored were given" in said
    assert "Every firm has invoices by then" in said
    assert "nan" not in said


def test_a_result_says_whether_the_report_is_about_its_own_files(tmp_path: Path) -> None:
    assessment, report = sample_assessment(), made_up_report()
    same = replace(report, data={s.file: s.sha256 for s in assessment.tables.sources})
    for name, shown, part in (("a", same, "This run read the same files"), ("b", report, "did not read 附件1.xlsx")):
        path = write(assessment, tmp_path / f"{name}.xlsx", "en", extras=Extras(validation=shown))
        assert part in words(openpyxl.load_workbook(path, read_only=True)["Validation"])


def test_figures_of_the_papers_are_numbers_written_as_the_paper_writes(book: Any) -> None:
    sheet, figures = book["Reproduction"], made_up_figures()
    table = rows(sheet, "cuReproduction")
    assert [line["Ours"] for line in table] == [f.ours for f in figures]
    assert [line["Definition"] for line in table] == [f.definition("en") for f in figures]
    assert [line["Verdict"] for line in table] == [
        "reproduces", "with the paper's mistake", "does not", "with the paper's mistake", "does not",
    ]  # fmt: skip
    top = sheet[sheet.tables["cuReproduction"].ref][1][5]
    formats = [sheet.cell(top.row + i, 6).number_format for i in range(len(figures))]
    assert formats == ["0.000%", "#,##0.0000", "#,##0", "0.0000E+00", "#,##0.000"]
