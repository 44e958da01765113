"""Installing LibreOffice's extension: a note of which Python to start, and where to click.

`install`, `uninstall` and `status` return lines of text.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from credit_udfs.errors import NotAvailable
from credit_udfs.hosts.libreoffice_link import interpreter, settings_file
from credit_udfs.locale import Lang, text

EXTENSION: Final = "credit_udfs.oxt"
SHIPPED: Final = Path(__file__).with_name(EXTENSION)
"""Where a built package carries the extension."""


def install(lang: Lang, file: Path | None = None) -> list[str]:
    """Note this environment's Python for the extension; what to click next.

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
    done = text("libreoffice.installed", lang, python=sys.executable, file=settings, extension=extension.resolve())
    return done.splitlines()


def uninstall(lang: Lang) -> list[str]:
    """Remove what `install` wrote."""
    settings = settings_file()
    if not settings.exists():
        return [text("libreoffice.nothing_to_remove", lang)]
    settings.unlink()
    return [text("libreoffice.uninstalled", lang, file=settings)]


def status(lang: Lang) -> list[str]:
    """Which Python the extension starts, and whether it is there."""
    python = interpreter()
    if not python:
        return [text("libreoffice.nothing_to_remove", lang)]
    key = "status_interpreter" if Path(python).exists() else "status_gone"
    return [text(f"libreoffice.{key}", lang, python=python)]
