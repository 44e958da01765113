"""Installing LibreOffice's extension: a note of which Python to start, and where to click.

`install`, `uninstall` and `status` return lines of text; `libreoffice` is the command group that shows them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, cast

import click

from credit_udfs.errors import NotAvailable
from credit_udfs.hosts.install import user_language
from credit_udfs.hosts.libreoffice_link import interpreter, settings_file
from credit_udfs.locale import LANGS, Lang, text

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


# --- the command -----------------------------------------------------------------------------------------

_LANG: Final = user_language()


def _lang_option(command: Callable[..., None]) -> Callable[..., None]:
    option = click.option("--lang", type=click.Choice(LANGS), default=_LANG, help=text("excel.help_lang", _LANG))
    return option(command)


def _show(make: Callable[[Lang], list[str]], lang: str) -> None:
    chosen = cast(Lang, lang)
    try:
        lines = make(chosen)
    except NotAvailable as error:
        raise click.ClickException(error.text(chosen)) from None
    click.echo("\n".join(lines))


@click.group(help=text("libreoffice.help_group", _LANG))
def libreoffice() -> None:
    pass


@libreoffice.command("install", help=text("libreoffice.help_install", _LANG))
@click.option("--file", type=click.Path(path_type=Path), help=text("libreoffice.help_file", _LANG))
@_lang_option
def _install(file: Path | None, lang: str) -> None:
    _show(lambda chosen: install(chosen, file), lang)


@libreoffice.command("uninstall", help=text("libreoffice.help_uninstall", _LANG))
@_lang_option
def _uninstall(lang: str) -> None:
    _show(uninstall, lang)


@libreoffice.command("status", help=text("libreoffice.help_status", _LANG))
@_lang_option
def _status(lang: str) -> None:
    _show(status, lang)
