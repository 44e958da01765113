"""Load macro workbooks in LibreOffice and evaluate formulas that call their VBA functions.

Run by the Python that has LibreOffice's ``uno`` module: ``python3 soffice_xlam.py PROFILE_FOLDER < jobs``, where
jobs is a JSON list of [file, [[formula, rows, columns], ...]]; answers a JSON list of {"answers", "modules"}, an
answer being a table in which an error is ``{"error": code}``. The first sheet's cells below row 100 are used.
All files stay open to the end.
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import time
import uuid

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.sheet.FormulaResult import STRING
from com.sun.star.table.CellContentType import FORMULA, TEXT

ALWAYS_EXECUTE_NO_WARN = 4


def connect(pipe: str, process: subprocess.Popen[bytes]) -> object:
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    for _ in range(1200):
        try:
            return resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        except NoConnectException:
            if process.poll() not in (None, 81):
                raise
            time.sleep(0.05)
    raise TimeoutError("LibreOffice did not start within a minute")


def shown(cell: object) -> object:
    if cell.getError():
        return {"error": cell.getError()}
    text = cell.Type == TEXT or (cell.Type == FORMULA and cell.FormulaResultType2 == STRING)
    return cell.String if text else cell.Value


def evaluated(desktop: object, path: str, formulas: list[list]) -> dict[str, object]:
    arguments = (
        PropertyValue(Name="FilterName", Value="Calc MS Excel 2007 VBA XML"),
        PropertyValue(Name="MacroExecutionMode", Value=ALWAYS_EXECUTE_NO_WARN),
    )
    book = desktop.loadComponentFromURL(pathlib.Path(path).resolve().as_uri(), "_blank", 0, arguments)
    assert book is not None, f"LibreOffice refused {path}"
    sheet = book.Sheets.getByIndex(0)
    for i, (formula, rows, columns) in enumerate(formulas):
        target = sheet.getCellRangeByPosition(0, 100 + 10 * i, columns - 1, 100 + 10 * i + rows - 1)
        if rows * columns == 1:
            target.getCellByPosition(0, 0).setFormula(formula)
        else:
            target.setArrayFormula(formula)
    book.calculateAll()
    answers = [
        [[shown(sheet.getCellByPosition(c, 100 + 10 * i + r)) for c in range(columns)] for r in range(rows)]
        for i, (_, rows, columns) in enumerate(formulas)
    ]
    libraries = book.BasicLibraries
    modules = [m for lib in libraries.getElementNames() for m in libraries.getByName(lib).getElementNames()]
    return {"answers": answers, "modules": sorted(modules)}


def main(profile: str) -> None:
    jobs = json.load(sys.stdin)
    pipe = f"credit{uuid.uuid4().hex[:12]}"
    options = ["--headless", "--norestore", "--nologo", "--nodefault", "--nolockcheck"]
    process = subprocess.Popen(
        [
            "soffice",
            f"-env:UserInstallation={pathlib.Path(profile).resolve().as_uri()}",
            *options,
            f"--accept=pipe,name={pipe};urp;StarOffice.ComponentContext",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        context = connect(pipe, process)
        desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
        json.dump([evaluated(desktop, path, formulas) for path, formulas in jobs], sys.stdout)
        desktop.terminate()
        process.wait(20)
    finally:
        if process.poll() is None:
            process.kill()


main(*sys.argv[1:])
