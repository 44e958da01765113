"""The menu's verbs in a real LibreOffice: what is written, what is asked, what comes back."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils import get_column_letter

from addin.libreoffice.parts import MENU_VERBS, TOOLBAR
from credit_udfs import api
from credit_udfs.hosts import libreoffice_link
from credit_udfs.locale import text
from credit_udfs.workbook.sample import write_sample
from templates.build import build
from tests.hosts.office import Book, Office

pytestmark = pytest.mark.libreoffice

EXAMPLES = Path(__file__).parents[2] / "templates"
SCORES, PLAN, SETTINGS = "Credit scores", "Lending plan", "Credit settings"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("verbs")


@pytest.fixture(scope="module")
def book_path(folder: Path) -> Path:
    """The synthetic attachments 1 and 3 in one workbook."""
    paths = write_sample(folder / "sample", firms=(12, 0), size=0.05)
    book = openpyxl.load_workbook(paths[0])
    for source in openpyxl.load_workbook(paths[-1]).worksheets:
        sheet = book.create_sheet(source.title)
        for row in source.iter_rows(values_only=True):
            sheet.append(row)
    book.save(folder / "book.xlsx")
    return folder / "book.xlsx"


@pytest.fixture
def book(office: Office, book_path: Path) -> Iterator[Book]:
    with office.open(book_path) as opened:
        yield opened


def do(book: Book, verb: str, **arguments: Any) -> tuple[bool, str]:
    done, told = book.ask("dispatch", command=f"creditudfs:{verb}", **arguments)
    return done, told


def sheets(book: Book) -> list[str]:
    found: list[str] = book.ask("sheets")
    return found


def page(book: Book, sheet: str) -> list[list[Any]]:
    rows, columns = book.ask("used", sheet=sheet)
    last = f"{get_column_letter(columns)}{rows}"
    return book.read(f"{sheet}.A1:{last}")


def everything(book: Book) -> dict[str, list[list[Any]]]:
    return {sheet: page(book, sheet) for sheet in sheets(book)}


def table(rows: list[list[Any]], first: str) -> list[dict[str, Any]]:
    """The records below the header row that begins with `first`."""
    at = next(i for i, row in enumerate(rows) if row[0] == first)
    return [dict(zip(rows[at], row, strict=True)) for row in rows[at + 1 :] if row[0] != ""]


def test_score_all_writes_what_the_python_api_gives(book: Book, book_path: Path) -> None:
    before = sheets(book)
    done, told = do(book, "score_all")
    assert done, told
    assert "12 firms" in told
    assert sheets(book) == [*before, SCORES]
    assessment = api.assess(api.read(book_path))
    records = table(page(book, SCORES), text("commands.col_firm", "en"))
    found = [record[text("commands.col_score", "en")] for record in records]
    expected = assessment.scores.score.tolist()
    assert [struct.pack("<d", v) for v in found] == [struct.pack("<d", v) for v in expected]


def test_undo_puts_back_every_cell(book: Book) -> None:
    before = everything(book)
    assert do(book, "optimise")[0]
    assert PLAN in sheets(book)
    done, told = do(book, "undo")
    assert done, told
    assert everything(book) == before
    assert do(book, "undo") == (False, "There is no write to undo.")


def test_ctrl_z_takes_the_cells_back_and_again(book: Book) -> None:
    before = everything(book)
    assert do(book, "score_all")[0]
    after = everything(book)
    assert book.ask("undo_titles") == ["Credit: Score all"]
    empty = {**before, SCORES: [[""]]}  # Calc can't take back a sheet in the same step
    for _ in range(2):
        book.ask("undo")
        assert everything(book) == empty
        book.ask("redo")
        assert everything(book) == after
    assert book.ask("undo_titles") == ["Credit: Score all"]
    book.ask("undo")
    assert do(book, "undo") == (False, "There is no write to undo.")


def test_ctrl_z_has_nothing_left_once_the_sheet_has_gone(book: Book) -> None:
    assert do(book, "score_all")[0]
    assert do(book, "undo")[0]
    assert book.ask("undo_titles") == []


def test_a_second_run_overwrites_our_own_sheet_unasked_and_undo_restores_the_first(book: Book) -> None:
    assert do(book, "settings")[0]
    assert do(book, "optimise")[0]
    first = page(book, PLAN)
    at = next(i for i, row in enumerate(page(book, SETTINGS), 1) if row[0] == "cu_budget")
    book.put(f"{SETTINGS}.C{at}", [[500_000.0]])
    done, told = do(book, "optimise")
    assert done
    assert "500,000" in told
    second = page(book, PLAN)
    assert second != first
    assert do(book, "undo")[0]
    assert page(book, PLAN) == first
    assert do(book, "undo")[0]
    assert page(book, PLAN) == second


def test_a_users_sheet_of_the_same_name_is_left_alone(book: Book) -> None:
    book.ask("add_sheet", name=PLAN)
    book.put(f"{PLAN}.A1", [["my own"]])
    before = everything(book)
    assert do(book, "optimise")[0]
    assert {sheet: page(book, sheet) for sheet in before} == before
    assert len(sheets(book)) == len(before) + 1


def test_formulas_and_texts_typed_into_our_sheet_come_back(book: Book) -> None:
    assert do(book, "optimise")[0]
    book.formulas(f"{PLAN}.A30:B31", [["my own", "=1+2"], ["'=text", "7"]])
    book.array(f"{PLAN}.D30:E31", "={1;2|3;4}")
    book.formulas(f"{PLAN}.F30:G30", [["'{=text", "'007"]])
    before = everything(book)
    formulas = book.ask("read_formulas", at=f"{PLAN}.A30:G31")
    assert do(book, "optimise", Overwrite=True)[0]
    assert everything(book) != before
    assert do(book, "undo", Overwrite=True)[0]
    assert everything(book) == before
    assert book.ask("read_formulas", at=f"{PLAN}.A30:G31") == formulas


def test_what_has_changed_since_is_not_overwritten_unasked(book: Book) -> None:
    assert do(book, "optimise")[0]
    first = page(book, PLAN)
    assert do(book, "optimise")[0]
    book.put(f"{PLAN}.A1", [["changed"]])
    before = everything(book)
    done, told = do(book, "undo")
    assert not done
    assert PLAN in told
    assert everything(book) == before
    assert do(book, "undo", Overwrite=True)[0]
    assert page(book, PLAN) == first


def test_a_protected_sheet_leaves_everything_as_it_was(book: Book) -> None:
    assert do(book, "optimise")[0]
    before = everything(book)
    book.ask("protect", sheet=PLAN)
    done, told = do(book, "optimise")
    assert not done
    assert "as it was" in told
    assert everything(book) == before


def test_stress_and_model_card(book: Book) -> None:
    done, told = do(book, "stress")
    assert done, told
    assert do(book, "model_card")[0]
    assert {"Stress test", "Model card"} <= set(sheets(book))


def test_every_verb_on_a_copy_of_the_example_saved_as_ods(office: Office, folder: Path) -> None:
    copy, ods = folder / "example.xlsx", folder / "example.ods"
    shutil.copyfile(EXAMPLES / "sme_credit_example.zh.xlsx", copy)
    with office.open(copy) as book:
        before = sheets(book)
        book.ask("store", path=str(ods), filter="calc8")
    with office.open(ods) as book:
        for verb in (verb for verb in MENU_VERBS if verb not in ("undo", "restart")):
            done, told = do(book, verb)
            assert done, told
        assert len(sheets(book)) == len(before) + 4  # scores, plan, stress test, model card
        assert do(book, "undo")[0]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_templates_own_check_finds_the_extension(office: Office, folder: Path, lang: Any) -> None:
    path = build(folder / f"form.{lang}.xlsx", lang)
    start = openpyxl.load_workbook(path).worksheets[0]
    at = next(c.coordinate for row in start.iter_rows() for c in row if "NOW()" in str(c.value))
    with office.open(path) as form:
        form.calculate()
        assert form.value(f"{start.title}.{at}") == text("template.check_addin_yes", lang)


def test_the_toolbar_is_drawn_with_pictures_and_tips(office: Office, book_path: Path) -> None:
    with office.open(book_path, visible=True) as opened:
        shown = opened.ask("toolbar", resource=TOOLBAR)
    assert shown["name"] == "Credit"
    assert shown["tips"][0] == "Score all: Score every firm of the workbook, on a sheet of its own"
    assert len(shown["tips"]) == len(MENU_VERBS)
    assert shown["colours"] > 100


def test_a_workbook_without_our_tables_is_told_what_is_missing(office: Office) -> None:
    with office.new() as book:
        book.put("A1", [["nothing"]])
        done, told = do(book, "score_all")
        assert not done
        assert len(told) > 20
        assert sheets(book) == ["Sheet1"]


def test_help_tells_the_latest_errors(book: Book) -> None:
    book.formulas("Z1", [['=BESTRATE(2;"A")']])
    assert book.value("Z1") == "#NUM!"
    done, told = do(book, "help")
    assert done
    assert "BESTRATE: #NUM!" in told
    # What is computed in process leaves its error too, once however often it is computed.
    book.formulas("Z2:Z3", [["=RISKSCORE(A1:B1)"], ["=RISKSCORE(A2:B2)"]])
    assert book.value("Z2") == "#VALUE!"
    assert do(book, "help")[1].count("RISKSCORE: #VALUE! The arguments don't fit") == 1


def test_restart_begins_anew(book: Book) -> None:
    assert do(book, "score_all")[0]
    assert do(book, "restart")[0]
    # The memory of the last write went with the process; Ctrl+Z still has it.
    assert not do(book, "undo")[0]
    book.ask("undo")
    assert page(book, SCORES) == [[""]]


def test_without_the_package_a_verb_says_how_to_mend_it(folder: Path, oxt: Path, book_path: Path) -> None:
    nowhere = {libreoffice_link.INTERPRETER: "", "XDG_CONFIG_HOME": str(folder / "config")}
    with Office(oxt, environment=nowhere) as alone, alone.open(book_path) as book:
        done, told = do(book, "score_all")
        assert not done
        assert "credit-udfs addin libreoffice install" in told


def test_a_python_without_the_package_is_named(folder: Path, oxt: Path, book_path: Path) -> None:
    settings = folder / "config2" / "credit_udfs" / "libreoffice.json"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"python": "/usr/bin/false"}', encoding="utf-8")
    environment = {libreoffice_link.INTERPRETER: "", "XDG_CONFIG_HOME": str(folder / "config2")}
    with Office(oxt, environment=environment) as alone, alone.open(book_path) as book:
        done, told = do(book, "score_all")
        assert not done
        assert "/usr/bin/false" in told
