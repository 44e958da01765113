"""What may import what, held as a test: read from the source, so that a lazy import counts as well."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "credit_udfs"

# A layer may import those to its right, and itself.
ORDER = [
    "cli",
    "hosts",
    "commands",
    "cells",
    "doctor",
    "api",
    "methods",
    "workbook",
    "models",
    "core",
    "types",
    "errors",
    "locale",
]
BANNED = {
    "core": {
        "pandas",
        "sklearn",
        "openpyxl",
        "xlwings",
        "xlsxwriter",
        "fastexcel",
        "torch",
        "pathlib",
        "time",
        "random",
    },
    "cells": {"pandas", "sklearn", "openpyxl", "xlwings", "uno", "torch"},
    "workbook": {"pandas", "sklearn", "xlwings", "torch"},
    "hosts": {"sklearn", "torch"},
}
ONLY_METHODS = {"sklearn", "torch"}
NEVER = {
    *("pickle", "cPickle", "dill", "joblib", "marshal", "shelve", "xlwings.pro", "xlwings.server"),
    *("socket", "ssl", "http", "urllib", "ftplib", "smtplib", "requests", "httpx", "aiohttp"),  # nothing phones home
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def layer(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(module: Path) -> set[str]:
    """Dotted names imported anywhere in a module, `if TYPE_CHECKING` blocks aside."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("module", modules(), ids=lambda m: str(m.relative_to(PACKAGE)))
def test_imports_point_down_only(module: Path) -> None:
    own = layer(module)
    if own in {"__init__", "__main__"}:  # re-exports lazily; starts the command line
        return
    assert own in ORDER, f"{own} has no place in the house: add it to ORDER, and say why"
    for name in imports(module):
        if name.startswith("credit_udfs."):
            target = name.split(".")[1]
            if target in ORDER:
                assert ORDER.index(target) >= ORDER.index(own), f"{own} imports {name}, which is above it"


@pytest.mark.parametrize("module", modules(), ids=lambda m: str(m.relative_to(PACKAGE)))
def test_libraries_stay_in_their_layer(module: Path) -> None:
    own = layer(module)
    for name in imports(module):
        assert not any(name == n or name.startswith(n + ".") for n in NEVER), f"{name} is never imported"
        library = name.split(".")[0]
        assert library not in BANNED.get(own, set()), f"{own} imports {library}"
        if library in ONLY_METHODS:
            assert own == "methods", f"{own} imports {library}: only methods may"


def test_no_text_is_ever_run_as_a_program() -> None:
    for module in modules():
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec", "compile", "__import__"}, f"{module}:{node.lineno}"
            if isinstance(node, ast.keyword):
                shell = node.arg == "shell" and not (isinstance(node.value, ast.Constant) and not node.value.value)
                assert not shell, f"{module}:{node.value.lineno}"


def test_a_host_imports_no_other_host() -> None:
    hosts = {m.stem for m in (PACKAGE / "hosts").glob("*.py")} & {"excel_com", "batch", "libreoffice", "officejs"}
    for host in hosts:
        others = {f"credit_udfs.hosts.{other}" for other in hosts - {host}}
        for name in imports(PACKAGE / "hosts" / f"{host}.py"):
            assert not any(name == other or name.startswith(other + ".") for other in others), f"{host} imports {name}"


def loaded_after(code: str) -> set[str]:
    program = f"import sys\n{code}\nprint(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    return set(
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    )


def test_importing_the_package_is_light() -> None:
    assert not loaded_after("import credit_udfs") & {"numpy", "polars", "pandas", "sklearn", "scipy", "openpyxl"}


def test_scoring_a_row_loads_neither_pandas_nor_sklearn() -> None:
    code = (
        "from credit_udfs import models\nfrom credit_udfs.core import kernel\n"
        "assert 0 <= kernel.score(models.load().linear(), [1e6, 2.0, 0.3, 0.8, 0.05, 0.4]).score <= 100"
    )
    assert not loaded_after(code) & {"numpy", "polars", "pandas", "sklearn", "scipy"}
