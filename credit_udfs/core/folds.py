"""Folds by enterprise."""

from __future__ import annotations

import numpy as np

from credit_udfs.types import Ints


def stratified_folds(strata: Ints, folds: int, seed: int) -> Ints:
    """(n,) the fold of each firm: folds of equal size, each stratum spread over them as evenly as it goes.

    Sizes, and a stratum's shares of the folds, differ by at most one. Deterministic for a seed.
    """
    generator = np.random.default_rng(seed)
    order = np.lexsort((generator.random(len(strata)), np.asarray(strata)))
    names = generator.permutation(folds)
    place = np.empty(len(strata), dtype=np.int64)
    place[order] = names[np.arange(len(strata)) % folds]
    return place
