"""The rate at which a yuan lent earns most, continuous and vectorised.

A yuan offered to a firm at rate r earns ``s(r) (gain r - cost)`` with s = 1 - churn. For one grade this is
``gain * s(r) (r - kappa)`` with kappa = cost / gain: one function of one number, its maximum over r being the
upper envelope of the lines ``s r - s kappa``. So the envelope is built once per grade and a million firms are
a million look-ups, each polished by Newton's method.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.interpolate import PchipInterpolator

from credit_udfs.core.churn import LENDABLE, ChurnCurves
from credit_udfs.types import Bools, Floats, Grade, Ints

_GRID = 2049


@dataclass(frozen=True, eq=False)
class RateTable:
    """Best rates under `curves` within [rate_min, rate_max] (fractions per year)."""

    curves: ChurnCurves
    rate_min: float
    rate_max: float

    def stay(self, rate: Floats, grade: Ints) -> Floats:
        """Share of customers that stay, 1 - churn, for rate (n,) and grade codes (n,); 0 for D; NaN stays
        NaN."""
        out = np.zeros(rate.shape)
        for code, name in enumerate(LENDABLE):
            mask = grade == code
            if mask.any():
                out[mask] = 1.0 - self.curves.churn(rate[mask], name)
        return out

    def best(self, kappa: Floats, grade: Ints) -> tuple[Floats, Floats]:
        """Rate (n,) that maximises ``s(r) (r - kappa)``, and the share that stays there (n,).

        kappa: break-even rate (n,), any real number; grade: codes (n,). NaN for grade D and for NaN kappa.
        Of equally good rates the lowest.
        """
        rate, stay = np.full(kappa.shape, np.nan), np.full(kappa.shape, np.nan)
        for code, name in enumerate(LENDABLE):
            mask: Bools = (grade == code) & ~np.isnan(kappa)
            if mask.all():
                return self._best_of(kappa, name)
            if mask.any():
                rate[mask], stay[mask] = self._best_of(kappa[mask], name)
        return rate, stay

    def rate_at(self, stay: Floats, grade: Ints) -> Floats:
        """The rate (n,) at which the share stay (n,) of a grade (n,) stays, to 1e-9; the nearest there is."""
        low, high = np.full(stay.shape, self.rate_min), np.full(stay.shape, self.rate_max)
        for _ in range(30):
            middle = (low + high) / 2.0
            more = self.stay(middle, grade) > stay
            low, high = np.where(more, middle, low), np.where(more, high, middle)
        return low

    def stay_range(self, grade: Ints) -> tuple[Floats, Floats]:
        """The least and the largest share that can stay, (n,) each."""
        least, most = np.zeros(grade.shape), np.ones(grade.shape)
        for code, name in enumerate(LENDABLE):
            _, s, _ = self._envelopes[name]
            least[grade == code], most[grade == code] = s[-1], s[0]
        return least, most

    def _best_of(self, kappa: Floats, grade: Grade) -> tuple[Floats, Floats]:
        rates, stays, breaks = self._envelopes[grade]
        at = np.searchsorted(breaks, kappa, side="left")
        r0, s0 = rates[at], stays[at]
        step = (self.rate_max - self.rate_min) / (_GRID - 1)
        r = r0
        for _ in range(2):
            s, s1, s2 = self._jet(r, grade)
            slope, curve = s1 * (r - kappa) + s, s2 * (r - kappa) + 2.0 * s1
            with np.errstate(divide="ignore", invalid="ignore"):
                move = np.where(curve < 0.0, -slope / curve, 0.0)
            r = np.clip(r + np.clip(move, -step, step), self.rate_min, self.rate_max)
        s = 1.0 - self.curves.churn(r, grade)
        # The envelope's own point stays where Newton doesn't improve on it (kinks, clipped churn).
        better = s * (r - kappa) > s0 * (r0 - kappa)
        return np.where(better, r, r0), np.where(better, s, s0)

    @cached_property
    def _envelopes(self) -> dict[Grade, tuple[Floats, Floats, Floats]]:
        """Per grade: rates and stays on the envelope, by kappa increasing, and the kappas between them."""
        found: dict[Grade, tuple[Floats, Floats, Floats]] = {}
        for grade in LENDABLE:
            r = np.linspace(self.rate_min, self.rate_max, _GRID)
            s = 1.0 - self.curves.churn(r, grade)
            # Lines by steepness; of equally steep ones the highest.
            order = np.lexsort((-r * s, -s))
            r, s = r[order], s[order]
            keep = np.concatenate([[True], s[1:] < s[:-1]])
            r, s = r[keep], s[keep]
            while r.size > 1:
                breaks = (s[:-1] * r[:-1] - s[1:] * r[1:]) / (s[:-1] - s[1:])
                below = np.flatnonzero(np.diff(breaks) <= 0.0) + 1
                if below.size == 0:
                    break
                # Neighbours may hide each other: drop every second of a run, then look again.
                run = np.concatenate([[0], np.cumsum(np.diff(below) != 1)])
                first = np.concatenate([[0], np.flatnonzero(np.diff(run)) + 1])
                below = below[(np.arange(below.size) - first[run]) % 2 == 0]
                r, s = np.delete(r, below), np.delete(s, below)
            else:
                breaks = np.empty(0)
            found[grade] = (r, s, breaks)
        return found

    def _jet(self, r: Floats, grade: Grade) -> tuple[Floats, Floats, Floats]:
        """The share that stays and its first two derivatives by the rate, unclipped."""
        k = self.curves.coefficients[grade]
        if self.curves.model == "power":
            power = k[0] * r ** k[1]
            first = k[1] * power / r
            return 1.0 - k[2] - power, -first, -(k[1] - 1.0) * first / r
        if self.curves.model == "log_quadratic":
            x = np.log(r)
            first = (k[1] + 2.0 * k[2] * x) / r
            return 1.0 - (k[0] + x * (k[1] + x * k[2])), -first, -(2.0 * k[2] / r - first) / r
        zeroth, once, twice = self._splines[grade]
        return 1.0 - np.asarray(zeroth(r)), -np.asarray(once(r)), -np.asarray(twice(r))

    @cached_property
    def _splines(self) -> dict[Grade, tuple[PchipInterpolator, PchipInterpolator, PchipInterpolator]]:
        found = {}
        for grade in LENDABLE:
            k = self.curves.coefficients[grade]
            spline = PchipInterpolator(k[: len(k) // 2], k[len(k) // 2 :])
            found[grade] = (spline, spline.derivative(), spline.derivative(2))
        return found
