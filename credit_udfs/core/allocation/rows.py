"""Limits as linear rows over loans, and the pricing of every firm under multipliers on them.

A loan of b (in units of the largest loan) at a rate where the share s stays enters row k with
``b (money_k + drawn_k s) + (count_k + stays_k s)``. Under multipliers mu the best loan of a firm is again a
look-up of its best rate, at the smallest or the largest amount, so rates stay continuous whatever the limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from credit_udfs.core.allocation.plan import LimitUse, Unit
from credit_udfs.core.allocation.problem import Problem
from credit_udfs.core.allocation.rates import RateTable
from credit_udfs.types import GRADES, Bools, Floats, Ints

Coefficient: TypeAlias = "float | Floats"


@dataclass(frozen=True, eq=False)
class Row:
    """One limit, ``activity <= right``; coefficients per loan, a scalar or one per member.

    members: firms (positions in the pool) that `money` is about, None for all; everyone: added to `money` of
    every firm. per: price per unit of the limit as the user states it, in yuan, for one unit of this row's
    right-hand side (shares of the money lent: that money, put in by the caller).
    """

    key: str
    name: str
    values: Mapping[str, Any]
    right: float
    money: Coefficient = 0.0
    members: Ints | None = None
    everyone: float = 0.0
    drawn: Coefficient = 0.0
    count: float = 0.0
    stays: float = 0.0
    scale: float = 1.0
    share: float | None = None
    at_least: bool = False


@dataclass(frozen=True, eq=False)
class Choice:
    """A loan or none for each firm of a pool: amount in units (0 for none), rate, share that stays. Shape
    (m,)."""

    amount: Floats
    rate: Floats
    stay: Floats

    def take(self, rows: Ints) -> Choice:
        return Choice(self.amount[rows], self.rate[rows], self.stay[rows])

    def put(self, rows: Ints, other: Choice) -> None:
        """Overwrite `rows` by `other`'s loans."""
        self.amount[rows], self.rate[rows], self.stay[rows] = other.amount, other.rate, other.stay


