"""What must be said beside a method's quality: luck, choice, time, shift, sole traders, sets of grades."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from credit_udfs.core.indicators import INDICATORS
from credit_udfs.core.metrics import Interval
from credit_udfs.core.quality import MethodQuality
from credit_udfs.core.validation import Report, Shift
from credit_udfs.locale import text
from credit_udfs.types import GRADES
from credit_udfs.workbook.canvas import Canvas, Column
from credit_udfs.workbook.charts import Axis, Line, chart
from credit_udfs.workbook.names import RESULT_TABLES
from credit_udfs.workbook.pages.report import Words
from credit_udfs.workbook.pages.view import UNITS
from credit_udfs.workbook.style import CELL, CELL_WRAP, CENTRE, HEAD, INTEGER, NAVY, PROSE, SAND, lines, number

_THREE: Final = number("0.000")
STABLE, SHIFTED = 0.1, 0.25
"""Below and above which the population stability index is by custom taken as stable and shifted."""


@dataclass(frozen=True)
class Check:
    """One row: what was done, a figure with its interval, what to compare it with, and what it says."""

    name: str
    done: str
    figure: Interval
    beside: float
    said: str


def draw(canvas: Canvas, t: Words, report: Report, shown: MethodQuality, row: int, span: int) -> int:
    row = canvas.section(row, 1, span, t("checks"))
    for column, key in enumerate(("check", "done", "figure", "low", "high", "beside", "said"), 1):
        canvas.put(row, column, t(key), HEAD)
    canvas.merge(row, 7, row, span, t("said"), HEAD)
    canvas.height(row, 20)
    room = [sum(canvas.column_width(c) for c in columns) - 2 for columns in ((1,), (2,), range(7, span + 1))]
    for check in checks(t, report, shown):
        row += 1
        canvas.put(row, 1, check.name, CELL_WRAP)
        canvas.put(row, 2, check.done, CELL_WRAP)
        figures = (check.figure.value, check.figure.low, check.figure.high, check.beside)
        for column, value in enumerate(figures, 3):
            canvas.put(row, column, value, _THREE)
        canvas.merge(row, 7, row, span, check.said, CELL_WRAP.on(indent=1, across="left"))
        tall = max(lines(said, width) for said, width in zip((check.name, check.done, check.said), room, strict=True))
        canvas.height(row, max(18.0, 14.0 * tall + 4))
    row += 1
    if report.selection is not None:
        shares = t.row([f"{_name(t, key)} {share:.0%}" for key, share in report.selection.shares.items()])
        canvas.prose(row, 1, span, t("chosen", chosen=t.row([_name(t, k) for k in report.selection.chosen]),
                                     shares=shares))  # fmt: skip
        row += 1
    return row + 1


def _alone(value: float) -> Interval:
    return Interval(value, float("nan"), float("nan"))


def checks(t: Words, report: Report, shown: MethodQuality) -> Iterator[Check]:
    """What was found; rows for which there is nothing are left out."""
    luck = report.permutation
    done = t("permutation_done", draws=luck.draws)
    yield Check(t("permutation_auc"), done, _alone(luck.auc), luck.auc_by_luck,
                t("permutation_said", high=luck.auc_by_luck_high, p=luck.auc_p))  # fmt: skip
    yield Check(t("permutation_kappa"), done, _alone(luck.kappa), luck.kappa_by_luck,
                t("permutation_said", high=luck.kappa_by_luck_high, p=luck.kappa_p))  # fmt: skip
    if (chosen := report.selection) is not None:
        pairs = (("auc", chosen.nested.default, chosen.selected.default, "auc"),
                 ("kappa", chosen.nested.grade, chosen.selected.grade, "kappa"))  # fmt: skip
        for name, nested, selected, field in pairs:
            if nested is not None and selected is not None:
                honest, flattering = getattr(nested, field), getattr(selected, field)
                yield Check(t(f"nested_{name}"), t("nested_done"), honest, flattering.value,
                            t("nested_said", gap=flattering.value - honest.value))  # fmt: skip
    cut = report.dated
    if cut.quality.default is not None and shown.default is not None:
        yield Check(t("dated"), t("dated_done", until=cut.until), cut.quality.default.auc, shown.default.auc.value,
                    t("dated_said", silent=cut.silent) if cut.silent else t("dated_all"))  # fmt: skip
    if (shift := report.shift) is not None:
        for key, found in (("domain", shift.domain_auc), ("domain_companies", shift.domain_auc_companies)):
            yield Check(t(key), t("domain_done", training=shift.training, scored=shift.scored), found, 0.5,
                        _shift_said(t, shift) if key == "domain" else _told(t, found))  # fmt: skip
    alone = report.sole_traders
    yield Check(
        t("sole"), t("sole_done", training=alone.training, defaults=alone.training_defaults), _alone(alone.auc_without),
        shown.default.auc.value if shown.default else float("nan"),
        t("sole_said", scored=alone.scored, pd=alone.mean_pd, others=alone.mean_pd_others, outside=alone.outside,
          outside_others=alone.outside_others) if alone.scored else t("sole_none"),
    )  # fmt: skip
    for sets in report.conformal:
        sizes = t.row([t("set_size", size=k, share=share) for k, share in enumerate(sets.sizes, 1)])
        by_grade = t.row([f"{grade} {share:.0%}" for grade, share in zip(GRADES, sets.coverage_by_grade, strict=True)])
        yield Check(t(f"conformal_{sets.calibration}"), t("conformal_done", level=sets.level), sets.coverage,
                    sets.level, t("conformal_said", size=sets.mean_size, sizes=sizes, grades=by_grade))  # fmt: skip


def _name(t: Words, key: str) -> str:
    return t.pick(INDICATORS[key])


def _told(t: Words, auc: Interval) -> str:
    return t("domain_told" if auc.low > 0.5 else "domain_alike")


def _shift_said(t: Words, shift: Shift) -> str:
    """Classifier and indicators in one statement: firms that can't be told apart may be shifted all the same."""
    shifted = [_name(t, i.key) for i in shift.indicators if i.psi > SHIFTED]
    alike = shift.domain_auc.low <= 0.5
    return _told(t, shift.domain_auc) + (t("shifted_alone", indicators=t.row(shifted)) if alike and shifted else "")


