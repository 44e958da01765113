"""Credit decisions for small firms, inside the spreadsheet.

::

    import credit_udfs as cu

    tables = cu.read("attachment1.xlsx", "attachment2.xlsx", "attachment3.xlsx")
    result = cu.assess(tables, budget=100_000_000)
    cu.write(result, "plan.xlsx", lang="en")

Names are imported when first used, so that importing the package stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from credit_udfs.api import (
        assess,
        compare,
        explain,
        frontiers,
        load_model,
        load_report,
        read,
        reproduce,
        risk,
        stress,
        validate,
        write,
        write_report,
    )
    from credit_udfs.core.allocation import Limits
    from credit_udfs.core.assess import Assessment, Settings
    from credit_udfs.core.summary import Summary, summarise
    from credit_udfs.errors import BadFile, BadInput, CreditError, NotAvailable, OutOfRange, Problem

__version__ = "0.1.0"

_HOMES = {
    "assess": "api",
    "compare": "api",
    "explain": "api",
    "frontiers": "api",
    "load_model": "api",
    "load_report": "api",
    "read": "api",
    "reproduce": "api",
    "risk": "api",
    "stress": "api",
    "validate": "api",
    "write": "api",
    "write_report": "api",
    "Assessment": "core.assess",
    "Settings": "core.assess",
    "Limits": "core.allocation",
    "Summary": "core.summary",
    "summarise": "core.summary",
    "BadFile": "errors",
    "BadInput": "errors",
    "CreditError": "errors",
    "NotAvailable": "errors",
    "OutOfRange": "errors",
    "Problem": "errors",
}

__all__ = [
    "Assessment",
    "BadFile",
    "BadInput",
    "CreditError",
    "Limits",
    "NotAvailable",
    "OutOfRange",
    "Problem",
    "Settings",
    "Summary",
    "assess",
    "compare",
    "explain",
    "frontiers",
    "load_model",
    "load_report",
    "read",
    "reproduce",
    "risk",
    "stress",
    "summarise",
    "validate",
    "write",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
