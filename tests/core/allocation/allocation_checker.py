"""Checks of plans that share no code with the solvers: own churn formula, own sums, own MILP on a rate
grid."""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

# P0's printed power laws; written out here again on purpose.
CURVES = {0: (-0.1716, -0.683, 1.548), 1: (-0.2966, -0.546, 1.721), 2: (-0.5104, -0.431, 2.045)}
TOL = 1e-6


def churn(rate, code):
    a, b, c = CURVES[code]
    return min(max(a * rate**b + c, 0.0), 1.0)


def per_yuan(problem, i, rate):
    """What a yuan offered to firm i at `rate` is expected to earn."""
    f, t = problem.firms, problem.terms
    pd = float(f.pd[i])
    stay = 1.0 - churn(rate, int(f.grade[i]))
    if t.objective == "bank":
        return stay * (rate * (1 - pd) - t.lgd * pd - t.funding)
    if t.objective == "P3":
        return stay * (rate - t.funding)
    if t.objective == "P4":
        return stay * rate * (1 - pd)
    score = (1 - pd) if f.repayment is None else float(f.repayment[i])
    return stay * rate * score * (1.0 if f.shock is None else float(f.shock[i]))


def complaints(plan):
    """Everything about a plan that breaks its problem; empty when it is sound."""
    problem, bad = plan.problem, []
    f, t, limits = problem.firms, problem.terms, problem.limits
    n = len(f.ids)
    money, drawn, loss, value, clients, churns = 0.0, 0.0, 0.0, 0.0, 0, []
    lent_rates = []
    for i in range(n):
        b, r = float(plan.amount[i]), float(plan.rate[i])
        if b == 0.0:
            if plan.lend[i] or not math.isnan(r):
                bad.append(f"{f.ids[i]}: refused, yet it has a rate or counts as lent")
            churns.append(1.0)
            continue
        if f.grade[i] == 3 or math.isnan(f.pd[i]):
            bad.append(f"{f.ids[i]}: lent to, grade {f.grade[i]}, pd {f.pd[i]}")
            continue
        if not f.low[i] * (1 - TOL) <= b <= f.high[i] * (1 + TOL):
            bad.append(f"{f.ids[i]}: amount {b} outside [{f.low[i]}, {f.high[i]}]")
        if not t.rate_min - 1e-9 <= r <= t.rate_max + 1e-9:
            bad.append(f"{f.ids[i]}: rate {r}")
        u = churn(r, int(f.grade[i]))
        churns.append(u)
        if abs(u - plan.churn[i]) > 1e-9:
            bad.append(f"{f.ids[i]}: churn {plan.churn[i]}, should be {u}")
        earned = b * per_yuan(problem, i, r)
        if abs(earned - plan.profit[i]) > 1e-6 * max(1.0, abs(earned)):
            bad.append(f"{f.ids[i]}: profit {plan.profit[i]}, should be {earned}")
        money, drawn, value, clients = money + b, drawn + b * (1 - u), value + earned, clients + 1
        loss += f.pd[i] * t.lgd * (b if limits.loss_basis == "committed" else b * (1 - u))
        lent_rates.append((float(f.pd[i]), r, int(f.grade[i])))
    counted = money if t.budget_basis == "offered" else drawn
    scale = max(t.budget, 1.0)
    if counted > t.budget + TOL * scale:
        bad.append(f"budget {counted} > {t.budget}")
    if t.use_all_budget and counted < t.budget - TOL * scale:
        bad.append(f"budget not used: {counted} < {t.budget}")
    base = money if limits.share_of == "lent" else t.budget

    def within(name, got, cap):
        if got > cap + TOL * scale:
            bad.append(f"{name}: {got} > {cap}")

    amount = np.asarray(plan.amount)
    if limits.sector_share is not None:
        shares = limits.sector_share
        if not isinstance(shares, dict):
            shares = dict.fromkeys(set(f.sector), shares)
        for name, share in shares.items():
            within(name, sum(b for b, s in zip(amount, f.sector, strict=True) if s == name), share * base)
    for letter, share in (limits.grade_share or {}).items():
        within(letter, amount[np.asarray(f.grade) == "ABCD".index(letter)].sum(), share * base)
    if limits.group_share is not None or limits.group_amount is not None:
        for name in set(f.group) - {""}:
            got = sum(b for b, s in zip(amount, f.group, strict=True) if s == name)
            if limits.group_share is not None:
                within(name, got, limits.group_share * base)
            if limits.group_amount is not None:
                within(name, got, limits.group_amount)
    if limits.expected_loss is not None:
        within("loss", loss, limits.expected_loss * (money if limits.loss_basis == "committed" else drawn))
    if limits.loss_amount is not None:
        within("loss amount", float(amount[amount > 0] @ f.pd[amount > 0]) * t.lgd, limits.loss_amount)
    if limits.mean_churn is not None:
        over = [u for u, b in zip(churns, amount, strict=True) if b > 0 or limits.churn_over == "applicants"]
        if over and sum(over) > (limits.mean_churn + TOL) * len(over):
            bad.append(f"mean churn {sum(over) / len(over)} > {limits.mean_churn}")
    if limits.min_clients is not None and clients < limits.min_clients:
        bad.append(f"{clients} clients < {limits.min_clients}")
    if limits.min_lent is not None and money < limits.min_lent - TOL * scale:
        bad.append(f"lent {money} < {limits.min_lent}")
    for name, fixed in (limits.fixed or {}).items():
        if abs(amount[f.ids.index(name)] - fixed) > 1e-6 * max(fixed, 1.0):
            bad.append(f"{name}: {amount[f.ids.index(name)]}, fixed at {fixed}")
    if limits.one_rate_per_grade:
        for code in range(3):
            of = [r for _, r, g in lent_rates if g == code]
            if of and max(of) - min(of) > 1e-9:
                bad.append(f"grade {code} has rates from {min(of)} to {max(of)}")
    if limits.rates_ordered:
        by = 2 if limits.one_rate_per_grade else 0
        lent_rates.sort(key=lambda row: (row[by], row[2]))
        for (p, r, g), (q, s, h) in itertools.pairwise(lent_rates):
            if s < r - 1e-9:
                bad.append(f"rate {s} at pd {q}, grade {h}, below rate {r} at pd {p}, grade {g}")
    if plan.method != "rules" and (limits.one_rate_per_grade or not limits.rates_ordered):
        bad += out_of_turn(plan)
    if abs(value - plan.value) > 1e-6 * max(abs(value), 1.0):
        bad.append(f"value {plan.value}, should be {value}")
    if plan.bound < plan.value - 1e-9 * max(abs(plan.value), 1.0):
        bad.append(f"bound {plan.bound} below value {plan.value}")
    return bad


