"""Speed of the credit plan against its peers, in one run, as ratios: python tests/benchmarks/bench_allocation.py

Peers: scipy's SLSQP as the papers use it (all amounts and rates at once), and HiGHS on the full MILP over 29 rates
(scipy.optimize.milp). All on the same seeded, contest-like firms, in one run. Ends with one table: what was measured,
beside what it should be. Without options 302 firms only (about two minutes). Options:
  --large        also 10,000 and a million firms (the million takes a minute or two), and ordered rates at 3,000 and
                 10,000 (half a minute)
  --peers-large  HiGHS at 10,000 firms with the five limits, stopped after 300 s
  --plot FILE    time against n for ours and the peers, as .svg
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import resource
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

sys.path.insert(0, str(Path(__file__).parents[1] / "core" / "allocation"))

from allocation_cases import contest_like, five_limits  # beside the tests, not a package
from allocation_checker import complaints, grid_milp

from credit_udfs.core.allocation import Firms, Limits, Problem, Terms, explain, frontier, solve, solve_ratio

GRID = tuple(np.linspace(0.04, 0.15, 29).clip(0.04, 0.15).tolist())
HARD = (
    ("mean churn 30% alone", 3, {}, Limits(mean_churn=0.3)),
    ("mean churn 30% alone, equal amounts", 3, {"high": 1e6}, Limits(mean_churn=0.3)),
    ("industries 12% of the budget, churn 45%", 0, {}, Limits(sector_share=0.12, share_of="budget", mean_churn=0.45)),
    ("grades A, B and churn 45%", 0, {}, Limits(grade_share={"A": 0.2, "B": 0.35}, mean_churn=0.45)),
    ("industries 16% of what is lent, churn 40%", 0, {}, Limits(sector_share=0.16, mean_churn=0.4)),
)
"""Limits with which rounding loses most: name, seed, columns, limits."""
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


class Table:
    """Lines of what was measured beside what it should be, printed as they come and once more at the end."""

    def __init__(self):
        self.lines = []

    def add(self, what, measured, asked=None, holds=None, note=""):
        word = "" if holds is None else "holds" if holds else "MISSED"
        self.lines.append(f"{what:42} {measured:>22}  {asked or '':>16}  {word:6}  {note}".rstrip())
        print(self.lines[-1], flush=True)

    def seconds(self, what, seconds, most, note=""):
        self.add(what, f"{seconds:,.4f} s", f"<= {most:g} s", seconds <= most, note)

    def ratio(self, what, ours, peer, name, least, note=""):
        self.add(what, f"{peer / ours:,.0f} x {name}", f">= {least:,} x", peer / ours >= least, f"{peer:.2f} s; {note}")

    def worth(self, what, value, least):
        self.add(what, f"{value:.6f}", f">= {least:g}", value >= least)

    def gap(self, what, gap, most, note=""):
        self.add(what, f"gap {gap:.1e}", f"<= {most:g}", gap <= most, note)

    def show(self):
        print(f"\n{'':42} {'measured':>22}  {'asked':>16}")
        print("\n".join(self.lines))


def small(table):
    """The figures at 302 firms."""
    firms = contest_like(302, 0)
    problem = Problem(firms, Terms(1e8))
    seconds, plan = timed(lambda: solve(problem), 51)
    table.seconds("302, budget only", seconds, 0.005, f"gap {plan.gap:.1e}")
    peer, value = timed(lambda: slsqp(problem))
    table.ratio("302, budget only", seconds, peer, "SLSQP", 1000, f"its plan is worth {value / plan.value:.4f} of ours")
    peer, (value, _, _) = timed(lambda: grid_milp(problem, GRID, gap=1e-4))
    table.ratio("302, budget only", seconds, peer, "HiGHS", 10, f"its plan is worth {value / plan.value:.6f} of ours")
    table.worth("  our plan against HiGHS's", plan.value / value, 1.0 - 1e-9)

    problem = Problem(firms, Terms(1e8, quoted=GRID), ORDERED)
    seconds, plan = timed(lambda: solve(problem), 11)
    peer, (value, _, _) = timed(lambda: grid_milp(problem, GRID, gap=1e-6, time_limit=120))
    table.ratio("302, ordered rates", seconds, peer, "HiGHS", 300, f"ours {1e3 * seconds:.1f} ms, gap {plan.gap:.1e}")
    table.worth("  our plan against HiGHS's", plan.value / value, 1.0 - 2e-6)

    for seed in range(3):
        problem = Problem(contest_like(302, seed), Terms(1e8), five_limits())
        seconds, plan = timed(lambda p=problem: solve(p), 5)
        assert not complaints(plan)
        peer, (value, _, _) = timed(lambda p=problem: grid_milp(p, GRID, gap=1e-4, time_limit=300))
        note = f"its plan is worth {value / plan.value:.6f} of ours"
        table.ratio(f"302, five limits, seed {seed}", seconds, peer, "HiGHS", 15, note)
        table.gap("  at once", plan.gap, 1e-4, f"{seconds:.3f} s")
        proven, plan = timed(lambda p=problem: solve(p, prove=True))
        table.gap("  proven", plan.gap, 1e-6, f"{proven:.2f} s")
    for name, seed, columns, limits in HARD:
        problem = Problem(contest_like(302, seed, **columns), Terms(1e8), limits)
        seconds, plan = timed(lambda p=problem: solve(p), 3)
        assert not complaints(plan)
        peer, (value, dual, _) = timed(lambda p=problem: grid_milp(p, GRID, gap=1e-4, time_limit=60))
        theirs = "no plan" if value is None else f"gap {(dual - value) / dual:.1e} in {peer:.0f} s"
        table.gap(f"302, {name}", plan.gap, 1e-4, f"{seconds:.2f} s; HiGHS: {theirs}")
        proven, plan = timed(lambda p=problem: solve(p, prove=True))
        table.gap("  proven", plan.gap, 1e-6, f"{proven:.2f} s")
    for name, kind in (("ordered rates", ORDERED), ("one rate per grade", Limits(one_rate_per_grade=True))):
        limits = replace(five_limits(), rates_ordered=kind.rates_ordered, one_rate_per_grade=kind.one_rate_per_grade)
        problem = Problem(firms, Terms(1e8), limits)
        for words, proof, most in (("at once", False, 1e-4), ("proven", True, 1e-6)):
            seconds, plan = timed(lambda p=problem, q=proof: solve(p, prove=q))
            assert not complaints(plan)
            table.gap(f"302, five limits, {name}, {words}", plan.gap, most, f"{seconds:.2f} s")

    for against in ("expected_loss", "churn", "budget", "risk"):
        seconds, found = timed(lambda a=against: frontier(Problem(firms, Terms(1e8)), a, 40))
        worst = max(point.gap for point in found.points)
        note = f"{len(found.points)} points, gaps to {worst:.1e}"
        table.seconds(f"302, frontier against {against}", seconds, 10.0, note)
    for seed in range(2):
        seconds, found = timed(lambda s=seed: solve_ratio(Problem(contest_like(302, s), Terms(1e8))))
        table.seconds(f"302, P0's ratio, seed {seed}", seconds, 20.0, f"Z {found.z:.6f}, {found.nodes} nodes")
        table.gap("  proven", found.gap, 1e-4)
    plan = solve(Problem(firms, Terms(1e8)))
    seconds, found = timed(lambda: explain(plan), 3)
    table.add("302, every firm's flips", f"{seconds:.2f} s", note=f"{1e3 * seconds / len(found):.1f} ms a firm")


def large(table, n, budget_only, five, gap, memory=None):
    """Budget only and five limits at n firms; what they should take at most, in seconds."""
    firms = contest_like(n, 0, group=None)
    terms = Terms(1e8 * n / 302)
    seconds, plan = timed(lambda: solve(Problem(firms, terms)))
    if budget_only is None:
        table.add(f"{n:,}, budget only", f"{seconds:.3f} s", note=f"gap {plan.gap:.1e}")
    else:
        table.seconds(f"{n:,}, budget only", seconds, budget_only, f"gap {plan.gap:.1e}")
    seconds, plan = timed(lambda: solve(Problem(firms, terms, five_limits(n / 302))))
    assert n > 20_000 or not complaints(plan)
    table.seconds(f"{n:,}, five limits", seconds, five)
    table.gap("  at once", plan.gap, gap)
    if memory is not None:
        top = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        table.add("  peak memory of the whole run", f"{top:.2f} GiB", f"<= {memory:g} GiB", top <= memory)
    return plan


def rates_large(table, n):
    """Ordered rates, and one rate per grade, with five limits and with single ones, at n firms."""
    single = (("churn", Limits(mean_churn=0.6)), ("loss", Limits(expected_loss=0.02)))
    for name, kind in (("ordered rates", ORDERED), ("a rate per grade", Limits(one_rate_per_grade=True))):
        for words, limits in (("five limits", five_limits(n / 302)), *single):
            rules = {"rates_ordered": kind.rates_ordered, "one_rate_per_grade": kind.one_rate_per_grade}
            problem = Problem(contest_like(n, 0, group=None), Terms(1e8 * n / 302), replace(limits, **rules))
            seconds, plan = timed(lambda p=problem: solve(p))
            assert not complaints(plan)
            table.gap(f"{n:,}, {name}, {words}", plan.gap, 1e-5, f"{seconds:.2f} s")


def peers_large(table, plan):
    """HiGHS at the same firms and limits, in a process of its own: it overshoots its time limit."""
    before = time.perf_counter()
    reader, writer = multiprocessing.Pipe(duplex=False)
    other = multiprocessing.Process(target=_highs, args=(plan.problem, writer))
    other.start()
    writer.close()
    answered = reader.poll(600)
    seconds = time.perf_counter() - before
    value = reader.recv() if answered else None
    other.kill()
    other.join()
    found = f"a plan worth {value / plan.value:.5f} of ours" if value is not None else "no plan"
    late = "" if answered else "; killed, long past its limit"
    table.add(f"{len(plan.lend):,}, five limits, HiGHS with 300 s", found, note=f"after {seconds:.0f} s{late}")


def _highs(problem, writer):
    value, _, _ = grid_milp(problem, GRID, gap=1e-4, time_limit=300)
    writer.send(value)


SIZES = (100, 302, 1_000, 3_000, 10_000, 30_000, 100_000)


def plot(path):
    """Time against n, budget only and five limits, ours and the peers, as far as these get in reasonable time."""
    series = {}
    for name, limits in (("budget only", None), ("five limits", five_limits)):
        ours, highs = series.setdefault(f"ours, {name}", []), series.setdefault(f"HiGHS on 29 rates, {name}", [])
        for n in SIZES:
            rows = limits(n / 302) if limits else Limits()
            problem = Problem(contest_like(n, 0, group=None), Terms(1e8 * n / 302), rows)
            ours.append((n, timed(lambda p=problem: solve(p), 3)[0]))
            if n <= (10_000 if limits is None else 1_000):
                highs.append((n, timed(lambda p=problem: grid_milp(p, GRID, gap=1e-4, time_limit=120))[0]))
            if n <= 302 and limits is None:
                series.setdefault("SLSQP, budget only", []).append((n, timed(lambda p=problem: slsqp(p))[0]))
            print(f"{name}, {n:,}: {ours[-1][1]:.4f} s", flush=True)
    path.write_text(svg(series), encoding="utf-8")
    print(f"written: {path}")


COLOURS = {"ours": "#1f4e79", "HiGHS": "#d9730d", "SLSQP": "#7f7f7f"}


def svg(series):
    """A chart with two logarithmic axes, as SVG text; series: name -> [(firms, seconds)]."""
    wide, tall, left, top, right, bottom = 760, 460, 70, 30, 230, 55
    points = [point for line in series.values() for point in line]
    x0, x1 = (math.log10(edge(n for n, _ in points)) for edge in (min, max))
    y0, y1 = math.floor(math.log10(min(t for _, t in points))), math.ceil(math.log10(max(t for _, t in points)))

    def x(n):
        return left + (math.log10(n) - x0) / (x1 - x0) * (wide - left - right)

    def y(seconds):
        return top + (y1 - math.log10(seconds)) / (y1 - y0) * (tall - top - bottom)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {tall}" font-family="sans-serif" font-size="13">',
        f'<rect width="{wide}" height="{tall}" fill="white"/>',
    ]

    def label(at_x, at_y, words, anchor="middle", more=""):
        out.append(f'<text x="{at_x:.1f}" y="{at_y:.1f}" text-anchor="{anchor}"{more}>{words}</text>')

    for power in range(y0, y1 + 1):
        at = y(10.0**power)
        out.append(f'<path d="M{left} {at:.1f}H{wide - right}" stroke="#ddd"/>')
        label(left - 8, at + 4, f"{10.0**power:g} s", "end")
    for n in sorted({n for n, _ in points}):
        out.append(f'<path d="M{x(n):.1f} {top}V{tall - bottom}" stroke="#eee"/>')
        label(x(n), tall - bottom + 20, f"{n:,}")
    label((left + wide - right) / 2, tall - 12, "firms")
    # Names at the ends of their lines, pushed apart where they would overlap.
    ends = []
    for name, line in sorted(series.items(), key=lambda item: y(item[1][-1][1])):
        colour = COLOURS[name.split(",")[0].split()[0]]
        dash = ' stroke-dasharray="6 4"' if "five" in name else ""
        path = " ".join(f"{x(n):.1f},{y(t):.1f}" for n, t in line)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"{dash}/>')
        out += [f'<circle cx="{x(n):.1f}" cy="{y(t):.1f}" r="3.5" fill="{colour}"/>' for n, t in line]
        at_x, at_y = x(line[-1][0]) + 10, y(line[-1][1]) + 4
        while any(abs(at_x - other_x) < 200 and abs(at_y - other_y) < 16 for other_x, other_y in ends):
            at_y += 4
        ends.append((at_x, at_y))
        label(at_x, at_y, name, "start", f' fill="{colour}"')
    return "\n".join([*out, "</svg>"]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--peers-large", action="store_true")
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    solve(Problem(Firms.of("a", [0.01], "A"), Terms(1e6)))  # imports and tables, once
    if given.plot:
        plot(given.plot)
        return
    table = Table()
    small(table)
    if given.large or given.peers_large:
        plan = large(table, 10_000, None, 5.0, 1e-5)
        if given.peers_large:
            peers_large(table, plan)
    if given.large:
        rates_large(table, 3_000)
        rates_large(table, 10_000)
        large(table, 1_000_000, 3.0, 90.0, 1e-6, memory=3.0)
    table.show()


if __name__ == "__main__":
    main()
