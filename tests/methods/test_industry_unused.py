"""The industry is never a predictor: no model has it among its indicators, and no name changes a fitted number."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import credit_udfs
from credit_udfs import models
from credit_udfs.core.indicators import INDICATORS
from credit_udfs.core.industry import industry_of
from credit_udfs.core.tables import Tables
from credit_udfs.methods import METHODS
from credit_udfs.methods.fitted import train_method
from credit_udfs.methods.linear import train

PACKAGE = Path(credit_udfs.__file__).parent
# What predicts: from indicators to scores, and what trains. Validation tells sole traders apart by name, and
# reproduction recomputes P4's scores of industries; neither makes a model.
PREDICTS = [
    *sorted((PACKAGE / "core" / "indicators").glob("*.py")),
    *(PACKAGE / "core" / f"{name}.py" for name in ("forms", "trees", "kernel", "scoring", "method_scores")),
    *(p for p in sorted((PACKAGE / "methods").glob("*.py")) if p.stem not in {"validate", "reproduce", "guide"}),
]


@pytest.mark.parametrize("name", models.names())
def test_no_card_has_it_among_its_indicators(name: str) -> None:
    assert all(key in INDICATORS and "industry" not in key for key in models.load(name).indicators)


def test_no_method_and_no_indicator_reads_it() -> None:
    assert not [key for key in INDICATORS if "industry" in key or "行业" in INDICATORS[key].formula_zh]
    assert all(set(method.indicators) <= set(INDICATORS) for method in METHODS.values())


@pytest.mark.parametrize("module", PREDICTS, ids=lambda m: m.stem)
def test_what_predicts_does_not_import_it(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        names = [a.name for a in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        source = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
        assert "industry" not in source, module
        assert not [name for name in names if "industry" in name.split(".")], module


@pytest.mark.parametrize("name", ["default", "linear_wide", "p0_bp", "p1_fisher", "p3_ahp", "p4_logistic", "p4_topsis"])
def test_other_names_give_the_same_numbers(contest_rated: Tables, name: str) -> None:
    firms = contest_rated.firms
    shuffled = firms.with_columns(pl.Series("name", firms["name"].reverse()))
    assert [industry_of(n) for n in firms["name"]] != [industry_of(n) for n in shuffled["name"]]

    def numbers(tables: Tables) -> object:
        if name == "default":
            return train(tables, trained="2026-01-01").numbers
        return train_method(tables, name, trained="2026-01-01").numbers

    assert numbers(contest_rated) == numbers(replace(contest_rated, firms=shuffled))
