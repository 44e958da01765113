"""The indicators of one firm's two sides: the canonical six, P0's nine, P4's six, and the wide set.

Each is an expression over facts (`facts`). "Valid" invoices are all that are not void, returns (negative amounts)
included, so that they net off. Years are days / 365, both end days counted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import narwhals as nw

from credit_udfs.core.indicators.declare import Facts, declare

DAYS_PER_YEAR = 365


def _c(name: str) -> nw.Expr:
    """A fact that is a sum or a count: 0 for a side without invoices."""
    return nw.col(name).fill_null(0).cast(nw.Float64)


def _days(first: nw.Expr, last: nw.Expr) -> nw.Expr:
    return ((last - first).dt.total_minutes() / (24 * 60) + 1).cast(nw.Float64)


def _side_days(mark: str) -> nw.Expr:
    return _days(nw.col(f"{mark}first"), nw.col(f"{mark}last"))


def _years() -> nw.Expr:
    """Years between the firm's first and last valid invoice of either side."""
    return (
        _days(
            nw.min_horizontal("s_first", "p_first"),
            nw.max_horizontal("s_last", "p_last"),
        )
        / DAYS_PER_YEAR
    )


def _ratio(top: nw.Expr, bottom: nw.Expr) -> nw.Expr:
    """top / bottom, missing where the denominator isn't positive."""
    return nw.when(bottom > 0).then(top / bottom)


def _share(top: nw.Expr, bottom: nw.Expr) -> nw.Expr:
    """A ratio held within 0..1: returns can push a part above its whole, or below nothing."""
    return _ratio(top, bottom).clip(0.0, 1.0)


def _daily(mark: str) -> nw.Expr:
    """Valid net amount per day between the side's first and last valid invoice (0 without invoices)."""
    return (nw.col(f"{mark}net") / _side_days(mark)).fill_null(0.0)


def _variation(mark: str) -> nw.Expr:
    """Coefficient of variation of monthly net amounts (population), months without invoices as 0."""
    mean = nw.col(f"{mark}month_sum") / nw.col(f"{mark}month_span")
    variance = nw.col(f"{mark}month_squares") / nw.col(f"{mark}month_span") - mean * mean
    return _ratio(variance.clip(0.0, None).sqrt(), mean)


# --- the canonical six ---------------------------------------------------------------------------------------

_SIX_SOURCE = "credit_udfs"

SIX: tuple[str, ...] = (
    declare(
        "annual_net_sales", ("年净销售额", "Annual net sales"), "yuan/year",
        ("有效销项金额（不含税，已冲减退货）÷ 首末张发票（不分进销）相隔年数",
         "valid sales excl. tax, net of returns / years from the first to the last invoice of either side"),
        _SIX_SOURCE, ("invoices",), lambda: _c("s_net") / _years(), "span",
    ),
    declare(
        "trading_years", ("经营年限", "Trading history"), "years",
        ("首张至末张有效销项发票相隔年数", "years from the first to the last valid sales invoice"),
        _SIX_SOURCE, ("invoices",),
        lambda: nw.when(~_years().is_null()).then((_side_days("s_") / DAYS_PER_YEAR).fill_null(0.0)), "span",
    ),
    declare(
        "top_customer_share", ("最大客户占比", "Largest customer's share"), "fraction",
        ("最大客户净销售额 ÷ 净销售额", "net sales to the largest customer / net sales"),
        _SIX_SOURCE, ("invoices", "partners"), lambda: _share(nw.col("s_top"), nw.col("s_net")),
    ),
    declare(
        "returning_share", ("回头客销售占比", "Returning customers' share"), "fraction",
        ("在两个及以上自然月有交易的客户的净销售额 ÷ 净销售额",
         "net sales to customers seen in two calendar months or more / net sales"),
        _SIX_SOURCE, ("invoices", "partners"), lambda: _share(nw.col("s_net_back"), nw.col("s_net")),
    ),
    declare(
        "sales_void_rate", ("销项作废率", "Sales void rate"), "fraction",
        ("作废销项发票数 ÷ 全部销项发票数", "void sales invoices / all sales invoices"),
        _SIX_SOURCE, ("all_invoices",), lambda: _ratio(nw.col("s_void"), nw.col("s_count")),
    ),
    declare(
        "top_supplier_share", ("最大供应商占比", "Largest supplier's share"), "fraction",
        ("最大供应商净采购额 ÷ 净采购额", "net purchases from the largest supplier / net purchases"),
        _SIX_SOURCE, ("invoices", "partners"), lambda: _share(nw.col("p_top"), nw.col("p_net")),
    ),
)  # fmt: skip

