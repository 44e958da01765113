"""Speed of the credit plan against its peers, in one run, as ratios: python tests/benchmarks/bench_allocation.py

Peers: scipy's SLSQP as the papers use it (all amounts and rates at once), and HiGHS on the full MILP over 29 rates
(scipy.optimize.milp). All on the same seeded, contest-like firms. Options:
  --quick      302 firms only
  --large      also 10,000 and a million firms (the million takes a minute or two)
  --plot FILE  time against n for ours and HiGHS (needs matplotlib)
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

sys.path.insert(0, str(Path(__file__).parents[1] / "core" / "allocation"))

from allocation_cases import contest_like, five_limits  # beside the tests, not a package
from allocation_checker import complaints, grid_milp

from credit_udfs.core.allocation import Firms, Limits, Problem, Terms, frontier, solve, solve_ratio

GRID = tuple(np.linspace(0.04, 0.15, 29).clip(0.04, 0.15).tolist())
ORDERED = Limits(rates_ordered=True)


def timed(call, repeats=1):
    """Median seconds, and the result."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), result


def slsqp(problem, iterations=60):
    """The papers' way: amounts and rates of all lendable firms as variables of one nonlinear programme, then loans
    below the smallest one dropped. Value in yuan."""
    firms, terms = problem.firms, problem.terms
    on = np.flatnonzero(problem.lendable)
    high = firms.high[on] / 1e6
    gain, cost, grade, m = problem.gain[on], problem.cost[on], firms.grade[on], on.size
    table = terms.rates

    def loss(x):
        rate = np.clip(x[m:], terms.rate_min, terms.rate_max)
        return -float((x[:m] * table.stay(rate, grade) * (gain * rate - cost)).sum())

    def slope(x):
        rate = np.clip(x[m:], terms.rate_min, terms.rate_max)
        stay = table.stay(rate, grade)
        step = 1e-6
        up = np.minimum(rate + step, terms.rate_max)
        down = np.maximum(rate - step, terms.rate_min)
        ds = (table.stay(up, grade) - table.stay(down, grade)) / (up - down)
        each = stay * (gain * rate - cost)
        return -np.concatenate([each, x[:m] * (ds * (gain * rate - cost) + stay * gain)])

    budget = terms.budget / 1e6
    start = np.concatenate([np.minimum(high, budget / m), np.full(m, 0.08)])
    ones = np.concatenate([-np.ones(m), np.zeros(m)])
    found = minimize(
        loss,
        start,
        jac=slope,
        method="SLSQP",
        bounds=[(0.0, u) for u in high] + [(terms.rate_min, terms.rate_max)] * m,
        constraints=[{"type": "ineq", "fun": lambda x: budget - x[:m].sum(), "jac": lambda _: ones}],
        options={"maxiter": iterations},
    )
    amount = np.where(found.x[:m] * 1e6 >= firms.low[on] * (1 - 1e-9), found.x[:m], 0.0)
    return -loss(np.concatenate([amount, found.x[m:]])) * 1e6


def line(what, ours, peer, peer_name, note=""):
    print(f"{what:34} ours {ours:10.4f} s   {peer_name} {peer:9.3f} s   ratio {peer / ours:10.1f}   {note}")


