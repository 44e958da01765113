"""The start page: three steps, and whether everything is ready."""

from __future__ import annotations

from typing import Any

from credit_udfs.workbook.canvas import Canvas
from credit_udfs.workbook.style import CELL, FINDING, LABEL, LINK, NAVY, NOTE, PALE, PERCENT_SHORT, PROSE, Look, number
from templates.pages.builder import FIRST, ROWS, Builder, protect


def draw(b: Builder, canvas: Canvas) -> None:
    canvas.widths({1: 3, 2: 24, 3: 52, 4: 30, 5: 3})
    canvas.put(1, 2, b.t("title"), FINDING.on(size=20, bold=True, ink=NAVY, wrap=False))
    canvas.height(1, 36)
    canvas.prose(2, 2, 4, b.t("lead"), FINDING.on(size=11))
    row = 4
    for step, sheet in ((1, "firms"), (2, "settings"), (3, "indicators")):
        canvas.merge(row, 2, row, 2, b.t(f"step_{step}"), FINDING.on(bold=True, fill=PALE, down="center", indent=1))
        canvas.put(row, 3, b.t(f"step_{step}_text"), PROSE.on(fill=PALE, down="center"))
        canvas.link(row, 4, b.t("go", sheet=b.title(sheet)), b.title(sheet), LINK.on(fill=PALE, across="center"))
        canvas.height(row, 78)
        canvas.height(row + 1, 6)
        row += 2
    row = _checks(b, canvas, canvas.section(row, 2, 4, b.t("check")))
    canvas.prose(row + 1, 2, 4, b.t("rows_note", rows=ROWS), NOTE)
    if b.data is not None:
        canvas.prose(row + 2, 2, 4, b.t("example_note"), NOTE.on(bold=True))
    protect(canvas)
    canvas.page(b.t("title"), tall=False)


def _checks(b: Builder, canvas: Canvas, row: int) -> int:
    """What a glance tells of data, scores and plan; the next free row."""
    yes, no = b.t("check_addin_yes"), b.t("check_addin_no")
    # NOW makes it look again whenever the file is opened; until it has looked it claims nothing good.
    # A function of plain values: LibreOffice hands a record over as cells only, never as written numbers.
    probe = f'IFERROR(IF(CHURNRATE(0.06,"A")>=0,"{yes}","{no}"),"{no}")'
    last, refs, whole = FIRST + ROWS - 1, b.book.refs, number("#,##0")
    lent = b.ref("plan", f"G{FIRST}:G{last}")
    checks: list[tuple[str, str, Any, Look]] = [("check_addin", f'=IF(NOW()<0,"",{probe})', no, CELL)]
    for key in ("firms", "purchases", "sales"):
        count = 0 if b.data is None else getattr(b.data, key).height
        checks.append((f"check_{key}", f"=COUNTA({b.ref(key, 'A:A')})-1", count, whole))
    checks += [
        ("check_scored", f"=COUNT({b.ref('indicators', f'I{FIRST}:I{last}')})", float(refs["template.scored"]), whole),
        ("check_lent", f'=IFERROR(SUM({b.ref("plan", f"F{FIRST}:F{last}")}),"–")', float(refs["template.lent"]), whole),
        ("check_budget", f'=IFERROR(IF(cu_budget>0,SUM({lent})/cu_budget,0),"–")', float(refs["template.used"]),
         number(PERCENT_SHORT)),
    ]  # fmt: skip
    for key, formula, value, look in checks:
        canvas.put(row, 2, b.t(key), LABEL)
        canvas.formula(row, 3, formula, look.on(across="left"), value=value)
        canvas.height(row, 19)
        row += 1
    return row
