"""The generated reference: up to date, and every example in it runs."""

from __future__ import annotations

import struct
from pathlib import Path

import openpyxl
import pytest

from credit_udfs.cells import REGISTRY, Example
from credit_udfs.hosts.batch import calc
from credit_udfs.hosts.engine import Err
from credit_udfs.hosts.reference import document, example_book, main, run_example

PAGE = Path(__file__).parents[2] / "docs" / "functions.md"
EXAMPLES = [(name, example) for name, function in REGISTRY.items() for example in function.examples]


def test_the_page_is_what_the_declarations_say() -> None:
    hint = "run: python -m credit_udfs.hosts.reference docs/functions.md"
    assert PAGE.read_text(encoding="utf-8") == document(), hint


def test_the_command_writes_it(tmp_path: Path) -> None:
    main(str(tmp_path / "f.md"))
    text = (tmp_path / "f.md").read_text(encoding="utf-8")
    for name, function in REGISTRY.items():
        assert f"## {name}\n" in text
        assert function.help_zh in text
        assert function.help_en in text
        for a in function.args:
            assert a.help_zh.replace("*", "\\*") in text


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(EXAMPLES)])
def test_every_example_runs_and_the_file_gives_the_same(name: str, example: Example, tmp_path: Path) -> None:
    rows = run_example(example)
    flat = [v for row in rows for v in row]
    assert any(not isinstance(v, Err) for v in flat), f"{example.formula} shows only errors"
    assert all(v.meaning for v in flat if isinstance(v, Err))
    book, (sheet, _, column) = example_book(example)
    book.save(tmp_path / "in.xlsx")
    report = calc(tmp_path / "in.xlsx", tmp_path / "out.xlsx")
    assert not report.failures
    out = openpyxl.load_workbook(tmp_path / "out.xlsx")[sheet]
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            written = out.cell(1 + i, column + j).value
            if isinstance(value, float):
                assert struct.pack("<d", written) == struct.pack("<d", value)
            else:
                assert (written or "") == (value.code if isinstance(value, Err) else value)
