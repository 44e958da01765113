"""Every published figure of the five papers that can be computed, from the contest's attachments.

Nothing here is looked up: ours is computed, the verdict compares it with what is printed (methods.figures).
The texts, with the definitions, are in locale/reproduce.toml.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from credit_udfs.core import churn, industry
from credit_udfs.core.indicators import P0_NINE, P2_SERIES, P3_FIVE, P4_SIX
from credit_udfs.core.tables import Tables
from credit_udfs.errors import NotAvailable
from credit_udfs.methods import compute, p0, p1, p2, p3, p4
from credit_udfs.methods.figures import Figure, agrees, figure
from credit_udfs.methods.fitting import fit_logistic, prepare
from credit_udfs.types import GRADES, Floats, Grade, Ints, Progress

__all__ = ["Figure", "agrees", "reproduce"]

# Firms the papers name; attachment 1 has them.
NAMED: tuple[str, ...] = ("E1", "E2", "E3", "E30", "E41", "E123")
RATED = 123


@dataclass(frozen=True)
class _Record:
    """Attachment 1: the firms with a credit record, in file order, and attachment 2's, if they are there."""

    tables: Tables
    firms: list[str]
    grades: tuple[Grade, ...]
    codes: Ints
    default: Ints
    others: list[str]

    def x(self, keys: tuple[str, ...], firms: list[str] | None = None) -> Floats:
        asked = self.firms if firms is None else firms
        frame = compute(self.tables.purchases, self.tables.sales, asked, keys)
        return frame.drop("firm").to_numpy().astype(np.float64)

    def at(self, firm: str) -> int:
        return self.firms.index(firm)


def reproduce(tables: Tables, progress: Progress | None = None) -> tuple[Figure, ...]:
    """The figures of P0..P4 beside ours.

    tables: attachments 1 to 3 of the contest. Without attachment 2 or 3, or without PyTorch (P2's network),
    the figures that need them have no `ours` and say so. The random draws (splits, starting weights) have
    fixed seeds. Raises NotAvailable when the firms with a credit record aren't those of attachment 1.
    """
    known = tables.firms.filter(pl.col("grade").is_not_null() & pl.col("default").is_not_null())
    firms = known["firm"].to_list()
    if len(firms) != RATED or not set(NAMED) <= set(firms):
        raise NotAvailable("reproduce.not_the_attachments", count=len(firms), expected=RATED)
    grades: tuple[Grade, ...] = tuple(known["grade"].to_list())
    record = _Record(
        tables,
        firms,
        grades,
        np.array([GRADES.index(grade) for grade in grades], dtype=np.int64),
        known["default"].cast(pl.Int64).to_numpy(),
        tables.firms.filter(pl.col("grade").is_null())["firm"].to_list(),
    )
    result: list[Figure] = []
    for i, part in enumerate(_PARTS):
        if progress is not None:
            progress("reproduce", i, len(_PARTS))
        result.extend(part(record))
    if progress is not None:
        progress("reproduce", len(_PARTS), len(_PARTS))
    return tuple(result)


# --- P0 -----------------------------------------------------------------------------------------------------

_TABLE_1: dict[str, tuple[str, str, str]] = {
    "p0_input_total": ("6892693842.00", "171736465.85", "57520838.33"),
    "p0_output_total": ("6946925979.04", "48758931.29", "780945531.47"),
    "p0_input_count": ("3441", "32156", "4561"),
    "p0_output_count": ("8110", "12707", "24073"),
    "p0_void_ratio": ("3.6%", "3.9%", "2%"),
    "p0_negative_ratio": ("2.6%", "1.1%", "15.8%"),
    "p0_total_tax": ("1574484761.53", "46518636.35", "96282840.39"),
    "p0_input_trend": ("−2074911623.90", "−18904332.79", "−13446090.65"),
    "p0_sales_trend": ("−6873226817.34", "9487052.75", "686512633.63"),
}


