"""The VBA module ``xlwings`` of the add-in: taken from the pinned xlwings package, reduced to what is safe.

Every public function of an add-in can be called from a cell of any workbook, without a macro warning. As
published, the module would let such a cell run programs (``=RunPython("...")``, ``=RunFrozenPython("...")``
or its declared DLL function), and it takes the path of the interpreter from a sheet of the active workbook,
or from a file beside it. So only the procedures that start and stop the Python process are taken over, word
for word; what they call that looked at the active workbook is replaced (``xlwings_settings.bas``); nothing
is public but ``XLPy`` and ``KillPy``, and the whole module is private to the add-in.
"""

from __future__ import annotations

import re
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

KEPT: Final = ("XLPyLoadDLL", "XLPy", "KillPy", "ParentFolder")
"""Procedures taken over word for word (but for being made private)."""
REPLACED: Final = ("GetConfig", "XLPyCommand")
"""Procedures whose place is taken by ours."""
PUBLIC: Final = ("XLPy", "KillPy")

PROJECT_NAME: Final = "credit_udfs"

_START = re.compile(r"^(?:(?:Public|Private) )?(?:Function|Sub) (\w+)\(", re.MULTILINE)
_DECLARE = re.compile(r"^( *)(?:(?:Public|Private) )?Declare ", re.MULTILINE)


def version() -> str:
    """The version of the installed xlwings package."""
    return distribution("xlwings").version


def published() -> str:
    """xlwings' module for add-ins, as the installed package has it, with plain line ends."""
    # Found without importing xlwings, which on Windows would look for Excel.
    path = Path(str(distribution("xlwings").locate_file("xlwings/xlwings_custom_addin.bas")))
    return path.read_text("cp1252").replace("\r\n", "\n")


def procedures(module: str) -> dict[str, str]:
    """The procedures of a module by name, without what stands between them."""
    found = {}
    for start in _START.finditer(module):
        kind = "Function" if "Function " in start[0] else "Sub"
        end = re.compile(rf"^End {kind}\b.*$", re.MULTILINE).search(module, start.end())
        if end is None:
            raise ValueError(f"{start[1]} has no end")
        found[start[1]] = module[start.start() : end.end()]
    return found


def declarations(module: str) -> str:
    """What stands before the first procedure: licence, declared DLL functions, constants."""
    first = _START.search(module)
    if first is None:
        raise ValueError("no procedure in xlwings' module")
    return module[: first.start()]


def build(settings: str) -> str:
    """The text of the module. `settings` is our source of the replaced procedures.

    Raises ValueError when xlwings' module no longer has the form this was written for: look at it then.
    """
    original = published()
    if any(original.count(f"{mark}{version()}") != 1 for mark in ("'Version: ", '_VERSION As String = "')):
        raise ValueError("xlwings' module and the installed package have different versions")
    theirs, ours = procedures(original), procedures(settings)
    missing = [name for name in (*KEPT, *REPLACED) if name not in theirs]
    if missing or not set(REPLACED) <= set(ours):
        raise ValueError(f"xlwings' module no longer has: {', '.join(missing) or 'nothing of ours'}")

    head = declarations(original)
    head = _swap(head, 'PROJECT_NAME As String = "myaddin"', f'PROJECT_NAME As String = "{PROJECT_NAME}"')
    head = _swap(
        head,
        f"'Version: {version()}\n",
        f"'Version: {version()}\n"
        "'Changed for credit_udfs: reduced to what starts and stops Python, private but XLPy and KillPy;\n"
        "'GetConfig and XLPyCommand are replaced, so that no other workbook has a say in what starts.\n"
        "Option Private Module\n",
    )
    head = _DECLARE.sub(r"\1Private Declare ", head)
    head = re.sub(r"^( *)(?:(?:Public|Private) )?Const ", r"\1Private Const ", head, flags=re.MULTILINE)
    bodies = [theirs[name] for name in KEPT] + list(ours.values())
    return head.rstrip("\n") + "\n\n" + "\n\n".join(_visible(body) for body in bodies) + "\n"


def _visible(procedure: str) -> str:
    start = _START.match(procedure)
    assert start is not None
    access = "Public" if start[1] in PUBLIC else "Private"
    return f"{access} " + re.sub(r"\A(?:Public|Private) ", "", procedure)


def _swap(text: str, old: str, new: str) -> str:
    if text.count(old) != 1:
        raise ValueError(f"xlwings' module has {text.count(old)} times, not once: {old.strip()}")
    return text.replace(old, new)
