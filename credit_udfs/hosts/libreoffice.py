"""The helper process of LibreOffice's extension: ``python -m credit_udfs.hosts.libreoffice``.

LibreOffice's own Python has no numpy. The extension starts this module in the environment that has the package and
asks it over standard input and output; see `libreoffice_link` for how messages look. It computes nothing itself.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, BinaryIO

from credit_udfs.cells.spec import CellValue, ErrorValue
from credit_udfs.hosts import libreoffice_link as link


def _as_json(value: CellValue) -> object:
    if isinstance(value, ErrorValue):
        return {"error": value.code, "zh": value.message_zh, "en": value.message_en}
    return value


def call(message: Mapping[str, Any]) -> dict[str, Any]:
    """Any function for any cell values: {"name", "args"} -> {"rows"}."""
    from credit_udfs.cells import REGISTRY

    rows = REGISTRY[message["name"]].call(message["args"])
    return {"rows": [[_as_json(value) for value in row] for row in rows]}


def score(message: Mapping[str, Any], blob: bytes) -> tuple[dict[str, Any], bytes]:
    """A function of numbers for many rows of numbers (float64, NaN: blank) -> numbers; an error is Calc's NaN."""
    import numpy as np

    from credit_udfs.cells import REGISTRY

    given = np.frombuffer(blob, dtype=np.float64).reshape(message["rows"], message["width"])
    rows = REGISTRY[message["name"]].call([given.tolist()])
    flat = [link.error_number(v.code) if isinstance(v, ErrorValue) else v for row in rows for v in row]
    return {"width": len(rows[0])}, np.array(flat, dtype=np.float64).tobytes()


def answer(message: Mapping[str, Any], blob: bytes, out: BinaryIO) -> None:
    if message["op"] == "call":
        link.send(out, call(message))
    elif message["op"] == "score":
        link.send(out, *score(message, blob))
    else:
        link.send(out, {"unknown": message["op"]})


def serve(incoming: BinaryIO, out: BinaryIO) -> None:
    """Answer until the other side goes."""
    link.send(out, {"version": version("credit_udfs"), "python": sys.executable})
    while True:
        try:
            message, blob = link.receive(incoming)
        except EOFError:
            return
        answer(message, blob, out)


def main() -> None:
    # The pipe is ours alone: whatever a library prints must not get between the messages.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, out)


if __name__ == "__main__":
    main()
