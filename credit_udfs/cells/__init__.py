"""Cell functions: declared once (`functions`), checked (`spec`), fed by one set of rules (`coerce`).

Importing this package fills `REGISTRY`.
"""

from __future__ import annotations

from credit_udfs.cells import functions as functions
from credit_udfs.cells.spec import REGISTRY, Arg, CellFunction, ErrorValue, Example

__all__ = ["REGISTRY", "Arg", "CellFunction", "ErrorValue", "Example"]
