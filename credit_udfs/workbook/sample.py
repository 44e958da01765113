"""Made-up attachments with the sheets, columns and dirt of the real ones, for trying out, tests and benchmarks.

No enterprise in them exists. Better enterprises sell more, for longer, to more and more faithful customers and void
fewer invoices, so that grades and defaults can be learnt from the invoices, as from the real ones.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xlsxwriter

from credit_udfs.core.churn import DEFAULT_CURVES
from credit_udfs.locale import Lang
from credit_udfs.types import GRADES, Floats, Ints
from credit_udfs.workbook.contract import CHURN, FIRMS, PURCHASES, SALES, STATUS_LABELS, YES_NO_LABELS, Label, Table
from credit_udfs.workbook.files import keep_existing, replacing

FIRST_DAY, LAST_DAY = dt.date(2016, 10, 8), dt.date(2020, 2, 21)
GRADE_SHARES = (0.22, 0.31, 0.28, 0.19)
RATES = (0.04, 0.0425, *(round(0.0465 + 0.004 * i, 4) for i in range(26)), 0.15)

_FILES = {
    "zh": (
        "附件1：{}家有信贷记录企业的相关数据.xlsx",
        "附件2：{}家无信贷记录企业的相关数据.xlsx",
        "附件3：银行贷款年利率与客户流失率关系的统计数据.xlsx",
    ),
    "en": (
        "attachment-1-{}-enterprises-with-credit-records.xlsx",
        "attachment-2-{}-enterprises-without-credit-records.xlsx",
        "attachment-3-lending-rates-and-churn-rates.xlsx",
    ),
}

# What a masked name keeps: the line of business and the legal form. About one in ten is a sole trader.
_BUSINESSES = (
    Label("农业科技有限公司", "Agricultural Technology Co., Ltd."),
    Label("园林有限责任公司", "Landscape Gardening Co., Ltd."),
    Label("石油工程技术服务有限公司", "Oilfield Services Co., Ltd."),
    Label("食品有限公司", "Foods Co., Ltd."),
    Label("服饰有限公司", "Clothing Co., Ltd."),
    Label("机械设备有限公司", "Machinery Co., Ltd."),
    Label("电器设备制造有限公司", "Electrical Equipment Manufacturing Co., Ltd."),
    Label("压缩天然气有限责任公司", "Compressed Natural Gas Co., Ltd."),
    Label("建设工程有限公司", "Construction Engineering Co., Ltd."),
    Label("建筑工程有限公司", "Building Co., Ltd."),
    Label("建筑劳务有限公司", "Construction Labour Co., Ltd."),
    Label("装饰设计工程有限公司", "Interior Decoration Co., Ltd."),
    Label("消防工程有限公司", "Fire Protection Installation Co., Ltd."),
    Label("商贸有限公司", "Trading Co., Ltd."),
    Label("贸易有限公司", "Commerce Co., Ltd."),
    Label("电器销售有限公司", "Appliance Sales Co., Ltd."),
    Label("建材经营部", "Building Materials Store"),
    Label("大药房有限责任公司", "Pharmacy Co., Ltd."),
    Label("物流有限公司", "Logistics Co., Ltd."),
    Label("运业有限公司", "Haulage Co., Ltd."),
    Label("酒店管理有限公司", "Hotel Management Co., Ltd."),
    Label("餐饮文化服务有限公司", "Catering Co., Ltd."),
    Label("科技有限公司", "Technology Co., Ltd."),
    Label("信息技术有限公司", "Information Technology Co., Ltd."),
    Label("融资担保有限公司", "Loan Guarantee Co., Ltd."),
    Label("物业服务有限公司", "Property Services Co., Ltd."),
    Label("企业管理咨询有限公司", "Management Consulting Co., Ltd."),
    Label("广告有限公司", "Advertising Co., Ltd."),
    Label("工程检测有限公司", "Engineering Inspection Co., Ltd."),
    Label("建筑设计有限公司", "Architectural Design Co., Ltd."),
    Label("环保科技有限公司", "Environmental Protection Co., Ltd."),
    Label("汽车美容有限公司", "Car Care Co., Ltd."),
    Label("教育咨询有限公司", "Education Co., Ltd."),
    Label("医疗器械有限公司", "Medical Devices Co., Ltd."),
    Label("文化传媒有限公司", "Culture and Media Co., Ltd."),
    Label("体育用品有限公司", "Sporting Goods Co., Ltd."),
)
_SOLE_TRADER = Label("个体经营", "Sole trader ")


@dataclass(frozen=True)
class _Firm:
    """What drives one enterprise's invoices. quality: standard normal, higher is better."""

    firm: str
    name: str
    quality: float
    grade: str = ""
    default: bool = False


