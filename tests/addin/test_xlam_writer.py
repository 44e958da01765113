"""The writers of compound files and VBA projects, read back by programs that aren't ours."""

from __future__ import annotations

import random
import struct

import olefile
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addin.excel.compound import compound_file
from addin.excel.ovba import Module, compress, dir_stream, obfuscate, vba_project
from tests.addin.xlam_readers import check_sectors, decompressed
from tests.addin.xlam_readers import compound as opened

PROJECT_ID = "{6D2C6F0B-0C55-4C5B-9C39-6E5A3A1A7E01}"


SIZES = [0, 1, 63, 64, 65, 511, 512, 513, 4095, 4096, 4097, 70_000]


@pytest.mark.parametrize("size", SIZES)
def test_a_stream_of_any_size_comes_back(size: int) -> None:
    data = bytes(i * 7 % 251 for i in range(size))
    whole = compound_file({"A": data, "Folder": {"B": data[::-1], "C": b"x"}})
    check_sectors(whole)
    with opened(whole) as ole:
        assert ole.openstream("A").read() == data
        assert ole.openstream("Folder/B").read() == data[::-1]
        assert ole.openstream("Folder/C").read() == b"x"
        assert ole.parsing_issues == []


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=31),
        st.binary(max_size=5000),
        max_size=30,
    )
)
def test_any_set_of_streams_comes_back_and_is_found_by_name(streams: dict[str, bytes]) -> None:
    data = compound_file(streams)
    assert data == compound_file(dict(reversed(streams.items())))
    check_sectors(data)
    with opened(data) as ole:
        assert sorted(ole.listdir()) == sorted([name] for name in streams)
        for name, content in streams.items():
            assert ole.openstream(name).read() == content


def red_black_depths(ole: olefile.OleFileIO, storage: str) -> set[int]:
    """How many black entries each path from the top of a storage to a missing child passes."""
    entries = ole.direntries

    def walk(sid: int, black: int, parent_red: bool) -> set[int]:
        if sid == olefile.NOSTREAM:
            return {black}
        entry = entries[sid] or ole._load_direntry(sid)
        red = entry.color == 0
        assert not (red and parent_red)
        black += not red
        return walk(entry.sid_left, black, red) | walk(entry.sid_right, black, red)

    top = ole.root if storage == "" else ole.direntries[ole._find(storage)]
    return walk(top.sid_child, 0, False)


@pytest.mark.parametrize("count", range(1, 34))
def test_the_directory_is_a_valid_red_black_tree(count: int) -> None:
    with opened(compound_file({f"stream{i}": b"x" for i in range(count)})) as ole:
        assert len(red_black_depths(ole, "")) == 1


@pytest.mark.parametrize("place", [0x2C, 0x40, -300, -512])
def test_a_wrong_count_or_link_is_noticed(place: int) -> None:
    data = bytearray(compound_file({"A": bytes(5000), "B": b"x" * 100}))
    data[place] ^= 0x02
    with pytest.raises((AssertionError, OSError, IndexError, struct.error)):
        check_sectors(bytes(data))


def test_a_file_too_large_or_a_name_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="over 6"):
        compound_file({"A": bytes(7_500_000)})
    with pytest.raises(ValueError, match="31"):
        compound_file({"a" * 32: b""})


@settings(max_examples=60, deadline=None)
@given(st.text("aAbB \r\n'\"=()", max_size=9000).map(lambda t: t.encode("cp1252")))
def test_compressed_text_comes_back(data: bytes) -> None:
    assert decompressed(compress(data)) == data


@pytest.mark.parametrize("size", [4095, 4096, 4097, 8192, 8193, 20_000])
def test_compression_across_chunks(size: int) -> None:
    data = (b"Public Function RISKSCORE(x)\r\n" * (size // 20))[:size]
    assert decompressed(compress(data)) == data


def test_the_example_of_the_specification() -> None:
    # [MS-OVBA] 3.2.2 and 3.2.3
    assert compress(b"abcdefghijklmnopqrstuv.").hex() == ("0119b000616263646566676800696a6b6c6d6e6f70007172737475762e")
    text = b"#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa"
    assert decompressed(compress(text)) == text


def test_noise_in_a_last_chunk_is_refused_and_in_a_full_one_stored_raw() -> None:
    noise = random.Random(1).randbytes(4096)
    assert decompressed(compress(noise)) == noise
    with pytest.raises(ValueError, match="source text"):
        compress(noise[:4000])


def test_a_module_is_stored_with_its_attributes_and_crlf() -> None:
    assert Module("One", "module", "Sub A()\nEnd Sub").source() == (
        b'Attribute VB_Name = "One"\r\nSub A()\r\nEnd Sub\r\n'
    )
    exported = 'VERSION 1.0 CLASS\nBEGIN\n  MultiUse = -1\nEND\nAttribute VB_Name = "Two"\nOption Explicit\n'
    stored = Module("Two", "class", exported).source().decode()
    assert "VERSION" not in stored
    assert stored.count("VB_Name") == 1
    assert stored.endswith("VB_Customizable = False\r\nOption Explicit\r\n")
    assert "VB_PredeclaredId = True" in Module("Book", "workbook", "").source().decode()


def test_what_vba_would_not_take_is_refused() -> None:
    with pytest.raises(ValueError, match="VB_Name"):
        Module("One", "module", 'Attribute VB_Name = "Other"\n').source()
    with pytest.raises(UnicodeEncodeError):
        Module("One", "module", "' 信贷").source()
    with pytest.raises(ValueError, match="not a name"):
        vba_project("P", PROJECT_ID, [Module("1st", "module", "")])
    with pytest.raises(ValueError, match="differ"):
        vba_project("P", PROJECT_ID, [Module("p", "module", "")])


def decoded(field: str) -> tuple[str, bytes]:
    """[MS-OVBA] 2.4.3.3, the other way: (checked version and key, data)."""
    raw = bytes.fromhex(field)
    seed, version, key = raw[0], raw[1] ^ raw[0], raw[2] ^ raw[0]
    plain, last, before = key, raw[2], raw[1]
    out = []
    for byte in raw[3:]:
        out.append(byte ^ ((before + plain) & 0xFF))
        before, last, plain = last, byte, out[-1]
    out = out[(seed & 6) // 2 :]
    assert int.from_bytes(bytes(out[:4]), "little") == len(out) - 4
    return f"{version}/{key}", bytes(out[4:])


def test_protection_fields_say_unprotected() -> None:
    key = sum(PROJECT_ID.encode()) & 0xFF
    assert decoded(obfuscate(bytes(4), PROJECT_ID)) == (f"2/{key}", bytes(4))
    assert decoded(obfuscate(b"\xff", PROJECT_ID)) == (f"2/{key}", b"\xff")


def test_the_project_has_the_form_excel_accepts() -> None:
    modules = [Module("Book", "workbook", ""), Module("One", "module", "Sub A()\nEnd Sub\n")]
    with opened(vba_project("P", PROJECT_ID, modules)) as ole:
        assert ole.openstream("VBA/_VBA_PROJECT").read().hex() == "cc61ffff000100"
        assert not [name for name in ole.listdir() if name[-1].startswith("__SRP")]
        assert decompressed(ole.openstream("VBA/dir").read()) == dir_stream("P", modules)
        assert decompressed(ole.openstream("VBA/One").read()) == modules[1].source()
        assert b"One\0O\0n\0e\0\0\0" in ole.openstream("PROJECTwm").read()
        project = ole.openstream("PROJECT").read().decode("cp1252")
        assert "Document=Book/&H00000000\r\nModule=One\r\n" in project
