"""Every text a user reads, in Chinese and English, from the .toml files of this folder.

A key is ``area.name``: the file ``area.toml``, the table ``[name]``, with a ``zh`` and an ``en`` template.
Templates are `str.format` templates; their values are given by keyword.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

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
    return area(file)[name][lang].format(**values)
