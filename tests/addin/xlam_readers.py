"""Readers of Office files that aren't ours, for tests: oletools, olefile, pyOpenVBA."""

from __future__ import annotations

import io
import struct
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


def check_sectors(data: bytes) -> None:
    """Every sector of a compound file belongs to one chain, as long as its stream: what olefile reads past."""
    with compound(data) as ole:
        free, end, table = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
        sectors = len(data) // 512 - 1
        header_tables, directory_start = struct.unpack_from("<II", data, 44)
        mini_start, mini_tables = struct.unpack_from("<II", data, 60)
        places = struct.unpack_from(f"<{header_tables}I", data, 76)  # olefile's own table leaves the unused end out
        fat = [n for place in places for n in struct.unpack_from("<128I", data, 512 * (place + 1))]
        assert set(fat[sectors:]) <= {free}
        owners = [number for number, next_one in enumerate(fat[:sectors]) if next_one == table]
        assert sorted(owners) == sorted(places)

        def chain(start: int, links: list[int], count: int | None) -> list[int]:
            found = []
            while start != end:
                found.append(start)
                assert len(found) <= len(links), "a circle"
                start = links[start]
            assert count is None or len(found) == count
            return found

        ole.loadminifat()
        mini, used = list(ole.minifat), []
        owners += chain(directory_start, fat, None)
        owners += chain(mini_start, fat, mini_tables) if mini_tables else []
        for entry in [entry for entry in ole.direntries if entry is not None and entry.entry_type in (2, 5)]:
            if entry.entry_type == 2 and entry.size < 4096:
                used += chain(entry.isectStart, mini, -(-entry.size // 64)) if entry.size else []
            else:
                owners += chain(entry.isectStart, fat, -(-entry.size // 512)) if entry.size else []
        assert sorted(owners) == list(range(sectors))
        assert sorted(used) == [number for number, next_one in enumerate(mini) if next_one != free]
