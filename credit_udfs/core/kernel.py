"""The arithmetic of a score, on one firm's floats or on numpy columns, with the same bits.

Only the standard library is imported, so a spreadsheet program whose Python has no numpy runs this very file.
Everything is built from IEEE basic operations (+ - * /, square root, rounding, scaling by powers of two), which
every platform rounds alike; the exponential and the logarithm of the C library or of numpy are not: they differ in
the last bit from one another and between processors. `exp` and `log` follow fdlibm (Sun Microsystems, 1993;
freely usable), error below one unit in the last place.

`ops` is what an element is: `SCALAR` here, `core.scoring.ARRAY` for numpy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

# One step of the odds is one step of the score: odds of 999 to 1 are 100, evens are 50, 1 to 999 are 0.
POINTS_PER_LOG_ODDS = 7.239289883950898  # 50 / ln 999
MAX_MISSING = 2  # of six indicators; more, and there is no score

_LN2_HI, _LN2_LO, _INV_LN2 = 6.93147180369123816490e-01, 1.90821492927058770002e-10, 1.44269504088896338700
_LOG10_E = 0.43429448190325182765
_SQRT_HALF = 0.70710678118654752440
_P1, _P2, _P3 = 1.66666666666666019037e-01, -2.77777777770155933842e-03, 6.61375632143793436117e-05
_P4, _P5 = -1.65339022054652515390e-06, 4.13813679705723846039e-08
_L1, _L2, _L3 = 6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01
_L4, _L5, _L6 = 2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01
_L7 = 1.479819860511658591e-01


class Scalar:
    """Operations on one float; `core.scoring.Array` has the same names on numpy arrays."""

    sqrt = staticmethod(math.sqrt)
    frexp = staticmethod(math.frexp)
    rint = staticmethod(round)  # to a whole number, half to even
    ldexp = staticmethod(math.ldexp)

    @staticmethod
    def where(condition: bool, yes: float, no: float) -> float:
        return yes if condition else no

    @staticmethod
    def clip(x: float, low: float, high: float) -> float:
        return low if x < low else high if x > high else x


SCALAR = Scalar()


def exp(x: Any, ops: Any = SCALAR) -> Any:
    """e to the power x; x is held within -700..700, far outside any log-odds, so that nothing overflows."""
    x = ops.clip(x, -700.0, 700.0)
    k = ops.rint(x * _INV_LN2)
    high = x - k * _LN2_HI
    low = k * _LN2_LO
    r = high - low
    t = r * r
    c = r - t * (_P1 + t * (_P2 + t * (_P3 + t * (_P4 + t * _P5))))
    return ops.ldexp(1.0 - ((low - (r * c) / (2.0 - c)) - high), k)


def log(x: Any, ops: Any = SCALAR) -> Any:
    """Natural logarithm of a positive finite x."""
    m, e = ops.frexp(x)
    small = m < _SQRT_HALF
    f = ops.where(small, m + m, m) - 1.0
    k = ops.where(small, e - 1, e)
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    r = z * (_L1 + w * (_L3 + w * (_L5 + w * _L7))) + w * (_L2 + w * (_L4 + w * _L6))
    half = 0.5 * f * f
    return k * _LN2_HI - ((half - (s * (half + r) + k * _LN2_LO)) - f)


def sigmoid(x: Any, ops: Any = SCALAR) -> Any:
    """1 / (1 + e^-x)."""
    return 1.0 / (1.0 + exp(-x, ops))


def power_law(x: Any, k: Sequence[float], ops: Any = SCALAR) -> Any:
    """a x^b + c for a positive x; k is (a, b, c). The churn curves' form (P0, section 2.1)."""
    return k[0] * exp(k[1] * log(x, ops), ops) + k[2]


class Column(NamedTuple):
    """How one indicator enters the linear models: by its distance from the median training firm."""

    key: str
    transform: str  # "identity", "log10" (of shift + x, x at least 0) or "sqrt" (x at least 0)
    shift: float
    median: float  # of the training firms, in the indicator's own unit; stands in for a missing value
    low: float  # smallest and largest value seen in training
    high: float
    center: float  # the median, transformed
    scale: float  # one over the standard deviation of the transformed values
    # Per standard deviation:
    points: float  # score points
    log_odds: float  # log-odds of default
    refused: float  # log-odds of the last grade, D
    grade: float  # shift of the scale of the other grades


class Linear(NamedTuple):
    """A compiled model: see `compile_model`. The bases are those of the median training firm."""

    columns: tuple[Column, ...]
    base_points: float
    base_log_odds: float
    base_refused: float
    base_grade: float
    cuts: tuple[float, ...]  # between grades A|B and B|C, given not D


