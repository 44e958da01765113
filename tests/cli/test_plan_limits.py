"""Every limit by its option: what the plan's table then says."""

from __future__ import annotations

import re
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


def test_what_binds_and_what_it_is_worth(sample: list[str]) -> None:
    words = ("plan", *sample, "--lend-to", "all", "--budget", "2e7", "--max-loss", "0.004", "--compare")
    result = call(*words, "--lang", "en")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert any("the budget doesn't bind" in line for line in lines)
    at = lines.index("Limits that bind:")
    worth = re.fullmatch(
        r"- The expected loss stays within 0\.40% of the money committed: "
        r"easing it by 0\.01 percentage points would add about ([\d,]+) yuan of profit\.",
        lines[at + 1],
    )
    assert worth
    more = call(*words[:-1], "--max-loss", "0.0041", "--lang", "en")
    before, after = (profit(said.stdout) for said in (result, more))
    assert after - before == pytest.approx(float(worth[1].replace(",", "")), rel=0.1)
    kept = dict(zip(lines[at_head(lines)].split()[2:], lines[at_head(lines) + 1].split()[1:], strict=False))
    assert (kept["bank"], kept["P3"], kept["P0"], kept["P3_least"]) == ("yes", "yes", "no", "no")
    assert any(line.startswith("P0 breaks: The expected loss stays within 0.40%") for line in lines)
    chinese = call(*words[:-1], "--lang", "zh").stdout
    assert "起作用的限额：\n- 预期损失不超过授信金额的 0.40%：放宽 0.01 个百分点，利润约增加" in chinese


def profit(said: str) -> float:
    found = re.search(r"a profit of ([\d,]+) yuan", said)
    assert found
    return float(found[1].replace(",", ""))


def at_head(lines: list[str]) -> int:
    return next(i for i, line in enumerate(lines) if line.startswith("10,000 yuan"))


def test_every_figure_of_a_shock_is_by_the_plan_s_objective(sample: list[str]) -> None:
    words = ("--lend-to", "all", "--budget", "1e7", "--objective", "P1", "--scenario", "covid19_2020q1")
    result = call("plan", *sample, *words, "--lang", "en")
    assert result.exit_code == 0, result.output
    found = re.search(
        r"expected P1 income of the plan left as it is goes from ([\d,]+) to ([\d,]+) yuan; made anew it is ([\d,]+)",
        result.stdout,
    )
    assert found
    before, unchanged, anew = (float(figure.replace(",", "")) for figure in found.groups())
    assert unchanged > 0.8 * before  # the bank's profit would be less than half of P1's income
    assert unchanged <= anew <= before
    assert f"P1 income of {before:,.0f} yuan a year, which the plan maximises; the bank's profit is" in result.stdout
    assert "already taken off" not in result.stdout
