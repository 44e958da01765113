"""Reading: whatever an honest file looks like, the same tables come out."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
from pathlib import Path

import polars as pl
import pytest

from credit_udfs.core.tables import FIRMS_SCHEMA, INVOICE_SCHEMA, Tables
from credit_udfs.errors import BadFile
from credit_udfs.workbook.contract import CHURN, PURCHASES, TABLES
from credit_udfs.workbook.read import read

TODAY = dt.date(2026, 1, 1)


def load(*paths: Path) -> Tables:
    return read(paths, today=TODAY)


def values(frame: pl.DataFrame) -> list[tuple]:
    return frame.with_columns(pl.col(pl.Categorical).cast(pl.String)).rows()


def repaired(tables: Tables) -> dict[str, int]:
    return {key.removeprefix("problems."): count for s in tables.sources for key, count in s.repaired.items()}


def test_a_plain_attachment(books):
    tables = load(books.write())
    assert dict(tables.firms.schema) == FIRMS_SCHEMA
    assert [str(t) for t in tables.sales.dtypes] == [str(pl.Series([], dtype=t).dtype) for t in INVOICE_SCHEMA.values()]
    assert tables.firms.rows() == [("E1", "甲", "A", False), ("E2", "乙", "D", True)]
    assert values(tables.purchases) == [
        ("E1", books.DAY, "A1", 100.0, 13.0, 113.0, False),
        ("E2", books.DAY, "A2", 200.0, 26.0, 226.0, True),
    ]
    assert values(tables.sales)[1] == ("E2", books.DAY, "B2", -10.5, -1.37, -11.87, False)
    assert tables.problems == ()
    assert tables.churn is None
    (source,) = tables.sources
    assert source.rows == {"企业信息": 2, "进项发票信息": 2, "销项发票信息": 2}
    assert source.repaired == {}
    assert len(source.sha256) == 64


@pytest.mark.parametrize("corner", [(0, 0), (3, 2), (0, 30), (37, 0)])
def test_the_table_may_begin_anywhere(books, corner):
    assert values(load(books.write(corner=corner)).sales) == values(load(books.write()).sales)


def test_columns_in_any_order_with_others_between(books):
    shuffled = random.Random(7)
    sheets = {}
    for name, rows in books.attachment().items():
        order = [*range(len(rows[0])), None, None]
        shuffled.shuffle(order)
        sheets[name] = [
            [(f"备注{i}" if row is rows[0] else 17) if at is None else row[at] for i, at in enumerate(order)]
            for row in rows
        ]
    plain, mixed = load(books.write()), load(books.write(sheets, "mixed.xlsx"))
    assert mixed.firms.rows() == plain.firms.rows()
    assert values(mixed.purchases) == values(plain.purchases)
    assert values(mixed.sales) == values(plain.sales)


@pytest.mark.parametrize(
    "above",
    [[["某银行进项汇总"]], [["某银行"], [], ["单位：元", None, "2020年"]], [[], [], []]],
    ids=["title", "three", "blank"],
)
def test_the_header_may_stand_below_a_title(books, above):
    sheets = {name: [*above, *rows] for name, rows in books.attachment().items()}
    assert values(load(books.write(sheets)).sales) == values(load(books.write(name="plain.xlsx")).sales)


def test_titles_with_spaces_widths_and_units(books):
    sales = books.changed(books.SALES, (0, 0, " 企业 代号\n"), (0, 4, "金额（元）"), (0, 7, "　发票状态　"))
    assert values(load(books.write(books.attachment(sales=sales))).sales) == values(load(books.write()).sales)


def test_ten_thousand_yuan_is_not_taken_for_yuan(books):
    sales = books.changed(books.SALES, (0, 4, "金额（万元）"))
    with pytest.raises(BadFile, match="lacks these columns: amount"):
        load(books.write(books.attachment(sales=sales)))


def test_english_names(books):
    sheets = {
        "Enterprises": [
            ["Enterprise", "Enterprise name", "Credit grade", "Default"],
            ["E1", "甲", "A", "no"],
            ["E2", "乙", "D", "Yes"],
        ],
        "purchases": [["firm", "invoice number", "Invoice Date", "supplier", "amount", "VAT", "total", "status"]]
        + [[*row[:7], {"有效发票": "Valid", "作废发票": "VOID"}[row[7]]] for row in books.PURCHASES[1:]],
        "Output invoices": [["firm", "invoice_no", "date", "Buyer", "Amount", "Tax", "Total", "Status"]]
        + [[*row[:7], "valid"] for row in books.SALES[1:]],
    }  # fmt: skip
    chinese, english = load(books.write()), load(books.write(sheets, "english.xlsx"))
    assert english.firms.rows() == chinese.firms.rows()
    assert values(english.purchases) == values(chinese.purchases)
    assert values(english.sales) == values(chinese.sales)


def test_sheets_are_known_by_their_columns(books):
    sheets = dict(zip(("Sheet1", "Sheet2", "Sheet3"), books.attachment().values(), strict=True))
    sheets["说明"] = [["这是说明"], ["请勿修改"]]
    tables = load(books.write(sheets))
    assert values(tables.sales) == values(load(books.write(name="plain.xlsx")).sales)
    assert repaired(tables) == {"sheets_ignored": 1}


@pytest.mark.parametrize("date_1904", [False, True])
def test_dates_as_people_write_them(books, date_1904):
    day = dt.date(2019, 3, 5)
    serial = (day - (dt.date(1904, 1, 1) if date_1904 else dt.date(1899, 12, 30))).days
    texts = ["2019-03-05", "2019/3/5", "2019.3.5", "2019年3月5日", "20190305", " 2019-3-5 12:30 ", "２０１９/３/５"]
    written = [day, serial, serial + 0.5, str(serial), dt.datetime(2019, 3, 5, 23, 59), *texts]
    rows = [books.SALES[0], *(["E1", f"{i}", d, "B1", 1.0, 0.1, 1.1, "有效发票"] for i, d in enumerate(written))]
    tables = load(books.write(books.attachment(sales=rows), date_1904=date_1904))
    assert tables.sales["date"].to_list() == [day] * len(written)
    assert repaired(tables)["date_number"] == 3


def test_a_column_of_day_numbers(books):
    sales = books.changed(books.SALES, (1, 2, 43529), (2, 2, 43530))
    tables = load(books.write(books.attachment(sales=sales)))
    assert tables.sales["date"].to_list() == [dt.date(2019, 3, 5), dt.date(2019, 3, 6)]
    assert repaired(tables) == {"date_number": 2}


def test_untidy_words_are_repaired_and_counted(books):
    firms = books.changed(books.FIRMS, (1, 0, "E1 "), (1, 2, "a"), (2, 2, "Ｄ级"), (2, 3, " YES"))
    sales = books.changed(books.SALES, (1, 7, " 有效发票"), (2, 7, "有效 发票　"), (1, 4, "1,000.00"))
    sales.insert(2, [None] * 8)
    sales.insert(2, ["  ", None, None, " ", None, None, None, None])
    tables = load(books.write(books.attachment(firms=firms, sales=sales)))
    plain = load(books.write(name="plain.xlsx"))
    assert tables.firms.rows() == plain.firms.rows()
    assert values(tables.sales) == values(plain.sales)
    assert repaired(tables) == {"spaces": 4, "grade_spelling": 2, "number_text": 1, "blank_rows": 2}
    assert tables.problems == ()


def test_enterprise_numbers_may_be_numbers(books):
    sheets = {
        name: [rows[0], *([1000 + int(row[0][1:]), *row[1:]] for row in rows[1:])]
        for name, rows in books.attachment().items()
    }
    tables = load(books.write(sheets))
    assert tables.firms["firm"].to_list() == ["1001", "1002"]
    assert tables.sales["firm"].cast(pl.String).to_list() == ["1001", "1002"]


def test_grades_and_defaults_may_be_missing(books):
    firms = [row[:2] for row in books.FIRMS]
    assert load(books.write(books.attachment(firms=firms))).firms.rows() == [
        ("E1", "甲", None, None),
        ("E2", "乙", None, None),
    ]
    firms = books.changed(books.FIRMS, (1, 2, None), (1, 3, None))
    assert load(books.write(books.attachment(firms=firms))).firms.row(0) == ("E1", "甲", None, None)


CHURN_ROWS = [["贷款年利率", "客户流失率", None, None], [None, "信誉评级A", "信誉评级B", "信誉评级C"]]


def test_attachment_3_has_a_header_of_two_rows(books):
    rows = [*CHURN_ROWS, [0.04, 0, 0.1, 0.2], ["8%", "0.5", 0.6, 0.7], [0.15, 0.9, "0.91", 0.92]]
    churn = load(books.write(), books.write({"Sheet1": rows, "Sheet2": []}, "rates.xlsx")).churn
    assert churn is not None
    assert churn.rates.tolist() == [0.04, 0.08, 0.15]
    assert {grade: list(c) for grade, c in churn.observed.items()} == {
        "A": [0.0, 0.5, 0.9], "B": [0.1, 0.6, 0.91], "C": [0.2, 0.7, 0.92],
    }  # fmt: skip


def test_statistics_of_churn_not_filled_in_are_none_at_all(books):
    pages = {**books.attachment(), "贷款年利率与客户流失率": [[*CHURN_ROWS[0][:1], *CHURN_ROWS[1][1:]]]}
    assert load(books.write(pages)).churn is None


def test_one_side_of_the_invoices_may_be_without_a_row(books):
    assert load(books.write(books.attachment(purchases=books.PURCHASES[:1]))).purchases.is_empty()


def test_attachment_1_comes_first_whatever_the_order(books):
    rated = books.write(name="b.xlsx")
    later = {
        name: [rows[0][:2] if name == "企业信息" else rows[0]]
        + [[f"N{i}", *(row[1:2] if name == "企业信息" else row[1:])] for i, row in enumerate(rows[1:])]
        for name, rows in books.attachment().items()
    }
    unrated = books.write(later, "a.xlsx")
    for order in ((rated, unrated), (unrated, rated)):
        tables = load(*order)
        assert tables.firms["firm"].to_list() == ["E1", "E2", "N0", "N1"]
        assert tables.sales["firm"].cast(pl.String).to_list() == ["E1", "E2", "N0", "N1"]
        assert [source.file for source in tables.sources] == ["b.xlsx", "a.xlsx"]
    assert load(books.folder).firms["firm"].to_list() == ["E1", "E2", "N0", "N1"]


def _csv(rows, *, separator=",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows(rows)
    return text.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv(books, encoding, separator):
    for name, rows in books.attachment().items():
        (books.folder / f"{name}.csv").write_bytes(_csv(rows, separator=separator).encode(encoding))
    plain = load(books.write(name="plain.xlsx"))
    (books.folder / "plain.xlsx").unlink()
    tables = load(books.folder)
    assert tables.firms.rows() == plain.firms.rows()
    assert values(tables.purchases) == values(plain.purchases)
    assert values(tables.sales) == values(plain.sales)


def test_csv_below_a_title_known_by_its_columns(books):
    for name, rows in zip("cab", books.attachment().values(), strict=True):
        (books.folder / f"{name}.csv").write_text(_csv([["标题"], [], *rows]), encoding="utf-8")
    assert values(load(books.folder).sales) == values(load(books.write(name="plain.xlsx")).sales)


def test_csv_with_ragged_rows_blank_lines_and_line_breaks_in_cells(books):
    head = "企业代号,开票日期,{},金额,税额,价税合计,发票状态\n"
    sales = 'E1,2019-01-02,B1,5,1,6\nE2,2019-01-02,"B\n2","1,000",1,1001,有效发票,备注\n\n\n'
    sales += "E2,2019-01-02,B2,x,1,6,有效发票\n"
    (books.folder / "企业.csv").write_text('企业代号,企业名称\nE1,"甲\n公司"\n\nE2,乙,多余\n', encoding="utf-8")
    (books.folder / "进项.csv").write_text(head.format("销方单位代号"), encoding="utf-8")
    (books.folder / "销项.csv").write_text(head.format("购方单位代号") + sales, encoding="utf-8")
    with pytest.raises(BadFile) as caught:
        load(books.folder)
    assert [(p.file, p.cell, p.count) for p in caught.value.problems] == [("销项.csv", "D6", 1), ("销项.csv", "G2", 1)]


def test_parquet(books):
    for name, rows in books.attachment().items():
        pl.DataFrame(rows[1:], schema=rows[0], orient="row").write_parquet(books.folder / f"{name}.parquet")
    tables = load(books.folder)
    plain = load(books.write(name="plain.xlsx"))
    assert tables.firms.rows() == plain.firms.rows()
    assert values(tables.sales) == values(plain.sales)


def test_one_table_a_workbook(books):
    paths = [books.write({name: rows}, f"{i}.xlsx") for i, (name, rows) in enumerate(books.attachment().items())]
    assert values(load(*paths).sales) == values(load(books.write(name="plain.xlsx")).sales)


def test_warnings_let_the_run_go_on(books):
    firms = [*books.FIRMS, ["E3", "丙", "B", "否"]]
    sales = [*books.SALES, books.SALES[1], ["E9", "9", books.DAY, "B1", 1.0, 0.0, 1.0, "有效发票"]]
    sales = books.changed(sales, (2, 2, dt.date(2027, 1, 1)), (2, 6, 5.0))
    tables = load(books.write(books.attachment(firms=firms, sales=sales)))
    found = {p.key.removeprefix("problems."): (p.cell, p.count) for p in tables.problems}
    assert found == {
        "duplicate_rows": ("B4", 1), "future_date": ("C3", 1), "sum_differs": ("G3", 1),
        "unknown_firm": ("A5", 1), "no_invoices": ("A4", 1),
    }  # fmt: skip
    assert all(p.severity == "warning" for p in tables.problems)
    # The stranger's invoice is left out, the repeated one is kept.
    assert tables.sales["firm"].cast(pl.String).to_list() == ["E1", "E2", "E1"]
    assert {"unknown_firm", "duplicate_rows"} <= set(repaired(tables))


def test_addresses_are_those_of_the_sheet(books):
    sales = [["标题"], [], *books.changed(books.SALES, (2, 4, "十"), (1, 2, "??"))]
    with pytest.raises(BadFile) as caught:
        load(books.write(books.attachment(sales=sales), corner=(4, 3)))
    assert [(p.sheet, p.cell) for p in caught.value.problems] == [("销项发票信息", "F8"), ("销项发票信息", "H9")]


def test_progress_is_told_in_order_and_to_the_end(books):
    told = []
    read(books.write(), today=TODAY, progress=lambda stage, done, total: told.append((stage, done, total)))
    size = (books.folder / "book.xlsx").stat().st_size
    assert {(stage, total) for stage, _done, total in told} == {("read", size)}
    assert [done for _s, done, _t in told] == sorted(done for _s, done, _t in told)
    assert told[-1][1] >= size - 10


def test_a_worker_error_stops_the_reading(books):
    def stop(*_told: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(books.write(), today=TODAY, progress=stop)


def test_every_table_has_a_name_in_both_languages():
    for table in TABLES.values():
        for label in (table.label, *(column.label for column in table.columns)):
            assert label.zh
            assert label.en.isascii()
    assert [column.key for column in CHURN.columns] == ["rate", "A", "B", "C"]
    assert [column.key for column in PURCHASES.columns if not column.required] == ["number"]


def test_the_contest_attachments(contest, contest_tables):
    tables = contest_tables
    assert tables.firms.height == 123 + 302
    grades = tables.firms["grade"].drop_nulls().value_counts().sort("grade").rows()
    assert grades == [("A", 27), ("B", 38), ("C", 34), ("D", 24)]
    assert tables.firms["default"].sum() == 27
    assert tables.purchases.height == 210_947 + 395_175
    assert tables.sales.height == 162_484 + 330_835
    assert tables.churn is not None
    assert tables.churn.rates.shape == (29,)
    # 95 statuses and the names of 56 sole traders have spaces around them.
    assert sum(source.repaired["problems.spaces"] for source in tables.sources if "附件3" not in source.file) == 95 + 56
    # The true output total of E1, to the cent (recomputed independently; P0's Table 1 prints another, by mistake).
    assert round(float(tables.sales.filter(pl.col("firm") == "E1")["total"].sum()), 2) == 4_798_811_944.64
    assert {p.key for p in tables.problems} == {"problems.duplicate_rows", "problems.sum_differs"}