@dataclass(frozen=True, eq=False)
class Pool:
    """The firms that may get a loan, and the limits as rows. Arrays (m,); amounts in units of `unit` yuan.

    firm: positions in the problem; forced: the decision is taken (low == high, always lent).
    """

    firm: Ints
    grade: Ints
    gain: Floats
    cost: Floats
    low: Floats
    high: Floats
    forced: Bools
    table: RateTable
    rows: tuple[Row, ...]
    right: Floats
    unit: float

    @property
    def size(self) -> int:
        return int(self.firm.size)

    @property
    def has_stays(self) -> bool:
        return any(row.stays != 0.0 for row in self.rows)

    def subset(self, keep: Ints, right: Floats) -> Pool:
        """The pool of firms `keep` (positions, in any order, each once) with other right-hand sides."""
        place = np.full(self.size, -1)
        place[keep] = np.arange(keep.size)
        rows = list[Row]()
        for row in self.rows:
            money, members, drawn = row.money, row.members, row.drawn
            if members is not None:
                inside = place[members] >= 0
                money = money[inside] if isinstance(money, np.ndarray) else money
                members = place[members[inside]]
            elif isinstance(money, np.ndarray):
                money = money[keep]
            if isinstance(drawn, np.ndarray):
                drawn = drawn[keep]
            rows.append(replace(row, money=money, members=members, drawn=drawn))
        return Pool(
            self.firm[keep],
            self.grade[keep],
            self.gain[keep],
            self.cost[keep],
            self.low[keep],
            self.high[keep],
            self.forced[keep],
            self.table,
            tuple(rows),
            right,
            self.unit,
        )

    def subset_in(self, order: Ints) -> Pool:
        """The same pool, its firms in another order."""
        return self.subset(order, self.right)

    def priced(self, mu: Floats) -> tuple[Floats, Floats, float, float]:
        """What multipliers (k,) charge: per unit of money (m,), per unit drawn (m,), per loan, per staying
        client."""
        money, drawn = np.zeros(self.size), np.zeros(self.size)
        everyone = count = stays = 0.0
        for price, row in zip(mu, self.rows, strict=True):
            if price == 0.0:
                continue
            everyone += price * row.everyone
            count += price * row.count
            stays += price * row.stays
            if row.members is None:
                if isinstance(row.money, np.ndarray) or row.money != 0.0:
                    money += price * row.money
            else:
                money[row.members] += price * row.money
            if isinstance(row.drawn, np.ndarray) or row.drawn != 0.0:
                drawn += price * row.drawn
        return money + everyone, drawn, count, stays

    def offers(self, mu: Floats) -> tuple[Choice, Floats]:
        """The best loan of each firm under multipliers (k,), and its reduced value (m,), negative where
        refusing is better."""
        money, drawn, count, stays = self.priced(mu)
        cost = self.cost + drawn
        gain = np.maximum(self.gain, 1e-12)
        kappa = cost / gain
        if stays == 0.0:
            rate, stay = self.table.best(kappa, self.grade)
            each = stay * (self.gain * rate - cost) - money
            amount = np.where(each > 0.0, self.high, self.low)
            return Choice(amount, rate, stay), amount * each - count
        rate, stay = self.table.best(kappa + stays / (gain * self.high), self.grade)
        value = self.high * (stay * (self.gain * rate - cost) - money) - count - stays * stay
        low_rate, low_stay = self.table.best(kappa + stays / (gain * self.low), self.grade)
        low_value = self.low * (low_stay * (self.gain * low_rate - cost) - money) - count - stays * low_stay
        less = low_value > value
        return (
            Choice(
                np.where(less, self.low, self.high),
                np.where(less, low_rate, rate),
                np.where(less, low_stay, stay),
            ),
            np.where(less, low_value, value),
        )

    def respond(self, mu: Floats) -> tuple[Choice, Floats]:
        """The best decision of each firm, refusing included, and its reduced value (m,)."""
        choice, value = self.offers(mu)
        lend = (value > 0.0) | self.forced
        return Choice(np.where(lend, choice.amount, 0.0), choice.rate, choice.stay), np.where(lend, value, 0.0)

    def profit(self, choice: Choice) -> Floats:
        """(m,) in units."""
        return choice.amount * choice.stay * (self.gain * choice.rate - self.cost)

    def activity(self, choice: Choice, block: Ints, blocks: int) -> Floats:
        """Activity of each row, by block: (k, blocks). block: (m,) block of each firm, non-decreasing."""
        lend = choice.amount > 0.0
        drawn = choice.amount * choice.stay
        out = np.zeros((len(self.rows), blocks))

        def summed(weights: Floats) -> Floats:
            return np.bincount(block, weights, blocks).astype(np.float64, copy=False)

        money_all = summed(choice.amount)
        count_all: Floats | None = None
        for k, row in enumerate(self.rows):
            if row.members is not None:
                at = row.members
                out[k] = np.bincount(block[at], choice.amount[at] * row.money, blocks)
            elif isinstance(row.money, np.ndarray):
                out[k] = summed(choice.amount * row.money)
            elif row.money != 0.0:
                out[k] = money_all * row.money
            if row.everyone != 0.0:
                out[k] += money_all * row.everyone
            if isinstance(row.drawn, np.ndarray) or row.drawn != 0.0:
                out[k] += summed(drawn * row.drawn)
            if row.count != 0.0:
                count_all = summed(lend.astype(np.float64)) if count_all is None else count_all
                out[k] += count_all * row.count
            if row.stays != 0.0:
                out[k] += summed(np.where(lend, choice.stay, 0.0)) * row.stays
        return out

    def total(self, choice: Choice) -> Floats:
        """Activity of each row, (k,)."""
        return self.activity(choice, np.zeros(self.size, dtype=np.int64), 1)[:, 0]

    def coefficients(self, k: int) -> tuple[Floats, Floats, float, float]:
        """Row k written out: money (m,), drawn (m,), count, stays."""
        row = self.rows[k]
        money = np.full(self.size, row.everyone)
        if row.members is None:
            money += row.money
        else:
            money[row.members] += row.money
        return (
            money,
            np.broadcast_to(np.asarray(row.drawn, dtype=np.float64), (self.size,)),
            row.count,
            row.stays,
        )


