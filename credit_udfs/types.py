"""The words of the field, as types. Money is yuan, rates and probabilities are fractions, everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Grade: TypeAlias = Literal["A", "B", "C", "D"]
GRADES: tuple[Grade, ...] = ("A", "B", "C", "D")

Target: TypeAlias = Literal["default", "D", "grade"]
"""What is predicted: 1 where the firm defaulted; 1 where its grade is D; 0..3 for grades A..D."""

ChurnModel: TypeAlias = Literal["power", "log_quadratic", "isotonic"]

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with a stage (a key of locale/stages.toml), how much is done, and of how much (0: unknown)."""
