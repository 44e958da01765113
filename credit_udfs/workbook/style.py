"""How the pages look: one palette, one set of cell looks, readable in grey and for the colour-blind.

Colours differ in lightness first and in hue second: fills that stand side by side in a chart have a contrast of 3 or
more, so that a grey print keeps them apart. Blue stands for what is lent and earned, orange for what is at risk or
lost; no red against green anywhere.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal

from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side

from credit_udfs.locale import Lang

INK: Final = "1B2A3A"
MUTED: Final = "5F6B78"
NAVY: Final = "17365D"
BLUE: Final = "2E75B6"
SKY: Final = "9DC3E6"
PALE: Final = "EAF1F8"
ORANGE: Final = "C86400"
MIST: Final = "D6E6F5"
SAND: Final = "FBE3C8"
GREY: Final = "BFC6CE"
RULE: Final = "D5DBE1"
INPUT_FILL: Final = "FFF8DC"
INPUT_LINE: Final = "B58900"
WHITE: Final = "FFFFFF"

# NAVY, ORANGE, MIST: fills for up to three series; any two have a contrast of 3.
# The same of neighbouring grades: light to dark, and D, which is never lent to, in the colour of losses.
GRADE_COLOURS: Final = {"A": MIST, "B": BLUE, "C": "10253F", "D": ORANGE}

FONTS: Final = {"zh": "Microsoft YaHei", "en": "Arial"}

WAN: Final = '#,##0.00;-#,##0.00;"–"'
WAN_SHORT: Final = "#,##0.0;-#,##0.0;0.0"
PERCENT: Final = "0.00%"
PERCENT_SHORT: Final = "0.0%"
INTEGER: Final = "#,##0"
DECIMAL: Final = "#,##0.00"
SIGNED: Final = "+#,##0.0;-#,##0.0;0.0"
SIGNED_PERCENT: Final = "+0.0%;-0.0%;0.0%"
DATE: Final = "yyyy-mm-dd"
MONTH: Final = "yyyy-mm"
FINE: Final = "0.0000"
TEXT: Final = "@"

Across = Literal["general", "left", "center", "right"]
Line = Literal["none", "row", "head", "box", "under", "input"]


@dataclass(frozen=True)
class Look:
    """Everything a cell looks like. `number` is a number format; `line` the borders; `quote` marks text that a
    spreadsheet might otherwise read as a formula when it is edited."""

    size: float = 10
    bold: bool = False
    italic: bool = False
    ink: str = INK
    fill: str | None = None
    number: str = "General"
    across: Across = "general"
    down: Literal["top", "center", "bottom"] = "center"
    wrap: bool = False
    indent: int = 0
    line: Line = "none"
    locked: bool = True
    quote: bool = False
    link: bool = False

    def on(self, **changes: object) -> Look:
        return replace(self, **changes)  # type: ignore[arg-type] # the names are checked by replace itself


TITLE: Final = Look(size=18, bold=True, ink=NAVY)
FINDING: Final = Look(size=12, ink=INK, wrap=True, down="top")
SECTION: Final = Look(size=12, bold=True, ink=NAVY, line="under")
PROSE: Final = Look(wrap=True, down="top")
NOTE: Final = Look(size=9, ink=MUTED, wrap=True, down="top")
HEAD: Final = Look(bold=True, ink=WHITE, fill=NAVY, wrap=True, across="center", line="head")
CELL: Final = Look(line="row")
CELL_WRAP: Final = Look(line="row", wrap=True)
CENTRE: Final = Look(line="row", across="center")
LABEL: Final = Look(ink=MUTED, line="row")
TILE_LABEL: Final = Look(size=9, ink=MUTED, fill=PALE, across="left", indent=1)
TILE_VALUE: Final = Look(size=18, bold=True, ink=NAVY, fill=PALE, across="left", indent=1)
TILE_NOTE: Final = Look(size=9, ink=MUTED, fill=PALE, across="left", indent=1, wrap=True, down="top")
INPUT: Final = Look(fill=INPUT_FILL, line="input", locked=False)
LINK: Final = Look(ink=BLUE, link=True)


def number(fmt: str, base: Look = CELL) -> Look:
    """`base` for a number in the format `fmt`, aligned right."""
    return base.on(number=fmt, across="right")


def _side(line: Line) -> Border:
    hair, thin = Side("thin", RULE), Side("thin", NAVY)
    if line == "row":
        return Border(bottom=hair)
    if line == "head":
        return Border(left=Side("thin", "3F5F86"), right=Side("thin", "3F5F86"))
    if line == "box":
        return Border(left=hair, right=hair, top=hair, bottom=hair)
    if line == "under":
        return Border(bottom=thin)
    if line == "input":
        edge = Side("thin", INPUT_LINE)
        return Border(left=edge, right=edge, top=edge, bottom=edge)
    return Border()


@dataclass(frozen=True)
class Parts:
    """A look as openpyxl's objects."""

    font: Font
    fill: PatternFill | None
    border: Border
    alignment: Alignment
    protection: Protection


@lru_cache(maxsize=4096)
def parts(look: Look, lang: Lang) -> Parts:
    return Parts(
        font=Font(
            name=FONTS[lang],
            size=look.size,
            bold=look.bold,
            # Chinese has no italics: slanted characters only look broken.
            italic=look.italic and lang == "en",
            color="FF" + look.ink,
            underline="single" if look.link else None,
        ),
        fill=PatternFill("solid", fgColor="FF" + look.fill) if look.fill else None,
        border=_side(look.line),
        alignment=Alignment(
            horizontal=None if look.across == "general" else look.across,
            vertical=look.down,
            wrap_text=look.wrap or None,
            indent=look.indent,
        ),
        protection=Protection(locked=look.locked),
    )


def luminance(colour: str) -> float:
    """Relative luminance of RRGGBB, 0 black to 1 white (WCAG 2.1)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, 1 (none) to 21 (black on white), by WCAG 2.1."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def width(text: object) -> float:
    """Columns a text takes: a Chinese character counts two."""
    return sum(2.0 if unicodedata.east_asian_width(c) in "WF" else 1.0 for c in str(text))


def lines(text: str, columns: float) -> int:
    """Lines a text takes when it is wrapped at `columns`; never less than one."""
    if columns <= 1:
        return 1
    # Western words don't break: a little slack for the ragged edge.
    return sum(max(1, -int(-(width(part) * 1.07) // columns)) for part in text.split("\n"))
