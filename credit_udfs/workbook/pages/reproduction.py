"""The papers' printed figures beside ours, with a verdict and, where they differ, why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from credit_udfs.locale import Lang
from credit_udfs.workbook.canvas import Canvas, Column
from credit_udfs.workbook.names import RESULT_TABLES
from credit_udfs.workbook.pages.view import View
from credit_udfs.workbook.style import CELL_WRAP, CENTRE, SAND, lines, number

VERDICTS = {"reproduces": "reproduces", "with the paper's mistake": "mistake", "does not": "not"}


class Figure(Protocol):
    """What the page needs of methods.figures.Figure, which is above this layer's reach."""

    @property
    def paper(self) -> str: ...
    @property
    def place(self) -> str: ...
    @property
    def printed(self) -> str: ...
    @property
    def ours(self) -> float | None: ...
    @property
    def as_paper(self) -> float | None: ...
    @property
    def verdict(self) -> str: ...
    def what(self, lang: Lang) -> str: ...
    def because(self, lang: Lang) -> str: ...


def draw(canvas: Canvas, view: View) -> None:
    figures: Sequence[Figure] = view.extras.reproduction
    counts = Counter(f.verdict for f in figures)
    columns = [
        Column(view.t("reproduction_paper"), CENTRE, 8), Column(view.t("reproduction_place"), CELL_WRAP, 22),
        Column(view.t("reproduction_what"), CELL_WRAP, 44), Column(view.t("reproduction_printed"), CENTRE, 18),
        Column(view.t("reproduction_ours"), number("#,##0.#####", CELL_WRAP), 18),
        Column(view.t("reproduction_as_paper"), number("#,##0.#####", CELL_WRAP), 18),
        Column(view.t("reproduction_verdict"), CENTRE.on(wrap=True), 16),
        Column(view.t("reproduction_because"), CELL_WRAP, 56),
    ]  # fmt: skip
    canvas.widths({i: c.width or 10 for i, c in enumerate(columns, 1)})
    row = canvas.heading(
        view.t("reproduction_title"),
        view.t("reproduction_finding", count=len(figures), good=counts["reproduces"],
               mistake=counts["with the paper's mistake"], bad=counts["does not"]),
        len(columns),
    )  # fmt: skip
    rows = [
        (f.paper, f.place, f.what(view.lang), f.printed, f.ours, f.as_paper,
         view.t(f"verdict_{VERDICTS[f.verdict]}"), f.because(view.lang))
        for f in figures
    ]  # fmt: skip
    block = canvas.table(row, 1, columns, rows, RESULT_TABLES["reproduction"], fit=False)
    for i, values in enumerate(rows):
        tall = max(lines(str(values[c]), columns[c].width or 10) for c in (1, 2, 7))
        canvas.height(block.first + i, max(18.0, 14.0 * tall + 4))
    verdicts = f"G{block.first}:G{block.last}"
    canvas.shade_if(verdicts, f'G{block.first}<>"{view.t("verdict_reproduces")}"', SAND)
    canvas.freeze(block.first)
    canvas.page(view.t("footer"), repeat=(block.header, block.header))
