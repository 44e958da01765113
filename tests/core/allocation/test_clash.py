"""Limits that can't be kept together: what is said of them holds when planned anew, in the time there is."""

from __future__ import annotations

import itertools
import sys
from dataclasses import replace

import numpy as np
import pytest
from allocation_cases import contest_like, five_limits
from allocation_checker import complaints

from credit_udfs.core.allocation import Firms, Infeasible, Limits, Problem, Terms, clash, lowest, solve
from credit_udfs.core.allocation.flips import eased
from credit_udfs.core.allocation.lowest import Corners
from credit_udfs.core.allocation.plan import LimitUse
from credit_udfs.core.allocation.rows import pool_of
from credit_udfs.core.allocation.search import within


def refused(problem, **options):
    with pytest.raises(Infeasible) as caught:
        solve(problem, **options)
    return caught.value


def changed(problem, conflict, value):
    if conflict.limit.key == "budget":
        return problem.with_terms(budget=value)
    return eased(problem, conflict.limit.key, value)


CLASHES = {
    "loss and clients": (30, Terms(1.5e7), Limits(expected_loss=0.004, min_clients=15)),
    "loss and lent": (30, Terms(1.5e7), Limits(expected_loss=0.006, min_lent=1e7)),
    "shares of a budget to use up": (
        40,
        Terms(2e7, use_all_budget=True),
        Limits(sector_share=0.1, share_of="budget"),
    ),
    "whole loans": (12, Terms(3e6, use_all_budget=True), Limits(expected_loss=0.009)),
}


@pytest.mark.parametrize("name", CLASHES)
def test_what_is_said_to_be_enough_is(name):
    """The figures as printed, rounded, leave a plan; a little less doesn't."""
    n, terms, limits = CLASHES[name]
    problem = Problem(contest_like(n, 3), terms, limits)
    conflicts = refused(problem).conflicts
    assert len({one.limit.key for one in conflicts}) == len(conflicts) > 0
    for one in conflicts:
        if one.need is None or one.group:
            continue
        said = one.limit.eased(one.need)
        assert complaints(solve(changed(problem, one, said), gap=0.01)) == []
        assert one.limit.said(one.need, "en", safe=True) == one.limit.said(said, "en")
        less = said - np.sign(said - one.have) * {"share": 2e-3, "yuan": 2e-3 * abs(said), "count": 1.0}[one.limit.unit]
        # Of budgets to be used up, any may leave a plan.
        if (less - one.have) * (said - one.have) > 0 and one.limit.name != "use_all_budget":
            refused(changed(problem, one, less), why=False)


def test_a_budget_to_be_used_up_is_one_limit():
    firms = Firms.of("abc", [0.01, 0.02, 0.03], "ABC", low=[3e5, 3e5, 3e5], high=[4e5, 4e5, 4e5])
    (one,) = refused(Problem(firms, Terms(4.8e5, use_all_budget=True), Limits(min_lent=1e5))).conflicts
    assert (one.limit.name, one.have, one.need) == ("use_all_budget", 4.8e5, pytest.approx(4e5))


def test_beyond_the_sample_limits_are_said_as_set(monkeypatch):
    monkeypatch.setattr(clash, "SMALL", 40)
    problem = Problem(contest_like(200, 1), Terms(6e7), Limits(min_clients=140, expected_loss=0.001))
    conflicts = {one.limit.key: one for one in refused(problem).conflicts}
    assert set(conflicts) == {"min_clients", "expected_loss"}
    assert conflicts["min_clients"].have == 140.0
    assert 1.0 <= conflicts["min_clients"].need < 140.0
    assert conflicts["expected_loss"].have == 0.001


def test_few_programmes_explain_what_clashes(monkeypatch):
    """Linear programmes say what clashes; whole loans are looked at for the needs, each within two seconds."""
    programmes = []

    def count(cost, **options):
        programmes.append(options["options"].get("time_limit"))
        return milp(cost, **options)

    milp = lowest.milp
    monkeypatch.setattr(lowest, "milp", count)
    limits = replace(five_limits(), min_clients=40)
    error = refused(Problem(contest_like(120, 1), Terms(4e7, use_all_budget=True), limits))
    assert {one.limit.key for one in error.conflicts} == {"budget", "expected_loss"}
    assert len(programmes) <= 20
    assert all(seconds is not None and seconds <= 3.0 for seconds in programmes)


def test_what_is_not_known_in_time_is_not_claimed(monkeypatch):
    """No time for programmes, none for trials; progress is shown."""
    monkeypatch.setattr(clash, "PATIENCE", 0.0)
    monkeypatch.setattr(sys.modules[solve.__module__], "TRIALS", 0.0)
    seconds, seen = itertools.count(0.0, 1.0), []
    error = refused(
        Problem(contest_like(30, 3), Terms(1.5e7), Limits(expected_loss=0.004, min_clients=15)),
        time_limit=2.0,
        clock=lambda: float(next(seconds)),
        progress=lambda stage, done, total: seen.append(stage),
    )
    assert error.conflicts
    assert all(one.estimate or not one.known for one in error.conflicts)
    for lang, said in (("zh", ("未能确定", "未在全部企业上验证")), ("en", ("wasn't found in the time", "not tried"))):
        assert any(words in error.text(lang) for words in said)
        assert "changing this one alone is enough" not in error.text(lang)


def test_corners_of_loans_are_plans():
    """Rates that let the shares stay that the programme wants: the plan keeps limits on churn and on drawn money."""
    for seed, limits in enumerate(
        (Limits(mean_churn=0.3), Limits(expected_loss=0.01, loss_basis="drawn", min_lent=4e6), Limits(min_clients=20))
    ):
        pool = pool_of(Problem(contest_like(40, seed), Terms(1e7), limits))
        found = Corners(pool).plan(range(len(pool.rows)))
        assert within(pool, found.choice, 1e-6)
        stay = pool.table.stay(found.choice.rate, pool.grade)
        assert stay == pytest.approx(found.choice.stay, abs=1e-7)


@pytest.mark.parametrize(("name", "value", "eased_to"), [("budget", 9e6, 1e7), ("use_all_budget", 1.1e7, 1e7)])
def test_repairs_are_rounded_to_the_safe_side(name, value, eased_to):
    use = LimitUse("budget", name, {"amount": value}, 0.0, value)
    side = -0.4 if name == "use_all_budget" else 0.4
    assert use.eased(eased_to + side) == eased_to + np.sign(side) * (1.0 if abs(side) > 0 else 0.0)
