"""Random instances: contest-like ones by seed, and small nasty ones for Hypothesis."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from credit_udfs.core.allocation import Firms, Limits, Problem, Terms

SECTORS = tuple("abcdefgh")


def contest_like(n, seed, **columns):
    """n firms with the contest's shares of grades, probabilities of default that grow with the grade, 100,000
    to at most 1,000,000 yuan each, eight sectors, and a few connected groups."""
    rng = np.random.default_rng(seed)
    grade = rng.choice(4, n, p=[0.22, 0.31, 0.28, 0.19])
    pd = np.clip(rng.beta(1.2, 20, n) * (1 + grade), 0, 1)
    high = np.round(rng.uniform(2e5, 1e6, n), -4)
    group = [f"g{k}" if k < 6 else "" for k in rng.integers(0, 40, n)]
    given = {"high": high, "sector": rng.choice(SECTORS, n), "group": group} | columns
    return Firms.of([f"E{i}" for i in range(n)], pd, grade, **given)


def five_limits(scale=1.0):
    """Sector and grade shares, expected loss, mean churn and a minimum of clients, all at once."""
    return Limits(
        sector_share=0.2,
        grade_share={"C": 0.3},
        expected_loss=0.02,
        mean_churn=0.6,
        min_clients=int(150 * scale),
    )


@st.composite
def small_problems(draw, limits=False):
    """Up to seven firms with ties, zero profit, D only, budgets below one loan, equal firms."""
    n = draw(st.integers(1, 7))
    pd = draw(
        st.lists(
            st.sampled_from([0.0, 0.01, 0.01, 0.03, 0.08, 0.2, 0.9, 1.0, float("nan")]),
            min_size=n,
            max_size=n,
        )
    )
    grade = draw(st.lists(st.sampled_from([0, 1, 2, 3]), min_size=n, max_size=n))
    high = draw(st.lists(st.sampled_from([0.0, 1e5, 3e5, 5.5e5, 1e6]), min_size=n, max_size=n))
    budget = draw(st.sampled_from([0.0, 5e4, 1e5, 2.5e5, 7e5, 1.07e6, 1.23e6, 1e7]))
    funding = draw(st.sampled_from([0.0, 0.015, 0.12]))
    objective = draw(st.sampled_from(["bank", "bank", "P1", "P3", "P4"]))
    if draw(st.booleans()):
        pd, grade, high = [pd[0]] * n, [grade[0]] * n, [high[0]] * n
    # Smallest loans near the largest ones leave rests that fit nobody.
    low = np.minimum(draw(st.sampled_from([1e4, 1e5, 4e5])), np.where(np.array(high) > 0, high, 1e5))
    sector = draw(st.lists(st.sampled_from(["x", "y"]), min_size=n, max_size=n))
    firms = Firms.of([f"E{i}" for i in range(n)], pd, grade, low=low, high=high, sector=sector)
    terms = Terms(budget, funding=funding, objective=objective)
    if not limits:
        return Problem(firms, terms)
    maybe = st.one_of(st.none(), st.sampled_from([0.1, 0.5, 0.8]))
    return Problem(
        firms,
        terms,
        Limits(
            sector_share=draw(maybe),
            share_of=draw(st.sampled_from(["lent", "budget"])),
            grade_share=draw(st.sampled_from([None, {"C": 0.4}, {"A": 0.6, "B": 0.5}])),
            expected_loss=draw(st.one_of(st.none(), st.sampled_from([0.005, 0.02]))),
            loss_basis=draw(st.sampled_from(["committed", "drawn"])),
            mean_churn=draw(st.one_of(st.none(), st.sampled_from([0.3, 0.6]))),
            churn_over=draw(st.sampled_from(["clients", "clients", "applicants"])),
            min_clients=draw(st.one_of(st.none(), st.integers(0, 1), st.just(n))),
            min_lent=draw(st.one_of(st.none(), st.just(budget / 2))),
        ),
    )
