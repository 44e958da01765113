"""What a user can meet and is no mistake of this program's: one plain message, an exit code, nothing left behind."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from credit_udfs import api
from credit_udfs.cli import main

RUN = [sys.executable, "-m", "credit_udfs"]


@pytest.mark.parametrize(
    ("met", "said"),
    [
        (ModuleNotFoundError("No module named 'sklearn'", name="sklearn.svm"), "pip install 'credit_udfs[train]'"),
        (MemoryError(), "isn't enough memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "The system refused: No space left on device."),
        (PermissionError(errno.EACCES, "Permission denied", "x.xlsx"), "Permission denied (x.xlsx)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_trouble_is_said_in_words(met: Exception, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise met

    monkeypatch.setattr(api, "read", fails)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)  # put back afterwards
    result = CliRunner().invoke(main, ["plan", "x.xlsx", "--lang", "en"])
    assert result.exit_code == 1
    assert said in result.stderr


def test_a_mistake_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(api, "read", fails)
    assert isinstance(CliRunner().invoke(main, ["plan", "x.xlsx"]).exception, ZeroDivisionError)


@pytest.mark.parametrize("said", ["abc", "-1"])
def test_a_time_that_is_none_is_said_before_anything_is_imported(said: str) -> None:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": said, "CREDIT_UDFS_LANG": "zh"}
    ran = subprocess.run([*RUN, "plan", "x.xlsx"], env=environment, capture_output=True, encoding="utf-8")
    assert ran.returncode == 1
    assert ran.stderr.startswith("环境变量 SOURCE_DATE_EPOCH 应为")
    assert len(ran.stderr.splitlines()) == 1


def test_a_code_page_without_the_characters() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252", "CREDIT_UDFS_LANG": "zh"}
    ran = subprocess.run([*RUN, "--help"], env=environment, capture_output=True)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert b"credit-udfs run" in ran.stdout
