"""How well the methods do on firms they have not seen: ours against the papers', all figures, curves, confusion."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from credit_udfs.core.metrics import Interval
from credit_udfs.core.quality import MethodQuality
from credit_udfs.core.validation import Comparison, PaperComparison, Report
from credit_udfs.types import GRADES, Target
from credit_udfs.workbook.addresses import address
from credit_udfs.workbook.canvas import Canvas, Column
from credit_udfs.workbook.charts import Axis, Line, chart
from credit_udfs.workbook.names import RESULT_TABLES
from credit_udfs.workbook.pages import validation_checks as checks
from credit_udfs.workbook.pages.report import AnyView, Words, fit_height
from credit_udfs.workbook.pages.view import View
from credit_udfs.workbook.style import (
    CELL_WRAP,
    CENTRE,
    GRADE_COLOURS,
    INTEGER,
    MUTED,
    NAVY,
    ORANGE,
    PALE,
    PERCENT_SHORT,
    PROSE,
    SAND,
    SKY,
    number,
)  # fmt: skip

SPAN: Final = 14
_LABELS: Final = {"zh": 48.0, "en": 54.0}
_SOURCES: Final = 46.0
_FIGURES: Final = 9.5
_THREE, _SIGNED, _P = "0.000", "+0.000;-0.000;0.000", "0.0000"
# Secondary measures of the comparison: target, name, whether more is better (1) or less (-1).
_SECONDARY: Final[tuple[tuple[Target, str, int], ...]] = (
    ("default", "auc", 1), ("default", "brier", -1), ("default", "log_loss", -1), ("D", "auc", 1), ("D", "brier", -1),
    ("grade", "ranked", -1), ("grade", "kappa", 1), ("grade", "absolute_error", -1),
)  # fmt: skip


def draw(canvas: Canvas, view: AnyView) -> None:
    report: Report = view.extras.validation
    t = Words(view.lang)
    canvas.widths({1: _LABELS[view.lang], 2: _SOURCES, **dict.fromkeys(range(3, SPAN + 1), _FIGURES)})
    shown = default_of(report)
    row = canvas.heading(
        t("title"), finding(t, report, shown), SPAN,
        note=t("note", firms=report.firms, defaults=report.defaults, folds=report.folds, seed=report.seed,
               repeats=shown.repeats, draws=report.draws, quick=t("quick") if report.quick else "",
               files=_files(t, report, view)),
    )  # fmt: skip
    breaks = []  # the last rows of pages
    if report.papers:
        row = _papers(canvas, t, report, row)
        breaks.append(row - 1)
        row = _secondary(canvas, t, report, row)
    row = _defaults(canvas, t, report, shown, row)
    breaks.append(row - 1)
    row = _grades(canvas, t, report, shown, row)
    # The figures behind the charts stand to the right: to be read on the screen, not on paper.
    if shown.default is not None:
        row = _curves(canvas, t, shown, row)
    breaks.append(row - 1)
    if shown.grade is not None:
        row = _confusion(canvas, t, shown, row)
    row = checks.draw(canvas, t, report, shown, row, SPAN)
    breaks.append(row - 1)
    row = checks.draw_shift(canvas, t, report, row, SPAN)
    canvas.page(t.footer, area=f"A1:{address(row, SPAN)}", breaks=breaks, scale=56 if view.lang == "en" else 60)


def default_of(report: Report) -> MethodQuality:
    """The default method's quality, else that of the first."""
    return next((q for q in report.methods if q.name == report.ours), report.methods[0])


def finding(t: Words, report: Report, shown: MethodQuality) -> str:
    said = []
    if shown.default is not None and shown.grade is not None:
        auc, brier, grade = shown.default.auc, shown.default.brier, shown.grade
        said.append(
            t("finding", name=t.pick(shown), auc=auc.value, low=auc.low, high=auc.high, brier=brier.value,
              accuracy=grade.accuracy.value, near=_near(grade.confusion))
        )  # fmt: skip
    if report.papers:
        counts = Counter(c.verdict for c in report.papers)
        key = "finding_papers_all" if counts["ahead"] == len(report.papers) else "finding_papers"
        said.append(t(key, count=len(report.papers), **{v: counts[v] for v in ("ahead", "level", "behind")}))
    return " ".join(said) if t.lang == "en" else "".join(said)


def _near(confusion: tuple[tuple[float, ...], ...]) -> float:
    """Share of firms whose predicted grade is at most one off."""
    total = sum(map(sum, confusion))
    return sum(n for i, row in enumerate(confusion) for j, n in enumerate(row) if abs(i - j) <= 1) / total


