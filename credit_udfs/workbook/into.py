"""Our pages inside a copy of a user's workbook: every other sheet is kept, and what can't be kept is said."""

from __future__ import annotations

import os
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

from openpyxl import Workbook, load_workbook

from credit_udfs.core.assess import Assessment
from credit_udfs.errors import BadInput
from credit_udfs.locale import Lang, text
from credit_udfs.workbook.canvas import Book
from credit_udfs.workbook.files import keep_existing
from credit_udfs.workbook.guard import check_workbook
from credit_udfs.workbook.losses import drawn as drawn_in
from credit_udfs.workbook.losses import losses, parts_of
from credit_udfs.workbook.names import PAGE_PREFIX
from credit_udfs.workbook.package import save, stamp
from credit_udfs.workbook.pages import Extras, View
from credit_udfs.workbook.write import draw_pages


@dataclass(frozen=True)
class Kept:
    """The file written, and what of the user's workbook is not or only roughly in it (a text each)."""

    path: Path
    losses: tuple[str, ...]
    replaced: tuple[str, ...]


def write_into(
    assessment: Assessment,
    workbook: str | os.PathLike[str],
    path: str | os.PathLike[str],
    lang: Lang = "zh",
    *,
    force: bool = False,
    source_date_epoch: int | None = None,
    extras: Extras | None = None,
) -> Kept:
    """Write a copy of `workbook` with our pages after the user's sheets; the original is never touched.

    Pages of an earlier run are replaced, wherever they were moved and whatever they were called; a page whose
    title a user's sheet has gets a number. Other sheets keep values, formulas and formats; `losses` says what
    openpyxl can't keep of them. Formulas of the user's get their values back when a program opens the file.
    A path that ends in .xlsm keeps the macros.
    Raises BadInput when `path` is the original, or exists without `force`; BadFile for what is no honest workbook.
    """
    source, target = Path(workbook), Path(path)
    if target.exists() and source.exists() and target.samefile(source):
        raise BadInput("pages.into_itself", path=str(target))
    keep_existing(target, force)
    check_workbook(source)
    parts = parts_of(source)
    macros = target.suffix.lower() == ".xlsm"
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            book = load_workbook(source, keep_vba=macros, rich_text=True)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as cause:
        raise BadInput("pages.not_a_workbook", path=source.name) from cause
    loaded = drawn_in(book)
    replaced = remove_pages(book)
    lost = losses(parts, loaded, drawn_in(book), (str(one.message) for one in told), lang, macros=macros)
    if book.worksheets:
        lost += (text("into.values", lang),)
    at = stamp(source_date_epoch)
    drawn = Book(book, lang)
    ours = draw_pages(drawn, View(assessment, lang, extras or Extras(), at))
    theirs = len(book.worksheets) - len(ours)
    # Values of the user's formulas are gone, so whoever opens the file computes it.
    save(book, target, at=at, values=drawn.values, ours=ours, bulk=drawn.bulk, force=force, recalculate=theirs > 0)
    return Kept(target, lost, replaced)


def remove_pages(book: Workbook) -> tuple[str, ...]:
    """Take out the pages of an earlier run and their names; the titles of what went."""
    gone = []
    for name in [n for n in book.defined_names if n.startswith(PAGE_PREFIX)]:
        for title, _ in book.defined_names[name].destinations:
            if title in book.sheetnames:
                gone.append(title)
                del book[title]
        del book.defined_names[name]
    for name in list(book.defined_names):
        if name.startswith("cu_") and any(title in gone for title, _ in book.defined_names[name].destinations):
            del book.defined_names[name]
    return tuple(gone)