def _p0_curves(record: _Record) -> Iterator[Figure]:
    printed = {
        "A": ("-0.1716", "-0.683", "1.548"),
        "B": ("-0.2966", "-0.546", "1.721"),
        "C": ("-0.5104", "-0.431", "2.045"),
    }
    table = record.tables.churn
    fitted = churn.fit_churn(table.rates, table.observed) if table is not None else None
    for grade in churn.LENDABLE:
        for i, letter in enumerate("abc"):
            yield figure(
                f"p0_curve_{grade}_{letter}", "P0", "2.1", printed[grade][i],
                fitted.coefficients[grade][i] if fitted is not None else None,
                name="p0_curve", grade=grade, letter=letter, unavailable="no_churn",
            )  # fmt: skip


def _wrong_rows(record: _Record, firm: str) -> tuple[float, float]:
    """P0's mistake: totals of the PURCHASE sheet over the rows the firm has in the SALES sheet; sum and
    trend.
    """
    sales, purchases = record.tables.sales, record.tables.purchases
    rows = np.flatnonzero((sales["firm"].cast(pl.String) == firm).to_numpy())
    x = purchases["total"].slice(int(rows[0]), rows.size).to_numpy()
    m = x.size // 2
    return float(x.sum()), float(x[m - 1 :].sum() - x[:m].sum())


def _p0_table_1(record: _Record) -> Iterator[Figure]:
    named = ["E1", "E2", "E3"]
    values = record.x(P0_NINE, named)
    wrong = {firm: _wrong_rows(record, firm) for firm in named}
    for j, key in enumerate(P0_NINE):
        mistake = {"p0_output_total": 0, "p0_sales_trend": 1}.get(key)
        for i, firm in enumerate(named):
            yield figure(
                f"{key}_{firm}", "P0", "Table 1", _TABLE_1[key][i], float(values[i, j]),
                as_paper=None if mistake is None else wrong[firm][mistake], name=key, firm=firm,
            )  # fmt: skip


def _p0_tables_2_to_4(record: _Record) -> Iterator[Figure]:
    shares = p0.grade_shares(record.grades)
    # The paper's four shares sum to 100.00%; rounded, they sum to 99.99%, and the largest has been given the
    # rest.
    rounded = np.round(shares, 4)
    padded = rounded.copy()
    padded[rounded.argmax()] += 1.0 - rounded.sum()
    for i, printed in enumerate(("21.95%", "30.90%", "27.64%", "19.51%")):
        yield figure(f"p0_share_{GRADES[i]}", "P0", "Table 2", printed, float(shares[i]), name="p0_share",
                     as_paper=float(padded[i]) if i == rounded.argmax() else None, grade=GRADES[i],
                     share=shares[i], total=rounded.sum())  # fmt: skip
    reputation = p0.quantified_reputation()
    for i, printed in enumerate(("0.10", "0.35", "0.65", "0.90")):
        yield figure(f"p0_reputation_{GRADES[i]}", "P0", "Table 3", printed, float(reputation[i]),
                     name="p0_reputation", grade=GRADES[i])  # fmt: skip
    rates = p0.default_rates(record.grades, record.default.astype(bool))
    for i, printed in enumerate(("0", "0.026", "0.059", "1")):
        yield figure(f"p0_default_rate_{GRADES[i]}", "P0", "Table 4", printed, float(rates[i]),
                     name="p0_default_rate", grade=GRADES[i])  # fmt: skip


# --- P1 -----------------------------------------------------------------------------------------------------


def _p1(record: _Record) -> Iterator[Figure]:
    x, is_d = record.x(p1.INDICATORS_USED), (record.codes == 3).astype(np.int64)
    guess = p1.Discriminant().fit(x, is_d).predict(x)
    never = float(np.mean(is_d == 0))
    yield figure("p1_fisher_accuracy", "P1", "3.4", "67.5%", float(np.mean(guess == is_d)), never=never)
    yield figure("p1_fisher_others", "P1", "3.4", "76.8%", float(np.mean(guess[is_d == 0] == 0)))
    # The three printed shares fit one table of counts: 83 of 123 right, 76 of the 99 firms that aren't D.
    firms, others = len(is_d), int((is_d == 0).sum())
    right, right_others = round(0.675 * firms), round(0.768 * others)
    yield figure(
        "p1_fisher_d", "P1", "3.4", "23.2%", (right - right_others) / (firms - others),
        as_paper=1.0 - right_others / others, right=right, firms=firms, right_others=right_others,
        others=others, right_d=right - right_others, d=firms - others, wrong_others=others - right_others,
    )  # fmt: skip
    draws = [p1.GradeNetwork("lm", seed=seed).fit(x, record.codes).stopped_ for seed in range(40)]
    errors, epochs = np.array([d.validation for d in draws]), np.array([d.epoch for d in draws])
    low, high = np.quantile(errors, [0.05, 0.95])
    variance = float(np.var(4.0 - record.codes))
    yield figure("p1_network_error", "P1", "Figure 2", "0.96408", float(np.median(errors)),
                 low=low, high=high, variance=variance)  # fmt: skip
    yield figure("p1_network_epoch", "P1", "Figure 2", "3", float(np.median(epochs)),
                 low=np.quantile(epochs, 0.05), high=np.quantile(epochs, 0.95))  # fmt: skip
    change = p1.sensitivity(x, record.grades)
    yield figure("p1_sensitivity", "P1", "4", "very small", change.largest, holds=change.largest < 0.01,
                 mean=change.mean, rank=change.rank_correlation)  # fmt: skip


