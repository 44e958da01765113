"""A published figure beside ours: when it reproduces, when only with the paper's mistake, and when it
doesn't.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from credit_udfs.locale import Lang, area, text

Verdict = Literal["reproduces", "with the paper's mistake", "does not"]


@dataclass(frozen=True)
class Figure:
    """One figure a paper prints.

    paper, place: "P0".."P4", and where in it; what, definition, because: texts in both languages (`because`
    is empty for a figure that simply reproduces).
    printed: as the paper has it; published: the same as a number (fractions for %), None for words.
    ours: computed as it should be, None where it can't be computed; as_paper: computed with the paper's
    mistake, None where no mistake is known.
    """

    key: str
    paper: str
    place: str
    what_zh: str
    what_en: str
    definition_zh: str
    definition_en: str
    printed: str
    published: float | None
    ours: float | None
    as_paper: float | None
    verdict: Verdict
    because_zh: str
    because_en: str

    def what(self, lang: Lang) -> str:
        return self.what_zh if lang == "zh" else self.what_en

    def definition(self, lang: Lang) -> str:
        return self.definition_zh if lang == "zh" else self.definition_en

    def because(self, lang: Lang) -> str:
        return self.because_zh if lang == "zh" else self.because_en

    def show(self, value: float | None) -> str:
        """`value` (ours, or as_paper) written as the paper writes: a percentage for a percentage, money to the
        cent, a power of ten for one, and otherwise two digits more than printed. "-" for None."""
        if value is None:
            return "-"
        kind, digits = self._written()
        if kind == "power":
            return f"{value:.{digits}e}"
        if kind == "percent":
            return f"{value:.{digits}%}"
        return f"{value:,.10g}" if kind == "count" else f"{value:,.{digits}f}"

    @property
    def number_format(self) -> str:
        """The same as a spreadsheet's number format."""
        kind, digits = self._written()
        decimals = "." + "0" * digits
        if kind == "count":
            return "#,##0.####" if self.ours != round(self.ours or 0.0) else "#,##0"
        return {"power": f"0{decimals}E+00", "percent": f"0{decimals}%", "number": f"#,##0{decimals}"}[kind]

    def _written(self) -> tuple[Literal["power", "percent", "count", "number"], int]:
        """How the paper writes it, and how many decimals ours gets."""
        found = _NUMBER.search(self.printed)
        number = Decimal(found.group().replace("−", "-").replace(",", "")) if found else Decimal("0.00")
        exponent = number.as_tuple().exponent
        digits = max(-exponent, 0) if isinstance(exponent, int) else 0
        if found and "e" in found.group().lower():
            return "power", 4
        if self.printed.endswith("%"):
            return "percent", digits + 2
        if digits == 0:
            return "count", 0
        return "number", digits if abs(number) >= 1000 else digits + 2


_NUMBER = re.compile(r"[-−]?\d[\d,]*(\.\d+)?([eE][-−+]?\d+)?")


def parse(printed: str) -> tuple[float, float] | None:
    """The number in a printed figure and the unit of its last digit, both as fractions for %; None for
    words.
    """
    found = _NUMBER.search(printed)
    if found is None:
        return None
    number = Decimal(found.group().replace("−", "-").replace(",", ""))
    exponent = number.as_tuple().exponent
    unit = Decimal((0, (1,), exponent if isinstance(exponent, int) else 0))
    scale = Decimal(100) if printed.endswith("%") else Decimal(1)
    return float(number / scale), float(unit / scale)


def agrees(printed: str, value: float) -> bool:
    """Whether `value`, rounded or cut off (papers do both), is the printed figure to its last digit."""
    parsed = parse(printed)
    if parsed is None:
        return False
    published, unit = parsed
    slack = 1e-9 * max(abs(published), unit)
    rounded = abs(value - published) <= 0.5 * unit + slack
    same_side = value * published >= 0
    cut = same_side and -slack <= abs(value) - abs(published) < unit
    return rounded or cut


def figure(
    key: str,
    paper: str,
    place: str,
    printed: str,
    ours: float | None,
    *,
    as_paper: float | None = None,
    holds: bool | None = None,
    name: str | None = None,
    **values: Any,
) -> Figure:
    """A Figure whose verdict follows from its numbers.

    name: the texts [name], [name_definition] and, where it doesn't simply reproduce, [name_because] of
    locale/reproduce.toml, filled with `values`; default: the key. holds: for a figure in words or about a
    random draw, whether ours bears it out; otherwise `agrees` decides.
    """
    area_name = name if name is not None else key
    parsed = parse(printed)
    good = holds if holds is not None else ours is not None and agrees(printed, ours)
    verdict: Verdict
    if good:
        verdict = "reproduces"
    elif as_paper is not None and agrees(printed, as_paper):
        verdict = "with the paper's mistake"
    else:
        verdict = "does not"
    reason = f"{area_name}_because"
    if ours is None:
        reason = values.pop("unavailable", reason)

    def words(name: str, lang: Lang) -> str:
        return text(f"reproduce.{name}", lang, **values) if name in area("reproduce") else ""

    return Figure(
        key,
        paper,
        place,
        words(area_name, "zh"),
        words(area_name, "en"),
        words(f"{area_name}_definition", "zh"),
        words(f"{area_name}_definition", "en"),
        printed,
        parsed[0] if parsed else None,
        ours,
        as_paper,
        verdict,
        words(reason, "zh") if verdict != "reproduces" else "",
        words(reason, "en") if verdict != "reproduces" else "",
    )
