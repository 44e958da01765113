"""Installing the add-in of Excel on Windows: a file in Excel's startup folder, and a note of which Python to start.

`install`, `uninstall` and `status` return lines of text.
"""

from __future__ import annotations

import os
import platform
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from defusedxml.ElementTree import ParseError, fromstring

from credit_udfs.errors import NotAvailable
from credit_udfs.locale import Lang, text

ADD_IN: Final = "credit_udfs.xlam"
SHIPPED: Final = Path(__file__).with_name(ADD_IN)
"""Where a built package carries the add-in."""
PROPERTY_PACKAGE: Final = "credit_udfs version"
PROPERTY_XLWINGS: Final = "xlwings version"
"""Properties of the file that tell what it was built with (addin/excel/build.py writes them)."""


@dataclass(frozen=True)
class System:
    """What the steps need to know of the machine.

    name: as `platform.system` says it. environ: environment variables. prefix: the folder of the virtual
    environment. code_page: the encoding that Excel's DLL reads paths in.
    """

    name: str
    environ: Mapping[str, str]
    prefix: Path
    code_page: str
    bits: int

    @classmethod
    def this(cls) -> System:
        on_windows = sys.platform == "win32"
        bits = 64 if sys.maxsize > 2**32 else 32
        return cls(platform.system(), os.environ, Path(sys.prefix), "mbcs" if on_windows else "utf-8", bits)

    @property
    def add_in(self) -> Path:
        """Excel opens what is in this folder at its start, and trusts it."""
        return Path(self.environ["APPDATA"]) / "Microsoft" / "Excel" / "XLSTART" / ADD_IN

    @property
    def settings(self) -> Path:
        """Read by the add-in's VBA (addin/excel/xlwings_settings.bas)."""
        return Path(self.environ["USERPROFILE"]) / ".credit_udfs" / "credit_udfs.conf"

    @property
    def interpreter(self) -> Path:
        """The Python without a console window."""
        in_venv = self.prefix / "Scripts" / "pythonw.exe"
        return in_venv if in_venv.exists() else self.prefix / "pythonw.exe"


def install(lang: Lang, file: Path | None = None, system: System | None = None) -> list[str]:
    """Copy the add-in into Excel's startup folder and note this environment's Python; what to click next.

    Nothing is written before everything is checked. Raises NotAvailable, with the repair, when something is
    missing; on other systems it only explains.
    """
    system = system or System.this()
    if system.name != "Windows":
        return _elsewhere(system, lang)
    source = file or next((f for f in (SHIPPED, Path(ADD_IN)) if f.exists()), None)
    if source is None or not source.exists():
        raise NotAvailable("excel.no_file", name=source or ADD_IN)
    built = built_with(source)
    interpreter = _checked_interpreter(system, built[PROPERTY_XLWINGS])
    try:
        note = f'"INTERPRETER_WIN","{interpreter}"\r\n'.encode(system.code_page)
    except UnicodeEncodeError:
        raise NotAvailable("excel.path_not_ansi", path=interpreter) from None
    # The bytes alone: a copy would keep the mark "from the internet", for which Excel blocks macros.
    _write(system.add_in, source.read_bytes())
    _write(system.settings, note)
    return [
        text("excel.installed", lang, path=system.add_in),
        text("excel.interpreter_set", lang, path=interpreter, settings=system.settings),
        *text("excel.click", lang, version=built[PROPERTY_PACKAGE]).splitlines(),
    ]


def uninstall(lang: Lang, system: System | None = None) -> list[str]:
    """Remove what `install` wrote. Raises NotAvailable when Excel holds the file."""
    system = system or System.this()
    if system.name != "Windows":
        return _elsewhere(system, lang)
    lines = []
    for path in (system.add_in, system.settings):
        if path.exists():
            try:
                path.unlink()
            except PermissionError:
                raise NotAvailable("excel.file_in_use", path=path) from None
            lines.append(text("excel.removed", lang, path=path))
    if system.settings.parent.is_dir() and not any(system.settings.parent.iterdir()):
        system.settings.parent.rmdir()
    if not lines:
        return [text("excel.nothing_to_remove", lang)]
    return [*lines, text("excel.restart_excel", lang)]


def status(lang: Lang, system: System | None = None) -> list[str]:
    """What is installed, what is missing, what doesn't fit together."""
    system = system or System.this()
    if system.name != "Windows":
        return _elsewhere(system, lang)
    lines, ready = [], True
    try:
        built = built_with(system.add_in)
        lines.append(text("excel.status_file", lang, path=system.add_in, version=built[PROPERTY_PACKAGE]))
        if (own := _version("credit_udfs")) not in (None, built[PROPERTY_PACKAGE]):
            lines.append(text("excel.status_other_version", lang, addin=built[PROPERTY_PACKAGE], package=own))
            ready = False
    except NotAvailable:
        built, ready = {}, False
        lines.append(text("excel.status_no_file", lang))
    noted = noted_interpreter(system)
    if noted is None:
        lines.append(text("excel.status_no_interpreter", lang))
        ready = False
    elif not noted.exists():
        lines.append(text("excel.status_interpreter_gone", lang, path=noted))
        ready = False
    else:
        lines.append(text("excel.status_interpreter", lang, path=noted))
    if built:
        try:
            _checked_interpreter(system, built[PROPERTY_XLWINGS])
        except NotAvailable as error:
            lines.append(error.text(lang))
            ready = False
    return [*lines, text("excel.status_ready", lang)] if ready else lines


def built_with(path: Path) -> dict[str, str]:
    """The versions that an add-in file was built with. Raises NotAvailable when it isn't one of ours."""
    try:
        with zipfile.ZipFile(path) as archive:
            root = fromstring(archive.read("docProps/custom.xml"))
    except (OSError, KeyError, zipfile.BadZipFile, ParseError):
        raise NotAvailable("excel.not_ours", path=path) from None
    found = {str(item.get("name")): "".join(item.itertext()) for item in root}
    if not {PROPERTY_PACKAGE, PROPERTY_XLWINGS} <= set(found):
        raise NotAvailable("excel.not_ours", path=path)
    return found


def noted_interpreter(system: System) -> Path | None:
    """The Python that the add-in will start, or None when none is noted."""
    try:
        lines = system.settings.read_bytes().decode(system.code_page, "replace").splitlines()
    except OSError:
        return None
    for line in lines:
        key, _, value = line.partition(",")
        if key.strip('" ').upper() == "INTERPRETER_WIN" and value.strip('" '):
            return Path(value.strip('" '))
    return None


def _checked_interpreter(system: System, wanted: str) -> Path:
    if not system.interpreter.exists():
        raise NotAvailable("excel.no_pythonw", path=system.interpreter)
    found = _version("xlwings")
    if found != wanted:
        raise NotAvailable("excel.wrong_xlwings", wanted=wanted, found=found or "–")
    dll = f"xlwings{system.bits}-{wanted}.dll"
    folder = system.interpreter.parent
    if not any((place / dll).exists() for place in (folder, folder.parent)):
        raise NotAvailable("excel.no_dll", name=dll, folder=folder, version=wanted)
    return system.interpreter


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    try:
        new.write_bytes(data)
        new.replace(path)
    except PermissionError:
        new.unlink(missing_ok=True)
        raise NotAvailable("excel.file_in_use", path=path) from None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _elsewhere(system: System, lang: Lang) -> list[str]:
    return [text("excel.not_windows", lang, system=system.name), text("excel.not_windows_instead", lang)]
