"""The contest's three questions, each by one command on the real attachments, as the README has them; the Python API
gives the same from what the command read."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from credit_udfs import api
from credit_udfs.cli import main
from credit_udfs.core.tables import Tables

pytestmark = pytest.mark.slow


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Tables]:
    """The tables that commands read, so that they needn't be read again."""
    found: list[Tables] = []
    read = api.read

    def keep(*paths: Path, **options: object) -> Tables:
        found.append(read(*paths, **options))
        return found[-1]

    monkeypatch.setattr(api, "read", keep)
    return found


def ask(*words: str | Path) -> list[str]:
    result = CliRunner().invoke(main, ["plan", *map(str, words), "--lang", "en"])
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def attachments(contest: Path, *numbers: int) -> list[Path]:
    files = sorted(contest.glob("*.xlsx"))
    return [files[number - 1] for number in numbers]


def test_question_1_the_123_with_a_fixed_budget(contest: Path, tmp_path: Path, heard: list[Tables]) -> None:
    table = tmp_path / "plan.parquet"
    lines = ask(*attachments(contest, 1, 3), "--budget", "50000000", "-o", table)
    assert lines[0].startswith("Firms: 123 read, 123 scored")
    assert "grade D 24" in lines[1]
    loans = pl.read_parquet(table)
    assert loans.height == 123
    assert loans["amount"].sum() == pytest.approx(50_000_000)
    assert not loans.filter("lend")["grade"].is_in(["D"]).any()
    assert loans.equals(api.assess(heard[0], budget=50_000_000).loans)


def test_question_2_the_302_with_100_million(contest: Path, tmp_path: Path, heard: list[Tables]) -> None:
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
    result = api.assess(heard[0], budget=100_000_000)
    assert loans.equals(result.loans)
    assert f"{result.plan.value:,.0f} yuan" in lines[3]
    bad_year = api.risk(result)
    assert f"loses more than {bad_year.drawn.var[0.99]:,.0f} yuan" in lines[5]


def test_question_3_the_302_under_the_shock(contest: Path, heard: list[Tables]) -> None:
    lines = ask(*attachments(contest, 1, 2, 3), "--budget", "100000000", "--scenario", "covid19_2020q1")
    (stressed,) = [line for line in lines if line.startswith("Stress (COVID-19")]
    assert "made anew it is" in stressed
    assert any(line.startswith("Reverse stress:") for line in lines)
    found = api.stress(api.assess(heard[0], budget=100_000_000), "covid19_2020q1")
    for yuan in (found.before.value, found.unchanged_value, found.after.value):
        assert f"{yuan:,.0f}" in stressed
    assert found.price_of_doing_nothing > 0
