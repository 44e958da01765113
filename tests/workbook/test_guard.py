"""Hostile and broken files: refused by name, in plain words, before a parser sees them."""

from __future__ import annotations

import contextlib
import datetime as dt
import random
import resource
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_udfs.errors import BadFile
from credit_udfs.workbook.addresses import address
from credit_udfs.workbook.guard import Limits, Package, _Extent, check_workbook, file_format
from credit_udfs.workbook.read import read

SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%b</sheetData></worksheet>'
ROOT = Path(__file__).resolve().parents[2]


def refused(path: Path) -> str:
    """The key of the one problem for which reading `path` is refused."""
    with pytest.raises(BadFile) as caught:
        read(path, today=dt.date(2026, 1, 1))
    (problem,) = caught.value.problems
    assert problem.file == path.name
    assert problem.severity == "error"
    for lang in ("zh", "en"):
        assert problem.text(lang)
    return problem.key.removeprefix("problems.")


def with_part(source: Path, target: Path, part: str, data: bytes) -> Path:
    """A copy of the workbook `source` with one part replaced or added."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename != part:
                new.writestr(info.filename, old.read(info.filename))
        new.writestr(part, data)
    return target


def declare(path: Path, part: str, size: int) -> Path:
    """Let the zip directory and the local header of `part` declare `size` inflated bytes."""
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(part)
        at = archive.start_dir
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, info.header_offset + 22, size)
    while data[at : at + 4] == b"PK\x01\x02":
        name, extra, comment = struct.unpack_from("<HHH", data, at + 28)
        if bytes(data[at + 46 : at + 46 + name]).decode() == part:
            struct.pack_into("<I", data, at + 24, size)
        at += 46 + name + extra + comment
    path.write_bytes(data)
    return path


def test_what_is_no_workbook(tmp_path):
    files = {
        "a.xlsx": (b"hello, world", "not_a_workbook"),
        "b.xlsx": (b"", "empty_file"),
        "c.xlsx": (b"<html><table><tr><td>1</td></tr></table></html>", "not_a_workbook"),
        "d.xlsx": (b"PK\x03\x04 but nothing more", "truncated"),
        "e.xls": (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(4000), "old_format"),
        "f.xlsx": (bytes.fromhex("d0cf11e0a1b11ae1") + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        "g.csv": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not_text"),
        "h.parquet": (b"PAR1 and nothing more", "damaged_data"),
        "i.csv": (b"a,b\n1,2\n", "nothing_known"),
    }  # fmt: skip
    for name, (data, key) in files.items():
        (tmp_path / name).write_bytes(data)
        assert refused(tmp_path / name) == key, name
    assert refused(tmp_path / "missing.xlsx") == "no_such_file"


def test_other_zips(tmp_path):
    for name, key in (("readme.txt", "not_a_workbook"), ("mimetype", "open_document")):
        path = tmp_path / f"{name}.xlsx"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, "application/vnd.oasis.opendocument.spreadsheet")
        assert refused(path) == key


def test_a_word_document(tmp_path):
    path = tmp_path / "letter.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
    assert refused(path) == "not_a_workbook"


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99])
def test_truncated(books, tmp_path, share):
    whole = books.write().read_bytes()
    path = tmp_path / "cut.xlsx"
    path.write_bytes(whole[: int(len(whole) * share)])
    assert refused(path) == "truncated"


def test_a_flipped_bit_is_a_refusal_or_harmless(books, tmp_path):
    whole = books.write().read_bytes()
    path = tmp_path / "flipped.xlsx"
    for at in range(0, len(whole), 97):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        with contextlib.suppress(BadFile):
            assert read(path, today=dt.date(2026, 1, 1)).sales.height <= 2


SPLINTERS = [
    *(b"<", b">", b'"', b"&", b"&#0;", b"-1", b"\0", b"\xff", b"1e999", b"99999999999", b't="s"', b't="e"', b'r="A0"'),
    *(b'<c r="ZZ9">', b"</row>", b"<row>", b"<si/>", b"<!-- -->", b"<![CDATA[", b"<v>99999999999999999999</v>"),
]


def test_mutated_xml_is_refused_in_words_or_read(books, tmp_path):
    """Some seven thousand mutants went through once by hand; a hundred here."""
    with zipfile.ZipFile(books.write()) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    chance = random.Random(20)
    path = tmp_path / "mutant.xlsx"
    outcomes = set()
    for _ in range(100):
        name = chance.choice([name for name in parts if name.startswith(("xl/w", "xl/shared", "_rels"))])
        mutant = bytearray(parts[name])
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(mutant))
            mutant[at : at + chance.randint(0, 8)] = chance.choice(SPLINTERS)
        with zipfile.ZipFile(path, "w") as archive:
            for part, data in parts.items():
                archive.writestr(part, bytes(mutant) if part == name else data)
        try:
            read(path, today=dt.date(2026, 1, 1))
            outcomes.add("read")
        except BadFile as error:
            outcomes.add(error.problems[0].key)
            error.text("zh")
    assert len(outcomes) > 2


@given(st.binary(max_size=300), st.sampled_from(["x.xlsx", "x.csv", "x.parquet"]), st.booleans())
def test_any_bytes_are_refused_in_words(tmp_path_factory, data, name, as_zip):
    path = tmp_path_factory.mktemp("any") / name
    path.write_bytes(b"PK\x03\x04" * as_zip + data)
    with pytest.raises(BadFile) as caught:
        read(path, today=dt.date(2026, 1, 1))
    assert caught.value.text("zh")


def test_a_password_inside_the_zip(books):
    path = books.write()
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    path.write_bytes(data)
    assert refused(path) == "encrypted"


DOCTYPES = {
    "entities": b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    "external": b'<!DOCTYPE x SYSTEM "file:///etc/passwd">',
    "after a comment": b"<!-- " + b"x" * 70_000 + b" --><!DOCTYPE x []>",
    "parameter": b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x.dtd"> %p;]>',
}


@pytest.mark.parametrize("doctype", DOCTYPES.values(), ids=DOCTYPES)
@pytest.mark.parametrize(
    "part",
    ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml", "docProps/core.xml", "xl/styles.xml"],
)
def test_document_types(books, tmp_path, doctype, part):
    declaration = b'<?xml version="1.0" encoding="UTF-8"?>'
    path = with_part(books.write(), tmp_path / "x.xlsx", part, declaration + doctype + b"<x/>")
    assert refused(path) == "doctype"


def test_a_document_type_in_another_encoding(books, tmp_path):
    text = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY a "a">]><x/>'
    path = with_part(books.write(), tmp_path / "x.xlsx", "xl/workbook.xml", text.encode("utf-16"))
    assert refused(path) == "doctype"


def test_links_and_macros_are_not_followed(books, tmp_path):
    link = b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="x/externalLink" Target="http://127.0.0.1:1/x.xlsx" TargetMode="External"/></Relationships>'  # noqa: E501
    path = with_part(books.write(), tmp_path / "x.xlsx", "xl/externalLinks/_rels/externalLink1.xml.rels", link)
    path = with_part(path, tmp_path / "y.xlsm", "xl/vbaProject.bin", bytes(50_000_000))
    assert read(path, today=dt.date(2026, 1, 1)).firms.height == 2


def test_the_honest_ratio_is_far_from_the_limit(contest):
    for path in contest.glob("*.xlsx"):
        infos = Package(path).infos.values()
        assert max(info.file_size / max(1, info.compress_size) for info in infos) < Limits().ratio / 5


# Bombs, each read in a process of its own so that its memory is its own.

WATCH = """
import datetime, re, sys, time
from credit_udfs.errors import BadFile
from credit_udfs.workbook.read import read
start = time.monotonic()
try:
    read(sys.argv[1], today=datetime.date(2026, 1, 1))
    said = "read"