def out_of_turn(plan):
    """Of firms alike in everything, each that gets a larger loan than one before it in the list, or as large a loan at
    a lower rate."""
    firms, last, bad = plan.problem.firms, {}, []
    known = (firms.pd, firms.grade, firms.low, firms.high, firms.sector, firms.group, firms.repayment, firms.shock)
    for i, name in enumerate(firms.ids):
        if name in (plan.problem.limits.fixed or {}):
            continue
        alike = tuple(column[i] for column in known if column is not None)
        amount, rate = float(plan.amount[i]), float(plan.rate[i])
        before = last.get(alike, (math.inf, 0.0))
        if amount > before[0] or (amount == before[0] > 0.0 and rate < before[1]):
            bad.append(f"{name}: served before an equal firm ahead of it in the list")
        last[alike] = amount, rate
    return bad


def best_rates(problem, steps=4001):
    """Each firm's best rate on a fine grid, (n, 1): where limits don't look at rates, grid_milp is exact with them."""
    grid = np.linspace(problem.terms.rate_min, problem.terms.rate_max, steps)
    lendable = [g < 3 and not math.isnan(pd) for g, pd in zip(problem.firms.grade, problem.firms.pd, strict=True)]
    best = [max(grid, key=lambda r: per_yuan(problem, i, r)) if ok else grid[0] for i, ok in enumerate(lendable)]
    return np.array(best)[:, None]