def pool_of(problem: Problem) -> Pool:
    """The firms that may get a loan under a problem, and its limits as rows, the budget first."""
    firms, terms = problem.firms, problem.terms
    fixed = problem.fixed_amount
    firm = np.flatnonzero(problem.lendable)
    forced = fixed[firm] > 0.0
    low = np.where(forced, fixed[firm], firms.low[firm])
    high = np.where(forced, fixed[firm], firms.high[firm])
    # No loan exceeds the budget either; rows are kept to a millionth of the unit at least.
    unit = min(float(high.max(initial=0.0)), max(terms.budget, float(low.max(initial=0.0)))) or 1.0
    rows = tuple(_rows(problem, firm, unit))
    return Pool(
        firm,
        firms.grade[firm],
        problem.gain[firm],
        problem.cost[firm],
        low / unit,
        high / unit,
        forced,
        terms.rates,
        rows,
        np.array([row.right for row in rows]),
        unit,
    )


def _rows(problem: Problem, firm: Ints, unit: float) -> list[Row]:
    firms, terms, limits = problem.firms, problem.terms, problem.limits
    budget, n = terms.budget / unit, len(firms)
    name = "use_all_budget" if terms.use_all_budget else "budget"
    values: dict[str, Any] = {"amount": terms.budget}
    if terms.budget_basis == "drawn":
        rows = [Row("budget", f"{name}_drawn", values, budget, drawn=1.0, scale=unit)]
        least = Row("whole_budget", f"{name}_drawn", values, -budget, drawn=-1.0, at_least=True, scale=unit)
    else:
        rows = [Row("budget", name, values, budget, money=1.0, scale=unit)]
        least = Row("whole_budget", name, values, -budget, money=-1.0, at_least=True, scale=unit)
    if terms.use_all_budget:
        rows.append(least)

    def share(key: str, name: str, values: dict[str, Any], members: Ints, cap: float) -> None:
        values = {**values, "share": cap, "share_of": limits.share_of}
        lent = limits.share_of == "lent"
        rows.append(
            Row(
                key,
                name,
                values,
                0.0 if lent else cap * budget,
                money=1.0,
                members=members,
                everyone=-cap if lent else 0.0,
                share=cap,
                scale=unit,
            )
        )

    for sector, members, cap in _sectors(problem, firm):
        share(f"sector {sector}", "sector", {"sector": sector}, members, cap)
    for grade, cap in (limits.grade_share or {}).items():
        members = np.flatnonzero(firms.grade[firm] == GRADES.index(grade))
        share(f"grade {grade}", "grade", {"grade": grade}, members, cap)
    for group, members in _groups(problem, firm):
        if limits.group_share is not None:
            share(f"group share {group}", "one_group_share", {"group": group}, members, limits.group_share)
        if limits.group_amount is not None:
            right = limits.group_amount / unit
            values = {"group": group, "amount": limits.group_amount}
            rows.append(Row(f"group {group}", "one_group_amount", values, right, 1.0, members, scale=unit))
    if limits.expected_loss is not None:
        over = firms.pd[firm] * terms.lgd - limits.expected_loss
        values = {"share": limits.expected_loss}
        name = f"expected_loss_{limits.loss_basis}"
        if limits.loss_basis == "committed":
            row = Row("expected_loss", name, values, 0.0, over, share=limits.expected_loss, scale=unit)
        else:
            row = Row("expected_loss", name, values, 0.0, drawn=over, share=limits.expected_loss, scale=unit)
        rows.append(row)
    if limits.loss_amount is not None:
        values = {"amount": limits.loss_amount}
        loss = firms.pd[firm] * terms.lgd
        right = limits.loss_amount / unit
        rows.append(Row("loss_amount", "loss_amount", values, right, loss, scale=unit))
    if limits.risk_amount is not None:
        values = {"amount": limits.risk_amount}
        right = limits.risk_amount / unit
        rows.append(Row("risk", "risk_amount", values, right, firms.risk_value[firm], scale=unit))
    if limits.mean_churn is not None:
        cap, clients = limits.mean_churn, limits.churn_over == "clients"
        values = {"share": cap}
        name = f"mean_churn_{limits.churn_over}"
        count = 1.0 - cap if clients else 0.0
        right = 0.0 if clients else (cap - 1.0) * n
        rows.append(Row("mean_churn", name, values, right, count=count, stays=-1.0, share=cap))
    if limits.min_clients is not None:
        values = {"count": limits.min_clients}
        right = -float(limits.min_clients)
        rows.append(Row("min_clients", "min_clients", values, right, count=-1.0, at_least=True))
    if limits.min_lent is not None:
        values = {"amount": limits.min_lent}
        right = -limits.min_lent / unit
        rows.append(Row("min_lent", "min_lent", values, right, money=-1.0, at_least=True, scale=unit))
    return rows


