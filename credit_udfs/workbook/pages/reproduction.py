"""The papers' printed figures beside ours, with definition and verdict, and, where they differ, why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from credit_udfs.locale import Lang
from credit_udfs.workbook.addresses import address
from credit_udfs.workbook.canvas import Canvas, Column
from credit_udfs.workbook.charts import Axis, Line, chart
from credit_udfs.workbook.names import RESULT_TABLES
from credit_udfs.workbook.pages.report import AnyView, Words, fit_height
from credit_udfs.workbook.style import CELL_WRAP, CENTRE, INTEGER, MIST, NAVY, ORANGE, SAND, number

VERDICTS: Final = {"reproduces": "reproduces", "with the paper's mistake": "mistake", "does not": "not"}
_COLOURS: Final = (NAVY, MIST, ORANGE)
_CHART_ROWS: Final = 14


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
    def number_format(self) -> str: ...
    @property
    def verdict(self) -> str: ...
    def what(self, lang: Lang) -> str: ...
    def definition(self, lang: Lang) -> str: ...
    def because(self, lang: Lang) -> str: ...


def draw(canvas: Canvas, view: AnyView) -> None:
    figures: Sequence[Figure] = view.extras.reproduction
    t = Words(view.lang)
    counts = Counter(f.verdict for f in figures)
    columns = [
        Column(t("paper"), CENTRE, 8), Column(t("place"), CELL_WRAP, 13), Column(t("what"), CELL_WRAP, 34),
        Column(t("definition"), CELL_WRAP, 46), Column(t("printed"), CENTRE.on(across="right"), 17),
        Column(t("reproduction_ours"), number("General"), 18), Column(t("as_paper"), number("General"), 18),
        Column(t("verdict"), CENTRE.on(wrap=True), 20 if t.lang == "zh" else 16), Column(t("because"), CELL_WRAP, 56),
    ]  # fmt: skip
    canvas.widths({i: c.width or 10 for i, c in enumerate(columns, 1)})
    row = canvas.heading(
        t("reproduction_title"),
        t("reproduction_finding", count=len(figures), good=counts["reproduces"],
          mistake=counts["with the paper's mistake"], bad=counts["does not"]),
        len(columns), note=t("reproduction_note"),
    )  # fmt: skip
    row = _by_paper(canvas, t, figures, row)
    rows = [
        (f.paper, f.place, f.what(t.lang), f.definition(t.lang), f.printed, f.ours, f.as_paper,
         t(f"verdict_{VERDICTS[f.verdict]}"), f.because(t.lang))
        for f in figures
    ]  # fmt: skip
    block = canvas.table(row, 1, columns, rows, RESULT_TABLES["reproduction"], fit=False)
    for i, (f, values) in enumerate(zip(figures, rows, strict=True), block.first):
        for column in (6, 7):
            canvas.put(i, column, values[column - 1], number(f.number_format))
        fit_height(canvas, i, {column + 1: str(values[column]) for column in (1, 2, 3, 7, 8)})
    canvas.shade_if(f"H{block.first}:H{block.last}", f'H{block.first}<>"{t("verdict_reproduces")}"', SAND)
    canvas.page(t.footer, repeat=(block.header, block.header))


def _best_and_worst(t: Words, papers: Sequence[str], counts: Mapping[tuple[str, str], int]) -> str:
    """Of which paper the largest and the smallest share of figures reproduces."""
    whole = {paper: sum(counts[paper, verdict] for verdict in VERDICTS) for paper in papers}
    good = {paper: counts[paper, "reproduces"] for paper in papers}
    order = sorted(papers, key=lambda paper: good[paper] / whole[paper])
    best, worst = order[-1], order[0]
    return t("by_paper_chart", best=best, good=good[best], all_best=whole[best], worst=worst, bad=good[worst],
             all_worst=whole[worst])  # fmt: skip


def _by_paper(canvas: Canvas, t: Words, figures: Sequence[Figure], row: int) -> int:
    """Verdicts counted by paper, as a table and as bars."""
    papers = sorted({f.paper for f in figures})
    counts = Counter((f.paper, f.verdict) for f in figures)
    row = canvas.section(row, 1, 9, t("by_paper"))
    block = canvas.table(
        row, 5, [Column(t("paper"), CENTRE),
                 *(Column(t(f"verdict_{key}"), number(INTEGER), 15 if i == 2 else None)
                   for i, key in enumerate(VERDICTS.values()))],
        [[paper, *(counts[paper, verdict] for verdict in VERDICTS)] for paper in papers], fit=False,
    )  # fmt: skip
    chart(
        canvas.sheet, address(row, 1), "stacked_bar", _best_and_worst(t, papers, counts),
        [Line(t(f"verdict_{key}"), block.ref(i + 1), colour)
         for i, (key, colour) in enumerate(zip(VERDICTS.values(), _COLOURS, strict=True))],
        lang=t.lang, categories=block.ref(0), size=(17.5, 6.6), legend="b", reverse=True,
        y=Axis(t("figures"), "0", 0),
    )  # fmt: skip
    return max(block.last + 2, row + _CHART_ROWS)