@dataclass(frozen=True)
class _Invoices:
    """One firm's invoices of one side, by date; arrays of one length. Money in yuan."""

    number: Ints
    day: Ints
    counterparty: Ints
    amount: Floats
    tax: Floats
    void: Ints


def write_sample(
    folder: str | Path,
    *,
    firms: tuple[int, int] = (30, 60),
    seed: int = 2020,
    size: float = 1.0,
    dirt: bool = True,
    lang: Lang = "zh",
    force: bool = True,
) -> list[Path]:
    """Write three synthetic attachments into `folder` (made if need be) and return their paths.

    firms: enterprises with grade and default (attachment 1; at least 8), and without (attachment 2).
    size: scales the number of invoices (about 29,000 at 1), not the amount of business.
    dirt: statuses with spaces, dates and amounts as text, blank and repeated rows, lower-case grades: all of it
        is repaired when read, and counted.
    force: replace files that are there already; without it, BadInput names the first of them and nothing is written.
    The same arguments give the same bytes. Void invoices and returns (negative amounts) are always there.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    rated = _grade(_firms(1, max(8, firms[0]), lang, rng), rng)
    others = _firms(len(rated) + 1, firms[1], lang, rng)
    paths = [
        folder / name.format(count) for name, count in zip(_FILES[lang], (len(rated), len(others), 0), strict=True)
    ]
    for path in paths:
        keep_existing(path, force)
    with replacing(paths[0]) as temporary:
        _write_book(temporary, rated, lang, rng, size, dirt, ("A", "B"), graded=True)
    with replacing(paths[1]) as temporary:
        _write_book(temporary, others, lang, rng, size, dirt, ("C", "D"), graded=False)
    with replacing(paths[2]) as temporary:
        _write_churn(temporary, lang, rng)
    return paths


def _firms(first: int, count: int, lang: Lang, rng: np.random.Generator) -> list[_Firm]:
    """Enterprises E`first`..., with the line of business unrelated to quality, as in the real data."""
    found = []
    for number in range(first, first + count):
        business = _BUSINESSES[int(rng.integers(len(_BUSINESSES)))]
        name = f"***{business:zh}" if lang == "zh" else f"*** {business:en}"
        if rng.random() < 0.1:
            name = f"{_SOLE_TRADER:zh}E{number}" if lang == "zh" else f"{_SOLE_TRADER:en}E{number}"
        found.append(_Firm(f"E{number}", name, float(rng.normal())))
    return found


def _grade(firms: Sequence[_Firm], rng: np.random.Generator) -> list[_Firm]:
    """Grades by quality as a bank sees it, with some error; D defaults always, C and B seldom."""
    seen = np.array([firm.quality for firm in firms]) + 0.35 * rng.normal(size=len(firms))
    rank = np.argsort(np.argsort(-seen))
    bounds = np.cumsum(GRADE_SHARES)[:-1] * len(firms)
    grades = [GRADES[int(np.searchsorted(bounds, r, side="right"))] for r in rank]
    chance = {"A": 0.0, "B": 0.03, "C": 0.08, "D": 1.0}
    return [
        _Firm(firm.firm, firm.name, firm.quality, grade, bool(rng.random() < chance[grade]))
        for firm, grade in zip(firms, grades, strict=True)
    ]


def _logistic(x: float) -> float:
    return float(1 / (1 + np.exp(-x)))


def _invoices_of(firm: _Firm, size: float, rng: np.random.Generator) -> tuple[_Invoices, _Invoices]:
    """Purchases and sales of one enterprise, around the levels of the real data for its quality."""
    q = firm.quality
    noise = rng.normal(size=8)
    weak = max(0.0, -q - 0.6)
    annual = 10 ** float(np.clip(6.9 + 0.55 * q - 0.7 * weak + 0.35 * noise[0], 4.2, 8.2))
    years = float(np.clip(2.95 + 0.12 * q - 0.5 * weak - 0.35 * abs(noise[1]), 0.5, 3.2))
    count = float(np.clip(np.exp(4.9 + 0.35 * q + 0.4 * noise[2]), 14, 900)) * size
    kinds = _Side(
        share=float(np.clip(_logistic(-0.9 - 0.65 * q + 0.6 * noise[3]), 0.04, 0.95)),
        returning=float(np.clip(_logistic(2.1 + 0.8 * q + 0.6 * noise[4]), 0.1, 0.99)),
        void=float(np.clip(_logistic(-2.35 - 0.55 * q + 0.4 * noise[5]), 0.005, 0.6)),
        money=annual * years,
        count=max(12, int(count)),
    )
    sales = _side(kinds, years, rng, _vat(rng))
    buying = _Side(
        share=float(np.clip(_logistic(-0.5 - 0.1 * q + 0.9 * noise[6]), 0.08, 0.98)),
        returning=0.85,
        void=0.04,
        money=kinds.money * float(rng.uniform(0.55, 0.95)),
        count=max(4, int(count * float(np.exp(0.4 * noise[7])))),
    )
    return _side(buying, years, rng, None), sales


@dataclass(frozen=True)
class _Side:
    """Targets of one side: largest counterparty's share, share of those who return, void rate, yuan, invoices."""

    share: float
    returning: float
    void: float
    money: float
    count: int


