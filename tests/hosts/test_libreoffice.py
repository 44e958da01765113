"""The extension in a real LibreOffice: .xlsx in, everything recalculated, values read from real cells."""

from __future__ import annotations

import random
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula

from addin.libreoffice.parts import MENU_VERBS, SERVICE
from credit_udfs.cells import REGISTRY
from credit_udfs.cells.spec import ErrorValue
from credit_udfs.hosts import libreoffice_link
from tests.hosts import office as suite
from tests.hosts.office import Office, OfficeError

pytestmark = pytest.mark.libreoffice

FIRM = [5.2e7, 3.1, 0.18, 0.93, 0.04, 0.22]
# As a file has them: formulas whose values are these errors.
ERRORS = {"#N/A": "=NA()", "#DIV/0!": "=1/0", "#NUM!": "=10^400", "#VALUE!": '="x"*1'}


@pytest.fixture(scope="module")
def alone(oxt: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """LibreOffice with the extension, but no package to be found."""
    suite.require()
    nowhere = {libreoffice_link.INTERPRETER: "", "XDG_CONFIG_HOME": str(tmp_path_factory.mktemp("config"))}
    with Office(oxt, environment=nowhere) as running:
        yield running


def bits(value: Any) -> Any:
    """What is compared: a number's bits, a text, an error's name."""
    if isinstance(value, ErrorValue):
        return value.code
    if isinstance(value, bool):
        value = float(value)
    return struct.pack("<d", value) if isinstance(value, (int, float)) else value


def by_bits(rows: list[list[Any]]) -> list[list[Any]]:
    return [[bits(value) for value in row] for row in rows]


def ask(office: Office, folder: Path, name: str, *args: Any) -> list[list[Any]]:
    """The cells of NAME(args) as an array formula in an .xlsx, recalculated; a list is put into a range."""
    book = openpyxl.Workbook()
    sheet = book.active
    written, column = [], 1
    for arg in args:
        if not isinstance(arg, list):
            written.append(f'"{arg}"' if isinstance(arg, str) else "" if arg is None else repr(arg))
            continue
        for y, row in enumerate(arg):
            for x, value in enumerate(row):
                sheet.cell(y + 1, column + x, ERRORS.get(value, value) if isinstance(value, str) else value)
        first, last = sheet.cell(1, column), sheet.cell(len(arg), column + len(arg[0]) - 1)
        written.append(f"{first.coordinate}:{last.coordinate}")
        column += len(arg[0]) + 1
    expected = REGISTRY[name].call(list(args))
    top, end = sheet.cell(1, column), sheet.cell(len(expected), column + len(expected[0]) - 1)
    at = f"{top.coordinate}:{end.coordinate}"
    sheet[top.coordinate] = ArrayFormula(at, f"={name}({','.join(written)})")
    path = folder / f"{name}.xlsx"
    book.save(path)
    with office.open(path) as opened:
        opened.calculate()
        return opened.read(at)


def check(office: Office, folder: Path, name: str, *args: Any) -> None:
    assert by_bits(ask(office, folder, name, *args)) == by_bits(REGISTRY[name].call(list(args)))


def firms(count: int, seed: int = 7) -> list[list[float | None]]:
    """Indicators of 15 digits: openpyxl writes no more than 16 into a file."""
    draw = random.Random(seed)
    return [
        [
            None if draw.random() < 0.04 else float(f"{value:.15g}")
            for value in (10 ** draw.uniform(3, 9), draw.uniform(0.2, 5), *(draw.random() for _ in range(4)))
        ]
        for _ in range(count)
    ]


# --- values ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["RISKSCORE", "DEFAULTPROB", "CREDITGRADE", "GRADEPROBS", "RISKREASONS"])
def test_scores_with_every_row_trouble(office: Office, tmp_path: Path, name: str) -> None:
    rows = [
        FIRM,
        [None, 3.1, None, 0.93, 0.04, 0.22],
        [None, None, None, 0.93, 0.04, 0.22],
        ["5,200万", 3.1, 0.18, 0.93, 0.04, 0.22],
        ["52,000,000", "３.１", "18%", 0.93, 0.04, 0.22],
        *([*FIRM[:5], error] for error in ERRORS),
        ["#DIV/0!", 3.1, "x", 0.93, "#N/A", 0.22],
        [-1e9, 0, 7, -3, 2, 1e12],
    ]
    check(office, tmp_path, name, rows)


@pytest.mark.parametrize("args", [("en",), ("zh",), ("EN", "default"), ("fr",), ("en", "other")])
def test_reasons_in_the_language_asked_for(office: Office, tmp_path: Path, args: tuple[str, ...]) -> None:
    check(office, tmp_path, "RISKREASONS", [FIRM], *args)


@pytest.mark.parametrize("width", [1, 5, 7])
def test_wrong_width_is_one_error(office: Office, tmp_path: Path, width: int) -> None:
    check(office, tmp_path, "RISKSCORE", [[1.0] * width] * 2)


@pytest.mark.parametrize("grade", ["A", "b", "Ｃ", "D", "E"])
@pytest.mark.parametrize("rate", [0.04, 0.0585, 0.15, 0.2, "5.85%"])
def test_churn(office: Office, tmp_path: Path, rate: Any, grade: str) -> None:
    check(office, tmp_path, "CHURNRATE", rate, grade)


def test_churn_of_rows_and_columns(office: Office, tmp_path: Path) -> None:
    check(office, tmp_path, "CHURNRATE", [[0.04], [0.08], [None], ["x"]], [["A", "B", "C", "D", "x"]])


LOANS = [[0.01, "A"], [0.03, "B"], [0.02, "B"], [0.09, "C"], [0.6, "D"]]


def test_what_the_helper_computes(office: Office, tmp_path: Path) -> None:
    pds, grades = [[pd] for pd, _ in LOANS], [[grade] for _, grade in LOANS]
    check(office, tmp_path, "BESTRATE", pds, grades)
    check(office, tmp_path, "BESTRATE", pds, grades, 0.6, 0.02)
    check(office, tmp_path, "BESTRATE", 0.02, "A", None, None, "none")
    check(office, tmp_path, "EXPECTEDPROFIT", 500000, 0.06, 0.02, "A")
    check(office, tmp_path, "ALLOCATE", [*LOANS, [None, "A"]], 2000000)
    check(office, tmp_path, "ALLOCATE", [*LOANS, ["#N/A", "A"]], 2000000)
    check(office, tmp_path, "ALLOCATE", LOANS, -1)
    check(office, tmp_path, "INDUSTRY", [["***建筑工程有限公司"], ["个体经营E1"], ["x"]])
    check(office, tmp_path, "MODELINFO")


def test_ten_thousand_rows(office: Office, tmp_path: Path) -> None:
    rows = firms(10_000)
    expected = by_bits(REGISTRY["RISKSCORE"].call([rows]))
    # By LibreOffice's own Python, or, once the helper runs, by its numpy: nobody can tell from the bits.
    check(office, tmp_path, "BESTRATE", 0.02, "A")
    assert by_bits(ask(office, tmp_path, "RISKSCORE", rows)) == expected
    check(office, tmp_path, "GRADEPROBS", rows)


def test_ten_thousand_single_cells(alone: Office) -> None:
    rows = firms(10_000, seed=8)
    with alone.new() as book:
        book.put("A1:F10000", rows)
        book.formulas("H1:H10000", [[f"=RISKSCORE(A{i}:F{i})"] for i in range(1, 10_001)])
        book.calculate()
        assert by_bits(book.read("H1:H10000")) == by_bits(REGISTRY["RISKSCORE"].call([rows]))


def test_indicators_that_are_formulas_are_calculated_first(office: Office) -> None:
    with office.new() as book:
        count = 300
        book.put("A1:F1", [FIRM])
        # Each row's sales depend on the row below, so that no order of rows is the order of calculation.
        rows = [[f"=A{i + 1}*0.99", *(f"={c}$1" for c in "BCDEF")] for i in range(2, count + 1)]
        book.formulas(f"A2:F{count}", rows)
        book.formulas(f"A{count + 1}", [["52000000"]])
        book.formulas(f"H1:H{count}", [[f"=RISKSCORE(A{i}:F{i})"] for i in range(1, count + 1)])
        book.calculate()
        inputs = book.read(f"A1:F{count}")
        assert by_bits(book.read(f"H1:H{count}")) == by_bits(REGISTRY["RISKSCORE"].call([inputs]))


def test_a_changed_cell_recalculates_its_score(office: Office) -> None:
    with office.new() as book:
        book.put("A1:F1", [FIRM])
        book.formulas("H1", [["=RISKSCORE(A1:F1)"]])
        before = book.value("H1")
        book.put("B1", [[1.0]])
        assert book.value("H1") == REGISTRY["RISKSCORE"].call([[[*FIRM[:1], 1.0, *FIRM[2:]]]])[0][0] != before


# --- the host's own limits, so that a change of them is noticed --------------------------------------------


def test_an_array_that_a_formula_computes_is_refused_as_records(office: Office) -> None:
    with office.new() as book:
        book.formulas("A1", [["=RISKSCORE({1;2;3;4;5;6})"]])
        assert book.value("A1") == "Err:504"
        book.array("A3", '=CHURNRATE({0.05;0.06};"A")')  # where values go, an array may
        assert isinstance(book.value("A3"), float)


def test_a_blank_single_cell_is_never_taken_for_a_number_that_counts(office: Office) -> None:
    """Calc gives a blank cell as 0 where one value goes; a range of one keeps the blank."""
    shown = {
        '=CHURNRATE(Z1;"A")': "#NUM!",  # no rate is 0
        '=CHURNRATE(Z1:Z1;"A")': "#N/A",
        "=CHURNRATE(0.05;Z1)": "#N/A",
        '=BESTRATE(Z1;"A")': "#N/A",
        '=BESTRATE(Z1:Z1;"A")': "#N/A",
        '=BESTRATE("0";"A")': REGISTRY["BESTRATE"].call([0.0, "A"])[0][0],
        "=BESTRATE(0.02;Z1)": "#N/A",
        '=BESTRATE(0.02;"A";Z1)': "#N/A",
        '=BESTRATE(0.02;"A";Z1:Z1)': REGISTRY["BESTRATE"].call([0.02, "A"])[0][0],
        '=EXPECTEDPROFIT(0;0.06;0.02;"A")': 0.0,  # an amount may well be 0
        '=STRESSFACTOR("Retail trade";;;0)': 1.0,  # and so may a shock
        "=INDUSTRY(Z1)": "#N/A",
        "=RISKSCORE(A1:F1;Z1)": REGISTRY["RISKSCORE"].call([[FIRM]])[0][0],
        "=RISKREASONS(A1:F1;Z1;Z1)": REGISTRY["RISKREASONS"].call([[FIRM]])[0][0],
    }
    with office.new() as book:
        book.put("A1:F1", [FIRM])
        book.formulas(f"H1:H{len(shown)}", [[formula] for formula in shown])
        found = [row[0] for row in book.read(f"H1:H{len(shown)}")]
        assert dict(zip(shown, map(bits, found), strict=True)) == {f: bits(v) for f, v in shown.items()}


# --- files -----------------------------------------------------------------------------------------------


def test_cached_values_are_not_believed(office: Office, tmp_path: Path) -> None:
    """A test that reads what was saved would pass without the extension: this one would not."""
    plain = tmp_path / "plain.xlsx"
    book = openpyxl.Workbook()
    for x, value in enumerate(FIRM, 1):
        book.active.cell(1, x, value)
    book.active["H1"] = "=RISKSCORE(A1:F1)"
    book.save(plain)
    stale = tmp_path / "stale.xlsx"
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(stale, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                assert b"<v></v>" in content or b"<v />" in content or b"<v/>" in content
                for empty in (b"<v></v>", b"<v />", b"<v/>"):
                    content = content.replace(empty, b"<v>77.5</v>")
            new.writestr(name, content)
    with office.open(stale) as opened:
        assert opened.value("H1") == 77.5
        opened.calculate()
        assert bits(opened.value("H1")) == bits(REGISTRY["RISKSCORE"].call([[FIRM]])[0][0])


@pytest.mark.parametrize(
    "formula",
    [
        "=RISKSCORE(A1:F1)",
        '=IF(RISKSCORE(A1:F1)>60,"复核","通过")',
        "=IFERROR(RISKSCORE(A1:E1),-1)",
        "=1-DEFAULTPROB(A1:F1)",
    ],
)
def test_formulas_survive_a_round_trip_through_xlsx(office: Office, tmp_path: Path, formula: str) -> None:
    path, saved = tmp_path / "in.xlsx", tmp_path / "out.xlsx"
    book = openpyxl.Workbook()
    for x, value in enumerate(FIRM, 1):
        book.active.cell(1, x, value)
    book.active["H1"] = formula
    book.save(path)
    with office.open(path) as opened:
        opened.calculate()
        value = opened.value("H1")
        opened.ask("store", path=str(saved))
    assert openpyxl.load_workbook(saved).active["H1"].value == formula
    shown = openpyxl.load_workbook(saved, data_only=True).active["H1"].value
    assert shown == pytest.approx(value, rel=1e-14) if isinstance(value, float) else shown == value


def test_formulas_survive_a_round_trip_through_ods(office: Office, tmp_path: Path) -> None:
    saved = tmp_path / "out.ods"
    with office.new() as book:
        book.put("A1:F1", [FIRM])
        book.formulas("H1", [["=RISKSCORE(A1:F1)"]])
        before = book.value("H1")
        book.ask("store", path=str(saved), filter="calc8")
    with office.open(saved) as opened:
        opened.calculate()
        assert bits(opened.value("H1")) == bits(before)


def test_a_broken_file_is_reported(office: Office, tmp_path: Path) -> None:
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04 nothing of a workbook")
    with pytest.raises(OfficeError, match=r"broken\.xlsx"):
        office.open(broken)


# --- wizard and menu -------------------------------------------------------------------------------------


def test_the_wizard_shows_every_function(office: Office) -> None:
    known = office.ask("functions")
    for name, function in REGISTRY.items():
        _, description, arguments = known[name]
        assert description == function.help_en
        assert [a[0] for a in arguments] == [arg.name for arg in function.args]
        assert all(shown[1].startswith(arg.help_en) for shown, arg in zip(arguments, function.args, strict=True))


@pytest.mark.parametrize(("locale", "lang"), [("zh-CN", "zh"), ("en-GB", "en"), ("de", "en")])
def test_help_in_the_interfaces_language(office: Office, locale: str, lang: str) -> None:
    path = f"/org.openoffice.Office.CalcAddIns/AddInInfo/{SERVICE}/AddInFunctions"
    shown = office.ask("configuration", path=path, locale=locale)
    for name, function in REGISTRY.items():
        node = shown[name.lower()]
        assert node["DisplayName"] == name
        assert node["Description"] == (function.help_zh if lang == "zh" else function.help_en)


def test_the_menu_is_there(office: Office) -> None:
    shown = office.ask("configuration", path="/org.openoffice.Office.Addons/AddonUI", locale="zh-CN")
    menu = next(m for m in shown["OfficeMenuBar"].values() if m["Title"] == "信贷")
    assert [item["URL"] for item in menu["Submenu"].values()] == [f"creditudfs:{verb}" for verb in MENU_VERBS]
    toolbar = next(t for name, t in shown["OfficeToolBar"].items() if name.startswith("creditudfs"))
    assert next(item["Title"] for item in toolbar.values()).startswith("全部评分：")


# --- without the package ---------------------------------------------------------------------------------


def test_without_the_package_scores_are_computed_and_the_rest_is_a_clear_error(alone: Office) -> None:
    with alone.new() as book:
        book.put("A1:F1", [FIRM])
        book.formulas(
            "H1:H4", [["=RISKSCORE(A1:F1)"], ['=CHURNRATE(0.05;"A")'], ['=BESTRATE(0.02;"A")'], ["=ALLOCATE(A1:B1;1)"]]
        )
        book.array("J1:J2", "=INDUSTRY(A1:A2)")
        book.calculate()
        assert by_bits(book.read("H1:H2")) == by_bits(
            [*REGISTRY["RISKSCORE"].call([[FIRM]]), *REGISTRY["CHURNRATE"].call([0.05, "A"])]
        )
        assert book.read("H3:H4") == [["#N/A"], ["#N/A"]]
        assert book.read("J1:J2") == [["#N/A"], ["#N/A"]]
