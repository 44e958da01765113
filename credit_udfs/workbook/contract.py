"""The data contract: which tables the input holds, what their columns are called, what their cells may say.

Everything here is a declaration, in Chinese and English; reading, the sample and the documentation follow it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

TableKey = Literal["firms", "purchases", "sales", "churn"]
Kind = Literal["id", "text", "date", "number", "status", "grade", "yes_no"]


@dataclass(frozen=True)
class Label:
    """A thing's name in both languages, and other spellings that are understood.

    In a text template ``{x:zh}`` and ``{x:en}`` give the name in that language.
    """

    zh: str
    en: str
    aliases: tuple[str, ...] = ()

    def __format__(self, spec: str) -> str:
        return self.zh if spec == "zh" else self.en

    def spellings(self) -> tuple[str, ...]:
        return (self.zh, self.en, *self.aliases)


@dataclass(frozen=True)
class Labels:
    """Several labels, listed with the punctuation of the language asked for."""

    items: tuple[Label, ...]

    def __format__(self, spec: str) -> str:
        return ("、" if spec == "zh" else ", ").join(format(item, spec) for item in self.items)


@dataclass(frozen=True)
class Column:
    """One column: `key` is its name in our tables; without `required` it may be absent."""

    key: str
    label: Label
    kind: Kind
    required: bool = True


@dataclass(frozen=True)
class Table:
    """One table: the sheet's (or file's) names and its columns."""

    key: TableKey
    label: Label
    columns: tuple[Column, ...]

    def required(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.required)


_FIRM = Column(
    "firm",
    Label(
        "企业代号",
        "enterprise",
        ("企业编号", "企业号", "firm", "enterprise id", "enterprise number", "firm id", "company", "company id"),
    ),
    "id",
)


def _invoices(key: TableKey, label: Label, counterparty: Label) -> Table:
    return Table(
        key,
        label,
        (
            _FIRM,
            Column(
                "number",
                Label("发票号码", "invoice number", ("发票号", "invoice no", "invoice", "invoice id", "number")),
                "text",
                required=False,
            ),
            Column("date", Label("开票日期", "invoice date", ("日期", "date", "issue date", "issued")), "date"),
            Column("counterparty", counterparty, "id"),
            Column(
                "amount",
                Label("金额", "amount", ("不含税金额", "net amount", "amount excl tax", "amount excluding tax")),
                "number",
            ),
            Column("tax", Label("税额", "tax", ("税金", "vat", "tax amount")), "number"),
            Column(
                "total",
                Label("价税合计", "total", ("含税金额", "gross amount", "total amount", "amount incl tax")),
                "number",
            ),
            Column("status", Label("发票状态", "status", ("状态", "invoice status")), "status"),
        ),
    )


FIRMS = Table(
    "firms",
    Label("企业信息", "enterprises", ("企业", "firms", "companies", "enterprise information", "enterprise")),
    (
        _FIRM,
        Column(
            "name",
            Label("企业名称", "enterprise name", ("名称", "name", "firm name", "company name")),
            "text",
            required=False,
        ),
        Column(
            "grade",
            Label("信誉评级", "credit grade", ("信用评级", "评级", "grade", "credit rating", "rating")),
            "grade",
            required=False,
        ),
        Column(
            "default",
            Label("是否违约", "default", ("违约", "defaulted", "has defaulted")),
            "yes_no",
            required=False,
        ),
    ),
)

PURCHASES = _invoices(
    "purchases",
    Label(
        "进项发票信息",
        "input invoices",
        ("进项发票", "进项", "purchases", "purchase invoices", "input invoice", "inputs"),
    ),
    Label(
        "销方单位代号",
        "seller",
        ("销方", "销方代号", "销售方", "supplier", "seller id", "supplier id", "counterparty", "对方单位代号"),
    ),
)

SALES = _invoices(
    "sales",
    Label(
        "销项发票信息",
        "output invoices",
        ("销项发票", "销项", "sales", "sales invoices", "output invoice", "outputs"),
    ),
    Label(
        "购方单位代号",
        "buyer",
        ("购方", "购方代号", "购买方", "customer", "buyer id", "customer id", "counterparty", "对方单位代号"),
    ),
)

CHURN = Table(
    "churn",
    Label(
        "贷款年利率与客户流失率",
        "lending rate and churn rate",
        ("利率与流失率", "流失率", "客户流失率", "churn", "churn rate", "churn rates", "lending rates"),
    ),
    (
        Column(
            "rate",
            Label("贷款年利率", "lending rate", ("年利率", "利率", "rate", "interest rate", "annual rate")),
            "number",
        ),
        *(
            Column(
                grade,
                Label(
                    f"信誉评级{grade}",
                    f"churn {grade}",
                    (f"评级{grade}", f"客户流失率{grade}", f"grade {grade}", f"churn rate {grade}", grade),
                ),
                "number",
            )
            for grade in "ABC"
        ),
    ),
)

TERMS: tuple[Column, ...] = (
    _FIRM,
    Column("amount_min", Label("最低额度", "smallest loan"), "number", required=False),
    Column("amount_max", Label("最高额度", "largest loan"), "number", required=False),
    Column("amount", Label("既定额度", "decided amount"), "number", required=False),
    Column("group", Label("关联集团", "connected group", ("集团",)), "text", required=False),
)
"""What may be settled for single firms, yuan; amount: decided beforehand, 0 for refused."""

TABLES: Mapping[TableKey, Table] = {table.key: table for table in (FIRMS, PURCHASES, SALES, CHURN)}

STATUSES: Mapping[str, bool] = {
    **dict.fromkeys(("有效发票", "有效", "正常", "正常发票", "valid", "validinvoice", "normal"), False),
    **dict.fromkeys(("作废发票", "作废", "废票", "void", "voided", "voidinvoice", "cancelled"), True),
}
"""What an invoice's status may say, as `normal_value` gives it -> is it void?"""

