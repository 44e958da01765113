"""What is installed, what is missing, and how to mend it."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version

from credit_udfs import models
from credit_udfs.errors import CreditError
from credit_udfs.locale import Lang, text

PYTHON = (3, 11)


@dataclass(frozen=True)
class Finding:
    """One thing looked for: its name, the version found ("" when missing), whether it is needed, and what to do."""

    name: str
    found: str
    needed: bool
    key: str

    @property
    def mark(self) -> str:
        return "✓" if self.found else "✗" if self.needed else "-"

    def text(self, lang: Lang) -> str:
        return text(f"doctor.{self.key if not self.found else 'ok'}", lang)


def examine() -> list[Finding]:
    """Everything this program uses, needed parts first."""
    python = platform.python_version() if sys.version_info[:2] >= PYTHON else ""
    return [
        Finding("Python", python, True, "python"),
        *(Finding(name, _version(name), True, "base") for name in _base_requirements()),
        Finding("model", _model(), True, "model"),
        Finding("scikit-learn", _version("scikit-learn"), False, "train"),
        Finding("torch", _version("torch"), False, "cnn"),
        Finding("pandas", _version("pandas"), False, "pandas"),
        Finding("xlwings", _version("xlwings"), False, "excel"),
        Finding("LibreOffice", _libreoffice(), False, "libreoffice"),
    ]


def _base_requirements() -> list[str]:
    try:
        lines = requires("credit_udfs") or []
    except PackageNotFoundError:
        return []
    return [re.split(r"[<>=!~ ;\[]", line, maxsplit=1)[0] for line in lines if "extra ==" not in line]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _model() -> str:
    try:
        return models.load().hash[:8]
    except CreditError:
        return ""


def _libreoffice() -> str:
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if not program:
        return ""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=False).stdout  # noqa: S603 (the program the system names)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"\d+\.\d+(\.\d+)*", said)
    return found.group() if found else ""
