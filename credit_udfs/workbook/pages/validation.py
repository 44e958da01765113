"""How well the methods do on firms they have not seen."""

from __future__ import annotations

from typing import Any

from credit_udfs.core.validation import MethodQuality, Report
from credit_udfs.workbook.canvas import Canvas, Column, address
from credit_udfs.workbook.charts import Axis, Line, chart
from credit_udfs.workbook.names import RESULT_TABLES
from credit_udfs.workbook.pages.view import View
from credit_udfs.workbook.style import BLUE, CELL, GREY, INTEGER, NAVY, ORANGE, PERCENT_SHORT, number

SPAN = 11
_THREE = "0.000"


def draw(canvas: Canvas, view: View) -> None:
    report: Report = view.extras.validation
    canvas.widths({1: 34 if view.lang == "zh" else 46, **dict.fromkeys(range(2, SPAN + 1), 12.0)})
    shown = _shown(report)
    row = canvas.heading(
        view.t("validation_title"), finding(view, shown), SPAN,
        note=view.t("validation_note", firms=report.firms, defaults=report.defaults, folds=report.folds,
                    seed=report.seed, quick=view.t("validation_quick") if report.quick else ""),
    )  # fmt: skip
    row = canvas.section(row, 1, SPAN, view.t("validation_methods"))
    columns = [
        Column(view.t("validation_method"), CELL), Column(view.t("validation_indicators"), number(INTEGER)),
        *(Column(view.t(f"validation_{k}"), number(_THREE))
          for k in ("auc", "low", "high", "brier", "slope", "training", "d")),
        Column(view.t("validation_accuracy"), number(PERCENT_SHORT)),
        Column(view.t("validation_kappa"), number(_THREE)),
    ]  # fmt: skip
    block = canvas.table(
        row, 1, columns, [_line(view, q) for q in report.methods], RESULT_TABLES["validation"], fit=False
    )
    canvas.shade_if(
        f"A{block.first}:{address(block.last, SPAN)}", f'$A{block.first}="{_name(view, shown)}"', "EAF1F8", bold=True
    )
    end = block.last
    if shown.default is not None:
        end = _curves(canvas, view, shown, block.last + 2)
    # The figures behind the curves are there to be read on the screen, not on paper.
    canvas.page(view.t("footer"), tall=False, area=f"A1:{address(end, SPAN)}")


def _shown(report: Report) -> MethodQuality:
    """The default method's quality, else that of the first."""
    return next((q for q in report.methods if q.name == "linear"), report.methods[0])


def _name(view: View, quality: MethodQuality) -> str:
    return quality.zh if view.lang == "zh" else quality.en


def finding(view: View, shown: MethodQuality) -> str:
    nan = float("nan")
    default, grade = shown.default, shown.grade
    return view.t(
        "validation_finding", name=_name(view, shown),
        auc=default.auc.value if default else nan, low=default.auc.low if default else nan,
        high=default.auc.high if default else nan, brier=default.brier.value if default else nan,
        accuracy=grade.accuracy.value if grade else nan,
    )  # fmt: skip


def _line(view: View, q: MethodQuality) -> list[Any]:
    default: list[Any] = [None] * 6
    if q.default is not None:
        d = q.default
        default = [d.auc.value, d.auc.low, d.auc.high, d.brier.value, d.slope.value, d.training_auc]
    grade = [None, None] if q.grade is None else [q.grade.accuracy.value, q.grade.kappa.value]
    return [_name(view, q), q.indicators, *default, None if q.d is None else q.d.auc.value, *grade]


def _curves(canvas: Canvas, view: View, shown: MethodQuality, row: int) -> int:
    """The ROC curve and the calibration of the shown method, with the figures behind them."""
    quality = shown.default
    assert quality is not None
    top = canvas.section(row, 1, SPAN, view.t("validation_reliability")) + 20
    bins = [(b.predicted, b.observed, b.count) for b in quality.reliability]
    columns = [
        Column(view.t("validation_predicted"), number(PERCENT_SHORT)),
        Column(view.t("validation_observed"), number(PERCENT_SHORT)),
        Column(view.t("validation_firms"), number(INTEGER)),
    ]
    calibration = canvas.table(top, 1, columns, bins, fit=False)
    roc = canvas.table(
        top, 6,
        [Column(view.t("validation_fpr"), number(PERCENT_SHORT)),
         Column(view.t("validation_tpr"), number(PERCENT_SHORT)),
         Column(view.t("validation_chance"), number(PERCENT_SHORT))],
        [(x, y, x) for x, y in quality.roc], fit=False,
    )  # fmt: skip
    chart(
        canvas.sheet, address(row + 1, 1), "scatter_line",
        view.t("validation_chart", name=_name(view, shown), auc=quality.auc.value),
        [Line(view.t("validation_roc"), roc.ref(1), NAVY, x=roc.ref(0)),
         Line(view.t("validation_chance"), roc.ref(2), GREY, x=roc.ref(0), dash="dash", width=1.25)],
        lang=view.lang, size=(13.0, 10.0), legend="b",
        x=Axis(view.t("validation_fpr"), "0%", 0, 1, 0.2), y=Axis(view.t("validation_tpr"), "0%", 0, 1, 0.2),
    )  # fmt: skip
    chart(
        canvas.sheet, address(row + 1, 6), "scatter_line",
        view.t("validation_reliability_chart", slope=quality.slope.value),
        [Line(view.t("validation_observed"), calibration.ref(1), ORANGE, x=calibration.ref(0), marker="circle"),
         Line(view.t("validation_ideal"), roc.ref(2), BLUE, x=roc.ref(0), dash="dash", width=1.25)],
        lang=view.lang, size=(13.0, 10.0), legend="b",
        x=Axis(view.t("validation_predicted"), "0%", 0, 1, 0.2), y=Axis(view.t("validation_observed"), "0%", 0, 1, 0.2),
    )  # fmt: skip
    return top - 1