# --- P0, Table 1: all invoices, void ones included, column "total" (价税合计), file order -----------------------

_P0 = "P0, section 2.1.1, Table 1"
_ALL: tuple[Facts, ...] = ("all_invoices",)

P0_NINE: tuple[str, ...] = (
    declare("p0_input_total", ("进项总额", "Total amount of input invoices"), "yuan",
             ("进项价税合计之和（含作废）", "sum of totals of purchase invoices, void ones included"),
             _P0, _ALL, lambda: _c("p_total"), "never"),
    declare("p0_output_total", ("销项总额", "Total amount of output invoices"), "yuan",
             ("销项价税合计之和（含作废）", "sum of totals of sales invoices, void ones included"),
             _P0, _ALL, lambda: _c("s_total"), "never"),
    declare("p0_input_count", ("进项发票数", "Number of input invoices"), "count",
             ("进项发票张数", "number of purchase invoices"), _P0, _ALL, lambda: _c("p_count"), "never"),
    declare("p0_output_count", ("销项发票数", "Number of output invoices"), "count",
             ("销项发票张数", "number of sales invoices"), _P0, _ALL, lambda: _c("s_count"), "never"),
    declare("p0_void_ratio", ("作废发票占比", "Proportion of voided invoices"), "fraction",
             ("作废发票数 ÷ 发票数（进销合计）", "void invoices / invoices, both sides pooled"),
             _P0, _ALL, lambda: _ratio(_c("p_void") + _c("s_void"), _c("p_count") + _c("s_count"))),
    declare("p0_negative_ratio", ("负数发票占比", "Negative invoice ratio"), "fraction",
             ("金额为负的发票数 ÷ 发票数（进销合计）", "invoices with a negative amount / invoices, pooled"),
             _P0, _ALL, lambda: _ratio(_c("p_negative") + _c("s_negative"), _c("p_count") + _c("s_count"))),
    declare("p0_total_tax", ("税额合计", "Total tax"), "yuan",
             ("进项税额 + 销项税额", "input tax + output tax"), _P0, _ALL,
             lambda: _c("p_all_tax") + _c("s_all_tax"), "never"),
    declare("p0_input_trend", ("进项增长趋势", "Growth trend of input value"), "yuan",
             ("后半行之和 − 前半行之和（文件顺序）", "later rows' sum - earlier rows' sum, file order"),
             _P0, ("halves",), lambda: _c("p_trend"), "never"),
    declare("p0_sales_trend", ("销项增长趋势", "Sales growth trend"), "yuan",
             ("后半行之和 − 前半行之和（文件顺序）", "later rows' sum - earlier rows' sum, file order"),
             _P0, ("halves",), lambda: _c("s_trend"), "never"),
)  # fmt: skip

# --- P4, section 4: valid invoices, amounts excl. tax ---------------------------------------------------------

_P4 = "P4, section 4 (definitions recovered from its Table 1)"
_BOTH: tuple[Facts, ...] = ("invoices", "all_invoices")


def _per_year(mark: str) -> nw.Expr:
    return (_c(f"{mark}valid") / _side_days(mark) * DAYS_PER_YEAR).fill_null(0.0)


