"""Everything wrong with a problem, at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args, get_origin, get_type_hints

import numpy as np

from credit_udfs.errors import BadInput, CreditError, OutOfRange
from credit_udfs.types import GRADES, Bools

if TYPE_CHECKING:
    from credit_udfs.core.allocation.problem import Firms, Limits, Terms

GRADE_D = 3
SINGLE = ("expected_loss", "mean_churn", "group_share", "sector_share")
"""Limits that are one share."""
NAMED = 5
"""Firms with the same fault that are named; of more the number is said."""

Add: TypeAlias = Callable[[CreditError], None]


def faults_of(firms: Firms, terms: Terms, limits: Limits) -> list[CreditError]:
    """Wrong kinds, numbers and names, and limits that contradict each other; empty where the problem can be posed."""
    faults: list[CreditError] = []
    sound = _check_firms(firms, faults.append)
    _check_terms(terms, faults.append)
    _check_limits(firms, terms, limits, faults.append)
    _check_fixed(firms, sound, limits, faults.append)
    offered = isinstance(terms.budget_basis, str) and terms.budget_basis == "offered"
    if offered and is_number(terms.budget) and 0 <= terms.budget < np.inf:
        _check_against_budget(terms.budget, limits, faults.append)
    return faults


def search_faults(gap: float, prove: bool, time_limit: float | None) -> list[CreditError]:
    """What is wrong with how far and how long to search."""
    faults: list[CreditError] = []
    if (wrong := kind_fault("gap", gap, float)) is not None:
        faults.append(wrong)
    elif not (np.isfinite(gap) and gap >= 0):
        faults.append(OutOfRange("allocation.not_at_least_0", field="gap", value=gap))
    if (wrong := kind_fault("prove", prove, bool)) is not None:
        faults.append(wrong)
    if (wrong := kind_fault("time_limit", time_limit, float | None)) is not None:
        faults.append(wrong)
    elif time_limit is not None and not time_limit >= 0:
        faults.append(OutOfRange("allocation.not_at_least_0", field="time_limit", value=time_limit))
    return faults


def is_number(value: object) -> bool:
    """Whether it is a number at all, NaN included; a truth value is none."""
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) < 2**1023
    return isinstance(value, Real)


def kind_fault(field: str, value: object, kind: Any) -> CreditError | None:
    """What is wrong with the kind of a value declared as `kind`: a Literal, bool, numbers, a class, perhaps None;
    None where it is right."""
    return _fault(field, value, *_meaning(kind))


def _fault(field: str, value: object, what: str, known: tuple[Any, ...]) -> CreditError | None:
    if what == "word" and not (isinstance(value, str) and value in known):
        return BadInput("allocation.unknown_word", field=field, value=value, known=", ".join(known))
    if what == "flag" and not isinstance(value, bool | np.bool_):
        return BadInput("allocation.not_yes_or_no", field=field, value=value)
    if what in ("number", "whole") and not (value is None and None in known):
        if not is_number(value):
            return BadInput("allocation.not_a_number", field=field, value=value)
        if what == "whole" and not isinstance(value, Integral):
            return BadInput("allocation.not_whole", field=field, value=value)
    if what == "class" and not isinstance(value, known):
        names = ", ".join(one.__name__ for one in known)
        return BadInput("allocation.wrong_class", field=field, value=value, known=names)
    return None


@cache
def _meaning(kind: Any) -> tuple[str, tuple[Any, ...]]:
    """What a declaration asks for, and the words, None or the classes that it knows."""
    if get_origin(kind) is Literal:
        return "word", get_args(kind)
    kinds = get_args(kind) if get_origin(kind) is UnionType else (kind,)
    plain = {(bool,): "flag", (float,): "number", (int,): "whole"}
    if what := plain.get(tuple(one for one in kinds if one is not NoneType)):
        return what, (None,) if NoneType in kinds else ()
    return "class", tuple(_CLASSES.get(one, one) for one in (get_origin(one) or one for one in kinds))


_CLASSES: Mapping[Any, Any] = {float: Real, tuple: Iterable}
"""What may stand for a class where there is more than one."""


def check_kinds(given: Any, add: Add, fields: Iterable[str] | None = None) -> set[str]:
    """Add what is wrong with the kinds of a dataclass's values, by their declarations; the fields that are wrong."""
    wrong = set()
    kind: Any = type(given)
    declared = _declared(kind)
    for field in declared if fields is None else fields:
        if (fault := _fault(field, getattr(given, field), *declared[field])) is not None:
            add(fault)
            wrong.add(field)
    return wrong


