"""The synthetic sample that fills the examples."""

from __future__ import annotations

import tempfile
from datetime import date
from functools import cache

from credit_udfs.core.tables import Tables
from credit_udfs.locale import Lang
from credit_udfs.workbook.read import read
from credit_udfs.workbook.sample import write_sample

_LAST_DAY = date(2020, 9, 10)


@cache
def sample(lang: Lang) -> Tables:
    """12 firms with a grade on record and 28 without, few invoices; the same numbers in either language."""
    with tempfile.TemporaryDirectory() as folder:
        paths = write_sample(folder, firms=(12, 28), size=0.08, seed=2020, dirt=False, lang=lang)
        return read(paths, today=_LAST_DAY)
