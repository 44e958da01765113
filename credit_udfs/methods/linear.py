"""The default model: ridge logistic regression for default, proportional odds for the grade.

Logistic regression is proportional odds with two classes, so one fit serves both. `train` fits them on the
canonical six of firms whose grade and default are known, and returns the card that `core.kernel` scores with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from scipy.optimize import minimize, root
from scipy.special import expit

from credit_udfs.core.indicators import SIX, compute
from credit_udfs.core.model_card import Model
from credit_udfs.core.tables import Tables
from credit_udfs.errors import BadInput
from credit_udfs.types import GRADES, Floats, Ints

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
        mean, sd, median = float(moved.mean()), float(moved.std()), float(np.median(known))
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

    z: (n, k) standardised; codes: (n,) in 0..classes-1, every class present. Cut-offs are not penalised. The
    solution is a root of the gradient to about 1e-12, so that it doesn't depend on where the search began.
    Source: McCullagh (1980), Regression models for ordinal data; ridge penalty as in scikit-learn's C.
    """
    k = z.shape[1]

    def unpack(theta: Floats) -> tuple[Floats, Floats]:
        return theta[:k], np.cumsum(np.concatenate([theta[k : k + 1], np.exp(theta[k + 1 :])]))

    def both(theta: Floats) -> tuple[float, Floats]:
        coef, cuts = unpack(theta)
        eta = z @ coef
        edges = np.concatenate([[-np.inf], cuts, [np.inf]])
        upper, lower = expit(edges[codes + 1] - eta), expit(edges[codes] - eta)
        p = np.maximum(upper - lower, 1e-300)
        d_upper, d_lower = upper * (1.0 - upper) / p, lower * (1.0 - lower) / p
        d_cuts = np.array([d_upper[codes == j].sum() - d_lower[codes == j + 1].sum() for j in range(classes - 1)])
        tail = np.cumsum(d_cuts[::-1])[::-1]  # a cut-off moves with every increment up to it
        d_theta = np.concatenate([-z.T @ (d_upper - d_lower), tail[:1], tail[1:] * np.exp(theta[k + 1 :])])
        penalty = np.concatenate([coef / c, np.zeros(classes - 1)])
        return float(-np.log(p).sum() + coef @ coef / (2.0 * c)), penalty - d_theta

    shares = np.cumsum(np.bincount(codes, minlength=classes))[:-1] / codes.size
    start_cuts = np.log(shares / (1.0 - shares))
    start = np.concatenate([np.zeros(k), start_cuts[:1], np.log(np.maximum(np.diff(start_cuts), 1e-3))])
    near = minimize(both, start, jac=True, method="BFGS", options={"gtol": 1e-8, "maxiter": 10_000}).x
    exact = root(lambda theta: both(theta)[1], near, method="hybr", options={"xtol": 1e-14})
    return unpack(exact.x if np.abs(exact.fun).max() < 1e-6 else near)


def training_rows(tables: Tables) -> pl.DataFrame:
    """The enterprises whose grade and default are both known."""
    return tables.firms.filter(pl.col("grade").is_not_null() & pl.col("default").is_not_null())


def train(tables: Tables, *, trained: str, c_default: float = 1.0, c_grade: float = 1.0) -> Model:
    """Train the default model on the firms of `tables` with known grade and default.

    trained: ISO date for the card. c_default, c_grade: inverse ridge strengths.
    Raises BadInput when a grade, defaulters or others are too few.
    """
    rows = training_rows(tables)
    grades = np.array([GRADES.index(grade) for grade in rows["grade"]], dtype=np.int64)
    default = rows["default"].cast(pl.Int64).to_numpy()
    fewest = min(*np.bincount(grades, minlength=4), *np.bincount(default, minlength=2))
    if fewest < 2:
        raise BadInput("core.training_data", firms=rows.height)
    frame = compute(tables.purchases, tables.sales, rows["firm"].to_list(), SIX)
    table = frame.select(SIX).to_numpy()
    z, specs = standardise(table, SIX)
    coef, cut = fit_proportional_odds(z, default, 2, c_default)
    grade_coef, cuts = fit_proportional_odds(z, grades, 4, c_grade)
    digest = hashlib.sha256(np.ascontiguousarray(table).tobytes())
    digest.update(grades.tobytes() + default.tobytes())
    return Model(
        name="default",
        form="linear",
        numbers={
            "indicators": specs,
            "default": {"intercept": -float(cut[0]), "coef": coef.tolist()},
            "calibration": {"slope": 1.0, "intercept": 0.0},
            "grade": {"coef": grade_coef.tolist(), "cuts": cuts.tolist()},
        },
        data={
            "files": {source.file: source.sha256 for source in tables.sources},
            "table_sha256": digest.hexdigest(),
            "firms": rows.height,
            "defaults": int(default.sum()),
            "grades": {grade: int((grades == i).sum()) for i, grade in enumerate(GRADES)},
        },
        settings={"c_default": c_default, "c_grade": c_grade},
        trained=trained,
    )