@cache
def _declared(kind: Callable[..., Any]) -> Mapping[str, tuple[str, tuple[Any, ...]]]:
    return {field: _meaning(hint) for field, hint in get_type_hints(kind).items()}


def _rows_fault(kind: type[CreditError], key: str, firms: Firms, rows: Any, values: Any, form: str) -> CreditError:
    """One fault of several firms: the first ones with their values, and how many there are."""
    first = [(firms.ids[row], values[row]) for row in rows[:NAMED]]
    said = ", ".join(f"{name} ({value:{form}})" for name, value in first) + (", …" if len(rows) > NAMED else "")
    return kind(f"allocation.{key}", firm=first[0][0], rows=said, count=len(rows))


def _check_firms(firms: Firms, add: Add) -> set[str]:
    """Add what is wrong with the firms; the columns that have a value of the right kind for each firm."""
    n = len(firms.ids)
    sound = set()
    for name in ("pd", "grade", "low", "high", "sector", "group", "repayment", "shock"):
        column = getattr(firms, name)
        if column is None:
            continue
        if isinstance(column, np.ndarray) and column.shape != (n,):
            add(BadInput("allocation.length", column=name, got=" × ".join(map(str, column.shape)) or "1", want=n))
        elif len(column) != n:
            add(BadInput("allocation.length", column=name, got=len(column), want=n))
        elif name in ("sector", "group") or column.dtype.kind in ("iu" if name == "grade" else "iuf"):
            sound.add(name)
        elif name == "grade":
            strange = [row for row, code in enumerate(column.tolist()) if type(code) is not int]
            add(_rows_fault(BadInput, "unknown_grade", firms, strange, column, ""))
        else:
            strange = [row for row, value in enumerate(column.tolist()) if not is_number(value)]
            values = [repr(value) for value in column.tolist()]
            fault = _rows_fault(BadInput, "column_not_numbers", firms, strange, values, "")
            add(BadInput(fault.key, **fault.values, column=name))
    if len(set(firms.ids)) < n:
        twice = [str(name) for name, count in Counter(firms.ids).items() if count > 1]
        said = ", ".join(twice[:NAMED]) + (", …" if len(twice) > NAMED else "")
        add(BadInput("allocation.duplicate_firm", firm=twice[0], rows=said, count=len(twice)))

    def each(key: str, column: str, bad: Callable[..., Bools], *others: str, form: str = ".4g") -> None:
        if {column, *others} <= sound:
            values = getattr(firms, column)
            wrong = bad(values, *(getattr(firms, name) for name in others))
            if wrong.any():
                add(_rows_fault(OutOfRange, key, firms, np.flatnonzero(wrong).tolist(), values, form))

    each("pd_range", "pd", lambda pd: (pd < 0) | (pd > 1))
    each("grade_code", "grade", lambda grade: (grade < 0) | (grade > GRADE_D), form="d")
    each("high_negative", "high", lambda high: ~((high >= 0) & np.isfinite(high)), form=",.10g")
    each("low_not_positive", "low", lambda low, high: ~((high <= 0) | (low > 0)), "high", form=",.10g")
    each("low_above_high", "low", lambda low, high: (high > 0) & (low > high), "high", form=",.10g")
    # Missing is what belongs to a firm of unknown probability of default, which isn't lent to.
    each("repayment_range", "repayment", lambda o, pd: ~((o >= 0) & (o <= 1)) & ~(np.isnan(o) & np.isnan(pd)), "pd")
    each("shock_range", "shock", lambda f, pd: ~((f >= 0) & np.isfinite(f)) & ~(np.isnan(f) & np.isnan(pd)), "pd")
    return sound


def _check_terms(terms: Terms, add: Add) -> None:
    wrong = check_kinds(terms, add)
    if "budget" not in wrong and not (np.isfinite(terms.budget) and terms.budget >= 0):
        add(OutOfRange("allocation.budget_negative", value=terms.budget))
    if "lgd" not in wrong and not 0 <= terms.lgd <= 1:
        add(OutOfRange("allocation.lgd_range", value=terms.lgd))
    if "funding" not in wrong and not 0 <= terms.funding < 1:
        add(OutOfRange("allocation.funding_range", value=terms.funding))
    if wrong & {"rate_min", "rate_max", "curves", "quoted"}:
        return
    quoted = terms.quoted if terms.quoted is None else (tuple(terms.quoted) or (np.nan,))
    if quoted is not None and not all(is_number(r) and terms.rate_min <= r <= terms.rate_max for r in quoted):
        add(OutOfRange("allocation.quoted_range", low=terms.rate_min, high=terms.rate_max))
    low, high = terms.curves.rate_min, terms.curves.rate_max
    if not low - 1e-12 <= terms.rate_min <= terms.rate_max <= high + 1e-12:
        values = {"low": terms.rate_min, "high": terms.rate_max, "least": low, "most": high}
        add(OutOfRange("allocation.rate_range", **values))