def grid_milp(problem, rates=None, gap=1e-9, time_limit=60.0):
    """The full MILP on a rate grid by HiGHS: (value in yuan, dual bound, HiGHS status), value None if
    infeasible.

    rates: (m,), or (n, m) for rates of each firm's own. Its optimum is a lower bound of the continuous problem; with
    a fine grid nearly the optimum itself.
    """
    f, t, limits = problem.firms, problem.terms, problem.limits
    rates = np.linspace(t.rate_min, t.rate_max, 29) if rates is None else np.asarray(rates)
    n, m = len(f.ids), rates.shape[-1]
    firm, rate = np.repeat(np.arange(n), m), np.broadcast_to(rates, (n, m)).ravel()
    ok = [(f.grade[i] < 3 and not math.isnan(f.pd[i]) and f.high[i] > 0) for i in range(n)]
    keep = np.repeat(ok, m)
    firm, rate = firm[keep], rate[keep]
    cols = firm.size
    if cols == 0:
        asks = (limits.min_clients or 0) > 0 or (limits.min_lent or 0) > 0
        asks |= limits.churn_over == "applicants" and (limits.mean_churn or 1) < 1
        asks |= t.use_all_budget and t.budget > 0
        return (None, None, 2) if asks else (0.0, 0.0, 0)
    unit = float(np.max(f.high))
    earn = np.array([per_yuan(problem, i, r) for i, r in zip(firm, rate, strict=True)])
    stay = np.array([1 - churn(r, int(f.grade[i])) for i, r in zip(firm, rate, strict=True)])
    low, high, pd = f.low[firm] / unit, f.high[firm] / unit, f.pd[firm]
    rows, at_least, at_most = [], [], []

    def row(b, z, least, most):
        rows.append(np.concatenate([np.broadcast_to(b, cols), np.broadcast_to(z, cols)]))
        at_least.append(least)
        at_most.append(most)

    budget = t.budget / unit
    row(1.0 if t.budget_basis == "offered" else stay, 0.0, budget if t.use_all_budget else -np.inf, budget)

    def share(member, cap):
        member = np.asarray(member, float)
        if limits.share_of == "lent":
            row(member - cap, 0.0, -np.inf, 0.0)
        else:
            row(member, 0.0, -np.inf, cap * budget)

    if limits.sector_share is not None:
        shares = limits.sector_share
        if not isinstance(shares, dict):
            shares = dict.fromkeys(sorted(set(f.sector)), shares)
        for name, cap in shares.items():
            share(np.array(f.sector)[firm] == name, cap)
    for letter, cap in (limits.grade_share or {}).items():
        share(f.grade[firm] == "ABCD".index(letter), cap)
    if f.group is not None:
        for name in sorted(set(f.group) - {""}):
            member = np.array(f.group)[firm] == name
            if limits.group_share is not None:
                share(member, limits.group_share)
            if limits.group_amount is not None:
                row(member.astype(float), 0.0, -np.inf, limits.group_amount / unit)
    if limits.expected_loss is not None:
        weight = 1.0 if limits.loss_basis == "committed" else stay
        row(weight * (pd * t.lgd - limits.expected_loss), 0.0, -np.inf, 0.0)
    if limits.loss_amount is not None:
        row(pd * t.lgd, 0.0, -np.inf, limits.loss_amount / unit)
    if limits.mean_churn is not None:
        if limits.churn_over == "clients":
            row(0.0, 1 - stay - limits.mean_churn, -np.inf, 0.0)
        else:
            row(0.0, -stay, -np.inf, (limits.mean_churn - 1) * n)
    if limits.min_clients is not None:
        row(0.0, 1.0, limits.min_clients, np.inf)
    if limits.min_lent is not None:
        row(1.0, 0.0, limits.min_lent / unit, np.inf)
    extra = 3 * m if limits.one_rate_per_grade else 0
    dense = np.array(rows)
    entries = [np.nonzero(dense)]
    i, j = entries[0]
    r_, c_, v_ = [i], [j], [dense[i, j]]
    count = len(rows)
    index = np.arange(cols)
    one = np.ones(cols)
    # one rate per firm at most; low z <= b <= high z
    r_.append(count + firm), c_.append(cols + index), v_.append(one)
    at_least += [-np.inf] * n
    at_most += [1.0] * n
    count += n
    r_ += [count + index] * 2
    c_ += [index, cols + index]
    v_ += [one, -high]
    at_least += [-np.inf] * cols
    at_most += [0.0] * cols
    count += cols
    r_ += [count + index] * 2
    c_ += [index, cols + index]
    v_ += [-one, low]
    at_least += [-np.inf] * cols
    at_most += [0.0] * cols
    count += cols
    level = np.tile(np.arange(m), n)[keep]
    if extra:
        # y[grade, rate] is the grade's one rate
        r_ += [count + index] * 2
        c_ += [cols + index, 2 * cols + f.grade[firm] * m + level]
        v_ += [one, -one]
        at_least += [-np.inf] * cols
        at_most += [0.0] * cols
        count += cols
        y = np.arange(3 * m)
        r_.append(count + y // m), c_.append(2 * cols + y), v_.append(np.ones(3 * m))
        at_least += [1.0] * 3
        at_most += [1.0] * 3
        count += 3
    if limits.rates_ordered and limits.one_rate_per_grade:
        # sum of the rates up to a level: of grade A no less than of B, of B no less than of C
        for g in range(2):
            for top in range(m):
                mine, next_ = 2 * cols + g * m + np.arange(top + 1), 2 * cols + (g + 1) * m + np.arange(top + 1)
                r_ += [np.full(top + 1, count)] * 2
                c_ += [mine, next_]
                v_ += [np.ones(top + 1), -np.ones(top + 1)]
                at_least.append(0.0)
                at_most.append(np.inf)
                count += 1
    elif limits.rates_ordered:
        # a running level per firm, in order of risk, that every lent rate must equal
        order = np.lexsort((np.arange(n), f.grade, f.pd))
        extra += n
        first = 2 * cols
        top = float(m - 1)
        place = np.empty(n, dtype=int)
        place[order] = np.arange(n)
        # level z <= run <= level z + top (1 - z)
        r_ += [count + index] * 2
        c_ += [first + place[firm], cols + index]
        v_ += [one, top - level]
        at_least += [-np.inf] * cols
        at_most += [top] * cols
        count += cols
        r_ += [count + index] * 2
        c_ += [first + place[firm], cols + index]
        v_ += [one, -level.astype(float)]
        at_least += [0.0] * cols
        at_most += [np.inf] * cols
        count += cols
        k = np.arange(n - 1)
        r_ += [count + k] * 2
        c_ += [first + k + 1, first + k]
        v_ += [np.ones(n - 1), -np.ones(n - 1)]
        at_least += [0.0] * (n - 1)
        at_most += [np.inf] * (n - 1)
        count += n - 1
    width = 2 * cols + extra
    matrix = coo_array((np.concatenate(v_), (np.concatenate(r_), np.concatenate(c_))), shape=(count, width)).tocsr()
    upper = np.concatenate([high, np.ones(cols), np.full(extra, m)])
    lower = np.zeros(width)
    for name, fixed in (limits.fixed or {}).items():
        mine = firm == f.ids.index(name)
        if fixed == 0:
            upper[:cols][mine] = 0.0
            upper[cols : 2 * cols][mine] = 0.0
    fixed_rows = [(f.ids.index(k), v) for k, v in (limits.fixed or {}).items() if v > 0]
    constraints = [LinearConstraint(matrix, np.array(at_least, float), np.array(at_most, float))]
    for i, v in fixed_rows:
        line = np.zeros((1, width))
        line[0, :cols][firm == i] = 1.0
        constraints.append(LinearConstraint(line, v / unit, v / unit))
    kinds = np.concatenate([np.zeros(cols), np.ones(cols), np.zeros(extra)])
    if limits.one_rate_per_grade:
        kinds[2 * cols : 2 * cols + 3 * m] = 1
    scale = float(np.abs(earn).max()) or 1.0
    found = milp(
        np.concatenate([-earn / scale, np.zeros(cols + extra)]),
        integrality=kinds,
        bounds=Bounds(lower, upper),
        constraints=constraints,
        options={"mip_rel_gap": gap, "time_limit": time_limit},
    )
    if found.x is None:
        return None, None, found.status
    return -found.fun * scale * unit, -found.mip_dual_bound * scale * unit, found.status
