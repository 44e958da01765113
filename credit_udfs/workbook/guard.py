"""Refuse what isn't an honest workbook before any parser sees it: cheap checks, plain words.

A workbook is a zip of XML parts. A hostile one lies about sizes, repeats itself a million times, places one cell
in the far corner so that a table of billions of cells must be built, or defines entities that expand. All of this
is visible in the zip directory, in the first bytes of each part, and in one pass over the inflated bytes.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal
from xml.parsers import expat

import numpy as np

from credit_udfs.errors import BadFile, Problem
from credit_udfs.workbook.addresses import column_number

MIB = 1 << 20
Format = Literal["workbook", "csv", "parquet"]


@dataclass(frozen=True)
class Limits:
    """What an honest file stays below. Attachment 2 of the contest: 395,176 rows, 116 MiB a part, 10:1, 12 parts.

    small: of a part that isn't a sheet or the shared texts, inflated; part: of any but a sheet.
    cells: of one sheet, counted as the rectangle that spans them, because that is what a reader must build.
    ratio: inflated to packed size, of parts above 16 MiB.
    """

    file: int = 1024 * MIB
    sheet: int = 1024 * MIB
    part: int = 256 * MIB
    small: int = 16 * MIB
    total: int = 2048 * MIB
    ratio: int = 100
    parts: int = 10_000
    directory: int = 4 * MIB
    cells: int = 24_000_000
    prolog: int = MIB


LIMITS = Limits()

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_XML = (".xml", ".rels", ".vml")
# Patterns of a sheet's bytes: cells, those beyond column P, their addresses.
_NARROW = 16
_PADDING = bytes(8)
_WIDE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{2,3}|[Q-Zq-z])[0-9]""")
_CELL = re.compile(rb"<(?:[^\s<>:/]+:)?c(?=[\s/>])[^<>]*")
_HAS_ADDRESS = re.compile(rb"\sr\s*=")
_ROW = re.compile(rb"""\br\s*=\s*["'][A-Za-z]{0,3}([0-9]+)["']""")


def refuse(path: Path, key: str, /, **values: Any) -> BadFile:
    """The error that refuses `path` with the text ``problems.key``."""
    return BadFile([Problem("error", f"problems.{key}", values, file=path.name)])


def file_format(path: Path, limits: Limits = LIMITS) -> Format:
    """What `path` is, by its first bytes; raises BadFile when it can't be used at all.

    A text file is taken for CSV only when its name says so.
    """
    if path.is_dir() or not path.exists():
        raise refuse(path, "no_such_file", path=str(path))
    size = path.stat().st_size
    if size == 0:
        raise refuse(path, "empty_file")
    if size > limits.file:
        raise refuse(path, "file_too_large", size=size / MIB, limit=limits.file / MIB)
    with path.open("rb") as file:
        start = file.read(8)
        if start == _OLE:
            # The directory of an encrypted package names its stream in UTF-16.
            encrypted = "EncryptedPackage".encode("utf-16-le") in start + file.read(MIB)
            raise refuse(path, "encrypted" if encrypted else "old_format")
    if start[:4] == b"PAR1":
        return "parquet"
    if start[:2] == b"PK":
        return "workbook"
    if path.suffix.lower() in (".csv", ".txt", ".tsv"):
        return "csv"
    raise refuse(path, "not_a_workbook")


def check_workbook(path: Path) -> None:
    """Raise BadFile unless `path` is an honest workbook: for parsers that take a whole file, such as openpyxl.

    They build the cells there are and not the rectangle that spans them, so a cell in the far corner does no harm.
    """
    if file_format(path) != "workbook":
        raise refuse(path, "not_a_workbook")
    Package(path).check(sparse=True)


