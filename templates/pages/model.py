"""What is known of the model: its validation, its card."""

from __future__ import annotations

from typing import Any

from credit_udfs import models
from credit_udfs.core.assess import Settings, assess
from credit_udfs.workbook.canvas import Canvas, Column
from credit_udfs.workbook.pages import View, model_card
from credit_udfs.workbook.style import CELL, PROSE, number
from templates.pages.builder import BUILT, Builder
from templates.sample import sample


def draw_validation(b: Builder, canvas: Canvas) -> None:
    canvas.widths({1: 40, 2: 16, 3: 16, 4: 16})
    row = canvas.heading(b.t("validation_title"), b.t("validation_lead"), 4)
    rows = intervals(models.load().validation)
    if not rows:
        canvas.prose(row, 1, 4, b.t("no_validation"), PROSE)
    else:
        columns = [
            Column(b.t("metric"), CELL, 40),
            *(Column(b.t(k), number("0.000"), 16) for k in ("value", "low", "high")),
        ]
        canvas.table(row, 1, columns, rows, fit=False)
    canvas.page(b.t("title"), landscape=False, tall=False)


def intervals(value: Any, path: str = "") -> list[list[Any]]:
    """The numbers of a model's validation, one a row, with their intervals where they have one."""
    if isinstance(value, dict):
        if {"value", "low", "high"} <= set(value):
            return [[path, value["value"], value["low"], value["high"]]]
        return [row for k, v in value.items() for row in intervals(v, f"{path} / {k}" if path else str(k))]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [[path, value, None, None]]
    return []


def draw_card(b: Builder, canvas: Canvas) -> None:
    assessment = assess(b.data or sample(b.lang), Settings(), models.load())
    model_card.draw(canvas, View(assessment, b.lang, at=BUILT))
