"""Grades that can't be ruled out for a firm: "A or B, 90%", from a threshold that calibration has found.

The threshold is on the model's card (`numbers["grade_sets"]`); `credit_udfs.methods.conformal` finds it. The promise
holds for firms drawn as the training firms were; on firms unlike them (sole traders, say) it lapses.
"""

from __future__ import annotations

import numpy as np

from credit_udfs.core.model_card import Model
from credit_udfs.types import GRADES, Bools, Floats


def contiguous(p: Floats, threshold: float) -> Bools:
    """(n, classes) the classes with probability at least 1 - threshold, the likeliest one, and any in between."""
    inside = p >= 1.0 - threshold - 1e-12
    inside[np.arange(len(p)), p.argmax(axis=1)] = True
    order = np.arange(p.shape[1])
    first = inside.argmax(axis=1)[:, None]
    last = p.shape[1] - 1 - inside[:, ::-1].argmax(axis=1)[:, None]
    neighbours: Bools = (order >= first) & (order <= last)
    return neighbours


def grade_sets(model: Model, probs: Floats) -> tuple[str, ...] | None:
    """Per row of the grade probabilities (n, 4) its set, such as "AB"; "" where there are none (NaN).

    None when the model's card has no calibration.
    """
    calibrated = model.numbers.get("grade_sets")
    if calibrated is None:
        return None
    inside = contiguous(np.nan_to_num(probs), float(calibrated["threshold"]))
    inside &= ~np.isnan(probs)
    return tuple("".join(GRADES[i] for i in np.flatnonzero(row)) for row in inside)