class Package:
    """A checked workbook file: its parts can be streamed, never more than the directory declares.

    Raises BadFile when the file is truncated, encrypted, a bomb, or has a document type declaration.
    """

    def __init__(self, path: Path, limits: Limits = LIMITS) -> None:
        self.path = path
        self.limits = limits
        self._check_directory_size()
        try:
            with zipfile.ZipFile(path) as archive:
                infos = archive.infolist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
            raise refuse(path, "truncated") from error
        self.infos = {info.filename: info for info in infos}
        self._check_directory(infos)

    def _check_directory_size(self) -> None:
        """Before the directory is parsed: a million entries would take long and much memory."""
        with self.path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - 65_557))
            tail = file.read()
            at = tail.rfind(b"PK\x05\x06")
            if at < 0 or len(tail) < at + 22:
                raise refuse(self.path, "truncated")
            directory: int = struct.unpack_from("<I", tail, at + 12)[0]
            if directory == 0xFFFFFFFF and tail[max(0, at - 20) :].startswith(b"PK\x06\x07"):
                file.seek(min(size, struct.unpack_from("<Q", tail, at - 12)[0]))
                record = file.read(56)
                directory = struct.unpack_from("<Q", record, 40)[0] if len(record) == 56 else size
            if directory > self.limits.directory:
                raise refuse(self.path, "bomb")

    def _check_directory(self, infos: list[zipfile.ZipInfo]) -> None:
        limits = self.limits
        if "[Content_Types].xml" not in self.infos:
            odf = any(info.filename == "mimetype" for info in infos)
            raise refuse(self.path, "open_document" if odf else "not_a_workbook")
        if any(info.flag_bits & 0x1 for info in infos):
            raise refuse(self.path, "encrypted")
        if len(infos) != len(self.infos) or any(
            info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for info in infos
        ):
            raise refuse(self.path, "not_a_workbook")
        parsed = [info for info in infos if self._is_parsed(info)]
        too_large = (
            len(infos) > limits.parts
            or sum(info.file_size for info in parsed) > limits.total
            or any(
                info.file_size > self._allowed(info.filename)
                or (info.file_size > 16 * MIB and info.file_size > limits.ratio * info.compress_size)
                for info in parsed
            )
        )
        if too_large:
            raise refuse(self.path, "bomb")

    def _allowed(self, name: str) -> int:
        if _is_sheet(name):
            return self.limits.sheet
        small = name.endswith((".rels", "workbook.xml", "styles.xml", "[Content_Types].xml"))
        return self.limits.small if small else self.limits.part

    @staticmethod
    def _is_parsed(info: zipfile.ZipInfo) -> bool:
        """Pictures, macros and embedded files are never opened, so they can't do harm."""
        return info.filename.lower().endswith(_XML)

    def chunks(self, name: str) -> Iterator[bytes]:
        """The inflated bytes of part `name`, at most 1 MiB at a time and no more than declared."""
        info = self.infos[name]
        left, room = info.compress_size, info.file_size
        with self.path.open("rb") as file:
            self._seek_data(file, info)
            if info.compress_type == zipfile.ZIP_STORED:
                while left:
                    piece = file.read(min(left, MIB))
                    if not piece:
                        raise refuse(self.path, "truncated")
                    left -= len(piece)
                    yield piece
                return
            inflate = zlib.decompressobj(-15)
            packed = b""
            try:
                while not inflate.eof:
                    if not packed:
                        packed = file.read(min(left, 1 << 16))
                        left -= len(packed)
                        if not packed:
                            break
                    piece = inflate.decompress(packed, MIB)
                    packed = inflate.unconsumed_tail
                    room -= len(piece)
                    if room < 0:
                        raise refuse(self.path, "bomb")
                    yield piece
            except zlib.error as error:
                raise refuse(self.path, "truncated") from error
            if not inflate.eof or room:
                raise refuse(self.path, "truncated")

    def _seek_data(self, file: BinaryIO, info: zipfile.ZipInfo) -> None:
        file.seek(info.header_offset)
        header = file.read(30)
        if len(header) < 30 or header[:4] != b"PK\x03\x04":
            raise refuse(self.path, "truncated")
        name, extra = struct.unpack_from("<HH", header, 26)
        file.seek(name + extra, 1)

    def check(self, *, sparse: bool = False) -> None:
        """One pass over every part a parser will see: true sizes, no document type, no runaway sheet.

        sparse: count the cells there are, not the rectangle that spans them.
        """
        for info in self.infos.values():
            if not self._is_parsed(info):
                continue
            # Whatever a part is called, the workbook may declare it to be a sheet.
            extent = _Extent()
            prolog = _Prolog(self.path, self.limits.prolog)
            for chunk in self.chunks(info.filename):
                prolog.feed(chunk)
                extent.feed(chunk)
            cells = extent.count if sparse else extent.cells()
            if cells > self.limits.cells:
                raise refuse(self.path, "sheet_too_large", cells=cells, limit=self.limits.cells)