def _sectors(problem: Problem, firm: Ints) -> list[tuple[str, Ints, float]]:
    shares = problem.limits.sector_share
    if shares is None or problem.firms.sector is None:
        return []
    names, code = np.unique(np.asarray(problem.firms.sector, dtype=str), return_inverse=True)
    code = code[firm]
    # Firms of unknown sector ("") have nothing in common: one cap for every sector doesn't bind them together.
    caps = shares if isinstance(shares, Mapping) else dict.fromkeys((name for name in names.tolist() if name), shares)
    index = {name: k for k, name in enumerate(names.tolist())}
    return [(name, np.flatnonzero(code == index[name]), float(cap)) for name, cap in caps.items()]


def _groups(problem: Problem, firm: Ints) -> list[tuple[str, Ints]]:
    limits = problem.limits
    if problem.firms.group is None or (limits.group_share is None and limits.group_amount is None):
        return []
    names, code = np.unique(np.asarray(problem.firms.group, dtype=str), return_inverse=True)
    code = code[firm]
    order = np.argsort(code, kind="stable")
    ends = np.searchsorted(code[order], np.arange(names.size + 1))
    parts = [(str(name), order[ends[k] : ends[k + 1]]) for k, name in enumerate(names) if name]
    return [(name, np.sort(members)) for name, members in parts if members.size]


def uses(problem: Problem, pool: Pool, choice: Choice, mu: Floats) -> tuple[LimitUse, ...]:
    """How far each limit is used by `choice`, and its price, in the units in which the user states it."""
    activity = pool.total(choice)
    offered = float(choice.amount.sum())
    drawn = float(choice.amount @ choice.stay)
    clients = int((choice.amount > 0.0).sum())
    out = []
    for row, used, price in zip(pool.rows, activity, mu, strict=True):
        right = row.right
        if row.key == "mean_churn":
            # Clients: sum of (churn - cap) <= 0. Applicants: -sum of stays <= (cap - 1) n.
            base = float(clients if row.count else len(problem.firms))
            mean = 1.0 + (used - row.count * clients) / base if base else 0.0
            out.append(_use(row, mean, float(row.share or 0.0), price * base * pool.unit))
        elif row.share is not None:
            of_loss = drawn if row.name.endswith("drawn") else offered
            lent = row.values.get("share_of") != "budget"
            base = of_loss if lent else problem.terms.budget / pool.unit
            part = used + row.share * base if lent else used
            out.append(_use(row, part / base if base else 0.0, row.share, price * base * pool.unit))
        elif row.at_least:
            out.append(_use(row, -used * row.scale, -right * row.scale, price * pool.unit / row.scale))
        else:
            out.append(_use(row, used * row.scale, right * row.scale, price * pool.unit / row.scale))
    return tuple(out)


def _use(row: Row, used: float, allowed: float, price: float) -> LimitUse:
    unit: Unit = "share" if row.share is not None else "count" if row.key == "min_clients" else "yuan"
    paid = max(float(price), 0.0)
    return LimitUse(row.key, row.name, dict(row.values), used + 0.0, allowed + 0.0, row.at_least, paid, unit)
