"""The least use of one limit while others hold: against every choice of firms, each a linear programme."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from allocation_cases import contest_like
from scipy.optimize import linprog

from credit_udfs.core.allocation import Firms, Infeasible, Limits, Problem, Terms, solve
from credit_udfs.core.allocation.clash import clash
from credit_udfs.core.allocation.lowest import Corners
from credit_udfs.core.allocation.rows import pool_of


def tried_one_by_one(pool, rows, at):
    """The same by trying all sets of firms: per firm lent to its amount and what is drawn of it."""
    least, most = pool.table.stay_range(pool.grade)
    best = np.inf
    for lent in itertools.product([False, True], repeat=pool.size):
        here = np.flatnonzero(lent)
        if np.any(pool.forced & ~np.array(lent)):
            continue

        def of(row, here=here):
            money, drawn, count, _ = pool.coefficients(row)
            return np.concatenate([money[here], drawn[here]]), count * here.size

        if not here.size:
            if all(pool.right[row] >= 0.0 for row in rows):
                best = min(best, 0.0)
            continue
        eye = np.eye(here.size)
        lines = [of(row)[0] for row in rows] + [*np.hstack([-most[here, None] * eye, eye])]
        lines += [*np.hstack([least[here, None] * eye, -eye])]
        tops = [pool.right[row] - of(row)[1] for row in rows] + [0.0] * (2 * here.size)
        bounds = [*zip(pool.low[here], pool.high[here], strict=True), *[(0.0, None)] * here.size]
        found = linprog(of(at)[0], np.array(lines), tops, bounds=bounds)
        if found.status == 0:
            best = min(best, found.fun + of(at)[1])
    return best


@pytest.mark.parametrize("seed", range(4))
def test_like_trying_every_set_of_firms(seed):
    limits = Limits(expected_loss=0.006, loss_basis="drawn", min_clients=3, min_lent=1.5e6, sector_share=0.5)
    pool = pool_of(Problem(contest_like(5, seed), Terms(3e6), limits))
    k = len(pool.rows)
    for at in range(k):
        rows = [row for row in range(k) if row != at]
        wanted, choice = tried_one_by_one(pool, rows, at), Corners(pool).least_of(rows, at).choice
        if choice is None:
            assert wanted == np.inf
            continue
        activity = pool.total(choice)
        assert activity[at] == pytest.approx(wanted, abs=1e-6)
        assert (activity[rows] <= pool.right[rows] + 1e-6).all()


def test_two_ratios_clash_for_which_no_single_change_is_enough():
    """On drawn money and on who stays; with tangents these firms took over a minute."""
    limits = Limits(
        grade_share={"C": 0.0354, "B": 0.131}, expected_loss=0.0173, loss_basis="drawn", mean_churn=0.386,
        churn_over="applicants", min_lent=8.29e6,
    )  # fmt: skip
    problem = Problem(contest_like(40, 203), Terms(2.41e7), limits)
    conflicts = clash(problem, pool_of(problem)).conflicts
    found = [(one.limit.key, one.group) for one in conflicts]
    assert found == [("expected_loss", 1), ("mean_churn", 1), ("grade C", 2), ("grade B", 2), ("min_lent", 2)]
    assert conflicts[0].need > 0.0173
    assert conflicts[-1].need < 8.29e6


THREE = {"sector": "xxy", "group": "ggh"}


@pytest.mark.parametrize(
    ("firms", "budget", "limits", "wanted"),
    [
        ({}, 1e6, {"fixed": {"a": 6e5}, "group_amount": 1e5}, [("group g", 6e5, 0)]),
        ({}, 1e6, {"fixed": {"a": 3e5, "b": 3e5}, "group_amount": 5e5}, [("group g", 6e5, 0)]),
        ({}, 1e6, {"fixed": {"a": 6e5}, "sector_share": 0.1, "share_of": "budget"}, [("sector x", 0.6, 0)]),
        ({}, 1e6, {"fixed": {"a": 6e5}, "sector_share": 0.5}, [("budget", 1.2e6, 0), ("sector x", 0.6, 0)]),
        ({}, 1e7, {"min_lent": 5e6}, [("min_lent", 3e6, 0)]),
        ({"grade": ["D", "D", "A"]}, 1e6, {"min_clients": 2}, [("min_clients", 1.0, 0)]),
        ({}, 2e5, {"min_clients": 3}, [("budget", 3e5, 0), ("min_clients", 2.0, 0)]),
        (
            {"grade": ["D", "D", "A"]},
            1e7,
            {"min_clients": 2, "min_lent": 5e6, "group_amount": 1e5, "fixed": {"c": 2e5}},
            [("min_lent", 2e5, 1), ("min_clients", 1.0, 2), ("group h", 2e5, 3)],
        ),
        ({"grade": "DDD"}, 1e7, {"min_clients": 2, "min_lent": 1.0}, [("min_clients", 0.0, 1), ("min_lent", 0.0, 2)]),
    ],
    ids=str,
)
def test_what_decisions_and_minima_can_not_be_is_said_with_its_repair(firms, budget, limits, wanted):
    """Loans decided above a limit, more to be lent than can be, too few clients; several such at once."""
    problem = Problem(
        Firms.of("abc", [0.01, 0.02, 0.03], **{**THREE, **firms, "grade": list(firms.get("grade", "ABC"))}),
        Terms(budget),
        Limits(**limits),
    )
    with pytest.raises(Infeasible) as caught:
        solve(problem)
    conflicts = caught.value.conflicts
    assert [(one.limit.key, one.group) for one in conflicts] == [(key, group) for key, _, group in wanted]
    assert [one.need for one in conflicts] == pytest.approx([need for _, need, _ in wanted])
    for lang, word in (("en", "Clash 2: "), ("zh", "冲突 2：")):
        assert (word in caught.value.text(lang)) == (wanted[-1][2] > 1)
        assert len(caught.value.text(lang).splitlines()) == 1 + len(wanted) + (wanted[-1][2] > 1)