def _is_sheet(name: str) -> bool:
    return "worksheets/" in name.lower() and name.lower().endswith(".xml")


class _Prolog:
    """Look for a document type before the root element; afterwards XML allows none."""

    def __init__(self, path: Path, limit: int) -> None:
        self._path = path
        self._left = limit
        self._done = False
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._root
        self._parser.StartDoctypeDeclHandler = self._doctype

    def _root(self, _name: str, _attributes: dict[str, str]) -> None:
        self._done = True

    def _doctype(self, *_declaration: object) -> None:
        raise refuse(self._path, "doctype")

    def feed(self, chunk: bytes) -> None:
        for at in range(0, len(chunk), 4096):
            if self._done:
                return
            if self._left <= 0:
                raise refuse(self._path, "not_a_workbook")
            piece = chunk[at : at + 4096]
            self._left -= len(piece)
            try:
                self._parser.Parse(piece, False)
            except expat.ExpatError as error:
                if not self._done:
                    raise refuse(self._path, "damaged") from error


class _Extent:
    """How large a rectangle a sheet's cells span, from its bytes; never less than the truth."""

    def __init__(self) -> None:
        self._carry = b""
        self.count = 0
        self._unaddressed = 0
        self._widest = _NARROW
        self._last_row = 1

    def feed(self, chunk: bytes) -> None:
        text = b"".join((self._carry, chunk, _PADDING))
        end = len(text) - len(_PADDING)
        # A tag cut in two by the end of a chunk waits for the next one.
        cut = text.rfind(b"<", 0, end)
        self._carry = text[cut:end] if cut >= 0 and end - cut < 4096 else b""
        end -= len(self._carry)
        count, usual, wide = _scan(text, end)
        if usual:
            self.count += count
        else:
            cells = _CELL.findall(text, 0, end)
            self.count += len(cells)
            self._unaddressed += sum(not _HAS_ADDRESS.search(cell) for cell in cells)
            wide = True
        if wide:
            letters = {*_WIDE.findall(text, 0, end), b"A"}
            self._widest = max(self._widest, *(column_number(some.decode()) for some in letters))
        self._find_last_row(text, end)

    def _find_last_row(self, text: bytes, end: int) -> None:
        marks = (b"<row", b":row", b"<c ", b":c ")
        at = max(text.rfind(mark, max(0, end - 4096), end) for mark in marks)
        if at < 0:
            at = max(text.rfind(mark, 0, end) for mark in marks)
        if at < 0:
            return
        rows = _ROW.findall(text, max(0, at - 4096), end)
        if rows:
            self._last_row = max(int(row[-9:]) for row in rows)
        else:
            # Rows without an address follow one another.
            self._last_row += text.count(b"<row", 0, end) + text.count(b":row", 0, end)

    def cells(self) -> int:
        # Cells without an address take the next place in their row.
        return max(self.count, self._last_row * max(self._widest, min(self._unaddressed, 16_384)))


def _scan(text: bytes, end: int) -> tuple[int, bool, bool]:
    """Cells in a sheet's bytes up to `end`, whether all are written as Excel, LibreOffice and the usual libraries
    write them (``<c r="B7"``, no prefix), and whether one of these stands beyond column P.

    Vectorised, because it runs over every byte of a sheet of a hundred megabytes.
    """
    codes = np.frombuffer(text, np.uint8)
    words = np.ndarray((len(text) - 3,), np.dtype("<u4"), text, strides=(1,))
    at = np.flatnonzero(codes[1:end] == ord("c"))
    before = codes[at]
    at = at[before == ord("<")]
    usual = not np.any(before == ord(":")) and bool(np.all(words[at + 2] == int.from_bytes(b' r="', "little")))
    wide = usual and bool(np.any((codes[at + 7] > ord("9")) | ((codes[at + 6] | 32) > ord("p"))))
    return at.size, usual, wide
