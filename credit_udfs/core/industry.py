"""The industry a firm's (masked) name gives away, by ordered keyword rules; unknown stays unknown.

22 industries, each inside one section of the national classification GB/T 4754-2017; both and the rules are
data, in ``industry.toml`` beside this module. The industry serves shocks and concentration limits. It is
never a predictor: on attachment 1 default doesn't depend on it (permutation chi-square, p = .85). The grade does
a little (p = .02 by industry, .12 by section), on about six firms an industry: too few to learn anything from.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from credit_udfs.locale import Lang


@dataclass(frozen=True)
class Industry:
    """One of the 22 industries.

    `section` is the letter of its section of GB/T 4754-2017 ("A".."R").
    """

    key: str
    zh: str
    en: str
    section: str

    def name(self, lang: Lang) -> str:
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True)
class Rule:
    """A name that has any of `words` in it is of the industry `industry`, unless an earlier rule took it."""

    industry: str
    words: tuple[str, ...]


@cache
def _data() -> Mapping[str, Any]:
    # Package data, not a user's file: it's part of the program text.
    return tomllib.loads(files("credit_udfs.core").joinpath("industry.toml").read_text(encoding="utf-8"))


@cache
def industries() -> Mapping[str, Industry]:
    """The 22 industries by key, in the order of the classification."""
    return MappingProxyType({key: Industry(key, **entry) for key, entry in _data()["industries"].items()})


@cache
def rules() -> tuple[Rule, ...]:
    """The keyword rules, in the order in which they are tried."""
    return tuple(Rule(entry["industry"], tuple(entry["words"])) for entry in _data()["rule"])


def industry_of(name: str) -> Industry | None:
    """The industry of the firm called `name` (masked or not), or None where the name doesn't say.

    The first rule with one of its words in the name decides, upper or lower case; English words come after all
    Chinese ones. Never raises; an empty name is unknown.
    A sole trader (`is_sole_trader`) is known by a number only, and so has no industry.
    """
    if is_sole_trader(name):
        return None
    folded = name.casefold()
    for rule in rules():
        if any(word in folded for word in rule.words):
            return industries()[rule.industry]
    return None


def is_sole_trader(name: str) -> bool:
    """Whether `name` says sole trader (个体经营). Scores of such firms are extrapolation."""
    folded = name.casefold()
    return any(word in folded for word in _data()["sole_trader"]["words"])


def coverage(names: Iterable[str]) -> float:
    """Share of `names`, sole traders aside, whose industry is known; NaN where there are none but those."""
    known = [industry_of(name) is not None for name in names if not is_sole_trader(name)]
    return sum(known) / len(known) if known else float("nan")