# --- P2 -----------------------------------------------------------------------------------------------------


def _p2_network(record: _Record) -> Iterator[Figure]:
    x = record.x(P2_SERIES)
    try:
        accuracy: float | None = _split_accuracy(lambda: p2.ConvolutionalNetwork(), x, record.codes, 24, 5)
        counts = None
        if record.others:
            network = p2.ConvolutionalNetwork().fit(x, record.codes)
            counts = np.bincount(network.predict(record.x(P2_SERIES, record.others)), minlength=4)
        leak = p2.window_accuracy(x, record.codes, "window")
        same = p2.window_accuracy(x, record.codes, "firm")
        unavailable = "no_others"
    except NotAvailable:
        accuracy, counts, leak, same, unavailable = None, None, 0.0, 0.0, "no_torch"
    yield figure("p2_accuracy", "P2", "2.1", ">80%", accuracy,
                 holds=accuracy is not None and accuracy > 0.8, leak=leak, same=same,
                 unavailable=unavailable)  # fmt: skip
    for i, printed in enumerate(("110", "101", "72")):
        yield figure(f"p2_count_{GRADES[i]}", "P2", "2.3", printed, None if counts is None else
        float(counts[i]),
                     name="p2_count", grade=GRADES[i], unavailable=unavailable)  # fmt: skip


def _p2_amounts(record: _Record) -> Iterator[Figure]:
    other_loans, minimum, firms_at_minimum = 47_641_377.48, 100_000.0, 62
    old = other_loans + firms_at_minimum * minimum
    raise_by, counts = np.array([200_000.0, 100_000.0, 50_000.0]), np.array([110, 101, 72])
    loss = None
    if record.others:
        loss = float((record.x(("p4_psi1",), record.others)[:, 0] < 0).sum())
    yield figure("p2_minimum_loans", "P2", "2.3", "62000", 53_841_377.48 - other_loans)
    yield figure("p2_loss_makers", "P2", "2.3", "62", loss, unavailable="no_others")
    yield figure("p2_total", "P2", "2.3", "53841377.48", old)
    new = old + float(raise_by @ counts)
    yield figure("p2_new_total", "P2", "2.3", "89541377.36", new, sum=new, short=new - 89_541_377.36)
    interest = np.array([1_874_233.274, 1_159_757.641, 723_051.5285])
    rates = np.array([0.0545, 0.0585, 0.0625])
    yield figure("p2_implied_total", "P2", "3", "89541377.36", float((interest / rates).sum()))


def _split_accuracy(make: Callable[[], Any], x: Floats, y: Ints, test: int, repeats: int) -> float:
    """Mean accuracy on `test` held-out firms over random splits, each with every class in training."""
    values = []
    for seed in range(repeats):
        order = np.random.default_rng(seed).permutation(len(y))
        held, rest = order[:test], order[test:]
        values.append(float(np.mean(make().fit(x[rest], y[rest]).predict(x[held]) == y[held])))
    return float(np.mean(values))


# --- P3 -----------------------------------------------------------------------------------------------------


