"""Cards whose hash fits and whose numbers are nonsense: each is refused in words."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from credit_udfs import models
from credit_udfs.core.card_check import check_numbers
from credit_udfs.core.model_card import Model
from credit_udfs.errors import BadInput


def sealed(name: str, change: Callable[[dict[str, Any]], object]) -> str:
    """A shipped card with its numbers changed and sealed anew."""
    card = json.loads(models.load(name).to_json())
    del card["hash"], card["schema"]
    change(card["numbers"])
    return Model(**card).to_json()


def put(*path: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(numbers: Any) -> None:
        for step in path[:-1]:
            numbers = numbers[step]
        numbers[path[-1]] = value

    return change


def cyclic(numbers: dict[str, Any]) -> None:
    tree = first_tree(numbers)
    tree["left"] = [0] * len(tree["left"])


def astray(numbers: dict[str, Any]) -> None:
    first_tree(numbers)["left"][0] = 10**6


def first_tree(numbers: dict[str, Any]) -> dict[str, Any]:
    tree = numbers["default"]
    while "left" not in tree:
        tree = tree[0] if isinstance(tree, list) else tree["trees"]
    assert isinstance(tree, dict)
    return tree


LINEAR = {
    "not a number": put("default", "intercept", value=math.nan),
    "infinite": put("default", "coef", 0, value=math.inf),
    "huge": put("default", "coef", 0, value=1e300),
    "a huge integer": put("default", "coef", 0, value=10**400),
    "text": put("default", "intercept", value="1"),
    "nothing": put("default", value=None),
    "too few coefficients": put("default", "coef", value=[1.0]),
    "too many coefficients": put("default", "coef", value=[1.0] * 7),
    "no indicators": put("indicators", value=[]),
    "indicators of another kind": put("indicators", value={"a": 1}),
    "an indicator without a key": put("indicators", 0, "key", value=5),
    "no spread": put("indicators", 0, "sd", value=0.0),
    "negative spread": put("indicators", 0, "sd", value=-1.0),
    "median outside its range": put("indicators", 0, "median", value=1e12),
    "range upside down": put("indicators", 0, "low", value=1e15),
    "unknown transform": put("indicators", 0, "transform", "name", value="eval"),
    "logarithm of nothing": put("indicators", 0, "transform", "shift", value=-1e9),
    "cuts upside down": put("grade", "cuts", value=[1.0, -1.0]),
    "one cut": put("grade", "cuts", value=[0.0]),
    "nested": put("default", "coef", value=[[[1.0]]] * 6),
    "a promise above one": put("grade_sets", "threshold", value=2.0),
}
FORMS = {
    "an unknown form": ("p4_logistic", put("default", "form", value="pickle")),
    "a form without its parts": ("p4_logistic", put("default", value={"form": "chain"})),
    "no steps": ("p4_logistic", put("default", "steps", value=[])),
    "a column that isn't there": ("monotone", put("default", "trees", value=[])),
    "a tree that is a circle": ("monotone", cyclic),
    "a tree out of its table": ("monotone", astray),
    "not what is predicted": ("p1_network_lm", put("grade", value=models.load("p4_logistic").numbers["default"])),
    "nobody's prediction": ("p4_logistic", lambda numbers: numbers.pop("default")),
}


@pytest.mark.parametrize("change", LINEAR.values(), ids=LINEAR)
def test_a_linear_card_of_nonsense(change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(BadInput, match=r"mine\.json") as caught:
        Model.from_json(sealed("default", change), "mine.json")
    assert "mine.json" in caught.value.text("zh")


@pytest.mark.parametrize(("name", "change"), FORMS.values(), ids=FORMS)
def test_a_methods_card_of_nonsense(name: str, change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(BadInput, match=r"mine\.json"):
        Model.from_json(sealed(name, change), "mine.json")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '{"schema": ' + "9" * 5000 + "}"])
def test_deep_and_long_json(text: str) -> None:
    with pytest.raises(BadInput, match="not a complete model card"):
        Model.from_json(text, "mine.json")


@pytest.mark.parametrize("name", models.names())
def test_shipped_cards_make_sense(name: str) -> None:
    check_numbers(models.load(name))
