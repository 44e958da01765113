"""The language of the command line: which one, and click's own words in it.

click asks gettext for its words, and gettext knows no catalogue but compiled files of the whole process. So click's
modules are given a catalogue of ours: the area "click" of `locale`; and its help is laid out for characters that take
two columns and stand without spaces.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib import import_module

import click
import click._textwrap
import click.formatting

from credit_udfs.locale import LANGS, Lang, area, text

_ASKING = ("core", "decorators", "exceptions", "formatting", "parser", "types")


def wanted(arguments: Sequence[str]) -> Lang:
    """The language that ``--lang`` asks for, wherever it stands; else CREDIT_UDFS_LANG; else the system's."""
    pairs = zip(("", *arguments), arguments, strict=False)
    asked = {f"--lang={word}" if before == "--lang" else word for before, word in pairs}
    for lang in LANGS:
        if f"--lang={lang}" in asked:
            return lang
    names = (os.environ.get(name, "") for name in ("CREDIT_UDFS_LANG", "LC_ALL", "LC_MESSAGES", "LANG"))
    if chosen := next((name for name in names if name), ""):
        return "zh" if chosen.lower().startswith("zh") else "en"
    if sys.platform == "win32":
        import ctypes

        # The primary language is in the lowest ten bits; 4 is Chinese.
        return "zh" if ctypes.windll.kernel32.GetUserDefaultUILanguage() & 0x3FF == 4 else "en"
    return "en"


_spoken = wanted(sys.argv[1:])


def spoken() -> Lang:
    """The language of this run of the command line."""
    return _spoken


def speak(lang: Lang) -> None:
    global _spoken
    _spoken = lang


def t(key: str, **values: object) -> str:
    """A text of the area "cli" in the language spoken; help texts are made when the commands are."""
    return text(f"cli.{key}", spoken(), **values)


@cache
def _catalogue(lang: Lang) -> dict[str, str]:
    return {texts.get("asked", texts["en"]): texts[lang] for texts in area("click").values()}


def _gettext(message: str) -> str:
    return _catalogue(spoken()).get(message, message)


def _ngettext(one: str, several: str, number: int) -> str:
    return _gettext(one if number == 1 else several)


def _columns(shown: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(1 + (unicodedata.east_asian_width(one) in "WF") for one in click.unstyle(shown))


_OPENING, _CLOSING, _WIDE = "（《「“", "，。；：、！？）》」”", "\u2e80-\u9fff\uff00-\uffef"
_PIECES = re.compile(
    f"[{_OPENING}]*(?:(?![{_OPENING}{_CLOSING}])[{_WIDE}]|[^{_OPENING}{_CLOSING}{_WIDE}]+)[{_CLOSING}]*|."
)


class _Wrapper(click._textwrap.TextWrapper):
    """Lines of a text may also end after any Chinese character, but not before a closing mark."""

    def _split(self, text: str) -> list[str]:
        return [piece for chunk in super()._split(text) for piece in _PIECES.findall(chunk)]


def teach_click() -> None:
    """From now on click says its own words in the language spoken, and lays Chinese out as it should be."""
    for name in _ASKING:
        vars(import_module(f"click.{name}")).update(_=_gettext, ngettext=_ngettext)
    for module in (click.formatting, click._textwrap):
        vars(module).update(term_len=_columns)
    vars(click._textwrap).update(TextWrapper=_Wrapper)


_KINDS = {
    **dict.fromkeys(("float", "float range", "integer", "integer range"), "number"),
    **dict.fromkeys(("path", "file"), "path"),
    "directory": "folder",
    "text": "name",
}


def name_parts(command: click.Command) -> None:
    """Say in usage lines and option lists, for `command` and those below it, what goes where: ``--budget NUMBER``."""
    command.options_metavar = t("metavar_options")
    for parameter in command.params:
        flag = isinstance(parameter, click.Option) and parameter.is_flag
        if parameter.metavar is None and not flag and (kind := _KINDS.get(parameter.type.name)):
            parameter.metavar = t(f"metavar_{kind}")
    if isinstance(command, click.Group):
        command.subcommand_metavar = t("metavar_command")
        for child in command.commands.values():
            name_parts(child)