def _vat(rng: np.random.Generator) -> float | None:
    """A small taxpayer's 3%, a service's 6%, or None: the general rate of the day."""
    return (0.03, 0.06, None)[int(rng.choice(3, p=(0.25, 0.3, 0.45)))]


def _side(side: _Side, years: float, rng: np.random.Generator, vat: float | None) -> _Invoices:
    span = (LAST_DAY - FIRST_DAY).days
    length = min(span, int(years * 365))
    start = int(rng.integers(0, span - length + 1)) if rng.random() < 0.3 else span - length
    day = np.sort(start + rng.integers(0, length + 1, side.count))
    # Counterparty 0 is the largest, 1..regulars come again, the others come once.
    regulars = max(2, int(np.sqrt(side.count)))
    kind = rng.choice(3, side.count, p=_kinds(side))
    kind[:3] = 0, 1, 2
    weight = 1 / np.arange(1, regulars + 1)
    regular = 1 + rng.choice(regulars, side.count, p=weight / weight.sum())
    once = 1 + regulars + np.arange(side.count)
    counterparty = np.select([kind == 0, kind == 1], [0, regular], once)
    identity = rng.choice(99_999, 1 + regulars + side.count, replace=False) + 1
    amount = rng.lognormal(0.0, 1.1, side.count)
    wanted = (side.share, (1 - side.share) * side.returning, (1 - side.share) * (1 - side.returning))
    for which, share in enumerate(wanted):
        amount[kind == which] *= side.money * share / amount[kind == which].sum()
    again = rng.random(side.count) < 0.03
    amount[again] *= -rng.uniform(0.1, 0.5, int(again.sum()))
    voided = rng.integers(0, side.count, int(side.count * side.void / (1 - side.void)))
    rows = np.concatenate([np.arange(side.count), voided])
    void = np.concatenate([np.zeros(side.count, int), np.ones(len(voided), int)])
    order = np.lexsort((-void, day[rows]))
    rows, void = rows[order], void[order]
    amount = np.round(amount[rows], 2)
    amount[(void == 1) & (rng.random(len(rows)) < 0.1)] = 0.0
    rate = np.full(len(rows), vat) if vat is not None else _general_vat(day[rows])
    number = int(rng.integers(1_000_000, 60_000_000)) + np.cumsum(rng.integers(1, 4, len(rows)))
    return _Invoices(number, day[rows], identity[counterparty[rows]], amount, np.round(amount * rate, 2), void)


def _kinds(side: _Side) -> tuple[float, float, float]:
    """How many invoices go to the largest, the regulars, the others: nearer to even than their money."""
    top = 0.5 * side.share
    once = 0.6 * (1 - side.returning)
    return top, 1 - top - once, once


def _general_vat(day: Ints) -> Floats:
    """The general VAT rate: 17%, from May 2018 16%, from April 2019 13%."""
    changes = [(dt.date(2018, 5, 1) - FIRST_DAY).days, (dt.date(2019, 4, 1) - FIRST_DAY).days]
    return np.array([0.17, 0.16, 0.13])[np.searchsorted(changes, day, side="right")]


def _book(path: Path) -> xlsxwriter.Workbook:
    book = xlsxwriter.Workbook(path)
    # The time of writing would make every file different.
    book.set_properties({"title": "Synthetic sample", "created": dt.datetime(2020, 2, 21)})
    return book


