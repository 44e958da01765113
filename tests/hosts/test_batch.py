"""The batch: every case of the common table, every spelling, and what a file may bring along."""

from __future__ import annotations

import datetime as dt
import struct
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from credit_udfs import models
from credit_udfs.cells import REGISTRY
from credit_udfs.cells.functions import arguments
from credit_udfs.hosts.batch import calc
from tests.hosts.batch_books import SCORE, book_with, run, shown
from tests.hosts.cases import CASES, GOOD, Case, frozen, golden, same_bits

GOLDEN = golden()


def in_cells(case: Case, folder: Path) -> tuple[Path, str]:
    """The case's ranges written into a sheet, and its call at A1 as a formula."""
    book = openpyxl.Workbook()
    sheet = book.active

    def put(row: int, column: int, value: Any) -> None:
        cell = sheet.cell(row, column)
        cell.value = value
        if isinstance(value, str) and not value.startswith("#"):
            cell.data_type = "s"

    sheet["A1"] = case.placed(10, put)
    path = folder / "case.xlsx"
    book.save(path)
    return path, sheet.title


IN_FILES = [pytest.param(c, marks=pytest.mark.slow) if "long" in c.tags else c for c in CASES]


@pytest.mark.parametrize("case", IN_FILES, ids=[case.id for case in CASES])
def test_every_case_gives_the_golden_values(case: Case, tmp_path: Path) -> None:
    path, title = in_cells(case, tmp_path)
    out = tmp_path / "out.xlsx"
    report = calc(path, out)
    assert not report.failures, report.lines("en")
    sheet = openpyxl.load_workbook(out)[title]
    rows = [
        [{"error": c.value} if c.data_type == "e" else "" if c.value is None else c.value for c in cells]
        for cells in sheet.iter_rows(max_col=9)
    ]
    wanted = GOLDEN[case.id]
    height = wanted["rows"] if isinstance(wanted, dict) else len(wanted)
    width = len(wanted["first"] if isinstance(wanted, dict) else wanted[0])
    assert same_bits(frozen([row[:width] for row in rows[:height]]), wanted)
    assert all(v == "" for row in rows[height:] for v in row)
    assert all(v == "" for row in rows for v in row[width:])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_python_api_gives_the_golden_values(case: Case) -> None:
    from tests.hosts.cases import plain

    assert same_bits(frozen(plain(REGISTRY[case.name].call(case.args))), GOLDEN[case.id])


@pytest.mark.parametrize(
    "formula",
    [
        "=RISKSCORE(firms!A1:F1)",
        "=riskscore(firms!$A$1:$F$1)",
        "=_xldudf_RISKSCORE(firms!A1:F1)",
        "=_xldudf_CREDIT_RISKSCORE(firms!A1:F1)",
        r"='C:\Program Files\credit_udfs.xlam'!RISKSCORE(firms!A1:F1)",
        "=credit_udfs.xlam!RISKSCORE(firms!A1:F1)",
        "=[1]!RISKSCORE(firms!A1:F1)",
        "=_xll.RISKSCORE(firms!A1:F1)",
        "=COM.EXAMPLE.CREDITUDFS.RISKSCORE(firms!A1:F1)",
        "=@RISKSCORE(firms!A1:F1)",
        "=RISKSCORE( 'firms'!A1:F1 , )",
        "=RISKSCORE(firms!A1:F1)+0",
        "=IF(TRUE,RISKSCORE(firms!A1:F1),RISKSCORE(nowhere!A1:F1))",
        "=IFERROR(RISKSCORE(firms!A5:F5),RISKSCORE(firms!A1:F1))",
        "=SUM(RISKSCORE(firms!A1:F3))-RISKSCORE(firms!A2:F2)-RISKSCORE(firms!A3:F3)+0*1",
        "=INDEX(RISKSCORE(firms!A1:F3),1)",
        "=-(-RISKSCORE(firms!A1:F1))",
        "=RISKSCORE({52000000,3.1,0.18,0.93,0.04,0.22})",
    ],
)
def test_every_spelling_and_nesting(formula: str, tmp_path: Path) -> None:
    value = shown(tmp_path, {"A1": formula})
    if "SUM" in formula:
        assert value == pytest.approx(SCORE, rel=1e-12)  # sums round
    else:
        assert struct.pack("<d", value) == struct.pack("<d", SCORE)


