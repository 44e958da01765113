"""An assessment as a workbook: the pages of `pages`, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from openpyxl import Workbook

from credit_udfs.core.assess import Assessment
from credit_udfs.locale import Lang
from credit_udfs.workbook.canvas import Book, Canvas
from credit_udfs.workbook.names import PAGE_PREFIX
from credit_udfs.workbook.package import save, stamp
from credit_udfs.workbook.pages import PAGES, Extras, View


def write(
    assessment: Assessment,
    path: str | os.PathLike[str],
    lang: Lang = "zh",
    *,
    force: bool = False,
    source_date_epoch: int | None = None,
    extras: Extras | None = None,
) -> Path:
    """Write the result workbook and return its path.

    lang: of sheet names, headers and texts; no number depends on it. force: replace an existing file.
    source_date_epoch: seconds since 1970 that stand in for the time of writing (default: the environment's
    SOURCE_DATE_EPOCH, else now); with it the same assessment gives the same bytes.
    extras: results that add pages, see `pages.Extras`. The file is written beside its final place and renamed.
    Raises BadInput when `path` exists and `force` is false, or its folder does not exist.
    """
    at = stamp(source_date_epoch)
    view = View(assessment, lang, extras or Extras(), at)
    workbook = Workbook()
    workbook.remove(workbook.active)
    book = Book(workbook, lang)
    ours = draw_pages(book, view)
    workbook.active = 0
    properties = workbook.properties
    properties.creator, properties.title, properties.created = "credit_udfs", view.t("summary_title"), at
    properties.language = "zh-CN" if lang == "zh" else "en"
    return save(workbook, path, at=at, values=book.values, ours=ours, bulk=book.bulk, force=force)


def draw_pages(book: Book, view: View) -> list[str]:
    """Append every page that the view has something for; their sheets' titles."""
    workbook = book.workbook
    shown = [page for page in PAGES if page.shown(view)]
    # All sheets first: pages refer to one another.
    sheets = {page.key: workbook.create_sheet(_free(page.title(view), workbook)) for page in shown}
    for page in sorted(shown, key=lambda page: page.last):
        sheet = sheets[page.key]
        sheet.sheet_properties.tabColor = page.colour
        book.name(PAGE_PREFIX + page.key, sheet.title, "$A$1")
        page.draw(Canvas(book, sheet), view)
    return [sheet.title for sheet in sheets.values()]


def _free(title: str, workbook: Workbook) -> str:
    """A title that no sheet has, without regard to case, as spreadsheet programs see it."""
    taken = {name.casefold() for name in workbook.sheetnames}
    found, count = title, 1
    while found.casefold() in taken:
        count += 1
        found = f"{title} {count}"
    return found
