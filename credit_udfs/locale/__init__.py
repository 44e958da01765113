"""Every text a user reads, in Chinese and English, from the .toml files of this folder.

A key is ``area.name``: the file ``area.toml``, the table ``[name]``, with a ``zh`` and an ``en`` template.
Templates are `str.format` templates; their values are given by keyword. ``{count:cell/cells}`` is the first word
for 1 and the second for any other number; ``{amount:wan}`` is yuan in ten thousands, to the yuan: 10,000 or 9.9.
"""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Callable
from functools import cache, partial
from importlib.resources import files
from typing import Any, Literal

Lang = Literal["zh", "en"]
LANGS: tuple[Lang, ...] = ("zh", "en")


@cache
def area(name: str) -> dict[str, dict[str, str]]:
    """All texts of one area, as ``{name: {"zh": ..., "en": ...}}``."""
    source = files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(source)


def text(key: str, lang: Lang, /, **values: object) -> str:
    """The text `key` in `lang`, its template filled with `values`.

    Raises KeyError when there is no such text: that is a mistake of ours, never of a user.
    """
    file, _, name = key.partition(".")
    return _filler(area(file)[name][lang])(**values)


class _Formatter(string.Formatter):
    def format_field(self, value: Any, spec: str) -> str:
        if spec == "wan":
            return f"{value / 1e4:,.4f}".rstrip("0").rstrip(".")
        one, or_, several = spec.partition("/")
        return (one if value == 1 else several) if or_ else format(value, spec)


@cache
def _filler(template: str) -> Callable[..., str]:
    # Few texts need more than str.format, which is ten times as fast.
    return partial(_Formatter().format, template) if re.search(r"{\w+:([^{}]*/|wan})", template) else template.format
