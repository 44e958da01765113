"""The common table of calls in LibreOffice: one workbook, a sheet per case, every value to the last bit."""

from __future__ import annotations

import datetime as dt
from typing import Any

import openpyxl
import pytest
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.formula import ArrayFormula

from credit_udfs.cells import REGISTRY
from tests.hosts.cases import CASES, Case, frozen, golden, plain, same_bits
from tests.hosts.office import Office

pytestmark = pytest.mark.libreoffice

ERRORS = {"#N/A": "=NA()", "#DIV/0!": "=1/0"}
LEFT = 60  # the ranges' first column; the call stands at A1


def as_calc_sees(value: Any) -> Any:
    """In Calc a boolean is a number and so is a date: we can't tell, as its own functions can't."""
    if isinstance(value, list):
        return [as_calc_sees(v) for v in value]
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, dt.datetime):
        return float((value - dt.datetime(1899, 12, 30)).days)
    return value


def put(sheet: Any, case: Case) -> str:
    """Write the case's ranges and its call; the address of the answer."""
    expected = REGISTRY[case.name].call(case.args)
    at = f"A1:{get_column_letter(len(expected[0]))}{len(expected)}"
    formula = case.placed(LEFT, lambda row, column, value: sheet.cell(row, column, ERRORS.get(value, value)))
    sheet["A1"] = ArrayFormula(at, formula)
    return at


@pytest.fixture(scope="module")
def shown(office: Office, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What LibreOffice shows for each case."""
    folder = tmp_path_factory.mktemp("cases")
    book = openpyxl.Workbook()
    book.remove(book.active)
    places = {case.id: put(book.create_sheet(f"s{i}"), case) for i, case in enumerate(CASES)}
    book.save(folder / "cases.xlsx")
    found = {}
    with office.open(folder / "cases.xlsx") as opened:
        opened.calculate()
        for i, (key, at) in enumerate(places.items()):
            found[key] = [
                [{"error": v} if isinstance(v, str) and v.startswith(("#", "Err:")) else v for v in row]
                for row in opened.read(f"s{i}.{at}")
            ]
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_case_gives_its_golden_value(shown: dict[str, Any], case: Case) -> None:
    found = shown[case.id]
    if "count" in case.tags:
        # Calc itself refuses the call, with an error of its own.
        assert set(found[0][0]) == {"error"}
        return
    if {"boolean", "date"} & case.tags and case.name == "RISKSCORE":
        assert same_bits(found, plain(REGISTRY[case.name].call([as_calc_sees(arg) for arg in case.args])))
        return
    assert same_bits(frozen(found), golden()[case.id])
