"""What LibreOffice's extension and its helper process share: where the interpreter is named, and how they talk.

The extension carries a copy of this file and runs it in LibreOffice's own Python (3.10 in some releases), so it
imports nothing but the standard library.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from pathlib import Path
from typing import Any, BinaryIO

INTERPRETER = "CREDIT_UDFS_PYTHON"
MODULE = "credit_udfs.hosts.libreoffice"

CODES = {"#VALUE!": 519, "#NUM!": 503, "#N/A": 32767}
"""Calc's numbers of the errors that a cell function gives."""
_OTHER_CODES = {523: "#NUM!", 532: "#DIV/0!", 524: "#REF!", 525: "#NAME?", 521: "#NULL!"}
_NAMES = {**{code: name for name, code in CODES.items()}, **_OTHER_CODES}


def error_name(code: int) -> str:
    """The text of Calc's error `code`; one without a name of its own is a #VALUE!."""
    return _NAMES.get(code, "#VALUE!")


def error_number(name: str) -> float:
    """The NaN that Calc shows as the error `name`: its payload is the error's number."""
    return float(struct.unpack("<d", struct.pack("<Q", 0x7FF8000000000000 | CODES[name]))[0])


def error_of(number: float) -> str:
    """The error that a NaN of Calc's stands for."""
    return error_name(int(struct.unpack("<Q", struct.pack("<d", number))[0] & 0xFFFF))


def settings_file() -> Path:
    """The user's own file that names the interpreter: no document can change it."""
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "credit_udfs" / "libreoffice.json"


def interpreter() -> str:
    """The Python that has credit_udfs: the environment's word first, then the settings file's; "" for neither."""
    named = os.environ.get(INTERPRETER, "")
    if named:
        return named
    try:
        settings = json.loads(settings_file().read_text(encoding="utf-8"))
        return str(settings["python"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def send(stream: BinaryIO, message: dict[str, Any]) -> None:
    """One message: a line of JSON, in which a float keeps its bits."""
    stream.write(json.dumps(message, ensure_ascii=True).encode() + b"\n")
    stream.flush()


def receive(stream: BinaryIO) -> dict[str, Any]:
    """The next message. Raises EOFError when the other side has gone."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    message: dict[str, Any] = json.loads(line)
    return message
