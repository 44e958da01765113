"""LibreOffice as a test sees it: found, started headless with a profile of its own, asked, and stopped.

The talking is done by office_driver.py in the Python that has `uno`; this side needs nothing but the standard
library and pytest.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Self

import pytest

LEAST = (25, 2)
ERROR_CODES = {"#VALUE!": 519, "#NUM!": 503, "#N/A": 32767, "#DIV/0!": 532, "#REF!": 524, "#NAME?": 525}
"""Calc's number of each error."""
ERROR_NAMES = {code: name for name, code in ERROR_CODES.items()}

# What a first start would ask or draw, answered beforehand.
_ANSWERS = {
    "Common/Misc": ("FirstRun", "ShowTipOfTheDay"),
    "Recovery/AutoSave": ("Enabled",),
    "Common/Save/Document": ("CreateBackup",),
}
_SETTINGS = "\n".join(
    [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">',
        *(
            f'<item oor:path="/org.openoffice.Office.{path}"><prop oor:name="{name}" oor:op="fuse">'
            "<value>false</value></prop></item>"
            for path, names in _ANSWERS.items()
            for name in names
        ),
        "</oor:items>",
        "",
    ]
)


@cache
def found() -> tuple[str, str, str]:
    """LibreOffice's program, a Python with `uno`, and "", or why they can't be had."""
    soffice = os.environ.get("CREDIT_UDFS_SOFFICE") or shutil.which("soffice") or ""
    if not soffice:
        return "", "", "LibreOffice (soffice) is not installed"
    said = subprocess.run([soffice, "--version"], capture_output=True, text=True, timeout=60).stdout
    version = re.search(r"(\d+)\.(\d+)", said)
    if version is None or (int(version[1]), int(version[2])) < LEAST:
        return (
            soffice,
            "",
            f"LibreOffice {LEAST[0]}.{LEAST[1]} or newer is needed, found: {said.strip() or 'no version'}",
        )
    beside = Path(soffice).resolve().parent / "python"
    for python in ("/usr/bin/python3", str(beside)):
        if Path(python).exists() and not subprocess.run([python, "-c", "import uno"], capture_output=True).returncode:
            return soffice, python, ""
    return soffice, "", "no Python with the module uno (Debian: python3-uno)"


def require() -> None:
    """Skip loudly where LibreOffice is missing; in continuous integration, fail."""
    why = found()[2]
    if why and os.environ.get("CI") == "true":
        pytest.fail(f"the LibreOffice suite can't run: {why}")
    if why:
        pytest.skip(f"THE LIBREOFFICE SUITE DID NOT RUN: {why}")


class OfficeError(Exception):
    """What LibreOffice, or the driver, refused."""


class Office:
    """One running LibreOffice with extensions: ``with Office(oxt) as office: book = office.new(); ...``.

    It is started anew after the extensions are installed, as users do: calls into an extension installed while it
    runs take several times longer.
    """

    def __init__(self, *extensions: Path, environment: dict[str, str] | None = None) -> None:
        self.extensions = extensions
        self.environment = environment or {}

    def __enter__(self) -> Self:
        soffice, python, why = found()
        if why:
            raise OfficeError(why)
        self.folder = Path(tempfile.mkdtemp(prefix="credit-office-"))
        profile = self.folder / "profile"
        (profile / "user").mkdir(parents=True)
        (profile / "user" / "registrymodifications.xcu").write_text(_SETTINGS, encoding="utf-8")
        # The driver's Python is not the one of the tests: nothing of theirs may leak into it.
        clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
        self.driver = subprocess.Popen(
            [python, str(Path(__file__).with_name("office_driver.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**clean, **self.environment},
        )
        try:
            self.startup = self.ask("start", soffice=soffice, profile=str(profile))
            for extension in self.extensions:
                self.ask("install", extension=str(extension))
            if self.extensions:
                self.ask("quit")
                self.startup = self.ask("start", soffice=soffice, profile=str(profile))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self.driver.poll() is None:
                self.ask("stop")
                self.driver.wait(30)
        finally:
            self.driver.kill()
            self.driver.wait()
            assert self.driver.stdin is not None
            assert self.driver.stdout is not None
            self.driver.stdin.close()
            self.driver.stdout.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, operation: str, **arguments: Any) -> Any:
        assert self.driver.stdin is not None
        assert self.driver.stdout is not None
        self.driver.stdin.write(json.dumps([operation, arguments]) + "\n")
        self.driver.stdin.flush()
        line = self.driver.stdout.readline()
        if not line:
            raise OfficeError(f"LibreOffice or its driver ended during {operation!r}: {self.log()}")
        answer = json.loads(line)
        if "error" in answer:
            raise OfficeError(f"{operation}: {answer['error']}\n{answer.get('trace', '')}")
        return answer["ok"]

    def log(self) -> str:
        """What LibreOffice wrote to its standard streams."""
        log = self.folder / "profile" / ".." / "soffice.log"
        return log.read_text(encoding="utf-8", errors="replace")[-2000:] if log.exists() else ""

    def new(self) -> Book:
        return Book(self, self.ask("new"))

    def open(self, path: Path, *, visible: bool = False) -> Book:
        return Book(self, self.ask("open", path=str(path), visible=visible))


class Book:
    """An open document. Ranges are written ``A1:C5`` (first sheet) or ``Sheet.A1:C5``."""

    def __init__(self, office: Office, key: str) -> None:
        self.office = office
        self.key = key

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.office.ask("close", doc=self.key)

    def ask(self, operation: str, **arguments: Any) -> Any:
        return self.office.ask(operation, doc=self.key, **arguments)

    def put(self, at: str, rows: list[list[Any]]) -> None:
        self.ask("put", at=at, rows=rows)

    def formulas(self, at: str, rows: list[list[str]]) -> None:
        self.ask("formulas", at=at, rows=rows)

    def array(self, at: str, formula: str) -> None:
        self.ask("array", at=at, formula=formula)

    def calculate(self) -> float:
        return float(self.ask("calculate"))

    def read(self, at: str) -> list[list[Any]]:
        """Values of real cells: floats, texts, and errors by their names ("#VALUE!", "Err:504")."""
        return [
            [
                ERROR_NAMES.get(v["error"], f"Err:{v['error']}") if isinstance(v, dict) else v
                for v in row
            ]
            for row in self.ask("read", at=at)
        ]  # fmt: skip

    def value(self, at: str) -> Any:
        return self.read(at)[0][0]