def test_errors_are_real_errors_with_their_reasons(tmp_path: Path) -> None:
    path = book_with(
        tmp_path, {"A1": "=RISKSCORE(firms!A1:F6)", "C1": '=CHURNRATE(0.5,"A")', "D1": "=RISKSCORE(1,2,3)"}
    )
    _, report = run(path)
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx")["表 1"]
    assert [sheet[a].value for a in ("A5", "A6", "C1", "D1")] == ["#N/A", "#N/A", "#NUM!", "#VALUE!"]
    assert all(sheet[a].data_type == "e" for a in ("A5", "A6", "C1", "D1"))
    assert isinstance(sheet["A1"].value, float)
    reasons = {p.cell: p for p in report.errors}
    assert "0.15" in reasons["C1"].en
    assert "0.15" in reasons["C1"].zh


def test_a_missing_or_damaged_model_is_its_own_cells_error_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / "models"
    left.mkdir()
    for file in Path(models.__file__).parent.glob("*.json"):
        if file.stem != "p4_logistic":
            (left / file.name).write_bytes(file.read_bytes())
    (left / "p1_fisher.json").write_bytes(b"\xff{}")
    cells = {
        "A1": "=RISKSCORE(firms!A1:F1)",
        "A2": '=DEFAULTPROB(firms!A1:F1,"p4_logistic")',
        "A3": '=DEFAULTPROB(firms!A2:F2,"p4_logistic")',
        "A4": '=DEFAULTPROB(firms!A1:E1,"p1_fisher")',
        "A5": '=MODELINFO("firms","p1_fisher")',
        "A6": '=MODELINFO("firms","p3_svm")',
    }
    caches = (models.load, arguments.model_card, arguments.columns_of)
    monkeypatch.setattr(models, "files", lambda package: left)
    for cached in caches:
        cached.cache_clear()
    try:
        book, report = run(book_with(tmp_path, cells))
    finally:
        for cached in caches:
            cached.cache_clear()
    assert not report.failures
    values = [row[0].value for row in book["表 1"]["A1:A6"]]
    assert values == [GOLDEN["score_one"][0][0], "#N/A", "#N/A", "#N/A", "#N/A", 123]
    said = {error.cell: error.en for error in report.errors}
    assert '"p4_logistic"' in said["A2"]
    assert "p1_fisher.json" in said["A4"]
    assert set(said) == {"A2", "A3", "A4", "A5"}


def test_many_single_cells_are_few_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from credit_udfs.cells.functions import scoring

    calls: list[int] = []
    real = scoring.scores_of

    def counted(block: Any, method: str, **parts: bool) -> Any:
        calls.append(len(block))
        return real(block, method, **parts)

    monkeypatch.setattr(scoring, "scores_of", counted)
    book = openpyxl.Workbook()
    sheet = book.active
    for i in range(1, 501):
        for j, value in enumerate(GOOD, 1):
            sheet.cell(i, j, value * (1 + i / 1000))
        sheet.cell(i, 8, f"=RISKSCORE(A{i}:F{i})")
    path = tmp_path / "in.xlsx"
    book.save(path)
    _, report = run(path)
    assert calls == [500]
    assert report.calls == 500


def test_dates_and_stored_dates_reach_our_functions(tmp_path: Path) -> None:
    cells: dict[str, Any] = {"A1": "=INDICATORS(J1:L3,N1:P2)"}
    for r, (day, who, amount) in enumerate([(dt.datetime(2019, 1, 5), "B", 100.0), (43600, "B", 50.0),
                                            ("2019年9月1日", "C", 25.0)], 1):  # fmt: skip
        cells |= {f"J{r}": day, f"K{r}": who, f"L{r}": amount}
    cells |= {"N1": dt.date(2019, 2, 1), "O1": "S", "P1": 10.0}
    path = book_with(tmp_path, cells)
    book, report = run(path)
    assert not report.failures
    wanted = REGISTRY["INDICATORS"].call(
        [
            [["2019-01-05", "B", 100.0], ["2019-05-15", "B", 50.0], ["2019-09-01", "C", 25.0]],
            [["2019-02-01", "S", 10.0]],
        ]
    )
    assert [book["表 1"].cell(1, c).value for c in range(1, 7)] == wanted[0]
