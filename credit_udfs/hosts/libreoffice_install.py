"""Installing LibreOffice's extension by its own unopkg, and noting which Python the extension is to start.

`install`, `uninstall` and `status` return lines of text.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from credit_udfs.errors import NotAvailable
from credit_udfs.hosts.libreoffice_link import interpreter, settings_file
from credit_udfs.locale import Lang, text

EXTENSION: Final = "credit_udfs.oxt"
SHIPPED: Final = Path(__file__).with_name(EXTENSION)
"""Where a built package carries the extension."""
IDENTIFIER: Final = "creditudfs.addin"
PATIENCE: Final = 120.0  # seconds; unopkg may wait for a LibreOffice that is running


def unopkg() -> str | None:
    """LibreOffice's program that adds extensions: on the path, or where LibreOffice is usually put."""
    named = os.environ.get("CREDIT_UDFS_SOFFICE")
    folders = [
        *([Path(named).parent] if named else []),
        *(Path(os.environ[key]) / "LibreOffice" / "program" for key in ("ProgramFiles",) if key in os.environ),
        Path("/Applications/LibreOffice.app/Contents/MacOS"),
        Path("/usr/lib/libreoffice/program"),
        *sorted(Path("/opt").glob("libreoffice*/program"), reverse=True),
    ]
    places = (folder / name for folder in folders for name in ("unopkg.com", "unopkg"))
    return shutil.which("unopkg") or next((str(place) for place in places if place.is_file()), None)


def _run(program: str, *arguments: str) -> tuple[bool, str]:
    """Whether unopkg did it, and its own last words."""
    # LibreOffice brings its own Python, which ours must not lead astray.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        done = subprocess.run(  # noqa: S603 (LibreOffice's own program)
            [program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, env=clean
        )
    except subprocess.TimeoutExpired:
        return False, ""
    except OSError as error:
        return False, str(error)
    said = [line.strip() for line in (done.stderr + done.stdout).decode(errors="replace").splitlines()]
    errors = [line.removeprefix("ERROR:").strip() for line in said if line.startswith("ERROR")]
    return done.returncode == 0, next(iter(errors), "\n".join(said))


def _failed(said: str, lang: Lang) -> str:
    return text("libreoffice.unopkg_failed", lang, why=said) if said else text("libreoffice.unopkg_waits", lang)


def install(lang: Lang, file: Path | None = None) -> list[str]:
    """Note this environment's Python for the extension, and add the extension; what is left to do by hand.

    Raises NotAvailable when there is no extension to install.
    """
    extension = file or next((f for f in (SHIPPED, Path(EXTENSION)) if f.exists()), None)
    if extension is None or not extension.exists():
        raise NotAvailable("libreoffice.no_file", name=extension or EXTENSION)
    settings = settings_file()
    settings.parent.mkdir(parents=True, exist_ok=True)
    new = settings.with_name(f"{settings.name}.new")
    new.write_text(json.dumps({"python": sys.executable}, ensure_ascii=False) + "\n", encoding="utf-8")
    new.replace(settings)
    lines = [text("libreoffice.noted", lang, python=sys.executable, file=settings)]
    by_hand = text("libreoffice.by_hand", lang, extension=extension.resolve())
    program = unopkg()
    if program is None:
        return [*lines, text("libreoffice.no_unopkg", lang), by_hand]
    added, said = _run(program, "add", "-f", str(extension.resolve()))
    if not added:
        return [*lines, _failed(said, lang), by_hand]
    return [*lines, text("libreoffice.added", lang)]


def uninstall(lang: Lang) -> list[str]:
    """Remove the extension, and what `install` noted."""
    lines = []
    program = unopkg()
    if program is not None and _version(program) is not None:
        removed, said = _run(program, "remove", IDENTIFIER)
        lines.append(text("libreoffice.removed", lang) if removed else _failed(said, lang))
    settings = settings_file()
    if settings.exists():
        settings.unlink()
        lines.append(text("libreoffice.uninstalled", lang, file=settings))
    return lines or [text("libreoffice.nothing_to_remove", lang)]


def status(lang: Lang) -> list[str]:
    """Which Python the extension starts, whether it is there, and whether LibreOffice has the extension."""
    python = interpreter()
    if not python:
        lines = [text("libreoffice.no_python", lang)]
    else:
        key = "status_interpreter" if Path(python).exists() else "status_gone"
        lines = [text(f"libreoffice.{key}", lang, python=python)]
    program = unopkg()
    if program is None:
        return [*lines, text("libreoffice.no_unopkg", lang)]
    found = _version(program)
    if found is None:
        return [*lines, text("libreoffice.status_no_extension", lang)]
    return [*lines, text("libreoffice.status_extension", lang, version=found)]


def _version(program: str) -> str | None:
    """The version of the extension that LibreOffice has; None for none."""
    there, said = _run(program, "list", IDENTIFIER)
    if not there:
        return None
    versions = (line.partition(":")[2].strip() for line in said.splitlines() if line.startswith("Version:"))
    return next(versions, "")
