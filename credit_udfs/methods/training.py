"""What a model is trained on: firms whose grade and default are known, and what a card says of them."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import polars as pl

from credit_udfs.core.tables import Tables
from credit_udfs.errors import BadInput
from credit_udfs.types import GRADES, Floats, Ints


def training_rows(tables: Tables) -> pl.DataFrame:
    """The enterprises whose grade and default are both known."""
    return tables.firms.filter(pl.col("grade").is_not_null() & pl.col("default").is_not_null())


def labels(rows: pl.DataFrame) -> tuple[Ints, Ints]:
    """Codes of the grades (n,), 0 to 3, and defaults (n,), 0 or 1, of `training_rows`.

    Raises BadInput when firms of a grade, defaulters or others number fewer than two.
    """
    grades = np.array([GRADES.index(grade) for grade in rows["grade"]], dtype=np.int64)
    default = np.asarray(rows["default"].cast(pl.Int64).to_numpy(), dtype=np.int64)
    if min(*np.bincount(grades, minlength=4), *np.bincount(default, minlength=2)) < 2:
        raise BadInput("core.training_data", firms=rows.height)
    return grades, default


def described(tables: Tables, table: Floats, grades: Ints, default: Ints) -> dict[str, Any]:
    """The `data` of a card: hashes of the files and of the training table (n, k) with its labels, and counts."""
    digest = hashlib.sha256(np.ascontiguousarray(table).tobytes())
    digest.update(grades.tobytes() + default.tobytes())
    return {
        "files": {source.file: source.sha256 for source in tables.sources},
        "table_sha256": digest.hexdigest(),
        "firms": len(default),
        "defaults": int(default.sum()),
        "grades": {grade: int((grades == i).sum()) for i, grade in enumerate(GRADES)},
    }