def _p3(record: _Record) -> Iterator[Figure]:
    x = record.x(P3_FIVE)
    components, carried = p3.principal_components(prepare(x)[0])
    yield figure("p3_components", "P3", "Table 1", "2", float(len(components)), two=float(carried[:2].sum()))
    clusters = float(np.mean([p3.cluster_accuracy(x, seed) for seed in range(10)]))
    grades = _split_accuracy(p3.SupportVectors, x, record.codes, 37, 10)
    yield figure("p3_cluster_accuracy", "P3", "5.2.2", "close to 70%", clusters, holds=abs(clusters - 0.70) <= 0.025)
    yield figure("p3_grade_accuracy", "P3", "5.2.2", "close to 70%", grades, holds=abs(grades - 0.70) <= 0.025)


# --- P4 -----------------------------------------------------------------------------------------------------


def _p4(record: _Record) -> Iterator[Figure]:
    x = record.x(P4_SIX)
    p = p4.kruskal_wallis(x[record.codes == 0], x[record.default == 1])
    for j, printed in enumerate(("0.00016", "0.96550", "0.96550", "0.00397", "7.71630e-05", "4.36419e-08")):
        yield figure(f"p4_p_value_{j + 1}", "P4", "Table 1", printed, float(p[j]), name="p4_p_value", number=j + 1)
    chosen = x[:, [P4_SIX.index(key) for key in p4.CHOSEN]]
    z, steps = prepare(chosen)
    fit = fit_logistic(z, record.default, 2)
    center, scale = (np.array(steps[-1][name]) for name in ("center", "scale"))
    slopes = fit.coefficients[0] / scale
    constant = float(fit.intercept[0] - slopes @ center)
    names = ("const", *(f"ψ{key[-1]}" for key in p4.CHOSEN))
    for name, printed, value in zip(
        names, ("−0.896", "−2.82e-08", "5.86", "−0.005", "−0.001"), (constant, *slopes.tolist()), strict=True
    ):
        yield figure(f"p4_coefficient_{name}", "P4", "5", printed, float(value), name="p4_coefficient", term=name)
    with np.errstate(over="ignore"):
        pd = 1.0 / (1.0 + np.exp(-(constant + chosen @ slopes)))
    for firm, printed in (
        ("E1", "0.00830"), ("E2", "2.22E-16"), ("E30", "0.03002"), ("E41", "0.04803"), ("E123", "0.87202"),
    ):  # fmt: skip
        value = float(pd[record.at(firm)])
        # A solver that keeps probabilities away from 0 by the machine epsilon prints it where they are
        # smaller.
        floor = float(np.finfo(np.float64).eps)
        yield figure(f"p4_probability_{firm}", "P4", "Table 2", printed, value, name="p4_probability",
                     as_paper=max(value, floor) if value < floor else None, firm=firm, value=value)  # fmt: skip
    accuracy = float(np.mean((pd >= 0.5) == record.default))
    at = np.round(np.arange(0.05, 0.951, 0.01), 2)
    hits = [float(t) for t in at if agrees("74.8%", float(np.mean((pd >= t) == record.default)))]
    yield figure("p4_accuracy", "P4", "6", "74.8%", accuracy, right=round(0.748 * len(pd)), firms=len(pd),
                 thresholds=", ".join(f"{t:.2f}" for t in hits) or "-")  # fmt: skip


def _p4_scores(record: _Record) -> Iterator[Figure]:
    x = record.x(P4_SIX)
    names = dict(record.tables.firms.select("firm", "name").iter_rows())
    found = [industry.industry_of(names[firm] or "") for firm in record.firms]
    industries = [item.key if item is not None else "" for item in found]
    by_industry = p4.industry_scores(x, industries)
    m1, m2 = np.array([by_industry[key] for key in industries]), p4.firm_scores(x)
    scores = np.stack([m1, m2], axis=1)
    p = p4.kruskal_wallis(scores[record.codes == 0], scores[record.default == 1])
    yield figure("p4_industry_score", "P4", "5", "not related", float(p[0]), holds=bool(p[0] > p4.LEVEL))
    yield figure("p4_firm_score", "P4", "5", "closely related", float(p[1]), holds=bool(p[1] < p4.LEVEL))


_PARTS: tuple[Callable[[_Record], Iterator[Figure]], ...] = (
    _p0_curves,
    _p0_table_1,
    _p0_tables_2_to_4,
    _p1,
    _p2_network,
    _p2_amounts,
    _p3,
    _p4,
    _p4_scores,
)
