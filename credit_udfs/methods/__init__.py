"""Every method, by name: the five papers' and ours.

`METHODS[name].make(seed)` gives a scikit-learn classifier: fit(X (n, k), y), predict_proba, predict,
classes_. X holds the method's indicators in order (`compute`), NaN where missing. `export` gives the fitted
numbers as JSON-able dicts, and `core.forms.evaluate` the same probabilities from them without scikit-learn
or torch.

A module of methods has a tuple DECLARED and is listed in `_MODULES`. Importing this package imports neither
scikit-learn nor torch.
"""

from __future__ import annotations

from typing import Any

from credit_udfs.core.indicators import compute
from credit_udfs.methods import ensemble, p0, p1, p2, p3, p3_ahp, p4
from credit_udfs.methods.method import Method, declare

_MODULES: tuple[Any, ...] = (ensemble, p0, p1, p2, p3, p3_ahp, p4)

METHODS: dict[str, Method] = {method.name: method for module in _MODULES for method in module.DECLARED}

VARIANTS: dict[str, Method] = {method.name: method for method in p3_ahp.VARIANTS}
"""Methods of METHODS with other settings: trained and judged when asked for by name, not with the rest."""

NAMED: dict[str, Method] = METHODS | VARIANTS

__all__ = ["METHODS", "NAMED", "VARIANTS", "Method", "compute", "declare", "export"]


def export(estimator: Any) -> dict[str, Any]:
    """Fitted numbers of one of our estimators (its own `export`) or of a fitted scikit-learn one."""
    if hasattr(estimator, "export"):
        numbers: dict[str, Any] = estimator.export()
        return numbers
    from credit_udfs.methods.convert import from_sklearn

    return from_sklearn(estimator)
