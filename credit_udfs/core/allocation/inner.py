"""Deciding the firms near a tie, rates fixed at what the prices of the limits call for.

Every solution is a plan: the rates of a firm are those that are best for its largest and for its smallest
loan under the prices, so only whether, how much and which of the two is open. A small mixed-integer
programme. A ceiling on mean churn enters by its price and within `wide` clients: moving all rates a little
meets it afterwards at hardly any cost (limited.py), which no choice among fixed rates could.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from credit_udfs.core.allocation.rows import Choice, Pool
from credit_udfs.types import Floats

NODES = 200


def decide(
    pool: Pool,
    mu: Floats,
    *,
    gap: float,
    whole: float = 0.0,
    wide: float = 0.4,
    rates: Floats | None = None,
    seconds: float | None = None,
) -> Choice | None:
    """The best loans of a small pool at rates priced by mu (k,), within `gap` (relative); None if none was
    found.

    whole: a value, in units, that the gap relates to beside that of this pool (what other firms earn).
    wide: by how many clients the ceiling on mean churn may be missed for now. rates: (g,) offered to every firm, in
    place of those that prices call for.
    """
    m, k = pool.size, len(pool.rows)
    offered = _priced(pool, mu) if rates is None else _quoted(pool, rates)
    modes = len(offered)
    rate, stay = np.concatenate([r for r, _ in offered]), np.concatenate([s for _, s in offered])
    firm, p = np.tile(np.arange(m), modes), m * modes
    earn = stay * (pool.gain[firm] * rate - pool.cost[firm])
    worth = np.concatenate([earn, np.zeros(p)])
    lines, ceiling, floor = [], pool.right.copy(), np.full(k, -np.inf)
    for at in range(k):
        by_money, by_drawn, by_count, by_stay = pool.coefficients(at)
        if by_stay != 0.0:
            worth[p:] -= mu[at] * (by_count + by_stay * stay)
            ceiling[at] += wide
            floor[at] = pool.right[at] - wide if mu[at] > 0.0 else -np.inf
        lines.append(
            np.concatenate([by_money[firm] + by_drawn[firm] * stay, np.broadcast_to(by_count + by_stay * stay, p)])
        )
    row, column = np.arange(p), np.arange(p)
    ones = np.ones(p)
    # b <= high z, b >= low z, one mode at most (exactly one where the loan is forced)
    places = np.concatenate([row, row, p + row, p + row, 2 * p + firm])
    columns = np.concatenate([column, p + column, column, p + column, p + column])
    values = np.concatenate([ones, -pool.high[firm], -ones, pool.low[firm], ones])
    links = csr_array((values, (places, columns)), shape=(2 * p + m, 2 * p + 1))
    bottom = np.concatenate([np.full(2 * p, -np.inf), pool.forced.astype(np.float64)])
    top = np.concatenate([np.zeros(2 * p), np.ones(m)])
    scale = float(np.abs(earn).max(initial=0.0)) or 1.0
    options: dict[str, float] = {"mip_rel_gap": max(gap, 1e-9), "node_limit": NODES}
    if seconds is not None:
        options["time_limit"] = max(seconds, 0.01)
    found = milp(
        np.append(-worth / scale, -abs(whole) / scale),
        integrality=np.append(np.repeat([0, 1], p), 0),
        bounds=Bounds(np.append(np.zeros(2 * p), 1.0), np.concatenate([pool.high[firm], ones, [1.0]])),
        constraints=[
            LinearConstraint(csr_array(np.pad(np.array(lines), ((0, 0), (0, 1)))), floor, ceiling),
            LinearConstraint(links, bottom, top),
        ],
        options=options,
    )
    if found.x is None:
        return None
    amount, chosen = found.x[:p].reshape(modes, m), found.x[p : 2 * p].reshape(modes, m) > 0.5
    mode = np.argmax(chosen, axis=0)
    at = mode * m + np.arange(m)
    lend = chosen.any(axis=0)
    loan = np.clip(amount[mode, np.arange(m)], pool.low, pool.high)
    return Choice(np.where(lend, loan, 0.0), rate[at], stay[at])


def _priced(pool: Pool, mu: Floats) -> list[tuple[Floats, Floats]]:
    """Rates and the shares that stay, (m,) each, best for the largest loans and, where clients are counted, for the
    smallest."""
    _, drawn, _, stays = pool.priced(mu)
    gain = np.maximum(pool.gain, 1e-12)
    levels = [pool.high, pool.low] if pool.has_stays else [pool.high]
    return [pool.table.best((pool.cost + drawn) / gain + stays / (gain * level), pool.grade) for level in levels]


def _quoted(pool: Pool, rates: Floats) -> list[tuple[Floats, Floats]]:
    quoted = [np.full(pool.size, rate) for rate in rates]
    return [(rate, pool.table.stay(rate, pool.grade)) for rate in quoted]
