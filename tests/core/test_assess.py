"""The main job as a computation: on the real attachments, and its rules on small tables."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import polars as pl
import pytest

from credit_udfs import models
from credit_udfs.core.allocation import BadProblem, Limits
from credit_udfs.core.assess import FirmTerms, Settings, assess
from credit_udfs.core.summary import REFUSALS, refusals, summarise
from credit_udfs.core.tables import FIRMS_SCHEMA, INVOICE_SCHEMA, Tables
from credit_udfs.errors import BadInput


def small(grades: list[str | None]) -> Tables:
    """Firms that trade a little, every fourth week, each with its own size."""
    ids = [f"F{i}" for i in range(len(grades))]
    firms = pl.DataFrame(
        {"firm": ids, "name": ids, "grade": grades, "default": [None if g is None else g == "D" for g in grades]},
        schema=FIRMS_SCHEMA,
    )
    rows = [
        (f, dt.date(2018, 1, 1) + dt.timedelta(weeks=4 * k), f"c{k % 3}", 1e5 * (i + 1), 1e3, 1.01e5 * (i + 1), False)
        for i, f in enumerate(ids)
        for k in range(24)
    ]
    side = pl.DataFrame(rows, schema=INVOICE_SCHEMA, orient="row")
    return Tables(firms, side, side)


def test_the_302_within_100_million(contest_tables: Tables) -> None:
    result = assess(contest_tables, Settings(), models.load())
    assert result.scores.score.shape == (425,)
    assert not np.isnan(result.scores.score).any()
    assert len(result.plan.problem.firms) == 302
    loans = result.loans
    assert loans["amount"].sum() <= 100_000_000
    lent = loans.filter(pl.col("lend"))
    assert lent["amount"].is_between(100_000, 1_000_000).all()
    assert lent["rate"].is_between(0.04, 0.15).all()
    assert not lent["grade"].is_in(["D"]).any()
    assert (loans.filter(~pl.col("lend"))["amount"] == 0).all()
    # Expected profit, from the plan's own columns and the published churn formula fitted to attachment 3.
    earning = (1 - lent["churn"]) * (lent["rate"] * (1 - lent["pd"]) - 0.45 * lent["pd"] - 0.015)
    assert math.isclose((earning * lent["amount"]).sum(), result.plan.value, rel_tol=1e-12)
    assert result.plan.value <= result.plan.bound <= result.plan.value * (1 + 1e-6)


def test_grades_on_record_are_kept(contest_rated: Tables) -> None:
    result = assess(contest_rated, Settings(), models.load())
    assert list(result.grade) == contest_rated.firms["grade"].to_list()
    assert result.applicants.size == 123  # nobody is new, so the plan is about all
    assert refusals(result).count("grade_d") == 24


@pytest.mark.parametrize(
    ("lend_to", "grades", "rows"),
    [
        ("auto", ["A", None, "B", None], [1, 3]),
        ("auto", ["A", "B"], [0, 1]),
        ("new", ["A", None], [1]),
        ("rated", ["A", None], [0]),
        ("all", ["A", None], [0, 1]),
    ],
)
def test_whom_the_plan_is_about(lend_to: str, grades: list[str | None], rows: list[int]) -> None:
    result = assess(small(grades), Settings(lend_to=lend_to), models.load())  # type: ignore[arg-type]
    assert result.applicants.tolist() == rows


def test_nobody_to_lend_to_is_said() -> None:
    with pytest.raises(BadInput, match="Nobody to lend to"):
        assess(small(["A"]), Settings(lend_to="new"), models.load())


def test_firms_without_invoices_get_no_score_and_no_loan() -> None:
    tables = small([None, None])
    lonely = Tables(
        tables.firms, tables.purchases.filter(pl.col("firm") == "F0"), tables.sales.filter(pl.col("firm") == "F0")
    )
    result = assess(lonely, Settings(), models.load())
    assert result.firms["score"].is_null().to_list() == [False, True]
    assert refusals(result)[1] == "unknown"
    assert not result.plan.lend[1]


def test_the_summary_counts_everyone_once(contest_tables: Tables) -> None:
    result = assess(contest_tables, Settings(), models.load())
    summary = summarise(result)
    assert summary.lent + sum(summary.refused.values()) == summary.applicants == 302
    assert set(summary.refused) == set(REFUSALS)
    assert summary.amount == result.loans["amount"].sum()
    assert summary.firms == summary.scored == 425


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"amount_min": 5e5, "amount_max": 1e5}, "limits of a loan"),
        ({"amount_min": 0.0}, "limits of a loan"),
        ({"amount_max": np.inf}, "limits of a loan"),
        ({"amount_max": "1e6"}, "\"amount_max\" must be a number: it is '1e6'"),
        ({"churn": "isotonic"}, "needs attachment 3"),
        ({"churn": "powre"}, "\"churn\" must be one of power, log_quadratic, isotonic: it is 'powre'"),
        ({"lend_to": "neww"}, "\"lend_to\" must be one of auto, new, rated, all: it is 'neww'"),
        ({"gap": np.nan}, '"gap" must be a number of at least 0: it is nan'),
        ({"time_limit": -1.0}, '"time_limit" must be a number of at least 0: it is -1'),
        ({"budget": -1.0}, "it is -1 yuan"),
        ({"rate_min": 0.01}, "lending rates 1.00% to 15.00% isn't valid"),
    ],
)
def test_impossible_settings_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(BadProblem) as error:
        assess(small([None]), Settings().with_changes(**changes), models.load())
    (fault,) = error.value.faults
    assert message in fault.text("en")


def test_everything_wrong_with_the_settings_is_said_at_once() -> None:
    settings = Settings(
        budget=1e6,
        rate_min=0.1,
        rate_max=0.05,
        amount_min=5e5,
        amount_max=1e5,
        churn="powre",  # type: ignore[arg-type]
        lend_to="neww",  # type: ignore[arg-type]
        gap=-1.0,
        prove="yes",  # type: ignore[arg-type]
        limits=Limits(min_lent=2e6, min_clients=5, mean_churn=1.5, sector_share={"mining on the moon": 0.1}),
        firm_terms={
            "F0": FirmTerms(amount_min=3e5, amount_max=2e5),
            "F1": FirmTerms(amount=-1.0),
            "F8": FirmTerms(),
            "F9": FirmTerms(amount=1e5),
        },
    )
    with pytest.raises(BadProblem) as error:
        assess(small([None, None, "A"]), settings, models.load())
    assert [fault.key.partition(".")[2] for fault in error.value.faults] == [
        "unknown_word", "unknown_word", "not_at_least_0", "not_yes_or_no", "amount_limits", "not_an_applicant",
        "not_an_applicant", "low_above_high", "rate_range", "unknown_sector", "share_range", "clients_range",
        "fixed_negative", "min_lent_above_budget",
    ]  # fmt: skip


def test_an_unknown_setting_lists_the_known_ones() -> None:
    with pytest.raises(BadInput, match='no setting called "budgte"; there are: budget'):
        Settings().with_changes(budgte=1)


def test_the_same_tables_give_the_same_plan(contest_tables: Tables) -> None:
    first, second = (assess(contest_tables, Settings(), models.load()) for _ in range(2))
    assert first.firms.equals(second.firms)
    assert first.loans.equals(second.loans)
