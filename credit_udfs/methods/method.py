"""What a method is: a name, its source, the indicators it reads, what it predicts, and how to make its
estimator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from credit_udfs.core.indicators import INDICATORS
from credit_udfs.locale import Lang, text
from credit_udfs.methods.estimator import FormClassifier
from credit_udfs.types import Target


@dataclass(frozen=True)
class Method:
    """One way to predict, as a paper or we define it.

    paper: "P0".."P4", or None for ours.
    indicators: keys for `credit_udfs.methods.compute`, in the order of the columns of X.
    target: what the paper predicts with it. Most estimators take any classes, so that validation may also train
        them on other targets; TOPSIS takes two, P1's two steps take three or more.
    make: a fresh estimator from a seed; the same seed and data give the same fit.
    note_zh, note_en: what stands in where the paper is silent or lost, and what it's worth.
    """

    name: str
    paper: str | None
    indicators: tuple[str, ...]
    target: Target
    make: Callable[[int], FormClassifier]
    zh: str
    en: str
    note_zh: str
    note_en: str


def declare(
    name: str, paper: str | None, indicators: tuple[str, ...], target: Target, make: Callable[[int], FormClassifier]
) -> Method:
    """A Method with its texts from locale/methods.toml, tables [name] and [name_note]."""
    return Method(
        name,
        paper,
        indicators,
        target,
        make,
        text(f"methods.{name}", "zh"),
        text(f"methods.{name}", "en"),
        text(f"methods.{name}_note", "zh"),
        text(f"methods.{name}_note", "en"),
    )


def indicator_name(key: str, lang: Lang) -> str:
    return INDICATORS[key].zh if lang == "zh" else INDICATORS[key].en


def named(keys: Sequence[str], lang: Lang) -> str:
    """The names of indicators in a row; of more than twelve, the first and the last and how many there are."""
    names = [indicator_name(key, lang) for key in keys]
    if len(names) > 12:
        return text("methods.many_indicators", lang, count=len(names), first=names[0], last=names[-1])
    return ("、" if lang == "zh" else ", ").join(names)
