"""Build ``credit_udfs.xlam``, the add-in for Excel on Windows, on any system::

    python -m addin.excel.build -o credit_udfs.xlam

The same sources, declarations and xlwings version always give the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import tomllib
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import xlsxwriter

from addin.excel import xlwings_module
from addin.excel.ovba import Module, vba_project
from addin.excel.wrappers import functions_module, help_rows
from credit_udfs.cells import REGISTRY
from credit_udfs.cells.spec import CellFunction
from credit_udfs.hosts.install import PROPERTY_PACKAGE, PROPERTY_XLWINGS

HERE: Final = Path(__file__).parent
PROJECT: Final = "CreditUdfs"
PROJECT_ID: Final = "{5B0A1C52-3B0B-4E0E-9C7B-6B0D6F0E7A11}"
SETTINGS_SHEET: Final = f"{xlwings_module.PROJECT_NAME}.conf"
HELP_SHEET: Final = f"{xlwings_module.PROJECT_NAME}.help"

_MACRO_BOOK: Final = b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"
_ADD_IN: Final = b"application/vnd.ms-excel.addin.macroEnabled.main+xml"
_RIBBON_RELATION: Final = "http://schemas.microsoft.com/office/2006/relationships/ui/extensibility"
_CONTENT_TYPES: Final = "[Content_Types].xml"
_RELATIONS: Final = "_rels/.rels"
_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)


def version() -> str:
    """The version of credit_udfs, from the sources: the package needn't be installed."""
    project = tomllib.loads((HERE.parent.parent / "pyproject.toml").read_text("utf-8"))["project"]
    return str(project["version"])


def settings_rows() -> list[tuple[str, str]]:
    """The add-in's own settings. An empty INTERPRETER_WIN means: the user's file has it."""
    return [("INTERPRETER_WIN", "")]


def modules(functions: Mapping[str, CellFunction] = REGISTRY) -> list[Module]:
    """All modules of the project, the documents first, in a fixed order."""
    return [
        Module("ThisWorkbook", "workbook", _source("src/ThisWorkbook.cls")),
        Module("SettingsSheet", "sheet", ""),
        Module("HelpSheet", "sheet", ""),
        *pure_modules(functions),
        Module("Ribbon", "module", _source("src/Ribbon.bas")),
        Module("Server", "module", _source("src/Server.bas")),
        Module("Wizard", "module", _source("src/Wizard.bas")),
        Module("xlwings", "module", xlwings_module.build(_source("xlwings_settings.bas"))),
    ]


def pure_modules(functions: Mapping[str, CellFunction] = REGISTRY) -> list[Module]:
    """The modules that call neither Excel nor Python themselves."""
    return [
        Module("Answers", "module", _source("src/Answers.bas")),
        Module("Functions", "module", functions_module(functions.values(), version())),
    ]


def _source(name: str) -> str:
    return (HERE / name).read_text("utf-8")


def package(
    vba_modules: Sequence[Module], functions: Mapping[str, CellFunction] = REGISTRY, *, add_in: bool = True
) -> bytes:
    """The bytes of the file. `add_in` False makes a macro workbook of it, to look at its sheets."""
    raw = io.BytesIO()
    with xlsxwriter.Workbook(raw, {"in_memory": True}) as book:
        book.set_properties({"title": "credit_udfs", "author": "", "created": datetime(2000, 1, 1)})
        book.set_custom_property(PROPERTY_PACKAGE, version(), "text")
        book.set_custom_property(PROPERTY_XLWINGS, xlwings_module.version(), "text")
        book.add_vba_project(io.BytesIO(vba_project(PROJECT, PROJECT_ID, vba_modules)), is_stream=True)
        book.set_vba_name("ThisWorkbook")
        for title, name, rows in (
            (SETTINGS_SHEET, "SettingsSheet", settings_rows()),
            (HELP_SHEET, "HelpSheet", help_rows(functions.values())),
        ):
            sheet = book.add_worksheet(title)
            sheet.set_vba_name(name)
            for r, row in enumerate(rows):
                for c, value in enumerate(row):
                    sheet.write_string(r, c, value)
    with zipfile.ZipFile(raw) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    if add_in:
        parts[_CONTENT_TYPES] = _swap(parts[_CONTENT_TYPES], _MACRO_BOOK, _ADD_IN)
        # As in every add-in that Excel saves: no window of its own.
        view = b"<workbookView "
        parts["xl/workbook.xml"] = _swap(parts["xl/workbook.xml"], view, view + b'visibility="hidden" ')
    parts["customUI/customUI.xml"] = (HERE / "ribbon.xml").read_bytes().replace(b"\r\n", b"\n")
    relation = f'<Relationship Id="rIdRibbon" Type="{_RIBBON_RELATION}" Target="customUI/customUI.xml"/>'
    end = b"</Relationships>"
    parts[_RELATIONS] = _swap(parts[_RELATIONS], end, relation.encode() + end)
    return _zipped(parts)


def _swap(data: bytes, old: bytes, new: bytes) -> bytes:
    if data.count(old) != 1:
        raise ValueError(f"expected once, found {data.count(old)} times: {old!r}")
    return data.replace(old, new)


def _zipped(parts: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        # The content types come first, as Office itself writes them.
        for name in sorted(parts, key=lambda name: (name != _CONTENT_TYPES, name)):
            info = zipfile.ZipInfo(name, _ZIP_TIME)
            # Stored, because compressors differ from system to system; the file stays under 200 KB.
            info.compress_type = zipfile.ZIP_STORED
            info.create_system = 0
            archive.writestr(info, parts[name])
    return out.getvalue()


def build() -> bytes:
    """The add-in."""
    return package(modules())


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m addin.excel.build", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("credit_udfs.xlam"))
    target: Path = parser.parse_args(arguments).output
    data = build()
    target.write_bytes(data)
    print(f"{target}: {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")  # noqa: T201  a command's answer


if __name__ == "__main__":
    main()
