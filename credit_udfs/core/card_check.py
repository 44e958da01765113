"""Whether a sealed card is one: a hash proves that nobody changed it, not that it says anything or scores anybody.

A card names what it was trained on, and when. Its numbers are tried on the firms it describes itself: everything at
the training median, at the lowest and at the highest value seen, and nothing known at all. What comes out must be
probabilities.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from credit_udfs.core import kernel
from credit_udfs.errors import BadInput, CreditError

if TYPE_CHECKING:
    from credit_udfs.core.model_card import Model

LARGEST = 1e100
"""No fitted number is larger; sums and products of a few such are still finite."""
OUTPUTS = {"default": 2, "grade": 4}
_GRADES = "ABCD"  # as credit_udfs.types, which would load numpy


def check_numbers(model: Model, source: str = "") -> None:
    """Raise BadInput, naming `source`, when the numbers of `model` can't be those of a fitted model."""
    try:
        fault = _fault(model)
    except (CreditError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as cause:
        raise BadInput("core.model_nonsense", source=source, fault=type(cause).__name__) from cause
    if fault:
        raise BadInput("core.model_nonsense", source=source, fault=fault)


def says_its_origin(model: Model) -> bool:
    """Whether the card has a date, and the hash and counts of the firms trained on, which agree with each other."""
    data = model.data
    try:
        date.fromisoformat(model.trained)
        firms, defaults, counts = data["firms"], data["defaults"], [data["grades"][grade] for grade in _GRADES]
        return (
            isinstance(data["files"], Mapping)
            and re.fullmatch("[0-9a-f]{64}", data["table_sha256"]) is not None
            and all(type(count) is int and count > 0 for count in (defaults, *counts))
            and defaults < firms == sum(counts)
        )
    except (KeyError, TypeError, ValueError):
        return False


def _fault(model: Model) -> str:
    """What is wrong, or "". Whatever this raises is wrong as well."""
    numbers, specs = model.numbers, model.numbers["indicators"]
    if not specs or not model.predicts:
        return "indicators"
    if not all(math.isfinite(number) and abs(number) <= LARGEST for number in _all_numbers(numbers)):
        return "number"
    for spec in specs:
        if not (isinstance(spec["key"], str) and spec["low"] <= spec["median"] <= spec["high"]):
            return str(spec["key"])
        if model.form == "linear" and not (spec["sd"] > 0.0 and _is_transform(**spec["transform"])):
            return str(spec["key"])
    if not all(_is_tree(tree) for tree in _trees(numbers)):
        return "trees"
    if "grade_sets" in numbers and not 0.0 <= numbers["grade_sets"]["threshold"] <= 1.0:
        return "grade_sets"
    known = [[float(spec[place]) for spec in specs] for place in ("median", "low", "high")]
    for target, given in _tried(model, [*known, [math.nan] * len(specs)]):
        for row in given:
            if len(row) != OUTPUTS[target] or not all(0.0 <= p <= 1.0 for p in row) or abs(sum(row) - 1.0) > 1e-6:
                return target
    return ""


def _is_transform(name: str, shift: float) -> bool:
    return name in {"identity", "sqrt"} or (name == "log10" and shift > 0.0)


def _is_tree(tree: Mapping[str, Any]) -> bool:
    """Whether every node's children come after it, so that a walk ends."""
    nodes = range(len(tree["left"]))
    pairs = [(tree["left"][i], tree["right"][i]) for i in nodes]
    return all(max(pair) < 0 or i < min(pair) <= max(pair) < len(nodes) for i, pair in enumerate(pairs))


def _trees(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if "left" in value:
            yield value
        for inner in value.values():
            yield from _trees(inner)
    elif isinstance(value, list | tuple) and value and not isinstance(value[0], int | float):
        for inner in value:
            yield from _trees(inner)


def _tried(model: Model, rows: list[list[float]]) -> Iterator[tuple[str, Sequence[Sequence[float]]]]:
    """What the model makes of these firms: the probabilities of each thing it predicts, firm by firm."""
    if model.form == "linear":
        linear = model.linear()
        scored = [kernel.score(linear, row) for row in rows]
        yield "default", [[1.0 - result.pd, result.pd] for result in scored]
        yield "grade", [result.grade_probs for result in scored]
        return
    import numpy as np  # a linear model needs the standard library alone

    from credit_udfs.core import forms

    for target in model.predicts:
        with np.errstate(all="ignore"):
            yield target, forms.evaluate(model.numbers[target], np.array(rows)).tolist()


def _all_numbers(value: Any) -> Iterator[float]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _all_numbers(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _all_numbers(inner)
    elif isinstance(value, int | float):
        yield float(value)
