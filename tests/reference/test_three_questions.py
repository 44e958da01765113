"""The contest's three questions, each by one command on the real attachments, as the README has them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from credit_udfs.cli import main

pytestmark = pytest.mark.slow


def ask(*words: str | Path) -> list[str]:
    result = CliRunner().invoke(main, ["plan", *map(str, words), "--lang", "en"])
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def attachments(contest: Path, *numbers: int) -> list[Path]:
    files = sorted(contest.glob("*.xlsx"))
    return [files[number - 1] for number in numbers]


def test_question_1_the_123_with_a_fixed_budget(contest: Path, tmp_path: Path) -> None:
    table = tmp_path / "plan.parquet"
    lines = ask(*attachments(contest, 1, 3), "--budget", "50000000", "-o", table)
    assert lines[0].startswith("Firms: 123 read, 123 scored")
    assert "grade D 24" in lines[1]
    loans = pl.read_parquet(table)
    assert loans.height == 123
    assert loans["amount"].sum() == pytest.approx(50_000_000)
    assert not loans.filter("lend")["grade"].is_in(["D"]).any()


def test_question_2_the_302_with_100_million(contest: Path, tmp_path: Path) -> None:
    table = tmp_path / "plan.parquet"
    lines = ask(*attachments(contest, 1, 2, 3), "--budget", "100000000", "-o", table)
    assert "of 302 applicants" in lines[1]
    loans = pl.read_parquet(table)
    lent = loans.filter("lend")
    assert loans.height == 302
    assert lent["amount"].sum() == pytest.approx(100_000_000)
    assert lent["amount"].is_between(100_000, 1_000_000).all()
    assert lent["rate"].is_between(0.04, 0.15).all()
    assert "(gap 0.0000%)" in lines[4]


def test_question_3_the_302_under_the_shock(contest: Path) -> None:
    lines = ask(*attachments(contest, 1, 2, 3), "--budget", "100000000", "--scenario", "covid19_2020q1")
    (stressed,) = [line for line in lines if line.startswith("Stress (COVID-19")]
    assert "made anew it earns" in stressed
    assert any(line.startswith("Reverse stress:") for line in lines)
