"""What every test shares: the contest's attachments, their checked tables, and a loud word when they are missing."""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.hosts.office import Office

ROOT = Path(__file__).resolve().parents[1]

settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("repeatable")


def contest_folder() -> Path:
    return Path(os.environ.get("CREDIT_UDFS_CONTEST", ROOT.parent / "shared" / "contest"))


@pytest.fixture(scope="session")
def oxt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension for LibreOffice."""
    from addin.libreoffice.build import package

    path = tmp_path_factory.mktemp("oxt") / "credit_udfs.oxt"
    path.write_bytes(package())
    return path


@pytest.fixture(scope="session")
def office(oxt: Path) -> Iterator[Office]:
    """LibreOffice with the extension, started once for the whole run; skips, loudly, where it is missing."""
    from credit_udfs.hosts import libreoffice_link
    from tests.hosts import office as suite

    suite.require()
    with suite.Office(oxt, environment={libreoffice_link.INTERPRETER: sys.executable}) as running:
        yield running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not contest_folder().is_dir():
        terminalreporter.write_line(
            "CONTEST DATA NOT FOUND: the tests on the real attachments did not run. "
            "Set CREDIT_UDFS_CONTEST to their folder.",
            red=True,
            bold=True,
        )


@pytest.fixture(scope="session")
def contest() -> Path:
    """The folder of the contest's attachments 1 to 3; skips, loudly, where it is missing."""
    folder = contest_folder()
    if not folder.is_dir():
        pytest.skip(f"contest data not found at {folder}; set CREDIT_UDFS_CONTEST")
    return folder


@pytest.fixture(scope="session")
def contest_tables(contest: Path):  # type: ignore[no-untyped-def]
    """Checked tables of all three attachments, read once for the whole run."""
    from credit_udfs.workbook.read import read

    return read(sorted(contest.glob("*.xlsx")), today=datetime.date(2026, 1, 1))


@pytest.fixture(scope="session")
def contest_rated(contest_tables):  # type: ignore[no-untyped-def]
    """Checked tables of attachment 1 alone (the 123 firms with a credit record), with attachment 3's churn."""
    from dataclasses import replace

    import polars as pl

    rated = contest_tables.firms.filter(pl.col("grade").is_not_null())
    mine = pl.col("firm").cast(pl.String).is_in(rated["firm"].to_list())
    return replace(
        contest_tables,
        firms=rated,
        purchases=contest_tables.purchases.filter(mine),
        sales=contest_tables.sales.filter(mine),
    )