def _titles(table: Table, keys: Sequence[str], lang: Lang) -> list[str]:
    labels = {column.key: column.label for column in table.columns}
    return [format(labels[key], lang) for key in keys]


def _write_book(
    path: Path,
    firms: Sequence[_Firm],
    lang: Lang,
    rng: np.random.Generator,
    size: float,
    dirt: bool,
    letters: tuple[str, str],
    *,
    graded: bool,
) -> None:
    book = _book(path)
    sheet = book.add_worksheet(format(FIRMS.label, lang))
    keys = ("firm", "name", "grade", "default") if graded else ("firm", "name")
    sheet.write_row(0, 0, _titles(FIRMS, keys, lang))
    sheet.set_column(1, 1, 30)
    for row, firm in enumerate(firms, 1):
        untidy = dirt and row % 11 == 3
        cells = [firm.firm, firm.name + (" " if untidy else "")]
        if graded:
            cells += [firm.grade.lower() if untidy else firm.grade, format(YES_NO_LABELS[firm.default], lang)]
        for column, text in enumerate(cells):
            sheet.write_string(row, column, text)
    both = [_invoices_of(firm, size, rng) for firm in firms]
    day_format = book.add_format({"num_format": "yyyy-mm-dd"})
    for which, (table, letter) in enumerate(zip((PURCHASES, SALES), letters, strict=True)):
        sheet = book.add_worksheet(format(table.label, lang))
        sheet.set_column(2, 2, 11)
        _write_invoices(sheet, table, [(f.firm, b[which]) for f, b in zip(firms, both, strict=True)], letter, lang,
                        day_format, rng if dirt else None)  # fmt: skip
    book.close()


def _write_invoices(
    sheet: Any,
    table: Table,
    invoices: Sequence[tuple[str, _Invoices]],
    letter: str,
    lang: Lang,
    day_format: Any,
    rng: np.random.Generator | None,
) -> None:
    sheet.write_row(0, 0, _titles(table, [column.key for column in table.columns], lang))
    statuses = [format(STATUS_LABELS[void], lang) for void in (False, True)]
    # A spreadsheet counts days from 30 December 1899.
    epoch = (FIRST_DAY - dt.date(1899, 12, 30)).days
    number, text = sheet.write_number, sheet.write_string
    row = 1
    for firm, batch in invoices:
        columns = (batch.number, batch.day, batch.counterparty, batch.amount, batch.tax, batch.void)
        for code, day, other, amount, tax, void in zip(*(c.tolist() for c in columns), strict=True):
            # One in a hundred is untidy in one of five ways.
            flaw = int(rng.integers(500)) if rng is not None else 500
            if flaw == 4 and row > 1:
                row += 1
            for _ in range(2 if flaw == 3 else 1):
                text(row, 0, firm)
                text(row, 1, f"{code:08d}")
                if flaw == 0:
                    text(row, 2, (FIRST_DAY + dt.timedelta(days=day)).strftime("%Y/%m/%d"))
                else:
                    number(row, 2, epoch + day, day_format)
                text(row, 3, f"{letter}{other:05d}")
                if flaw == 1:
                    text(row, 4, f"{amount:,.2f}")
                else:
                    number(row, 4, amount)
                number(row, 5, tax)
                number(row, 6, round(amount + tax, 2))
                text(row, 7, (" " if flaw == 2 else "") + statuses[void])
                row += 1


def _write_churn(path: Path, lang: Lang, rng: np.random.Generator) -> None:
    """Attachment 3: 29 rates against noisy observations of the published churn curves, two header rows."""
    book = _book(path)
    sheet = book.add_worksheet("Sheet1")
    rate, *grades = [format(column.label, lang) for column in CHURN.columns]
    sheet.write_string(0, 0, rate)
    sheet.write_string(0, 1, "客户流失率" if lang == "zh" else "churn rate")
    for column, title in enumerate(grades, 1):
        sheet.write_string(1, column, title)
    noise = rng.normal(scale=0.008, size=(len(RATES), len(grades)))
    for row, value in enumerate(RATES):
        sheet.write_number(2 + row, 0, value)
        for column, grade in enumerate(GRADES[:3]):
            churn = float(DEFAULT_CURVES.churn(value, grade)) + float(noise[row, column])
            sheet.write_number(2 + row, 1 + column, round(min(1.0, max(0.0, churn)), 9))
    book.close()
