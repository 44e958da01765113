"""Many decision trees at once: all nodes in one table, and every row at its place in every tree, level by level.

Walking tree by tree costs a few calls of numpy per tree, which is most of the time of a single row's score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Any

import numpy as np

from credit_udfs.types import Bools, Floats, Ints

CELLS = 2**16  # row-and-tree pairs at once: more would not stay near the processor
KEPT = 8  # models prepared at a time


@dataclass(frozen=True)
class Trees:
    """The nodes of T trees one after the other; a leaf's children are itself, so that walking on changes nothing.

    feature, threshold, missing_left, left, right: (nodes,); value: (nodes,) or (nodes, classes); root: (T,).
    depth: steps that take any row to its leaf in any tree. outputs: classes of a value, or trees of a round.
    """

    feature: Ints
    threshold: Floats
    missing_left: Bools
    left: Ints
    right: Ints
    value: Floats
    root: Ints
    depth: int
    outputs: int

    def sums(self, x: Floats) -> Floats:
        """(n, classes) sums over the trees of the leaves' values, for x (n, k); of a tree per class, of each class's.

        Rows go in blocks: a row's sum has the same bits alone as among many.
        """
        block = max(1, CELLS // self.root.size)
        parts = [self._sums(x[i : i + block]) for i in range(0, max(len(x), 1), block)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _sums(self, x: Floats) -> Floats:
        at = np.tile(self.root, (len(x), 1))
        cells, first = x.ravel(), np.arange(len(x))[:, None] * x.shape[1]
        missing = bool(np.isnan(x).any())
        for _ in range(self.depth):
            value = cells.take(self.feature.take(at) + first)
            left = value <= self.threshold.take(at)
            if missing:
                left |= np.isnan(value) & self.missing_left.take(at)
            at = np.where(left, self.left.take(at), self.right.take(at))
        rounds = self.root.size if self.value.ndim == 2 else self.root.size // self.outputs
        total: Floats = self.value.take(at, axis=0).reshape(len(x), rounds, self.outputs).sum(axis=1)
        return total


def pack(given: Sequence[Any]) -> Trees:
    """Trees of a form as one table: dicts of feature, threshold, left and right (-1 at leaves), missing_left, value.

    given: the trees of a forest, whose values are class shares, or a list of trees per round, one for each class.
    """
    rounds = not isinstance(given[0], Mapping)
    trees: Sequence[Mapping[str, Any]] = list(chain.from_iterable(given)) if rounds else given
    starts = [0, *accumulate(len(tree["left"]) for tree in trees)]

    def joined(key: str, kind: Any) -> Any:
        return np.array(list(chain.from_iterable(tree[key] for tree in trees)), dtype=kind)

    shift = np.repeat(starts[:-1], np.diff(starts))
    own = np.arange(starts[-1])
    leaf = joined("left", np.int64) < 0
    left = np.where(leaf, own, joined("left", np.int64) + shift)
    right = np.where(leaf, own, joined("right", np.int64) + shift)
    root = np.array(starts[:-1], dtype=np.int64)
    depth, level = 0, root
    while (level := level[~leaf[level]]).size:
        depth, level = depth + 1, np.concatenate([left[level], right[level]])
    value = joined("value", np.float64)
    return Trees(
        joined("feature", np.int64),
        joined("threshold", np.float64),
        joined("missing_left", np.bool_),
        left,
        right,
        value,
        root,
        depth,
        len(given[0]) if rounds else value.shape[1],
    )


_PREPARED: dict[int, tuple[Sequence[Any], Trees]] = {}


def prepared(given: Sequence[Any]) -> Trees:
    """`pack`, once per list of trees: fitted numbers don't change, so the list itself is what is remembered."""
    found = _PREPARED.get(id(given))
    if found is None or found[0] is not given:
        found = (given, pack(given))
        while len(_PREPARED) >= KEPT:
            _PREPARED.pop(next(iter(_PREPARED)), None)
        _PREPARED[id(given)] = found
    return found[1]
