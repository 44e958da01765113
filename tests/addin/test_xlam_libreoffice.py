"""LibreOffice loads the add-in and runs its VBA: the wrappers, the way to Python with a stand-in, the settings.

LibreOffice Basic shows a ``CVErr`` in a cell as the text "Error 2015".
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from addin.excel import build
from addin.excel.build import modules, package
from addin.excel.ovba import Module
from credit_udfs.cells import REGISTRY
from credit_udfs.cells.spec import REQUIRED, Arg, CellFunction

pytestmark = pytest.mark.libreoffice

SYSTEM_PYTHON = "/usr/bin/python3"  # the one LibreOffice's uno module is installed for
DRIVER = Path(__file__).with_name("soffice_xlam.py")

# In the place of xlwings' module: a server that answers with what it was asked, or fails.
STAND_IN = Module(
    "xlwings",
    "module",
    """Option Explicit
Public Function XLPy() As Object
    Set XLPy = New FakePython
End Function
Public Sub KillPy()
End Sub
""",
)
FAKE_PYTHON = Module(
    "FakePython",
    "class",
    """Option Explicit
Public Function CallUDF(ByVal moduleName As String, ByVal functionName As String, ByVal arguments As Variant, _
        ByVal book As Object, ByVal caller As Variant) As Variant
    Dim row(0 To 5) As Variant, table(0 To 1, 0 To 1) As Variant
    If functionName = "FAILING" Then Err.Raise 1000, "Python", "Python is not there"
    If functionName = "TABULATING" Then
        table(0, 0) = Chr$(1) & "2036": table(0, 1) = 0.1: table(1, 0) = "A": table(1, 1) = Chr$(1) & "2042"
        CallUDF = table
        Exit Function
    End If
    row(0) = moduleName: row(1) = functionName: row(2) = Chr$(1) & "2042"
    If IsArray(arguments(0)) Then
        row(3) = UBound(arguments(0), 1) & " rows, " & UBound(arguments(0), 2) & " columns"
    Else
        row(3) = arguments(0)
    End If
    row(4) = arguments(1)
    If UBound(arguments) = 2 Then row(5) = IsEmpty(arguments(2))
    CallUDF = row
End Function
""",
)


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("soffice") or subprocess.run([SYSTEM_PYTHON, "-c", "import uno"], check=False).returncode:
        pytest.skip("LibreOffice with its Python module uno is not installed: nothing here was proved")
    return tmp_path_factory.mktemp("profile")


Formulas = list[tuple[str, int, int]]


def run(profile: Path, *jobs: tuple[Path, Formulas]) -> list[dict[str, Any]]:
    done = subprocess.run(
        [SYSTEM_PYTHON, str(DRIVER), str(profile)],
        input=json.dumps([(str(file), formulas) for file, formulas in jobs]),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def saved(data: bytes, folder: Path, name: str = "credit_udfs.xlam") -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def declared(name: str) -> CellFunction:
    def body() -> None: ...

    args = (
        Arg("indicators", "range", "指标", "Indicators", REQUIRED),
        Arg("grade", "text", "评级", "Grade", REQUIRED),
        Arg("model_name", "text", "模型", "Model", None),
    )
    return CellFunction(name, args, "评分", "Score", "信贷", "Credit", "row", body)


def test_a_cell_reaches_python_and_shows_its_answer_with_real_errors(tmp_path: Path, profile: Path) -> None:
    functions = {name: declared(name) for name in ("TESTSCORE", "FAILING", "TABULATING")}
    project = [m for m in modules(functions) if m.name != "xlwings"] + [STAND_IN, FAKE_PYTHON]
    formulas = [
        ("=CREDITUDFSVERSION()", 1, 1),
        ('=TESTSCORE(A1:B3;"B")', 1, 6),
        ("=TESTSCORE(0.5;A1;1)", 1, 6),
        ('=TABULATING(A1;"B")', 2, 2),
        ('=FAILING(A1;"B")', 1, 1),
        ("=NOSUCHFUNCTION()", 1, 1),
        ('=TESTSCORE(B1:B1048576;"B")', 1, 6),
    ]
    answers = run(profile, (saved(package(project, functions), tmp_path), formulas))[0]["answers"]
    host = "credit_udfs.hosts.excel_com"
    assert answers[0] == [[build.version()]]
    assert answers[1] == [[host, "TESTSCORE", "Error 2042", "3 rows, 2 columns", "B", 1.0]]
    assert answers[2] == [[host, "TESTSCORE", "Error 2042", 0.5, "INTERPRETER_WIN", 0.0]]
    assert answers[3] == [["Error 2036", 0.1], ["A", "Error 2042"]]
    assert answers[4] == [["Error 2015"]], "a server that fails is #VALUE!, not a text"
    assert answers[5] == [[{"error": 525}]], "#NAME?: a function that isn't there would show"
    # The formulas stand from row 101 on, ten rows each: the last used row is 161 at least.
    rows, _, rest = answers[6][0][3].partition(" ")
    assert rest == "rows, 1 columns"
    assert 161 <= int(rows) < 1000


def test_the_add_in_as_it_is_loads_and_says_value_error_without_python(tmp_path: Path, profile: Path) -> None:
    """The very bytes that are shipped: every module compiles, whatever our declarations have become."""
    calls = [(f"={name}({';'.join('1' * len(f.args))})", 1, 1) for name, f in REGISTRY.items()]
    [answer] = run(profile, (saved(build.build(), tmp_path), [("=CREDITUDFSVERSION()", 1, 1), *calls]))
    assert answer["answers"] == [[[build.version()]], *[[["Error 2015"]]] * len(REGISTRY)]
    assert set(answer["modules"]) == {m.name for m in modules()}


SHOW = Module(
    "Show",
    "module",
    """Option Explicit