def _files(t: Words, report: Report, view: AnyView) -> str:
    """What the report was made from, and whether a result beside it was."""
    said = t("files", files=t.row([f"{file} ({digest[:8]})" for file, digest in report.data.items()]))
    if isinstance(view, View):
        ours = {source.sha256 for source in view.assessment.tables.sources}
        other = [file for file, digest in report.data.items() if digest not in ours]
        said += t("files_other", files=t.row(other)) if other else t("files_same")
    return said


def _text_column(t: Words, key: str) -> Column:
    return Column(t(key), CELL_WRAP)


# --- against the papers ------------------------------------------------------------------------------------------


def _papers(canvas: Canvas, t: Words, report: Report, row: int) -> int:
    row = canvas.section(row, 1, SPAN, t("papers"))
    canvas.prose(row, 1, SPAN, t("papers_note", ours=t.pick(default_of(report)), count=len(report.papers)), PROSE)
    row += 1
    if report.power is not None:
        p = report.power
        canvas.prose(row, 1, SPAN, t("power", firms=report.firms, power=p.power, level=p.level, smallest=p.smallest,
                                     median=p.median, largest=p.largest), PROSE)  # fmt: skip
        row += 1
    columns = [
        _text_column(t, "method"), _text_column(t, "own_indicators"), Column(t("measure"), CENTRE.on(wrap=True)),
        *(Column(t(key), number(look)) for key, look in (("ours", _THREE), ("theirs", _THREE), ("difference", _SIGNED),
          ("low", _SIGNED), ("high", _SIGNED), ("p", _P), ("holm", _P))),
        Column(t("verdict"), CENTRE),
    ]  # fmt: skip
    rows = [_paper(t, c) for c in report.papers]
    block = canvas.table(row, 1, columns, rows, RESULT_TABLES["validation_papers"], fit=False)
    for i, values in enumerate(rows):
        fit_height(canvas, block.first + i, dict(enumerate(values[:2], 1)))
    verdict = address(block.first, 11)
    canvas.shade_if(f"K{block.first}:K{block.last}", f'{verdict}="{t("ahead")}"', PALE, bold=True)
    canvas.shade_if(f"K{block.first}:K{block.last}", f'{verdict}="{t("behind")}"', SAND, bold=True)
    return block.last + 2


def _paper(t: Words, c: PaperComparison) -> list[Any]:
    d = c.difference
    own = c.indicators_zh if t.lang == "zh" else c.indicators_en
    return [t.pick(c), own, _measure(t, c.target, c.metric), c.ours, c.value, d.value, d.low, d.high, d.p, c.holm,
            t(c.verdict)]  # fmt: skip


def _measure(t: Words, target: str, metric: str) -> str:
    return t(f"measure_{target.lower()}_{metric}")


def _secondary(canvas: Canvas, t: Words, report: Report, row: int) -> int:
    """By how much ours is better, by every measure; bold where that is significant on its own."""
    found = {(c.other, c.target, c.metric): c for c in report.comparisons if c.ours == report.ours}
    row = canvas.section(row, 1, SPAN, t("secondary"))
    against = [c for c in report.comparisons if c.ours == report.ours]
    canvas.prose(row, 1, SPAN, t("secondary_note", others=len({c.other for c in against}), count=len(against),
                                 behind=sum(c.verdict == "behind" for c in against)), PROSE)  # fmt: skip
    head = [_text_column(t, "method"), _text_column(t, "not_ahead"),
            *(Column(_measure(t, target, metric), number(_SIGNED)) for target, metric, _ in _SECONDARY)]  # fmt: skip
    rows: list[list[Any]] = []
    for c in report.papers:
        these = [found.get((c.other, target, metric)) for target, metric, _ in _SECONDARY]
        better = [None if one is None else sign * one.difference.value
                  for one, (*_, sign) in zip(these, _SECONDARY, strict=True)]  # fmt: skip
        open_ = [_measure(t, one.target, one.metric) for one in these if one is not None and one.verdict != "ahead"]
        rows.append([t.pick(c), t.row(open_) or t("nothing"), *better])
    block = canvas.table(row + 1, 1, head, rows, RESULT_TABLES["validation_secondary"], fit=False)
    for i, c in enumerate(report.papers):
        fit_height(canvas, block.first + i, dict(enumerate(rows[i][:2], 1)))
        for j, (target, metric, _) in enumerate(_SECONDARY):
            canvas.put(block.first + i, 3 + j, rows[i][2 + j], _look(found.get((c.other, target, metric))))
    return block.last + 2


