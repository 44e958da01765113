"""Folds by enterprise."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from credit_udfs.core.folds import stratified_folds


@given(counts=st.lists(st.integers(1, 30), min_size=1, max_size=5), folds=st.integers(2, 10), seed=st.integers(0, 99))
def test_folds_are_even_overall_and_in_each_stratum(counts: list[int], folds: int, seed: int) -> None:
    strata = np.repeat(np.arange(len(counts)), counts)
    place = stratified_folds(strata, folds, seed)
    assert place.shape == strata.shape
    assert ((place >= 0) & (place < folds)).all()
    for group in [strata == s for s in range(len(counts))] + [np.ones(len(strata), dtype=bool)]:
        sizes = np.bincount(place[group], minlength=folds)
        assert sizes.max() - sizes.min() <= 1


def test_folds_depend_on_the_seed_alone() -> None:
    strata = np.repeat([0, 1, 2, 3], [27, 38, 34, 24])
    assert (stratified_folds(strata, 5, 7) == stratified_folds(strata, 5, 7)).all()
    assert (stratified_folds(strata, 5, 7) != stratified_folds(strata, 5, 8)).any()


def test_folds_do_not_follow_file_order() -> None:
    """The enterprise number leaks size, so neighbours in the file mustn't share folds by rule."""
    place = stratified_folds(np.zeros(1000, dtype=np.int64), 5, 0)
    assert abs(np.corrcoef(np.arange(1000), place)[0, 1]) < 0.1
