"""Churn: the share of customers of a grade who go elsewhere at a lending rate.

Three fits of the bank's statistics (attachment 3). The power law is the paper's; all three are smooth or monotone
summaries of 29 noisy observations, which are not monotone themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.optimize import isotonic_regression, least_squares

from credit_udfs.core import kernel
from credit_udfs.core.scoring import ARRAY
from credit_udfs.errors import BadInput, OutOfRange
from credit_udfs.types import GRADES, ChurnModel, Floats, Grade

RATE_MIN, RATE_MAX = 0.04, 0.15
LENDABLE: tuple[Grade, ...] = GRADES[:3]

# P0, section 2.1: y = a x^b + c, printed coefficients.
PUBLISHED: Mapping[Grade, tuple[float, float, float]] = {
    "A": (-0.1716, -0.683, 1.548),
    "B": (-0.2966, -0.546, 1.721),
    "C": (-0.5104, -0.431, 2.045),
}


@dataclass(frozen=True)
class ChurnCurves:
    """Churn rate against lending rate for grades A, B and C.

    model: "power" (a r^b + c; coefficients a, b, c), "log_quadratic" (a + b ln r + c (ln r)^2) or "isotonic"
        (monotone piecewise-cubic through the isotonic regression; coefficients are rates, then churn rates).
    coefficients: per grade.
    Values are clipped to [0, 1]. Rates are fractions per year within [rate_min, rate_max].
    """

    model: ChurnModel
    coefficients: Mapping[Grade, tuple[float, ...]]
    rate_min: float = RATE_MIN
    rate_max: float = RATE_MAX

    def churn(self, rate: Floats | float, grade: Grade) -> Floats:
        """Churn rate in [0, 1] of customers of `grade` at `rate`; shape of `rate`; NaN stays NaN.

        Raises OutOfRange outside [rate_min, rate_max], BadInput for grade D (never lent to) or another text.
        """
        r = np.asarray(rate, dtype=np.float64)
        # A rate typed as 15% may arrive one bit above 0.15.
        if np.any((r < self.rate_min - 1e-12) | (r > self.rate_max + 1e-12)):
            bad = r[(r < self.rate_min - 1e-12) | (r > self.rate_max + 1e-12)].flat[0]
            raise OutOfRange("core.rate_out_of_range", rate=float(bad), low=self.rate_min, high=self.rate_max)
        if grade not in self.coefficients:
            raise BadInput("core.grade_without_churn", grade=grade)
        return np.clip(self._raw(np.clip(r, self.rate_min, self.rate_max), grade), 0.0, 1.0)

    def _raw(self, r: Floats, grade: Grade) -> Floats:
        k = self.coefficients[grade]
        if self.model == "power":
            # By the kernel, not numpy's power, whose last bit depends on the processor.
            with np.errstate(invalid="ignore"):  # NaN stays NaN
                return np.asarray(kernel.power_law(r, k, ARRAY), dtype=np.float64)
        if self.model == "log_quadratic":
            x = np.log(r)
            return k[0] + x * (k[1] + x * k[2])
        return np.asarray(self._interpolators[grade](r), dtype=np.float64)

    @cached_property
    def _interpolators(self) -> dict[Grade, PchipInterpolator]:
        half = {grade: len(k) // 2 for grade, k in self.coefficients.items()}
        return {grade: PchipInterpolator(k[: half[grade]], k[half[grade] :]) for grade, k in self.coefficients.items()}


DEFAULT_CURVES = ChurnCurves("power", PUBLISHED)


def fit_churn(
    rates: Sequence[float] | Floats,
    observed: Mapping[Grade, Sequence[float] | Floats],
    model: ChurnModel = "power",
) -> ChurnCurves:
    """Fit one curve per grade by least squares.

    rates: shape (m,), fractions per year, increasing; observed: churn rates of shape (m,) for grades A, B, C.
    Source: P0 section 2.1 for "power" (its nine printed coefficients reproduce on attachment 3).
    Raises BadInput for fewer than four observations, shapes that differ, or values that are missing.
    """
    r = np.asarray(rates, dtype=np.float64)
    fitted: dict[Grade, tuple[float, ...]] = {}
    for grade in LENDABLE:
        y = np.asarray(observed[grade], dtype=np.float64)
        if r.ndim != 1 or y.shape != r.shape or r.size < 4 or not np.all(np.isfinite(np.stack([r, y]))):
            raise BadInput("core.churn_observations", grade=grade, count=int(y.size))
        fitted[grade] = _FITS[model](r, y)
    return ChurnCurves(model, fitted, float(r.min()), float(r.max()))


def _fit_power(r: Floats, y: Floats) -> tuple[float, ...]:
    def residual(k: Floats) -> Floats:
        short: Floats = k[0] * r ** k[1] + k[2] - y
        return short

    found = least_squares(residual, [-0.3, -0.5, 1.7], xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=10_000)
    return tuple(float(k) for k in found.x)


def _fit_log_quadratic(r: Floats, y: Floats) -> tuple[float, ...]:
    return tuple(float(k) for k in np.polynomial.polynomial.polyfit(np.log(r), y, 2))


def _fit_isotonic(r: Floats, y: Floats) -> tuple[float, ...]:
    order = np.argsort(r)
    return (*r[order].tolist(), *isotonic_regression(y[order]).x.tolist())


_FITS = {"power": _fit_power, "log_quadratic": _fit_log_quadratic, "isotonic": _fit_isotonic}
