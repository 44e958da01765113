"""The names a formula, a macro or a ribbon command may rely on, in both languages of the template.

Sheet names and headers are translated; these are not. A page of a result is found again by the name
``cu_page_<key>``, which follows the sheet when a user renames it.
"""

from __future__ import annotations

from typing import Final

PAGE_PREFIX: Final = "cu_page_"

# Input tables of the template: the columns are those of the attachments (see contract.py), in this order.
TABLE_FIRMS: Final = "tblFirms"  # firm, name, grade, default
TABLE_PURCHASES: Final = "tblPurchases"  # firm, invoice, date, counterparty, amount, tax, total, status
TABLE_SALES: Final = "tblSales"  # the same
TABLE_CHURN: Final = "tblChurn"  # rate, churn of A, B, C
TABLE_STRESS: Final = "tblScenario"  # industry, growth of value added

# Tables of the template's page of own limits: what is settled for single firms (contract.TERMS), and largest shares.
TABLE_TERMS: Final = "tblFirmTerms"  # firm, smallest loan, largest loan, decided amount, connected group
TABLE_GRADES: Final = "tblGradeShares"  # grade, share
TABLE_INDUSTRIES: Final = "tblIndustryShares"  # industry, share

# Settings of one cell each, ``cu_<name>``, are declared in settings.py.

# Ranges of the template's indicators page, one row per firm, first row below the header. No tables: formulas that
# spill can't stand in one. The firm's name stands between the first two.
RANGE_FIRM_IDS: Final = "cu_firm_ids"
RANGE_INDICATORS: Final = "cu_indicators"  # (n, 6), what RISKSCORE takes
RANGE_SCORES: Final = "cu_scores"
RANGE_PLAN: Final = "cu_plan"  # firm, PD, grade, own limit, industry; then lend, amount, rate, profit

# Result tables on the pages of a result.
RESULT_TABLES: Final = {
    "firms": "cuFirms",
    "indicators": "cuIndicators",
    "plan": "cuPlan",
    "churn": "cuChurn",
    "firm_data": "cuFirmData",
    "problems": "cuProblems",
    "run_log": "cuRunLog",
    "frontier": "cuFrontier",
    "risk": "cuRisk",
    "losses": "cuLosses",
    "stress": "cuStress",
    "comparison": "cuComparison",
    "validation": "cuValidation",
    "validation_papers": "cuValidationPapers",
    "validation_secondary": "cuValidationSecondary",
    "validation_grades": "cuValidationGrades",
    "validation_shift": "cuValidationShift",
    "reproduction": "cuReproduction",
}