def draw_shift(canvas: Canvas, t: Words, report: Report, row: int, span: int) -> int:
    """How far the scored firms are from the training firms, if there are any."""
    shift = report.shift
    if shift is None:
        canvas.prose(row, 1, span, t("no_shift"), PROSE)
        return row
    row = canvas.section(row, 1, span, t("shift", training=shift.training, scored=shift.scored))
    canvas.prose(row, 1, span, _shift_said(t, shift), PROSE)
    row += 1
    columns = [
        Column(t("indicator"), CELL), Column(t("shift_said"), CELL),
        *(Column(t(key), number("General")) for key in ("median_training", "median_scored")),
        *(Column(t(key), _THREE) for key in ("ks", "ks_p", "psi")),
        *(Column(t(key), number(INTEGER)) for key in ("below", "above", "missing")),
    ]  # fmt: skip
    rows = []
    for i in shift.indicators:
        unit = INDICATORS[i.key].unit
        _, divisor = UNITS[unit]
        named = _name(t, i.key) + text(f"units.{unit.replace('/', '_per_')}", t.lang)
        said = t("psi_stable" if i.psi < STABLE else "psi_shifted" if i.psi > SHIFTED else "psi_some")
        rows.append([named, said, i.training_median / divisor, i.scored_median / divisor, i.ks, i.p, i.psi, i.below,
                     i.above, i.missing])  # fmt: skip
    block = canvas.table(row, 1, columns, rows, RESULT_TABLES["validation_shift"], fit=False)
    for k, i in enumerate(shift.indicators):
        fmt, _ = UNITS[INDICATORS[i.key].unit]
        for column in (3, 4):
            canvas.put(block.first + k, column, rows[k][column - 1], number(fmt))
    canvas.shade_if(f"G{block.first}:G{block.last}", f"G{block.first}>{SHIFTED}", SAND)
    row = block.last + 2
    canvas.prose(row, 1, span, t("out_of_range_note", outside=sum(shift.out_of_range[1:]), scored=shift.scored), PROSE)
    counts = canvas.table(
        row + 1, 1, [Column(t("out_of_range"), CENTRE), Column(t("firms"), number(INTEGER))],
        [(str(k), n) for k, n in enumerate(shift.out_of_range)], fit=False,
    )  # fmt: skip
    chart(
        canvas.sheet, f"C{row + 1}", "column",
        t("out_of_range_chart", inside=shift.out_of_range[0], share=shift.out_of_range[0] / max(shift.scored, 1)),
        [Line(t("firms"), counts.ref(1), NAVY, labels="#,##0")], lang=t.lang, categories=counts.ref(0),
        size=(14.0, 6.0), x=Axis(t("out_of_range")), y=Axis(hidden=True, low=0),
    )  # fmt: skip
    return max(counts.last + 1, row + 12)