P4_SIX: tuple[str, ...] = (
    declare("p4_psi1", ("年均毛利", "Annual gross profit"), "yuan/year",
             ("365 ×（日均销售额 − 日均成本）", "365 (daily sales - daily cost)"), _P4, ("invoices",),
             lambda: DAYS_PER_YEAR * (_daily("s_") - _daily("p_")), "never"),
    declare("p4_psi2", ("销售毛利率", "Sales gross profit rate"), "ratio",
             ("（日均销售额 − 日均成本）÷ 日均销售额", "(daily sales - daily cost) / daily sales"),
             _P4, ("invoices",), lambda: (_daily("s_") - _daily("p_")) / _daily("s_")),
    declare("p4_psi3", ("成本毛利率", "Cost gross profit rate"), "ratio",
             ("（日均销售额 − 日均成本）÷ 日均成本", "(daily sales - daily cost) / daily cost"),
             _P4, ("invoices",), lambda: (_daily("s_") - _daily("p_")) / _daily("p_")),
    declare("p4_psi4", ("销项异常率", "Void and negative sales rate"), "fraction",
             ("（作废 + 负数）÷（有效 + 作废 + 负数）销项发票数",
              "(void + negative) / (valid + void + negative) sales invoices"),
             _P4, _BOTH, lambda: _ratio(_c("s_void") + _c("s_returns"), _c("s_count") + _c("s_returns"))),
    declare("p4_psi5", ("年有效进项发票数", "Valid purchase invoices per year"), "1/year",
             ("有效进项发票数 ÷ 年数", "valid purchase invoices / years"), _P4, ("invoices",),
             lambda: _per_year("p_"), "never"),
    declare("p4_psi6", ("年有效销项发票数", "Valid sales invoices per year"), "1/year",
             ("有效销项发票数 ÷ 年数", "valid sales invoices / years"), _P4, ("invoices",),
             lambda: _per_year("s_"), "never"),
)  # fmt: skip

# --- the wide set ----------------------------------------------------------------------------------------------

_W = "credit_udfs, wide set"


def _two_sided(
    key: str, names: tuple[str, str, str, str], unit: Any, formula: tuple[str, str],
    needs: tuple[Facts, ...], expr: Callable[[str], nw.Expr], missing: Any = "share",
) -> tuple[str, str]:  # fmt: skip
    """The same indicator of sales and of purchases."""
    sales_zh, sales_en, purchases_zh, purchases_en = names
    return (
        declare(f"sales_{key}", (sales_zh, sales_en), unit, formula, _W, needs, lambda: expr("s_"), missing),
        declare(f"purchase_{key}", (purchases_zh, purchases_en), unit, formula, _W, needs, lambda: expr("p_"), missing),
    )