def small():
    """The figures at 302 firms."""
    firms = contest_like(302, 0)
    problem = Problem(firms, Terms(1e8))
    seconds, plan = timed(lambda: solve(problem), 51)
    print(f"302 firms, budget only: {1e3 * seconds:.2f} ms, value {plan.value:,.0f}, gap {plan.gap:.1e}")
    peer, value = timed(lambda: slsqp(problem))
    line("budget only, 302", seconds, peer, "SLSQP", f"its plan is worth {value / plan.value:.4f} of ours")
    peer, (value, _, _) = timed(lambda: grid_milp(problem, GRID, gap=1e-4))
    line("budget only, 302", seconds, peer, "HiGHS", f"its plan is worth {value / plan.value:.6f} of ours")

    problem = Problem(firms, Terms(1e8, quoted=GRID), ORDERED)
    seconds, plan = timed(lambda: solve(problem), 11)
    peer, (value, _, _) = timed(lambda: grid_milp(problem, GRID, gap=1e-6, time_limit=60))
    line("ordered rates, 302", seconds, peer, "HiGHS", f"its plan {value / plan.value:.8f}, gap {plan.gap:.1e}")

    for seed in range(3):
        problem = Problem(contest_like(302, seed), Terms(1e8), five_limits())
        seconds, plan = timed(lambda p=problem: solve(p), 3)
        assert not complaints(plan)
        peer, (value, _, _) = timed(lambda p=problem: grid_milp(p, GRID, gap=1e-4, time_limit=120))
        note = f"its plan {value / plan.value:.6f}, gap {plan.gap:.1e}"
        line(f"five limits, 302, seed {seed}", seconds, peer, "HiGHS", note)
        proven, plan = timed(lambda p=problem: solve(p, prove=True))
        print(f"{'':34} proven to {plan.gap:.1e} in {proven:.2f} s")

    for against in ("expected_loss", "churn", "budget", "risk"):
        seconds, found = timed(lambda a=against: frontier(Problem(firms, Terms(1e8)), a, 40))
        worst = max(point.gap for point in found.points)
        print(f"frontier, profit against {against}: {len(found.points)} points, {seconds:.2f} s, gaps to {worst:.1e}")
    for seed in range(2):
        seconds, found = timed(lambda s=seed: solve_ratio(Problem(contest_like(302, s), Terms(1e8))))
        print(f"P0's ratio, 302 firms: {seconds:.2f} s, {found.nodes} nodes, Z {found.z:.6f}, gap {found.gap:.1e}")


def large(n, peers):
    """Budget only and five limits at n firms."""
    firms = contest_like(n, 0, group=None)
    terms = Terms(1e8 * n / 302)
    seconds, plan = timed(lambda: solve(Problem(firms, terms)))
    print(f"{n:>9,} firms, budget only:  {seconds:8.3f} s, gap {plan.gap:.1e}")
    seconds, plan = timed(lambda: solve(Problem(firms, terms, five_limits(n / 302))))
    top = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{n:>9,} firms, five limits:  {seconds:8.3f} s, gap {plan.gap:.1e}, peak memory so far {top:.2f} GiB")
    if peers:
        problem = Problem(firms, terms, five_limits(n / 302))
        peer, (value, _, _) = timed(lambda: grid_milp(problem, GRID, gap=1e-4, time_limit=300))
        found = "no plan" if value is None else f"a plan worth {value / plan.value:.5f} of ours"
        print(f"{'':16} HiGHS, stopped at 300 s: {found} after {peer:.0f} s")


def plot(path):
    """Time against n, budget only and five limits, ours and HiGHS."""
    import matplotlib  # only for the plot

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    sizes = [100, 302, 1_000, 3_000, 10_000, 30_000, 100_000]
    figure, axes = plt.subplots(figsize=(7, 4.5))
    for name, limits in (("budget only", None), ("five limits", five_limits)):
        ours, peers = [], []
        for n in sizes:
            problem = Problem(
                contest_like(n, 0, group=None), Terms(1e8 * n / 302), limits(n / 302) if limits else Limits()
            )
            ours.append(timed(lambda p=problem: solve(p))[0])
            if n <= 1_000:
                peers.append(timed(lambda p=problem: grid_milp(p, GRID, gap=1e-4, time_limit=60))[0])
            print(f"{name}, {n}: {ours[-1]:.4f} s", flush=True)
        axes.loglog(sizes, ours, "o-", label=f"credit_udfs, {name}")
        axes.loglog(sizes[: len(peers)], peers, "s--", label=f"HiGHS on 29 rates, {name}")
    axes.set_xlabel("firms")
    axes.set_ylabel("seconds")
    axes.grid(True, which="both", alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--peers-large", action="store_true", help="HiGHS at 10,000 firms too, five minutes")
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    solve(Problem(Firms.of("a", [0.01], "A"), Terms(1e6)))  # imports and tables, once
    small()
    if given.large and not given.quick:
        large(10_000, given.peers_large)
        large(1_000_000, False)
    if given.plot:
        plot(given.plot)


if __name__ == "__main__":
    main()
