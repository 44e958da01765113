"""The map of the methods: up to date, complete, and every place in it exists."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from credit_udfs.core.industry import industries
from credit_udfs.methods import METHODS, NAMED, guide
from credit_udfs.methods.guide import PARTS, document, main, others_of, place

PAGE = Path(__file__).parents[2] / "docs" / "methods.md"


def test_the_page_is_what_the_declarations_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == document(), "run: python -m credit_udfs.methods.guide docs/methods.md"


def test_the_command_writes_every_method_and_part_in_both_languages(tmp_path: Path) -> None:
    main(str(tmp_path / "m.md"))
    written = (tmp_path / "m.md").read_text(encoding="utf-8")
    for name, method in METHODS.items():
        assert written.count(f"\n### {name}\n") == 2
        assert method.note_zh in written
        assert method.note_en in written
        assert written.count(f"`{place(method)}`") >= 2
    for part in PARTS:
        assert all(written.count(f"`{where}`") >= 2 for where in part.places)


@pytest.mark.parametrize("where", sorted({where for part in PARTS for where in part.places}))
def test_every_place_exists(where: str) -> None:
    module, _, name = where.rpartition(".")
    found = importlib.import_module(module)
    if not hasattr(found, name):
        importlib.import_module(where)  # a module of its own


def test_what_is_judged_beside_the_papers_own_target() -> None:
    found = {name: others_of(method) for name, method in METHODS.items()}
    assert found["p1_fisher"] == ["default", "grade"]
    assert found["p4_logistic"] == ["D", "grade"]
    assert found["p4_topsis"] == ["D"]  # a score has no four grades
    assert found["p1_two_steps"] == []
    assert found["linear"] == []


def test_every_command_exists() -> None:
    from credit_udfs.cli import main as cli

    for part in PARTS:
        if part.command and not part.command.startswith("="):
            command, *options = part.command.split()
            known = {option for parameter in cli.commands[command].params for option in parameter.opts}  # type: ignore[attr-defined]
            assert all(option in known for option in options if option.startswith("--")), part.command
            assert all(option in NAMED or option in {"p2", "p3"} for option in options if option[0] != "-")


def test_definitions_name_their_source() -> None:
    text = document()
    assert "P3, section 4.2.1" in text
    assert "`p2_output_count_35`" in text
    assert "`p2_output_count_34`" not in text  # one month stands for the 36
    assert guide.PARTS[0].paper == "P0"
    assert len(industries()) == 22
