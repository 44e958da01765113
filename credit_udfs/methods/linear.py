"""The default model: ridge logistic regression for default; for the grade, whether D, and which of A to C if not.

Logistic regression is proportional odds with two classes, so one fit serves all. `train` fits them on the canonical
six of firms whose grade and default are known, and returns the card that `core.kernel` scores with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import expit

from credit_udfs.core.indicators import SIX, compute
from credit_udfs.core.model_card import Model
from credit_udfs.core.tables import Tables
from credit_udfs.methods.training import described, labels, training_rows
from credit_udfs.types import Floats, Ints

GRADE_SETS_LEVEL = 0.9
"""What the grade sets of a card promise to cover; see `credit_udfs.methods.conformal`."""

# How an indicator enters a linear model: skewed money and counts by their logarithm, small rates by their root.
TRANSFORMS: Mapping[str, tuple[str, float]] = {
    "annual_net_sales": ("log10", 1000.0),
    "annual_net_purchases": ("log10", 1000.0),
    "purchase_to_sales": ("log10", 0.1),
    "sales_void_rate": ("sqrt", 0.0),
    "purchase_void_rate": ("sqrt", 0.0),
    "sales_return_rate": ("sqrt", 0.0),
    "purchase_return_rate": ("sqrt", 0.0),
    "sales_return_amount_share": ("sqrt", 0.0),
    "purchase_return_amount_share": ("sqrt", 0.0),
    "sales_partners": ("log10", 1.0),
    "purchase_partners": ("log10", 1.0),
    "sales_invoices_per_year": ("log10", 1.0),
    "purchase_invoices_per_year": ("log10", 1.0),
    "sales_mean_amount": ("log10", 1000.0),
    "purchase_mean_amount": ("log10", 1000.0),
    "sales_median_amount": ("log10", 1000.0),
    "purchase_median_amount": ("log10", 1000.0),
    "sales_variation": ("log10", 0.1),
    "purchase_variation": ("log10", 0.1),
}


def standardise(x: Floats, keys: Sequence[str]) -> tuple[Floats, list[dict[str, Any]]]:
    """Transform and standardise the columns of x (n, k); missing values take the column's median.

    Returns z (n, k) of mean 0 and standard deviation 1 (population) over the known values, and per column what
    `core.kernel` needs to do the same: key, transform, mean, sd, median, and the smallest and largest value seen.
    A column that doesn't vary gets sd 1 and so has no effect.
    """
    columns, specs = [], []
    for key, values in zip(keys, np.asarray(x, dtype=np.float64).T, strict=True):
        name, shift = TRANSFORMS.get(key, ("identity", 0.0))
        known = values[~np.isnan(values)]
        moved = transform(known, name, shift)
        mean, sd, median = rounded(moved.mean()), rounded(moved.std()), float(np.median(known))
        sd = sd if sd > 1e-12 else 1.0
        spec = {
            "key": key,
            "transform": {"name": name, "shift": shift},
            "mean": mean,
            "sd": sd,
            "median": median,
            "low": float(known.min()),
            "high": float(known.max()),
        }
        filled = np.where(np.isnan(values), median, values)
        columns.append((transform(filled, name, shift) - mean) / sd)
        specs.append(spec)
    return np.stack(columns, axis=1), specs


def transform(values: Floats, name: str, shift: float) -> Floats:
    """The transforms of core.kernel, by numpy's own functions: fitting doesn't need the kernel's exact bits."""
    if name == "log10":
        return np.log10(shift + np.maximum(values, 0.0))
    return np.sqrt(np.maximum(values, 0.0)) if name == "sqrt" else values


