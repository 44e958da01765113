"""Trees walked all at once against trees walked one by one, node by node."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_udfs.core import forms, trees

COLUMNS = 3


def grown(random: np.random.Generator, deepest: int, classes: int) -> dict[str, Any]:
    """A tree of random shape, in the order in which its nodes were made."""
    tree: dict[str, Any] = {k: [] for k in ("feature", "threshold", "left", "right", "missing_left", "value")}

    def grow(level: int) -> int:
        own = len(tree["feature"])
        tree["feature"].append(int(random.integers(COLUMNS)))
        tree["threshold"].append(float(random.normal()))
        tree["missing_left"].append(bool(random.random() < 0.5))
        tree["value"].append(random.random(classes).tolist() if classes > 1 else float(random.normal()))
        for side in ("left", "right"):
            tree[side].append(-1)
        if level < deepest and random.random() < 0.8:
            tree["left"][own] = grow(level + 1)
            tree["right"][own] = grow(level + 1)
        return own

    grow(0)
    return tree


def walk(tree: dict[str, Any], row: np.ndarray) -> Any:
    at = 0
    while tree["left"][at] >= 0:
        value = row[tree["feature"][at]]
        left = tree["missing_left"][at] if np.isnan(value) else value <= tree["threshold"][at]
        at = tree["left"][at] if left else tree["right"][at]
    return tree["value"][at]


@given(st.integers(0, 10_000), st.integers(0, 6), st.sampled_from([1, 2, 4]))
def test_all_at_once_is_one_by_one(seed: int, deepest: int, classes: int) -> None:
    random = np.random.default_rng(seed)
    x = random.normal(size=(9, COLUMNS))
    x[random.random(x.shape) < 0.2] = np.nan
    if classes == 1:  # rounds of a tree for each of two classes
        rounds = [[grown(random, deepest, 1), grown(random, deepest, 1)] for _ in range(5)]
        wanted = np.array([[sum(walk(stage[m], row) for stage in rounds) for m in (0, 1)] for row in x])
        found = trees.pack(rounds).sums(x)
    else:
        forest = [grown(random, deepest, classes) for _ in range(5)]
        wanted = np.array([np.sum([walk(tree, row) for tree in forest], axis=0) for row in x])
        found = trees.pack(forest).sums(x)
    assert np.abs(found - wanted).max() < 1e-12


def test_rows_in_blocks_and_alone_have_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    packed = trees.pack([grown(random, 5, 3) for _ in range(60)])
    x = random.normal(size=(50, COLUMNS))
    whole = packed.sums(x)
    assert packed.sums(x[:0]).shape == (0, 3)
    monkeypatch.setattr(trees, "CELLS", 7 * 60)
    assert np.array_equal(packed.sums(x), whole)
    assert np.array_equal(np.vstack([packed.sums(x[i : i + 1]) for i in range(50)]), whole)


def test_a_model_is_prepared_once_and_never_taken_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    pack = trees.pack
    monkeypatch.setattr(trees, "pack", lambda given: made.append(1) or pack(given))
    random = np.random.default_rng(2)
    models = [{"form": "forest", "trees": [grown(random, 3, 2)]} for _ in range(trees.KEPT + 3)]
    x = random.normal(size=(4, COLUMNS))
    first = [forms.evaluate(model, x) for model in models]
    assert len(made) == len(models)
    forms.evaluate(models[-1], x)
    assert len(made) == len(models)
    assert len(trees._PREPARED) <= trees.KEPT
    again = [forms.evaluate(model, x) for model in models]
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
