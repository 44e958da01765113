"""Print set-up: A4, footers, repeated headers, and where pages end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

_A4: Final = (595.3, 841.9)  # points
_MARGINS: Final = {"left": 0.5, "right": 0.5, "top": 0.6, "bottom": 0.7}  # inches
_FILLED: Final = 1 / 3
"""A last page at least so full doesn't look like left over."""

_SLACK: Final = 0.985
"""Programs differ by a point here and there."""


def set_up(
    sheet: Worksheet,
    footer: str,
    height: Callable[[int], float],
    *,
    landscape: bool = True,
    tall: bool = True,
    repeat: tuple[int, int] | None = None,
    area: str | None = None,
    breaks: Sequence[int] = (),
    halves: tuple[int, int] | None = None,
    scale: int | tuple[int, int] | None = None,
) -> None:
    """A4, as wide as the sheet, `tall`: as many pages as it takes, else one.

    footer: on the left; the sheet's name and the page's number stand beside. height: of a row, points. repeat: header
    rows printed on every page. breaks: rows after which a page ends. scale: percent, instead of fitting the width (a
    page that is fitted has no breaks of its own); least and most: the largest at which the last page isn't left with
    a few rows. halves, with `scale`: a sheet too wide for one page: how many columns are repeated on the left, and
    after which one the second page begins.
    """
    setup = sheet.page_setup
    setup.orientation = "landscape" if landscape else "portrait"
    setup.paperSize = 9
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    setup.fitToWidth = 1
    setup.fitToHeight = 0 if tall else 1
    if isinstance(scale, tuple):
        rows = [height(row) for row in range(1, sheet.max_row + 1)]
        scale, breaks = fitting(rows, scale, landscape=landscape, header=repeat[1] if repeat else 0)
    if scale:
        sheet.sheet_properties.pageSetUpPr.fitToPage = False
        setup.fitToWidth = setup.fitToHeight = None
        setup.scale = scale
    if halves and repeat:
        # Two areas: the second begins at the header, or the title would be cut off in the repeated columns.
        left, right = get_column_letter(halves[1]), get_column_letter(halves[1] + 1)
        end = get_column_letter(sheet.max_column)
        sheet.print_title_cols = f"A:{get_column_letter(halves[0])}"
        sheet.print_area = f"A1:{left}{sheet.max_row},{right}{repeat[0]}:{end}{sheet.max_row}"
    for side, inches in _MARGINS.items():
        setattr(sheet.page_margins, side, inches)
    sheet.page_margins.header = sheet.page_margins.footer = 0.3
    sheet.print_options.horizontalCentered = True
    foot = sheet.oddFooter
    foot.left.text, foot.center.text, foot.right.text = footer.replace("&", "&&"), "&A", "&P / &N"
    foot.left.size = foot.center.size = foot.right.size = 8
    if repeat:
        sheet.print_title_rows = f"{repeat[0]}:{repeat[1]}"
    if area:
        sheet.print_area = area
    for row in breaks:
        sheet.row_breaks.append(Break(id=row))


def fitting(
    heights: Sequence[float], scales: tuple[int, int], *, landscape: bool = True, header: int = 0
) -> tuple[int, list[int]]:
    """The largest scale, percent, at which the last page is filled to a third, or else the one that fills it most;
    and the rows after which pages end, so that the halves of a wide sheet show the same rows.

    heights: of all rows, points; header: the row, from 1, that is repeated on every page, 0 for none. scales: least
    and most.
    """
    head = heights[header - 1] if header else 0.0
    paper = _SLACK * (_A4[0 if landscape else 1] - 72 * (_MARGINS["top"] + _MARGINS["bottom"]))
    tried = range(scales[1], scales[0] - 1, -1)
    found = {percent: _pages(heights, paper * 100 / percent, head) for percent in tried}
    best = max(tried, key=lambda percent: (min(found[percent][0], _FILLED), percent))
    return best, found[best][1]


def _pages(heights: Sequence[float], room: float, head: float) -> tuple[float, list[int]]:
    """How full the last page is, 0 to 1, when every page but the first begins with a header of height `head`; 1 where
    there is but one page. And the last rows of the pages before."""
    used, ends = 0.0, list[int]()
    for row, height in enumerate(heights):
        if used + height > room:
            used, ends = head, [*ends, row]
        used += height
    return (used - head) / (room - head) if ends else 1.0, ends