class Place(NamedTuple):
    """What is linear in the indicators, of one firm or columns of many."""

    score: Any
    log_odds: Any
    points: tuple[Any, ...]
    refused: Any  # log-odds of grade D
    scale: Any  # on the scale of the other grades


class Result(NamedTuple):
    """One firm's figures, or columns of many firms' (then every field is an array)."""

    score: Any
    log_odds: Any
    pd: Any
    points: tuple[Any, ...]
    grade_probs: tuple[Any, ...]


def compile_model(model: dict[str, Any]) -> Linear:
    """The numbers of a linear model (core.model_card, kind "linear"), ready for use; calibration folded in."""
    slope, shift = model["calibration"]["slope"], model["calibration"]["intercept"]
    grade = model["grade"]
    columns = []
    base, base_refused, base_grade = model["default"]["intercept"] * slope + shift, grade["refused"]["intercept"], 0.0
    coefficients = zip(model["default"]["coef"], grade["refused"]["coef"], grade["coef"], strict=True)
    for spec, (b, d, g) in zip(model["indicators"], coefficients, strict=True):
        transform = spec["transform"]
        center = _transform(spec["median"], transform["name"], transform["shift"], SCALAR)
        z, weight = (center - spec["mean"]) / spec["sd"], b * slope
        columns.append(
            Column(
                spec["key"], transform["name"], transform["shift"], spec["median"], spec["low"], spec["high"],
                center, 1.0 / spec["sd"], weight * POINTS_PER_LOG_ODDS, weight, d, g,
            )
        )  # fmt: skip
        base, base_refused, base_grade = base + weight * z, base_refused + d * z, base_grade + g * z
    base_points = 50.0 + POINTS_PER_LOG_ODDS * base
    return Linear(tuple(columns), base_points, base, base_refused, base_grade, tuple(grade["cuts"]))


def _transform(x: Any, name: str, shift: float, ops: Any) -> Any:
    if name == "identity":
        return x
    positive = ops.where(x > 0.0, x, 0.0)
    if name == "log10":
        return log(shift + positive, ops) * _LOG10_E
    return ops.sqrt(positive)


def place(model: Linear, values: Sequence[Any], ops: Any = SCALAR) -> Place:
    """Where one firm (six floats) or many (six arrays) stand; NaN is missing and takes the training median.

    Whether too many are missing (more than MAX_MISSING) is for the caller to say; see `enough`.
    """
    points = []
    columns, score_sum, log_odds, refused, scale, _ = model
    for column, x in zip(columns, values, strict=True):
        _, transform, shift, median, _, _, center, per_sd, to_points, to_log_odds, to_refused, to_scale = column
        filled = ops.where(x == x, x, median)
        moved = filled if transform == "identity" else _transform(filled, transform, shift, ops)
        distance = (moved - center) * per_sd
        part = to_points * distance
        points.append(part)
        score_sum = score_sum + part
        log_odds = log_odds + to_log_odds * distance
        refused = refused + to_refused * distance
        scale = scale + to_scale * distance
    return Place(ops.clip(score_sum, 0.0, 100.0), log_odds, tuple(points), refused, scale)


def grade_probs(model: Linear, refused: Any, scale: Any, ops: Any = SCALAR) -> tuple[Any, ...]:
    """Probabilities of the grades A to D: first whether D, then, if not, which of the others."""
    other = sigmoid(-refused, ops)
    below = [0.0, *(sigmoid(cut - scale, ops) for cut in model.cuts), 1.0]
    return (*(other * (b - a) for a, b in pairwise(below)), 1.0 - other)


def score(model: Linear, values: Sequence[Any], ops: Any = SCALAR) -> Result:
    """Everything about one firm or many: `place`, the probability of default, and `grade_probs`."""
    score, log_odds, points, refused, scale = place(model, values, ops)
    return Result(score, log_odds, sigmoid(log_odds, ops), points, grade_probs(model, refused, scale, ops))


def enough(values: Sequence[float]) -> bool:
    """Whether a firm's indicators suffice for a score: at most MAX_MISSING of them are missing."""
    return sum(x != x for x in values) <= MAX_MISSING


def reasons(points: Sequence[float], count: int) -> list[tuple[int, float]]:
    """The `count` largest of a firm's contributions: (indicator's number, score points), largest first.

    Contributions below a tenth of a point are no reasons; equal ones keep the indicators' order.
    """
    order = sorted(range(len(points)), key=lambda i: -abs(points[i]))
    return [(i, points[i]) for i in order[:count] if abs(points[i]) >= 0.1]


def likeliest(probs: Sequence[float]) -> int:
    """The grade's number, 0 for A to 3 for D: the likeliest, the worse one of equals."""
    best = 0
    for number, p in enumerate(probs):
        if p >= probs[best]:
            best = number
    return best
