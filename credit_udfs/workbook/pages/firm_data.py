"""The figures behind the page of one firm: counterparties and months. In plain sight, nothing is hidden."""

from __future__ import annotations

from openpyxl.utils import get_column_letter

from credit_udfs.workbook.canvas import Canvas, Column
from credit_udfs.workbook.names import RESULT_TABLES
from credit_udfs.workbook.pages.view import PARTNERS, WAN_YUAN, View
from credit_udfs.workbook.style import CENTRE, PERCENT_SHORT, number

HEADER_ROW = 5


def draw(canvas: Canvas, view: View) -> None:
    sales, purchases = view.monthly
    customers, suppliers = view.partners
    columns = [Column(view.t("col_firm"), CENTRE.on(bold=True), 10)]
    for side in ("customer", "supplier"):
        for k in range(1, PARTNERS + 1):
            columns.append(Column(view.t(f"{side}_name", number=k), CENTRE, 11))
            columns.append(Column(view.t(f"{side}_share", number=k), number(PERCENT_SHORT), 12))
    for side in ("sales", "purchases"):
        columns += [Column(view.t(f"{side}_month", month=f"{m:%Y-%m}"), number("#,##0.0"), 11) for m in view.months]
    canvas.widths({i: c.width or 10 for i, c in enumerate(columns, 1)})
    row = canvas.heading(
        view.t("firm_data_title"), view.t("firm_data_finding", firms=len(view.detailed), months=len(view.months)), 14
    )
    while row < HEADER_ROW:
        row += 1

    def line(i: int) -> list[object]:
        firm = view.ids[i]
        out: list[object] = [firm]
        for side in (customers, suppliers):
            top = side.get(firm, [])
            for k in range(PARTNERS):
                out += top[k] if k < len(top) else ("", None)
        return [*out, *(sales[i] / WAN_YUAN).tolist(), *(purchases[i] / WAN_YUAN).tolist()]

    assert row == HEADER_ROW
    rows = [line(i) for i in view.detailed]
    block = canvas.bulk(HEADER_ROW, 1, columns, rows, RESULT_TABLES["firm_data"])
    parts = ("id", "share")
    keys = [f"{side}_{part}_{k}" for side in ("customer", "supplier") for k in range(PARTNERS) for part in parts]
    months = [f"{side}_{k}" for side in ("sales", "purchases") for k in range(len(view.months))]
    canvas.book.publish("firm_data", ["id", *keys, *months], block)
    canvas.freeze(block.first, 2)
    # On paper, the counterparties; the months are for the page of one firm.
    last = get_column_letter(len(keys) + 1)
    canvas.page(view.t("footer"), repeat=(HEADER_ROW, HEADER_ROW), area=f"A1:{last}{block.last}")