def _look(c: Comparison | None) -> Any:
    look = number(_SIGNED)
    if c is None or c.verdict == "level":
        return look.on(ink=MUTED)
    return look.on(bold=True) if c.verdict == "ahead" else look.on(bold=True, ink=ORANGE)


# --- all methods -------------------------------------------------------------------------------------------------


def _range(q: Interval) -> list[float]:
    return [q.value, q.low, q.high]


def _source(t: Words, q: MethodQuality) -> str:
    return t("source", source=q.paper or t("source_ours"), count=q.indicators, repeats=q.repeats)


def _defaults(canvas: Canvas, t: Words, report: Report, shown: MethodQuality, row: int) -> int:
    row = canvas.section(row, 1, SPAN, t("defaults"))
    rows = []
    for q in report.methods:
        d = q.default
        figures: list[Any] = [None] * 12 if d is None else [
            *_range(d.auc), d.training_auc, *_range(d.brier), d.training_brier, d.log_loss.value, *_range(d.slope)
        ]  # fmt: skip
        rows.append([t.pick(q), _source(t, q), *figures])
    heads = ("auc", "auc_low", "auc_high", "auc_training", "brier", "brier_low", "brier_high", "brier_training",
             "log_loss", "slope", "slope_low", "slope_high")  # fmt: skip
    return _table(canvas, t, shown, row, "validation", heads, rows, {})


def _grades(canvas: Canvas, t: Words, report: Report, shown: MethodQuality, row: int) -> int:
    row = canvas.section(row, 1, SPAN, t("grades"))
    rows = []
    for q in report.methods:
        g = q.grade
        figures: list[Any] = [None] * 11 if g is None else [
            *_range(g.ranked), *_range(g.kappa), g.training_kappa, g.accuracy.value, g.training_accuracy,
            g.balanced_accuracy.value, g.absolute_error.value,
        ]  # fmt: skip
        rows.append([t.pick(q), _source(t, q), *figures, None if q.d is None else q.d.auc.value])
    heads = ("ranked", "ranked_low", "ranked_high", "kappa", "kappa_low", "kappa_high", "kappa_training", "accuracy",
             "accuracy_training", "balanced", "absolute_error", "d_auc")  # fmt: skip
    shares = dict.fromkeys(("accuracy", "accuracy_training", "balanced"), PERCENT_SHORT)
    row = _table(canvas, t, shown, row, "validation_grades", heads, rows, shares)
    for name, reason in report.skipped.items():
        why = t("skipped_quick") if reason == "quick" else reason
        canvas.prose(row - 1, 1, SPAN, t("skipped", name=name, reason=why))
        row += 1
    return row


def _table(
    canvas: Canvas, t: Words, shown: MethodQuality, row: int, table: str, heads: tuple[str, ...],
    rows: list[list[Any]], formats: dict[str, str],
) -> int:  # fmt: skip
    columns = [_text_column(t, "method"), _text_column(t, "source_head"),
               *(Column(t(key), number(formats.get(key, _THREE))) for key in heads)]  # fmt: skip
    block = canvas.table(row, 1, columns, rows, RESULT_TABLES[table], fit=False)
    for i, values in enumerate(rows):
        fit_height(canvas, block.first + i, {1: values[0]})
    at = f"A{block.first}:{address(block.last, 2 + len(heads))}"
    canvas.shade_if(at, f'$A{block.first}="{t.pick(shown)}"', PALE, bold=True)
    return block.last + 2


# --- curves and confusion ----------------------------------------------------------------------------------------


