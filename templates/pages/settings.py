"""The settings page: one named input cell each."""

from __future__ import annotations

from credit_udfs.workbook import names
from credit_udfs.workbook.canvas import Canvas, address
from credit_udfs.workbook.style import CELL, INPUT, LABEL, PERCENT
from templates.pages.builder import EXAMPLE_BUDGET, SCENARIO, Builder, protect, rule

_MONEY = "#,##0"
SETTINGS: dict[str, list[tuple[str, str, float, float, tuple[str, ...]]]] = {
    # name, number format ("" for a choice), smallest, largest, choices
    "group_money": [
        ("cu_budget", _MONEY, 0, 1e13, ()), ("cu_amount_min", _MONEY, 1, 1e12, ()),
        ("cu_amount_max", _MONEY, 1, 1e12, ()), ("cu_rate_min", PERCENT, 0.04, 0.15, ()),
        ("cu_rate_max", PERCENT, 0.04, 0.15, ()), ("cu_lgd", PERCENT, 0, 1, ()), ("cu_funding", PERCENT, 0, 1, ()),
        ("cu_churn_model", "", 0, 0, ("power", "log_quadratic", "isotonic")),
        ("cu_lend_to", "", 0, 0, ("auto", "new", "rated", "all")),
    ],
    "group_appetite": [
        ("cu_max_expected_loss", PERCENT, 0, 1, ()), ("cu_max_churn", PERCENT, 0, 1, ()),
        ("cu_max_industry_share", PERCENT, 0, 1, ()), ("cu_max_grade_c_share", PERCENT, 0, 1, ()),
        ("cu_min_firms", _MONEY, 0, 1e9, ()),
    ],
    "group_method": [
        ("cu_method", "", 0, 0, ("default",)), ("cu_scenario", "", 0, 0, (SCENARIO,)),
        ("cu_severity", "0.00", 0, 16, ()), ("cu_language", "", 0, 0, ("zh", "en")),
    ],
}  # fmt: skip


def draw(b: Builder, canvas: Canvas) -> None:
    canvas.widths({1: 34 if b.lang == "zh" else 40, 2: 22, 3: 96 if b.lang == "zh" else 104})
    row = canvas.heading(b.t("settings_title"), b.t("settings_lead"), 3)
    defaults = {**names.SETTINGS, "cu_language": b.lang}
    if b.data is not None:
        defaults["cu_budget"] = EXAMPLE_BUDGET
    for group, entries in SETTINGS.items():
        row = canvas.section(row, 1, 3, b.t(group))
        for name, fmt, low, high, allowed in entries:
            canvas.put(row, 1, b.t(name), LABEL)
            canvas.put(row, 2, defaults[name], INPUT.on(number=fmt or "General", across="right"))
            canvas.put(row, 3, b.t(f"{name}_hint"), CELL.on(size=9, indent=1, across="left"))
            canvas.height(row, 20)
            kind = "number" if fmt else "list"
            canvas.validate(
                address(row, 2), rule(b, b.t(name), b.t(f"{name}_hint"), kind, low=low, high=high, allowed=allowed)
            )
            b.book.name(name, canvas.sheet.title, address(row, 2, fixed=True))
            row += 1
        row += 1
    protect(canvas)
    canvas.page(b.t("title"), tall=False)