WIDE: tuple[str, ...] = (
    *SIX,
    declare("annual_net_purchases", ("年净采购额", "Annual net purchases"), "yuan/year",
             ("有效进项金额 ÷ 年数", "valid purchases excl. tax, net of returns / years"), _W, ("invoices",),
             lambda: _c("p_net") / _years(), "span"),
    declare("purchase_to_sales", ("购销比", "Purchases to sales"), "ratio",
             ("净采购额 ÷ 净销售额", "net purchases / net sales"), _W, ("invoices",),
             lambda: _ratio(_c("p_net"), _c("s_net"))),
    declare("effective_vat_rate", ("实际增值税率", "Effective VAT rate"), "ratio",
             ("（销项税 − 进项税）÷ 净销售额", "(output tax - input tax) / net sales"), _W, ("invoices",),
             lambda: _ratio(_c("s_tax") - _c("p_tax"), _c("s_net"))),
    declare("purchase_void_rate", ("进项作废率", "Purchase void rate"), "fraction",
             ("作废进项发票数 ÷ 全部进项发票数", "void purchase invoices / all purchase invoices"),
             _W, ("all_invoices",), lambda: _ratio(nw.col("p_void"), nw.col("p_count"))),
    *_two_sided("return_rate", ("销项退货率", "Sales return rate", "进项退货率", "Purchase return rate"),
                "fraction", ("负数有效发票数 ÷ 有效发票数", "valid invoices with a negative amount / valid invoices"),
                ("invoices",), lambda m: _ratio(nw.col(f"{m}returns"), nw.col(f"{m}valid"))),
    *_two_sided("return_amount_share", ("销售退货金额占比", "Share of sales returned", "采购退货金额占比",
                                        "Share of purchases returned"),
                "fraction", ("退货金额 ÷ 正数金额", "amount of returns / positive amounts"), ("invoices",),
                lambda m: _share(nw.col(f"{m}gross") - nw.col(f"{m}net"), nw.col(f"{m}gross"))),
    *_two_sided("partners", ("客户数", "Customers", "供应商数", "Suppliers"), "count",
                ("有效发票的交易对手数", "counterparties with valid invoices"), ("partners",),
                lambda m: _c(f"{m}partners"), "never"),
    *_two_sided("herfindahl", ("客户集中度", "Customer Herfindahl index", "供应商集中度", "Supplier Herfindahl index"),
                "fraction", ("各交易对手份额平方和", "sum of squared shares of counterparties"), ("partners",),
                lambda m: _ratio(nw.col(f"{m}squares"), nw.col(f"{m}positive") * nw.col(f"{m}positive"))),
    *_two_sided("partners_back_rate", ("回头客比例", "Returning customers, by number", "回头供应商比例",
                                       "Returning suppliers, by number"),
                "fraction", ("两个及以上自然月有交易者的比例", "counterparties seen in two months or more / all"),
                ("partners",), lambda m: _ratio(nw.col(f"{m}partners_back"), nw.col(f"{m}partners"))),
    declare("returning_supplier_share", ("回头供应商采购占比", "Returning suppliers' share"), "fraction",
             ("两个及以上自然月有交易的供应商的净采购额 ÷ 净采购额",
              "net purchases from suppliers seen in two months or more / net purchases"),
             _W, ("invoices", "partners"), lambda: _share(nw.col("p_net_back"), nw.col("p_net"))),
    *_two_sided("invoices_per_year", ("年销项发票数", "Sales invoices per year", "年进项发票数",
                                      "Purchase invoices per year"),
                "1/year", ("有效发票数 ÷ 年数（不分进销）", "valid invoices / years, either side"), ("invoices",),
                lambda m: _c(f"{m}valid") / _years(), "span"),
    *_two_sided("mean_amount", ("销项均额", "Mean sales invoice", "进项均额", "Mean purchase invoice"), "yuan",
                ("净额 ÷ 有效发票数", "net amount / valid invoices"), ("invoices",),
                lambda m: _ratio(nw.col(f"{m}net"), nw.col(f"{m}valid"))),
    *_two_sided("median_amount", ("销项金额中位数", "Median sales invoice", "进项金额中位数",
                                  "Median purchase invoice"), "yuan",
                ("有效发票金额中位数", "median amount of valid invoices"), ("invoices",),
                lambda m: nw.col(f"{m}median")),
    *_two_sided("active_months", ("销售活跃月占比", "Months with sales", "采购活跃月占比", "Months with purchases"),
                "fraction", ("有有效发票的月数 ÷ 首末月之间的月数", "months with valid invoices / months spanned"),
                ("months",), lambda m: _ratio(nw.col(f"{m}months"), nw.col(f"{m}month_span"))),
    *_two_sided("variation", ("月销售变异系数", "Variation of monthly sales", "月采购变异系数",
                              "Variation of monthly purchases"),
                "ratio", ("月净额标准差 ÷ 均值（无票月计 0）", "standard deviation / mean of monthly net amounts"),
                ("months",), _variation),
    *_two_sided("growth", ("销售增长率", "Sales growth", "采购增长率", "Purchase growth"), "ratio",
                ("末 12 个月与之前 12 个月净额的（差 ÷ 和）",
                 "(last 12 months - the 12 before) / their sum, net amounts, -1..1"),
                ("recent",), lambda m: _ratio(nw.col(f"{m}year") - nw.col(f"{m}year_before"),
                                              nw.col(f"{m}year") + nw.col(f"{m}year_before")).clip(-1.0, 1.0)),
    *_two_sided("vat_rate", ("销项平均税率", "Output VAT rate", "进项平均税率", "Input VAT rate"), "ratio",
                ("税额 ÷ 净额", "tax / net amount"), ("invoices",),
                lambda m: _ratio(nw.col(f"{m}tax"), nw.col(f"{m}net"))),
)  # fmt: skip
