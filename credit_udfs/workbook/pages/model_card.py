"""The model: what it was trained on, its numbers, how well it does, what it must not be used for (core.card)."""

from __future__ import annotations

from typing import Any

from credit_udfs.core import card
from credit_udfs.workbook.canvas import Canvas, Column
from credit_udfs.workbook.pages.view import View
from credit_udfs.workbook.style import CELL, CELL_WRAP, PROSE, Look, number

LAST = 9  # columns of the widest table, the definitions, whose last one is a formula in words


def draw(canvas: Canvas, view: View) -> None:
    model = view.assessment.model
    canvas.widths({1: 26 if view.lang == "zh" else 30, 2: 24, **dict.fromkeys(range(3, LAST), 16.5), LAST: 40})
    finding = view.t(
        "card_finding", name=model.name, firms=model.data.get("firms", ""), defaults=model.data.get("defaults", ""),
        indicators=len(model.indicators),
    )  # fmt: skip
    row = canvas.heading(view.t("card_title"), finding, LAST)
    canvas.prose(row, 1, LAST, card.intro(model, view.lang))
    row += 2
    breaks = []
    for section in card.sections(model, view.lang):
        if section.key == "validation":
            breaks.append(row - 1)
        row = draw_section(canvas, row, section)
    canvas.page(view.t("footer"), scale=64, breaks=breaks)


def draw_section(canvas: Canvas, row: int, section: card.Section) -> int:
    row = canvas.section(row, 1, LAST, section.title)
    for line in section.prose:
        canvas.prose(row, 1, LAST, line, PROSE)
        row += 1
    if len(section.header) == 2:  # names and values: a hash or a list needs the whole width
        for name, value in section.rows:
            canvas.put(row, 1, _value(name), CELL_WRAP)
            canvas.merge(row, 2, row, LAST, _value(value), CELL_WRAP.on(across="left"))
            row += 1
    elif section.header:
        looks = [_look(section, i) for i in range(len(section.header))]
        columns = [Column(head, look) for head, look in zip(section.header, looks, strict=True)]
        block = canvas.table(row, 1, columns, [], fit=False)
        for row, values in enumerate(section.rows, block.first):
            for i, value in enumerate(values):
                look = number(_format(value)) if isinstance(value, card.Figure) else looks[i]
                canvas.put(row, 1 + i, _value(value), look)
        row += 2 if section.items else 1
    for line in section.items:
        canvas.prose(row, 1, LAST, "•  " + line, PROSE)
        row += 1
    return row + 1


def _value(cell: card.Cell) -> Any:
    if isinstance(cell, card.Range):
        return str(cell)
    return cell.value if isinstance(cell, card.Figure) else cell


def _look(section: card.Section, column: int) -> Look:
    if column == 0:
        return CELL_WRAP
    ranges = any(isinstance(row[column], card.Range) for row in section.rows)
    return CELL.on(across="right") if ranges else CELL_WRAP.on(across="left", indent=1)


def _format(figure: card.Figure) -> str:
    plain = "#,##0" + ("." + "0" * figure.decimals if figure.decimals else "")
    return f"+{plain};-{plain}" if figure.signed else plain