Public Function SHOWCOMMAND() As String
    On Error GoTo refused
    SHOWCOMMAND = XLPyCommand()
    Exit Function
refused:
    SHOWCOMMAND = "refused: " & Err.Description
End Function
""",
)


REFUSED = "refused: Python is not set up for this add-in. Run in a terminal: credit-udfs addin install"
INTERPRETERS = {
    r"C:\Users\me\venv\Scripts\pythonw.exe": True,
    r"\\server\share\pythonw.exe": True,
    "pythonw": False,
    r"venv\Scripts\pythonw.exe": False,
    'C:\\a.exe" & calc "': False,
    "": False,
}


def test_only_a_full_path_from_the_add_ins_own_sheet_is_started(
    tmp_path: Path, profile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = [
        Module(m.name, m.kind, m.text.replace("Private Function XLPyCommand", "Public Function XLPyCommand"))
        for m in [*modules({}), SHOW]
    ]
    # A workbook of somebody's, open and with a sheet of settings that xlwings' own module would obey.
    monkeypatch.setattr(build, "settings_rows", lambda: [("Interpreter_Win", r"C:\evil\pythonw.exe")])
    foreign = saved(package([Module(m.name, m.kind, "") for m in modules({})[:3]]), tmp_path, "foreign.xlam")
    jobs: list[tuple[Path, Formulas]] = [(foreign, [])]
    for number, interpreter in enumerate(INTERPRETERS):
        rows = [("Interpreter_Win", interpreter)]
        monkeypatch.setattr(build, "settings_rows", lambda rows=rows: rows)
        jobs.append((saved(package(project), tmp_path, f"{number}.xlam"), [("=SHOWCOMMAND()", 1, 1)]))
    version = build.xlwings_module.version()
    code = f"from credit_udfs.hosts.excel_com import serve; serve('$(CLSID)', '{version}')"
    for (interpreter, allowed), answer in zip(INTERPRETERS.items(), run(profile, *jobs)[1:], strict=True):
        assert answer["answers"] == [[[f'"{interpreter}" -I -B -c "{code}"' if allowed else REFUSED]]]


RECORDER = Module(
    "Recorder",
    "module",
    """Option Explicit
Private recorded As String

Public Sub Record(ByVal Macro As String, ByVal Description As String, ByVal Category As String, _
        Optional ByVal ArgumentDescriptions As Variant)
    Dim k As Long
    recorded = recorded & "[" & Macro & "|" & Description & "|" & Category
    If Not IsMissing(ArgumentDescriptions) Then
        For k = LBound(ArgumentDescriptions) To UBound(ArgumentDescriptions)
            recorded = recorded & "|" & ArgumentDescriptions(k)
        Next k
    End If
    recorded = recorded & "]"
End Sub

Public Function SHOWHELP() As String
    DescribeFunctions
    DescribeFunctions
    SHOWHELP = recorded
End Function
""",
)


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        (1033, ["Score", "Credit", "Indicators", "Grade", "Model"]),
        (2052, ["评分", "信贷", "指标", "评级", "模型"]),
        (3076, ["评分", "信贷", "指标", "评级", "模型"]),  # Hong Kong
    ],
)
def test_the_wizard_gets_every_function_and_argument_once_in_the_menus_language(
    tmp_path: Path, profile: Path, language: int, texts: list[str]
) -> None:
    with_arguments = declared("TESTSCORE")
    functions = {
        "TESTSCORE": with_arguments,
        "NOARGS": CellFunction(**{**vars(with_arguments), "name": "NOARGS", "args": ()}),
    }

    def recording(text: str) -> str:
        """LibreOffice has neither MacroOptions nor the languages of Office: what is called with what is recorded."""
        text = text.replace("Application.MacroOptions Macro:=", "Record Macro:=")
        return text.replace("Application.LanguageSettings.LanguageID(LANGUAGE_OF_MENUS)", str(language))

    project = [Module(m.name, m.kind, recording(m.text)) for m in modules(functions)]
    file = saved(package([*project, RECORDER], functions), tmp_path)
    [[shown]] = run(profile, (file, [("=SHOWHELP()", 1, 1)]))[0]["answers"][0]
    assert shown == (
        f"['credit_udfs.xlam'!TESTSCORE|{'|'.join(texts)}]['credit_udfs.xlam'!NOARGS|{'|'.join(texts[:2])}]"
    )