def _curves(canvas: Canvas, t: Words, shown: MethodQuality, row: int) -> int:
    """The ROC curve and the calibration of the shown method, the figures behind them on the right."""
    quality = shown.default
    assert quality is not None
    row = canvas.section(row, 1, SPAN, t("curves", name=t.pick(shown)))
    percent = number(PERCENT_SHORT)
    calibration = canvas.table(
        row, SPAN + 2,
        [*(Column(t(key), percent, 11) for key in ("predicted", "observed", "observed_low", "observed_high")),
         Column(t("firms"), number(INTEGER), 11)],
        [(b.predicted, b.observed, b.low, b.high, b.count) for b in quality.reliability],
    )  # fmt: skip
    roc = canvas.table(
        row, SPAN + 8, [Column(t(key), percent, 11) for key in ("fpr", "tpr", "chance")],
        [(x, y, x) for x, y in quality.roc],
    )  # fmt: skip
    for r in range(row, row + 20):
        canvas.height(r, 16)
    chart(
        canvas.sheet, address(row, 1), "scatter_line", t("roc_chart", auc=quality.auc.value),
        [Line(t("roc"), roc.ref(1), NAVY, x=roc.ref(0)),
         Line(t("chance"), roc.ref(2), MUTED, x=roc.ref(0), dash="dash", width=1.25)],
        lang=t.lang, size=(15.5, 10.5), legend="b",
        x=Axis(t("fpr"), "0%", 0, 1, 0.2), y=Axis(t("tpr"), "0%", 0, 1, 0.2),
    )  # fmt: skip
    chart(
        canvas.sheet, address(row, 3), "scatter_line", _reliability(t, quality.slope),
        [Line(t("observed"), calibration.ref(1), ORANGE, x=calibration.ref(0), marker="circle"),
         Line(t("observed_low"), calibration.ref(2), MUTED, x=calibration.ref(0), dash="sysDot", width=1.25),
         Line(t("observed_high"), calibration.ref(3), MUTED, x=calibration.ref(0), dash="sysDot", width=1.25),
         Line(t("ideal"), roc.ref(2), NAVY, x=roc.ref(0), dash="dash", width=1.25)],
        lang=t.lang, size=(15.5, 10.5), legend="b",
        x=Axis(t("predicted"), "0%", 0, 1, 0.2), y=Axis(t("observed"), "0%", 0, 1, 0.2),
    )  # fmt: skip
    return row + 21


def _reliability(t: Words, slope: Interval) -> str:
    """Whether predictions are neither too extreme nor too timid: the slope's interval holds 1."""
    kind = "_bold" if slope.high < 1.0 else "_timid" if slope.low > 1.0 else ""
    return t(f"reliability_chart{kind}", slope=slope.value, low=slope.low, high=slope.high)


def _confusion(canvas: Canvas, t: Words, shown: MethodQuality, row: int) -> int:
    """How many firms of each grade were given which, and the same as shares."""
    quality = shown.grade
    assert quality is not None
    row = canvas.section(row, 1, SPAN, t("confusion", name=t.pick(shown)))
    canvas.prose(row, 1, SPAN, t("confusion_note", repeats=shown.repeats, exact=quality.accuracy.value,
                                 near=_near(quality.confusion)), PROSE)  # fmt: skip
    row += 1
    columns = [
        Column(t("true_grade"), CENTRE.on(bold=True)),
        *(Column(t("predicted_grade", grade=g), number("0.0")) for g in GRADES),
        Column(t("firms"), number(INTEGER)),
        Column(t("right_share"), number(PERCENT_SHORT)),
    ]
    counts = [
        [g, *line, round(sum(line)), line[i] / sum(line)]
        for i, (g, line) in enumerate(zip(GRADES, quality.confusion, strict=True))
    ]
    block = canvas.table(row, 3, columns, counts, fit=False)
    canvas.colour_scale(f"D{block.first}:G{block.last}", dark=SKY, low=0)
    canvas.prose(block.last + 1, 3, SPAN, t("confusion_hint"))
    shares = canvas.table(
        row, SPAN + 2, [Column(t("true_grade"), CENTRE, 11),
                        *(Column(t("predicted_grade", grade=g), number(PERCENT_SHORT), 11) for g in GRADES)],
        [[g, *(n / sum(line) for n in line)] for g, line in zip(GRADES, quality.confusion, strict=True)],
    )  # fmt: skip
    right = {g: line[i] / sum(line) for i, (g, line) in enumerate(zip(GRADES, quality.confusion, strict=True))}
    best, worst = max(right, key=right.__getitem__), min(right, key=right.__getitem__)
    chart(
        canvas.sheet, address(row, 1), "stacked_bar",
        t("confusion_chart", best=best, good=right[best], worst=worst, bad=right[worst]),
        [Line(t("predicted_grade", grade=g), shares.ref(i + 1), GRADE_COLOURS[g]) for i, g in enumerate(GRADES)],
        lang=t.lang, categories=shares.ref(0), size=(15.5, 6.6), legend="b", reverse=True,
        x=Axis(t("true_grade")), y=Axis(None, "0%", 0, 1, 0.25),
    )  # fmt: skip
    return row + 13