STATUS_LABELS = {False: Label("有效发票", "valid"), True: Label("作废发票", "void")}

YES_NO: Mapping[str, bool] = {
    **dict.fromkeys(("是", "yes", "y", "true", "1", "1.0", "违约"), True),
    **dict.fromkeys(("否", "no", "n", "false", "0", "0.0", "未违约"), False),
}

YES_NO_LABELS = {False: Label("否", "no"), True: Label("是", "yes")}

# Money in ten thousand yuan would be read ten thousand times too small, so only these units are dropped.
_UNIT = re.compile(r"\((元|人民币|yuan|rmb|cny|%)\)$")
_SPACE = re.compile(r"[\s_\-.]+")


def normal(name: str) -> str:
    """`name` without what doesn't matter: width of characters, letter case, spaces, hyphens, the unit yuan."""
    return _UNIT.sub("", _SPACE.sub("", unicodedata.normalize("NFKC", name)).casefold())


def normal_value(value: str) -> str:
    """A word in a cell without what doesn't matter: width of characters, letter case, spaces anywhere."""
    return "".join(unicodedata.normalize("NFKC", value).split()).casefold()


_TABLE_NAMES = {normal(name): table for table in TABLES.values() for name in table.label.spellings()}
_COLUMN_NAMES = {
    table.key: {normal(name): column for column in table.columns for name in column.label.spellings()}
    for table in TABLES.values()
}


def table_named(name: str) -> Table | None:
    """The table that a sheet or a file (without its suffix) of this name holds; None: the name doesn't say."""
    return _TABLE_NAMES.get(normal(name))


def match_columns(table: Table, headers: Mapping[int, str]) -> dict[str, int]:
    """Which column stands where: column key -> position, for the headers that `table` knows (the first of two)."""
    names = _COLUMN_NAMES[table.key]
    found: dict[str, int] = {}
    for position in sorted(headers):
        column = names.get(normal(headers[position]))
        if column is not None:
            found.setdefault(column.key, position)
    return found


def table_with(headers: Mapping[int, str]) -> Table | None:
    """The one table all of whose required columns are among `headers`; None: none, or more than one.

    A table of enterprises has few required columns, so an invoice table is asked first.
    """
    fits = [t for t in TABLES.values() if all(c.key in match_columns(t, headers) for c in t.required())]
    others = [t for t in fits if t is not FIRMS]
    if others:
        return others[0] if len(others) == 1 else None
    return FIRMS if fits and len(match_columns(FIRMS, headers)) > 1 else None


def missing(table: Table, found: Sequence[str] | Mapping[str, int]) -> Labels:
    """The required columns that are not among `found`."""
    return Labels(tuple(column.label for column in table.required() if column.key not in found))
