"""An assessment as a workbook: the pages of `pages`, written whole or not at all."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Collection, Sequence
from pathlib import Path

from openpyxl import Workbook

from credit_udfs.core.assess import Assessment
from credit_udfs.core.validation import Report
from credit_udfs.locale import Lang, text
from credit_udfs.workbook.canvas import Book, Canvas
from credit_udfs.workbook.names import PAGE_PREFIX
from credit_udfs.workbook.package import save, stamp
from credit_udfs.workbook.pages import PAGES, Extras, View
from credit_udfs.workbook.pages import reproduction as pages_reproduction
from credit_udfs.workbook.pages import validation as pages_validation
from credit_udfs.workbook.pages.report import ReportView
from credit_udfs.workbook.pages.reproduction import Figure


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
    book = _book(lang)
    ours = draw_pages(book, view)
    return _save(book, path, view.t("summary_title"), at, ours, force)


def write_report(
    path: str | os.PathLike[str],
    lang: Lang = "zh",
    *,
    validation: Report | None = None,
    reproduction: Sequence[Figure] = (),
    force: bool = False,
    source_date_epoch: int | None = None,
) -> Path:
    """Write reports on their own as a workbook, each on its page; the other arguments and errors are `write`'s."""
    at = stamp(source_date_epoch)
    view = ReportView(lang, Extras(validation=validation, reproduction=reproduction))
    book = _book(lang)
    pages = {"validation": pages_validation.draw, "reproduction": pages_reproduction.draw}
    shown = [key for key in pages if getattr(view.extras, key)]
    for key in shown:
        sheet = book.workbook.create_sheet(text(f"pages.sheet_{key}", lang))
        book.name(PAGE_PREFIX + key, sheet.title, "$A$1")
        pages[key](Canvas(book, sheet), view)
    title = text("reports.title" if validation else "reports.reproduction_title", lang)
    return _save(book, path, title, at, book.workbook.sheetnames, force)


def _book(lang: Lang) -> Book:
    workbook = Workbook()
    workbook.remove(workbook.active)
    return Book(workbook, lang)


def _save(
    book: Book, path: str | os.PathLike[str], title: str, at: dt.datetime, ours: Collection[str], force: bool
) -> Path:
    book.workbook.active = 0
    properties = book.workbook.properties
    properties.creator, properties.title, properties.created = "credit_udfs", title, at
    properties.language = "zh-CN" if book.lang == "zh" else "en"
    return save(book.workbook, path, at=at, values=book.values, ours=ours, bulk=book.bulk, force=force)


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
