"""Readers of Office files that aren't ours, for tests: oletools, olefile, pyOpenVBA."""

from __future__ import annotations

import io
import warnings

import olefile

with warnings.catch_warnings():
    # oletools still uses names that its parser library calls deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from oletools.olevba import VBA_Parser, decompress_stream


def compound(data: bytes) -> olefile.OleFileIO:
    """Open a compound file; anything doubtful in it is an error."""
    return olefile.OleFileIO(io.BytesIO(data), raise_defects=olefile.DEFECT_UNSURE)


def decompressed(stream: bytes) -> bytes:
    return bytes(decompress_stream(bytearray(stream)))


def olevba_sources(path: str, data: bytes) -> dict[str, str]:
    """Module names to source text, as olevba extracts them from a workbook."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        parser = VBA_Parser(path, data=data)
        try:
            found = {}
            for _file, stream, _name, code in parser.extract_macros():
                found[stream.rpartition("/")[2]] = code if isinstance(code, str) else code.decode("utf-8")
            return found
        finally:
            parser.close()
