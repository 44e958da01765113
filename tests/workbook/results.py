"""A small assessment of the synthetic sample, and its result workbooks, made once for all tests of the pages."""

from __future__ import annotations

import datetime as dt
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

from credit_udfs import api
from credit_udfs.core.assess import Assessment, Settings, assess
from credit_udfs.core.stress import scenario, stress
from credit_udfs.core.tables import Tables
from credit_udfs.errors import Problem
from credit_udfs.models import load
from credit_udfs.workbook.pages import Extras
from credit_udfs.workbook.read import read
from credit_udfs.workbook.sample import write_sample
from tests.workbook.reports import made_up_figures, made_up_report

EPOCH = 1_600_000_000


@cache
def sample_tables() -> Tables:
    with tempfile.TemporaryDirectory() as folder:
        tables = read(write_sample(folder, firms=(10, 20), size=0.05), today=dt.date(2020, 9, 10))
    # A problem of each severity's look, whatever the sample's dirt comes to.
    return replace(tables, problems=(*tables.problems, Problem("warning", "core.no_applicants",
                   {"firms": 3, "lend_to": "new"}, "book.xlsx", "Sheet1", "C17", 2)))  # fmt: skip


@cache
def sample_assessment() -> Assessment:
    return assess(sample_tables(), Settings(budget=5_000_000.0), load())


@cache
def sample_extras() -> Extras:
    a, shock = sample_assessment(), scenario("covid19_2020q1")
    return Extras(
        frontiers=api.frontiers(a, 4),
        risk=api.risk(a),
        stress=stress(a, shock),
        comparison=api.compare(a, shock),
        explanations=api.explain(a),
        validation=made_up_report(),
        reproduction=made_up_figures(),
    )


@cache
def result(lang: str) -> Path:
    """A result with every page; kept for the whole run."""
    from credit_udfs.workbook.write import write

    folder = Path(tempfile.mkdtemp(prefix="credit-pages-"))
    return write(
        sample_assessment(), folder / f"result.{lang}.xlsx", lang, source_date_epoch=EPOCH, extras=sample_extras()
    )
