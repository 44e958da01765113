"""The VBA functions that cells call, and the texts of the function wizard, both from the declarations."""

from __future__ import annotations

import re
from collections.abc import Iterable

from credit_udfs.cells.spec import CellFunction

HELP_HEADER = ("function", "zh", "en", "category zh", "category en", "argument 1 zh", "argument 1 en")


def functions_module(functions: Iterable[CellFunction], version: str) -> str:
    """The module ``Functions``: one public function per declaration, and the version of the add-in.

    The description is English, because VBA's source can't hold Chinese; `help_rows` has both for the wizard.
    """
    parts = [
        'Attribute VB_Name = "Functions"\n'
        "Option Explicit\n\n"
        "' Generated from credit_udfs/cells/functions: don't edit.\n",
        _function("CREDITUDFSVERSION", [], "Version of this add-in. Works without Python.", f'"{version}"'),
    ]
    for function in functions:
        arguments = [("" if a.required else "Optional ") + f"{a.name} As Variant" for a in function.args]
        names = ", ".join(a.name for a in function.args)
        call = f'CallCell("{function.name}", Array({names}))'
        parts.append(_function(function.name, arguments, function.help_en, call))
    return "\n".join(parts)


def _function(name: str, arguments: list[str], description: str, value: str) -> str:
    # An attribute is one line. What code page 1252 lacks becomes a question mark: this is only a hint.
    text = re.sub(r"\s+", " ", description).replace('"', '""')
    text = text.encode("cp1252", "replace").decode("cp1252")
    return (
        f"Public Function {name}({_continued(arguments)}) As Variant\n"
        f'Attribute {name}.VB_Description = "{text}"\n'
        f'Attribute {name}.VB_ProcData.VB_Invoke_Func = " \\n14"\n'
        f"    {name} = {value}\n"
        "End Function\n"
    )


def _continued(arguments: list[str]) -> str:
    """Three arguments a line; VBA takes 1023 characters a line and 24 continuations."""
    lines = [", ".join(arguments[i : i + 3]) for i in range(0, len(arguments), 3)]
    return ", _\n        ".join(lines)


def help_rows(functions: Iterable[CellFunction]) -> list[list[str]]:
    """The sheet of help: a header, then per function its name, both languages, and both per argument."""
    rows = [list(HELP_HEADER)]
    for f in functions:
        row = [f.name, f.help_zh, f.help_en, f.category_zh, f.category_en]
        for a in f.args:
            row += [a.help_zh, a.help_en]
        rows.append(row)
    return rows