def _check_limits(firms: Firms, terms: Terms, limits: Limits, add: Add) -> None:
    wrong = check_kinds(limits, add)
    shares: dict[str, object] = {name: getattr(limits, name) for name in SINGLE if name not in wrong}
    if isinstance(limits.sector_share, Mapping):
        del shares["sector_share"]
        shares |= {f"sector_share {name}": share for name, share in limits.sector_share.items()}
        known = set(firms.sector or ())
        for name in limits.sector_share:
            if firms.sector is not None and name not in known:
                add(BadInput("allocation.unknown_sector", sector=name))
    for grade, share in (limits.grade_share or {}).items() if "grade_share" not in wrong else ():
        shares[f"grade_share {grade}"] = share
        if grade not in GRADES[:3]:
            add(BadInput("allocation.unknown_grade_share", grade=grade))
    for name, cap in shares.items():
        if cap is None and name in SINGLE:
            continue
        if (fault := kind_fault(name, cap, float)) is not None:
            add(fault)
        elif not 0 <= cap <= 1:  # type: ignore[operator]  # it is a number
            add(OutOfRange("allocation.share_range", limit=name, value=cap))
    if (
        "sector_share" not in wrong
        and limits.sector_share is not None
        and limits.sector_share != {}
        and firms.sector is None
    ):
        add(BadInput("allocation.no_sector"))
    if (limits.group_share is not None or limits.group_amount is not None) and firms.group is None:
        add(BadInput("allocation.no_group"))
    for name in ("group_amount", "min_lent", "loss_amount", "risk_amount"):
        amount = getattr(limits, name)
        if amount is not None and name not in wrong and not (np.isfinite(amount) and amount >= 0):
            add(OutOfRange("allocation.amount_negative", limit=name, value=amount))
    least = limits.min_clients
    if least is not None and "min_clients" not in wrong and not 0 <= least <= len(firms):
        add(OutOfRange("allocation.clients_range", value=least, count=len(firms)))


def _fixed(limits: Limits) -> Mapping[str, float]:
    return limits.fixed if isinstance(limits.fixed, Mapping) else {}


def _check_fixed(firms: Firms, sound: set[str], limits: Limits, add: Add) -> None:
    fixed = _fixed(limits)
    rows = {name: row for row, name in enumerate(firms.ids)} if fixed else {}
    for name, amount in fixed.items():
        row = rows.get(name)
        if row is None:
            add(BadInput("allocation.unknown_firm", firm=name))
        if not is_number(amount):
            add(BadInput("allocation.not_a_number", field=f"fixed {name}", value=amount))
        elif not (np.isfinite(amount) and amount >= 0):
            add(OutOfRange("allocation.fixed_negative", firm=name, value=amount))
        elif row is None or amount == 0:
            continue
        elif "grade" in sound and firms.grade[row] == GRADE_D:
            add(BadInput("allocation.fixed_grade_d", firm=name))
        elif "pd" in sound and np.isnan(firms.pd[row]):
            add(BadInput("allocation.fixed_unknown_pd", firm=name))
        elif {"low", "high"} <= sound and not firms.low[row] <= amount <= firms.high[row]:
            values = {"low": float(firms.low[row]), "high": float(firms.high[row])}
            add(OutOfRange("allocation.fixed_outside", firm=name, value=amount, **values))


def _check_against_budget(budget: float, limits: Limits, add: Add) -> None:
    """Minima that the budget, a limit on the money offered, can't meet."""
    if is_number(limits.min_lent) and limits.min_lent > budget:  # type: ignore[operator]  # it is a number
        add(BadInput("allocation.min_lent_above_budget", amount=limits.min_lent, budget=budget))
    total = sum(amount for amount in _fixed(limits).values() if is_number(amount) and 0 < amount < np.inf)
    if total > budget:
        add(BadInput("allocation.fixed_above_budget", total=total, budget=budget))
