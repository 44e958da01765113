"""The model: what it was trained on, its numbers, how well it does, what it must not be used for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from credit_udfs.workbook.canvas import Canvas, Column
from credit_udfs.workbook.pages.view import View
from credit_udfs.workbook.style import CELL, CELL_WRAP, LABEL, PROSE, number


def draw(canvas: Canvas, view: View) -> None:
    model = view.assessment.model
    canvas.widths({1: 26 if view.lang == "zh" else 36, 2: 20, **dict.fromkeys(range(3, 10), 14.0)})
    row = canvas.heading(
        view.t("card_title"),
        view.t("card_finding", name=model.name, firms=model.data.get("firms", ""),
               defaults=model.data.get("defaults", ""), indicators=len(model.indicators)),
        9,
    )  # fmt: skip
    row = canvas.section(row, 1, 9, view.t("card_facts"))
    facts = {
        "name": model.name, "form": model.form, "trained": model.trained, "hash": model.hash,
        **{f"data.{k}": v for k, v in model.data.items()}, **{f"settings.{k}": v for k, v in model.settings.items()},
    }  # fmt: skip
    for key, value in facts.items():
        if value in ({}, "", None):
            continue
        canvas.put(row, 1, view.t("card_" + key) if key in ("name", "form", "trained", "hash") else key, LABEL)
        canvas.merge(row, 2, row, 9, said(value), CELL_WRAP)
        row += 1
    row = _numbers(canvas, view, row + 1)
    if model.validation:
        row = canvas.section(row, 1, 9, view.t("card_validation"))
        for key, value in model.validation.items():
            canvas.put(row, 1, key, LABEL)
            canvas.merge(row, 2, row, 9, value if isinstance(value, int | float) else said(value),
                         CELL_WRAP.on(across="left"))  # fmt: skip
            row += 1
        row += 1
    row = canvas.section(row, 1, 9, view.t("card_limits"))
    for line in view.t("card_limits_text").strip().split("\n"):
        canvas.prose(row, 1, 9, "•  " + line, PROSE)
        row += 1
    canvas.page(view.t("footer"), tall=False)


def said(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{k}: {said(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(said(v) for v in value)
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


def _numbers(canvas: Canvas, view: View, row: int) -> int:
    numbers = view.assessment.model.numbers
    specs = numbers.get("indicators", [])
    default, grade = numbers.get("default", {}), numbers.get("grade", {})
    if not (isinstance(default, Mapping) and len(default.get("coef", ())) == len(specs)):
        return row
    row = canvas.section(row, 1, 9, view.t("card_numbers"))
    columns = [
        Column(view.t("card_indicator"), CELL), Column(view.t("card_transform"), CELL),
        *(Column(view.t(f"card_{k}"), number("0.0000")) for k in ("median", "low", "high", "mean", "sd")),
        Column(view.t("card_coef_default"), number("+0.0000;-0.0000")),
        Column(view.t("card_coef_grade"), number("+0.0000;-0.0000")),
    ]  # fmt: skip
    rows = []
    for i, spec in enumerate(specs):
        _, divisor = view.indicator_format(spec["key"])
        transform = spec["transform"]
        named = transform["name"] + (f"({transform['shift']:g} + x)" if transform.get("shift") else "")
        rows.append(
            [view.indicator_header(spec["key"]), named,
             *(spec[k] / divisor for k in ("median", "low", "high")), spec["mean"], spec["sd"],
             default["coef"][i], grade.get("coef", [None] * len(specs))[i]]
        )  # fmt: skip
    block = canvas.table(row, 1, columns, rows, fit=False)
    row = block.last + 1
    canvas.put(row, 1, view.t("card_intercept"), CELL)
    canvas.put(row, 8, default.get("intercept"), number("+0.0000;-0.0000"))
    canvas.put(row + 1, 1, view.t("card_cuts"), CELL)
    canvas.merge(row + 1, 2, row + 1, 9, said(grade.get("cuts", "")), CELL)
    canvas.prose(row + 2, 1, 9, view.t("card_numbers_note"))
    return row + 4
