"""The ribbon's verbs: each reads the open workbook, computes, and returns a plan of writes.

A command never writes. The host applies the plan, one write per range, after asking about `asks`; it keeps the
last plan, and `undo` makes the plan that takes it back exactly.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from credit_udfs import api
from credit_udfs.commands.choices import Chosen
from credit_udfs.commands.desk import Desk
from credit_udfs.commands.plan import (
    VERBS,
    Area,
    BookReader,
    CellReader,
    Content,
    Formula,
    Grid,
    Verb,
    Write,
    WritePlan,
    as_grid,
    same_contents,
)
from credit_udfs.commands.verbs import RUN
from credit_udfs.errors import BadInput, NotAvailable
from credit_udfs.locale import LANGS, Lang, text
from credit_udfs.types import Progress

__all__ = [
    "VERBS",
    "Area",
    "BookReader",
    "CellReader",
    "Chosen",
    "Content",
    "Formula",
    "Grid",
    "Verb",
    "Write",
    "WritePlan",
    "run",
    "undo",
]


def run(
    verb: str,
    book: BookReader,
    lang: Lang,
    *,
    today: dt.date | None = None,
    last: WritePlan | None = None,
    progress: Progress | None = None,
) -> WritePlan:
    """The plan of a verb for an open workbook.

    lang: the user's; a workbook with the setting cu_language has its own. last: the plan applied last, for "undo".
    Raises CreditError, to be told as it is: BadFile with everything wrong with the tables, NotAvailable for nothing
    to undo, BadInput for a verb or a setting that isn't one.
    """
    if verb not in VERBS:
        raise BadInput("commands.unknown_verb", verb=verb, known=", ".join(VERBS))
    if verb == "undo":
        return undo(last, book)
    chosen = Chosen.of(book, lang)
    if verb not in ("settings", "help"):
        chosen.check()
    return RUN[verb](Desk(book, chosen, today or api.now().date(), progress))


def undo(last: WritePlan | None, book: BookReader) -> WritePlan:
    """The plan that takes `last` back. asks: places that have been changed since."""
    if last is None or not (last.writes or last.creates):
        raise NotAvailable("commands.nothing_to_undo")
    present = set(book.sheets())
    writes = tuple(
        replace(write, values=write.previous, previous=as_grid(book.contents(write.area)))
        for write in reversed(last.writes)
        if write.sheet not in last.creates and write.sheet in present
    )
    changed = tuple(
        str(write.area)
        for write in last.writes
        if write.sheet in present and not same_contents(book.contents(write.area), write.values)
    )
    zh, en = (text("commands.undone", lang, verb=text(f"commands.verb_{last.verb}", lang)) for lang in LANGS)
    removes = tuple(sheet for sheet in last.creates if sheet in present)
    return WritePlan("undo", writes, zh, en, removes=removes, asks=changed)
