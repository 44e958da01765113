"""Every text: in both languages, with the same values; counted things in the singular and the plural."""

from __future__ import annotations

import re
import string
from importlib.resources import files

import pytest

from credit_udfs import locale
from credit_udfs.locale import area, text

AREAS = sorted(file.name.removesuffix(".toml") for file in files(locale).iterdir() if file.name.endswith(".toml"))


def values(template: str) -> set[str]:
    """Names of a template's values. Money is ``name`` or ``wan`` in Chinese, ten thousand yuan, and ``name_yuan`` or a
    name of its own in English; ``name.zh`` and ``name.en`` are the same thing's names."""
    names = {name for _text, name, _spec, _conversion in string.Formatter().parse(template) if name}
    return {re.sub(r"_yuan$|\.zh$|\.en$", "", name) for name in names - {"wan"}}


@pytest.mark.parametrize("name", AREAS)
def test_both_languages_say_the_same(name: str) -> None:
    for key, texts in area(name).items():
        chinese, english = values(texts["zh"]), values(texts["en"])
        assert chinese <= english or english <= chinese, f"{name}.{key}"
        assert "(s)" not in texts["en"], f"{name}.{key}: write {{count:cell/cells}}"


def test_one_and_several() -> None:
    assert text("batch.failed", "en", count=1).startswith("1 cell could")
    assert text("batch.failed", "en", count=2).startswith("2 cells could")
    assert text("batch.failed", "zh", count=2).startswith("2 ")
