"""The commands that install, remove and check what goes into a spreadsheet program: addin, addin libreoffice."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from credit_udfs.cli.common import lang_option
from credit_udfs.cli.words import t
from credit_udfs.locale import Lang

__all__ = ["addin"]

_file_option = click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help=t("help_addin_file"))


@click.group(help=t("help_addin"))
@lang_option
def addin(lang: Lang) -> None:
    pass


@click.group(help=t("help_addin_libreoffice"))
@lang_option
def libreoffice(lang: Lang) -> None:
    pass


addin.add_command(libreoffice)


def _say(lines: Iterable[str]) -> None:
    click.echo("\n".join(lines))


@addin.command("install", help=t("help_addin_install"))
@_file_option
@lang_option
def _install(file: Path | None, lang: Lang) -> None:
    from credit_udfs.hosts import install

    _say(install.install(lang, file))


@libreoffice.command("install", help=t("help_addin_libreoffice_install"))
@_file_option
@lang_option
def _install_libreoffice(file: Path | None, lang: Lang) -> None:
    from credit_udfs.hosts import libreoffice_install

    _say(libreoffice_install.install(lang, file))


@addin.command("uninstall", help=t("help_addin_uninstall"))
@lang_option
def _uninstall(lang: Lang) -> None:
    from credit_udfs.hosts import install

    _say(install.uninstall(lang))


@addin.command("status", help=t("help_addin_status"))
@lang_option
def _status(lang: Lang) -> None:
    from credit_udfs.hosts import install

    _say(install.status(lang))


@libreoffice.command("uninstall", help=t("help_addin_libreoffice_uninstall"))
@lang_option
def _uninstall_libreoffice(lang: Lang) -> None:
    from credit_udfs.hosts import libreoffice_install

    _say(libreoffice_install.uninstall(lang))


@libreoffice.command("status", help=t("help_addin_libreoffice_status"))
@lang_option
def _status_libreoffice(lang: Lang) -> None:
    from credit_udfs.hosts import libreoffice_install

    _say(libreoffice_install.status(lang))
