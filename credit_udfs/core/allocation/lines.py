"""Inequalities over the variables of a programme, gathered part by part into one sparse matrix."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from credit_udfs.types import Floats, Ints


class Lines:
    """Inequalities ``... <= top``, gathered part by part."""

    def __init__(self, width: int) -> None:
        self.width, self.count = width, 0
        self.rows = list[Ints]()
        self.columns = list[Ints]()
        self.values = list[Floats]()
        self.tops = list[Floats]()

    def add(self, top: Floats, *parts: tuple[Ints, Ints, Floats]) -> None:
        """As many inequalities as `top` has; parts: (which of them, column, value)."""
        for line, column, value in parts:
            self.rows.append(self.count + line)
            self.columns.append(column)
            self.values.append(value)
        self.tops.append(top)
        self.count += top.size

    def matrix(self) -> tuple[csr_array, Floats]:
        places = (np.concatenate(self.rows), np.concatenate(self.columns))
        whole = csr_array((np.concatenate(self.values), places), shape=(self.count, self.width))
        return whole, np.concatenate(self.tops)