def fit_proportional_odds(z: Floats, codes: Ints, classes: int, c: float) -> tuple[Floats, Floats]:
    """Coefficients (k,) and increasing cut-offs (classes - 1,) of P(code <= j) = 1 / (1 + exp(eta - cut_j)),
    eta = z @ coef, by penalised maximum likelihood: sum of log-likelihoods - |coef|^2 / (2 c).

    z: (n, k) standardised; codes: (n,) in 0..classes-1, every class present. Cut-offs are not penalised. Newton's
    method with step halving: the objective is convex, and the solution doesn't depend on where the search began.
    Source: McCullagh (1980), Regression models for ordinal data; ridge penalty as in scikit-learn's C.
    """
    n, k = z.shape
    cuts = classes - 1
    # Firm i's class lies between edge_above[i] - eta and edge_below[i] - eta; the outermost edges are infinite.
    identity = np.vstack([np.zeros(cuts), np.eye(cuts), np.zeros(cuts)])
    above = np.hstack([-z, identity[codes + 1]])
    below = np.hstack([-z, identity[codes]])
    penalty = np.concatenate([np.full(k, 1.0 / c), np.zeros(cuts)])

    def edges(theta: Floats) -> tuple[Floats, Floats, Floats]:
        upper = np.where(codes < cuts, above @ theta, np.inf)
        lower = np.where(codes > 0, below @ theta, -np.inf)
        # Of two near one, the difference of the complements keeps the digits.
        flip = lower > 0
        p = expit(np.where(flip, -lower, upper)) - expit(np.where(flip, -upper, lower))
        return upper, lower, np.maximum(p, 1e-300)

    def loss(theta: Floats) -> float:
        return float(-np.log(edges(theta)[2]).sum() + 0.5 * (penalty @ theta**2))

    shares = np.cumsum(np.bincount(codes, minlength=classes))[:-1] / n
    theta = np.concatenate([np.zeros(k), np.log(shares / (1.0 - shares))])
    value = loss(theta)
    for _ in range(200):
        upper, lower, p = edges(theta)
        f_up, f_low = expit(upper) * expit(-upper), expit(lower) * expit(-lower)
        g_up, g_low = f_up / p, f_low / p
        slope_up, slope_low = f_up * (expit(-upper) - expit(upper)), f_low * (expit(-lower) - expit(lower))
        gradient = penalty * theta - above.T @ g_up + below.T @ g_low
        cross = above.T @ (below * (g_up * g_low)[:, None])
        hessian = (
            np.diag(penalty)
            - above.T @ (above * (slope_up / p - g_up**2)[:, None])
            + below.T @ (below * (slope_low / p + g_low**2)[:, None])
            - cross
            - cross.T
        )
        step = -np.linalg.solve(hessian, gradient)
        size = 1.0
        while size > 1e-10:
            new = theta + size * step
            if (np.diff(new[k:]) > 0).all() and (new_value := loss(new)) <= value + 1e-12 * abs(value):
                break
            size /= 2.0
        else:
            break  # no step goes down any more: at the optimum, to rounding
        theta, value = new, new_value
        if np.abs(size * step).max() <= 1e-13 * max(1.0, float(np.abs(theta).max())):
            break
    return theta[:k], theta[k:]


def fit_two_steps(
    z: Floats, codes: Ints, classes: int, c_last: float, c_others: float
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Coefficients and cut-offs of the last class (D) against the others, and of the others among themselves.

    z: (n, k) standardised over all firms, also for the second step, so that both are in the same units. One set of
    coefficients needn't explain both who is refused and who is how good.
    """
    last = codes == classes - 1
    first = fit_proportional_odds(z, last.astype(np.int64), 2, c_last)
    return first, fit_proportional_odds(z[~last], codes[~last], classes - 1, c_others)


def rounded(value: float) -> float:
    """To twelve significant digits: what is left of a fit when processors and libraries add up in their own order."""
    return float(f"{value:.12g}")


def train(
    tables: Tables, *, trained: str, c_default: float = 1.0, c_refused: float = 2.0, c_grade: float = 0.3
) -> Model:
    """Train the default model on the firms of `tables` with known grade and default.

    trained: ISO date for the card. c_default, c_refused, c_grade: inverse ridge strengths of default, of D against
    the other grades, and of the other grades.
    Raises BadInput when a grade, defaulters or others are too few.
    """
    rows = training_rows(tables)
    grades, default = labels(rows)
    frame = compute(tables.purchases, tables.sales, rows["firm"].to_list(), SIX)
    table = frame.select(SIX).to_numpy()
    z, specs = standardise(table, SIX)
    coef, cut = fit_proportional_odds(z, default, 2, c_default)
    (refused_coef, refused_cut), (grade_coef, cuts) = fit_two_steps(z, grades, 4, c_refused, c_grade)
    from credit_udfs.methods import conformal
    from credit_udfs.methods.ensemble import TwoStep  # which imports this module

    sets = conformal.fit(lambda: TwoStep(SIX, c_default, c_refused, c_grade), table, grades, GRADE_SETS_LEVEL)
    return Model(
        name="default",
        form="linear",
        numbers={
            "indicators": specs,
            "default": _binary(coef, cut),
            "calibration": {"slope": 1.0, "intercept": 0.0},
            "grade": {
                "refused": _binary(refused_coef, refused_cut),
                "coef": [rounded(b) for b in grade_coef],
                "cuts": [rounded(c) for c in cuts],
            },
            "grade_sets": {"level": GRADE_SETS_LEVEL, "threshold": rounded(sets.threshold)},
        },
        data=described(tables, table, grades, default),
        settings={"c_default": c_default, "c_refused": c_refused, "c_grade": c_grade},
        trained=trained,
    )


def _binary(coef: Floats, cut: Floats) -> dict[str, Any]:
    """Logistic regression from proportional odds of two classes."""
    return {"intercept": rounded(-cut[0]), "coef": [rounded(b) for b in coef]}