except BadFile as error:
    said = error.problems[0].key
# Not ru_maxrss, which begins with what the process that started this one holds.
peak = re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]
print(said, time.monotonic() - start, peak)
"""


def watched(path: Path) -> tuple[str, float]:
    """What became of `path`, and the process's peak memory in MiB."""
    done = subprocess.run(
        [sys.executable, "-c", WATCH, str(path)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30)),
    )  # fmt: skip
    said, _seconds, peak = done.stdout.split()
    return said.removeprefix("problems."), float(peak) / 1024


def zeros(path: Path, part: str, size: int, filler: bytes = b" ") -> Path:
    """A workbook whose `part` inflates to `size` bytes, honestly declared."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open(part, "w", force_zip64=True) as out:
            out.write(b"<x>")
            block = filler * ((1 << 20) // len(filler))
            for _ in range(size >> 20):
                out.write(block)
            out.write(b"</x>")
    return path


def test_a_bomb_that_declares_itself(tmp_path):
    said, peak = watched(zeros(tmp_path / "b.xlsx", "xl/worksheets/sheet1.xml", 300 << 20))
    assert said == "bomb"
    assert peak < 500


def test_a_bomb_that_lies_about_its_size(tmp_path):
    path = declare(zeros(tmp_path / "b.xlsx", "xl/sharedStrings.xml", 300 << 20), "xl/sharedStrings.xml", 9_000_000)
    said, peak = watched(path)
    assert said in ("bomb", "truncated")
    assert peak < 500


def test_many_parts(tmp_path):
    path = tmp_path / "many.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        for i in range(20_000):
            archive.writestr(f"xl/{i}.xml", "")
    assert refused(path) == "bomb"


def test_the_same_part_twice(books, tmp_path):
    path = books.write()
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("xl/workbook.xml", "<workbook/>")
    assert refused(path) == "not_a_workbook"


CORNERS = {
    "usual": b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
    "attributes in another order": b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c s="1" r = \'XFD1048576\'><v>1</v></c></row>',  # noqa: E501
    "prefix": b'<row r="1"><c r="A1"><v>1</v></c></row><x:row r="1048576"><x:c r="XFD1048576"><v>1</v></x:c></x:row>',
    "far column first": b'<row r="1"><c r="XFD1"><v>1</v></c></row><row r="1048576"><c r="A1048576"><v>1</v></c></row>',
    "no addresses": b"<row>" + b"<c><v>1</v></c>" * 16_000 + b"</row>" + b'<row r="1048576"><c><v>1</v></c></row>',
    "column Z": b'<row r="1"><c r="Z1"><v>1</v></c></row><row r="1048576"><c r="A1048576"><v>1</v></c></row>',
}  # fmt: skip


@pytest.mark.parametrize("cells", CORNERS.values(), ids=CORNERS)
def test_a_cell_in_the_far_corner(books, tmp_path, cells):
    path = with_part(books.write(), tmp_path / "x.xlsx", "xl/worksheets/sheet2.xml", SHEET % cells)
    said, peak = watched(path)
    assert said == "sheet_too_large"
    assert peak < 500


def test_a_parser_that_builds_only_the_cells_there_are(books, tmp_path):
    stray = with_part(books.write(), tmp_path / "x.xlsx", "xl/worksheets/sheet2.xml", SHEET % CORNERS["usual"])
    check_workbook(stray)
    with pytest.raises(BadFile) as refusal:
        check_workbook(zeros(tmp_path / "b.xlsx", "xl/sharedStrings.xml", 300 << 20))
    assert [problem.key for problem in refusal.value.problems] == ["problems.bomb"]
    entity = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaa">]><x>&a;</x>'
    with pytest.raises(BadFile) as refusal:
        check_workbook(with_part(books.write(), tmp_path / "e.xlsx", "xl/styles.xml", entity))
    assert [problem.key for problem in refusal.value.problems] == ["problems.doctype"]


@pytest.mark.parametrize("name", ["xl/evil.xml", "xl/media/evil.png"])
def test_a_sheet_under_another_name(books, tmp_path, name):
    source = books.write()
    with zipfile.ZipFile(source) as archive:
        relations = archive.read("xl/_rels/workbook.xml.rels").replace(b"worksheets/sheet2.xml", name[3:].encode())
    path = with_part(source, tmp_path / "x.xlsx", "xl/_rels/workbook.xml.rels", relations)
    path = with_part(path, tmp_path / "y.xlsx", name, SHEET % CORNERS["usual"])
    assert refused(path) in ("sheet_too_large", "not_a_workbook")


@given(
    cells=st.lists(st.tuples(st.integers(1, 3000), st.integers(1, 900)), min_size=1, max_size=40),
    sizes=st.lists(st.integers(1, 50), min_size=1, max_size=20),
    style=st.sampled_from(["usual", "quotes", "order", "prefix"]),
)
def test_the_extent_is_never_less_than_the_truth(cells, sizes, style):
    text = b""
    for row, column in sorted(cells):
        at = address(row, column)
        cell = {
            "usual": f'<c r="{at}" t="s"><v>1</v></c>',
            "quotes": f"<c r='{at}'><v>1</v></c>",
            "order": f'<c s="3" r="{at}"/>',
            "prefix": f'<x:c r="{at}"><x:v>1</x:v></x:c>',
        }[style]
        text += f'<row r="{row}" spans="1:8">{cell}</row>'.encode()
    extent, position, i = _Extent(), 0, 0
    whole = SHEET % text
    while position < len(whole):
        step = sizes[i % len(sizes)]
        extent.feed(whole[position : position + step])
        position, i = position + step, i + 1
    rows = max(row for row, _ in cells)
    columns = max(column for _, column in cells)
    assert extent.cells() >= rows * columns


def test_formats_by_first_bytes(tmp_path, books):
    assert file_format(books.write()) == "workbook"
    path = tmp_path / "a.csv"
    path.write_text("a,b", encoding="utf-8")
    assert file_format(path) == "csv"
    small = Limits(file=2)
    with pytest.raises(BadFile, match="limit"):
        file_format(path, small)


def test_inflating_stops_at_the_declared_size(books):
    path = books.write()
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    declare(path, "xl/worksheets/sheet1.xml", size - 1)
    assert refused(path) == "bomb"
    declare(path, "xl/worksheets/sheet1.xml", size + 1)
    assert refused(path) == "truncated"
