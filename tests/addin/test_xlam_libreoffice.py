"""LibreOffice loads the add-in and runs the part of it that needs neither Excel nor Python.

It can't run a project that holds xlwings' module (nor xlwings' own workbook), so the running is done on a variant
with the pure modules and a stand-in for the way to Python: the generated wrappers, and the making of real
errors, are executed. LibreOffice Basic shows a ``CVErr`` in a cell as the text "Error 2015".
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from addin.excel.build import modules, package, pure_modules
from addin.excel.ovba import Module
from addin.excel.wrappers import functions_module
from credit_udfs.cells.spec import REQUIRED, Arg, CellFunction

pytestmark = pytest.mark.libreoffice

SYSTEM_PYTHON = "/usr/bin/python3"  # the one LibreOffice's uno module is installed for
DRIVER = Path(__file__).with_name("soffice_xlam.py")

STAND_IN = """Attribute VB_Name = "Server"
Option Explicit

Public Function CallCell(ByVal functionName As String, ByVal arguments As Variant) As Variant
    Dim table(0 To 1, 0 To 3) As Variant
    table(0, 0) = functionName: table(0, 1) = MarkOfError() & "2042": table(0, 2) = UBound(arguments) + 1
    table(1, 0) = 1.5: table(1, 1) = MarkOfError() & "2036": table(1, 2) = "A"
    table(0, 3) = IsMissing(arguments(2))
    table(1, 3) = arguments(1)
    CallCell = RealErrors(table)
End Function

Public Function ONEERROR(ByVal code As Variant) As Variant
    ONEERROR = RealErrors(MarkOfError() & CStr(code))
End Function

Public Function ONEROW() As Variant
    ONEROW = RealErrors(Array("ok", MarkOfError() & "2015", 2))
End Function
"""


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("soffice") or subprocess.run([SYSTEM_PYTHON, "-c", "import uno"], check=False).returncode:
        pytest.skip("LibreOffice with its Python module uno is not installed: nothing here was proved")
    return tmp_path_factory.mktemp("profile")


def run(file: Path, profile: Path, formulas: list[tuple[str, int, int]]) -> dict[str, Any]:
    command = [SYSTEM_PYTHON, str(DRIVER), str(file), str(profile)]
    done = subprocess.run(command, input=json.dumps(formulas), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_pure_part_runs_and_marks_become_errors(tmp_path: Path, profile: Path) -> None:
    def body() -> None: ...

    args = (
        Arg("indicators", "range", "指标", "Indicators", REQUIRED),
        Arg("grade", "text", "评级", "Grade", REQUIRED),
        Arg("model_name", "text", "模型", "Model", None),
    )
    function = CellFunction("TESTSCORE", args, "评分", "Score", "信贷", "Credit", "row", body)
    answers = pure_modules({})[0]
    generated = Module("Functions", "module", functions_module([function], "1.2.3"))
    documents = modules()[:3]
    blank = [Module(m.name, m.kind, "") for m in documents]
    file = tmp_path / "pure.xlam"
    file.write_bytes(package([*blank, answers, generated, Module("Server", "module", STAND_IN)]))
    formulas = [
        ("=CREDITUDFSVERSION()", 1, 1),
        ("=ONEERROR(2015)", 1, 1),
        ("=ONEROW()", 1, 3),
        ('=TESTSCORE(A1:B2;"B")', 2, 4),
        ("=NOSUCHFUNCTION()", 1, 1),
    ]
    answer = run(file, profile, formulas)
    assert answer["answers"] == [
        [["1.2.3"]],
        [["Error 2015"]],
        [["ok", "Error 2015", 2.0]],
        [["TESTSCORE", "Error 2042", 3.0, 1.0], [1.5, "Error 2036", "A", "B"]],
        [[{"error": 525}]],  # #NAME?: a function that isn't there would show
    ]


def test_the_whole_add_in_loads_with_every_module(tmp_path: Path, profile: Path) -> None:
    file = tmp_path / "credit_udfs.xlam"
    file.write_bytes(package(modules()))
    answer = run(file, profile, [("=1+1", 1, 1)])
    assert answer["answers"] == [[[2.0]]]
    assert set(answer["modules"]) == {m.name for m in modules()}
