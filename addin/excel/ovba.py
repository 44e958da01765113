"""A writer of VBA projects ([MS-OVBA]), from source text alone: no compiled code is stored.

The form is the one Excel accepts in the field (xlwings' own add-in has it): version 0xFFFF, so that every
cache is ignored and Excel compiles on opening; each module's source at offset 0; no ``__SRP_`` streams.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from addin.excel.compound import compound_file

Kind = Literal["module", "class", "workbook", "sheet"]

CODE_PAGE: Final = "cp1252"
_CHUNK: Final = 4096
_CANDIDATES: Final = 64  # earlier places tried for a match: more gains next to nothing

_BASE: Final = {
    "workbook": "00020819-0000-0000-C000-000000000046",
    "sheet": "00020820-0000-0000-C000-000000000046",
    "class": "FCFB3D2A-A0FA-1068-A738-08002B3371B5",
}
REFERENCES: Final = (
    (
        "stdole",
        r"*\G{00020430-0000-0000-C000-000000000046}#2.0#0#C:\Windows\System32\stdole2.tlb#OLE Automation",
    ),
    (
        "Office",
        r"*\G{2DF8D04C-5BFA-101B-BDE5-00AA0044DE52}#2.0#0#C:\Program Files\Common Files\Microsoft Shared"
        r"\OFFICE16\MSO.DLL#Microsoft Office 16.0 Object Library",
    ),
)


@dataclass(frozen=True)
class Module:
    """One module of a VBA project, with its text as the editor exports it (any line ends)."""

    name: str
    kind: Kind
    text: str

    def source(self) -> bytes:
        """The text as it is stored: attribute lines first, CRLF, code page 1252.

        Raises UnicodeEncodeError for a character the code page lacks, ValueError when the text names another
        module.
        """
        text = self.text.replace("\r\n", "\n").replace("\r", "\n")
        if self.kind == "module":
            named = re.match(r'Attribute VB_Name = "([^"]*)"\n', text)
            if named is None:
                text = f'Attribute VB_Name = "{self.name}"\n{text}'
            elif named[1] != self.name:
                raise ValueError(f'module {self.name}: its text says VB_Name = "{named[1]}"')
        else:
            text = re.sub(r"\AVERSION 1\.0 CLASS\nBEGIN\n.*?\nEND\n", "", text, flags=re.S)
            text = re.sub(rf"^Attribute VB_(?:{'|'.join(_attributes(self))}) = .*\n", "", text, flags=re.M)
            text = "".join(f"Attribute VB_{k} = {v}\n" for k, v in _attributes(self).items()) + text
        return (text.rstrip("\n") + "\n").replace("\n", "\r\n").encode(CODE_PAGE)


def _attributes(module: Module) -> dict[str, str]:
    document = str(module.kind != "class")
    return {
        "Name": f'"{module.name}"',
        "Base": f'"0{{{_BASE[module.kind]}}}"',
        "GlobalNameSpace": "False",
        "Creatable": "False",
        "PredeclaredId": document,
        "Exposed": document,
        "TemplateDerived": "False",
        "Customizable": document,
    }


def compress(data: bytes) -> bytes:
    """Compress as [MS-OVBA] 2.4.1 says: chunks of 4096 bytes, literal bytes and copies of earlier ones.

    Raises ValueError for a last chunk that can't be made smaller (it never happens with source text): the
    format can only store a raw chunk when it is full.
    """
    out = bytearray(b"\x01")
    for start in range(0, len(data), _CHUNK):
        chunk = data[start : start + _CHUNK]
        tokens = _tokens(chunk)
        if len(tokens) <= _CHUNK:
            out += struct.pack("<H", 0xB000 | (len(tokens) - 1)) + tokens
        elif len(chunk) == _CHUNK:
            out += struct.pack("<H", 0x3FFF) + chunk
        else:
            raise ValueError("the last chunk doesn't compress: this is not source text")
    return bytes(out)


def _tokens(chunk: bytes) -> bytes:
    out, position, places = bytearray(), 0, dict[bytes, list[int]]()
    while position < len(chunk):
        flags_at, flags = len(out), 0
        out.append(0)
        for bit in range(8):
            if position >= len(chunk):
                break
            # How the 16 bits of a copy are shared between offset and length depends on the position.
            offset_bits = max(4, (position - 1).bit_length())
            longest = (0xFFFF >> offset_bits) + 3
            length, distance = _best_match(chunk, position, longest, places)
            if length >= 3:
                flags |= 1 << bit
                out += struct.pack("<H", ((distance - 1) << (16 - offset_bits)) | (length - 3))
            else:
                length = 1
                out.append(chunk[position])
            for at in range(position, position + length):
                places.setdefault(chunk[at : at + 3], []).append(at)
            position += length
        out[flags_at] = flags
    return bytes(out)


def _best_match(chunk: bytes, position: int, longest: int, places: dict[bytes, list[int]]) -> tuple[int, int]:
    best, distance = 0, 0
    for place in reversed(places.get(chunk[position : position + 3], [])[-_CANDIDATES:]):
        length = 0
        while length < longest and position + length < len(chunk) and chunk[place + length] == chunk[position + length]:
            length += 1
        if length > best:
            best, distance = length, position - place
    return best, distance


def _record(number: int, value: bytes) -> bytes:
    return struct.pack("<HI", number, len(value)) + value


def _both(number: int, unicode_number: int, text: str) -> bytes:
    return _record(number, text.encode(CODE_PAGE)) + _record(unicode_number, text.encode("utf-16-le"))


def dir_stream(project: str, modules: Sequence[Module]) -> bytes:
    """The ``dir`` stream before compression: project information, references, modules ([MS-OVBA] 2.3.4.2)."""
    u2, u4 = struct.Struct("<H").pack, struct.Struct("<I").pack
    out = _record(0x01, u4(1))  # system kind: 32-bit Windows, also written by 64-bit Excel
    out += _record(0x02, u4(0x409)) + _record(0x14, u4(0x409))  # language
    out += _record(0x03, u2(1252)) + _record(0x04, project.encode(CODE_PAGE))
    out += _both(0x05, 0x40, "") + _both(0x06, 0x3D, "")  # description, help file
    out += _record(0x07, u4(0)) + _record(0x08, u4(0))  # help context, library flags
    out += struct.pack("<HIIH", 0x09, 4, 1, 1)  # version of the project
    out += _both(0x0C, 0x3C, "")  # constants
    for name, library in REFERENCES:
        lib = library.encode(CODE_PAGE)
        out += _both(0x16, 0x3E, name) + _record(0x0D, u4(len(lib)) + lib + bytes(6))
    out += _record(0x0F, u2(len(modules))) + _record(0x13, u2(0xFFFF))
    for module in modules:
        out += _both(0x19, 0x47, module.name) + _both(0x1A, 0x32, module.name) + _both(0x1C, 0x48, "")
        out += _record(0x31, u4(0)) + _record(0x1E, u4(0)) + _record(0x2C, u2(0xFFFF))
        out += _record(0x21 if module.kind == "module" else 0x22, b"") + _record(0x2B, b"")
    return out + _record(0x10, b"")


def obfuscate(data: bytes, project_id: str) -> str:
    """A protection field of the PROJECT stream ([MS-OVBA] 2.4.3.2); nothing here is secret."""
    key = sum(project_id.encode(CODE_PAGE)) & 0xFF
    seed, version = 0, 2
    out = [seed, seed ^ version, seed ^ key]
    plain, last, before = key, out[2], out[1]
    for byte in struct.pack("<I", len(data)) + data:
        encrypted = byte ^ ((before + plain) & 0xFF)
        out.append(encrypted)
        before, last, plain = last, encrypted, byte
    return bytes(out).hex().upper()


def _project_stream(project: str, project_id: str, modules: Sequence[Module]) -> bytes:
    lines = [f'ID="{project_id}"']
    for module in modules:
        if module.kind in ("workbook", "sheet"):
            lines.append(f"Document={module.name}/&H00000000")
        else:
            lines.append(f"{'Class' if module.kind == 'class' else 'Module'}={module.name}")
    lines += [
        f'Name="{project}"',
        'HelpContextID="0"',
        'VersionCompatible32="393222000"',
        f'CMG="{obfuscate(bytes(4), project_id)}"',  # not protected
        f'DPB="{obfuscate(bytes(1), project_id)}"',  # no password
        f'GC="{obfuscate(bytes([255]), project_id)}"',  # visible
        "",
        "[Host Extender Info]",
        "&H00000001={3832D640-CF90-11CF-8E43-00A0C911005A};VBE;&H00000000",
        "",
        "[Workspace]",
        *(f"{module.name}=0, 0, 0, 0, C" for module in modules),
    ]
    return ("\r\n".join(lines) + "\r\n").encode(CODE_PAGE)


def vba_project(project: str, project_id: str, modules: Sequence[Module]) -> bytes:
    """The bytes of ``vbaProject.bin``: the same modules always give the same bytes.

    `project_id` is a GUID in braces. Raises ValueError for a module name that VBA wouldn't take.
    """
    names = [module.name.lower() for module in modules]
    for module in modules:
        if not re.fullmatch(r"[A-Za-z]\w{0,30}", module.name, re.ASCII):
            raise ValueError(f"{module.name!r} is not a name for a VBA module")
    if len({*names, project.lower()}) != len(names) + 1:
        raise ValueError("module names must differ from each other and from the project's")
    wide_names = b"".join(m.name.encode(CODE_PAGE) + b"\0" + m.name.encode("utf-16-le") + b"\0\0" for m in modules)
    vba: dict[str, bytes] = {module.name: compress(module.source()) for module in modules}
    vba["dir"] = compress(dir_stream(project, modules))
    vba["_VBA_PROJECT"] = bytes.fromhex("cc61ffff000100")
    return compound_file(
        {
            "PROJECT": _project_stream(project, project_id, modules),
            "PROJECTwm": wide_names + b"\0\0",
            "VBA": vba,
        }
    )
