"""Every limit by its option: what the plan's table then says."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from credit_udfs.cli import main


def call(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def planned(sample: list[str], out: Path, *options: object) -> pl.DataFrame:
    result = call("plan", *sample, "--lend-to", "all", "--budget", "1e7", "--lang", "en", "-o", out, *options)
    assert result.exit_code == 0, result.output
    return pl.read_csv(out)


def test_terms_and_limits(sample: list[str], tmp_path: Path) -> None:
    free = planned(sample, tmp_path / "free.csv")
    first, second, third = free.filter("lend").sort("margin", descending=True)["firm"].to_list()[:3]
    terms = tmp_path / "terms.csv"
    terms.write_text(f"\ufeff企业代号,最高额度,既定额度,关联集团\n{first},,,x\n{second},,,x\n{third},,0,\n", "utf-8")
    plan = planned(
        sample, tmp_path / "plan.csv", "--firm-terms", terms, "--max-group-amount", "500000", "--max-share", "A=0.4"
    )
    amount = dict(zip(plan["firm"], plan["amount"], strict=True))
    assert amount[first] + amount[second] == pytest.approx(500_000.0, rel=1e-5)
    assert amount[third] == 0.0
    lent_to_a = plan.filter(pl.col("grade") == "A")["amount"].sum()
    assert lent_to_a <= 0.4 * plan["amount"].sum() * (1 + 1e-6)


def test_the_budget_of_drawn_money(sample: list[str], tmp_path: Path) -> None:
    plan = planned(sample, tmp_path / "plan.csv", "--budget", "2e6", "--budget-on", "drawn", "--min-lent", "1e6")
    drawn = (plan["amount"] * (1 - plan["churn"].fill_null(1.0))).sum()
    assert drawn == pytest.approx(2e6, rel=1e-5)
    assert plan["amount"].sum() > 2.5e6


def test_wrong_terms_are_said_all_at_once(sample: list[str], tmp_path: Path) -> None:
    terms = tmp_path / "terms.csv"
    terms.write_text("firm,limit,amount\nE1,3,-4\n,4,5\nE1,,x\n", "utf-8")
    result = call("plan", *sample, "--firm-terms", terms, "--lang", "en")
    assert result.exit_code == 1
    for words in ("terms.csv, B1", "limit", "C2", "-4", "A3", "A4", "C4", "more than once"):
        assert words in result.stderr
    assert call("plan", *sample, "--max-share", "X=0.1").exit_code == 2
    assert call("plan", *sample, "--max-share", "A=1.1").exit_code == 2


def test_what_contradicts_itself_is_said_all_at_once(sample: list[str], tmp_path: Path) -> None:
    terms = tmp_path / "terms.csv"
    terms.write_text("firm,amount_max,amount\nE500,,1\n", "utf-8")
    options = ("--amount-min", "2e6", "--rate-min", ".1", "--rate-max", ".05", "--min-lent", "2e8")
    more = ("--min-firms", "400", "--firm-terms", terms, "--max-group-share", ".2", "--lend-to", "all")
    result = call("plan", *sample, "--lang", "en", *options, *more)
    assert result.exit_code == 1
    start, *faults = result.stderr.splitlines()
    assert start == "The credit plan's input can't be used as given (faults: 6):"
    words = ("2,000,000 to 1,000,000", '"E500"', "10.00% to 5.00%", "groups", "is 400", "lent, 200,000,000 yuan")
    for fault, word in zip(faults, words, strict=True):
        assert word in fault
