"""Ours: ridge logistic and proportional odds, boosting that knows the signs, and a mean of three kinds.

All take two classes or more, in order (A to D, or no and yes), on any indicators; the default model itself
(`credit_udfs.methods.linear.train`) is `TwoStep` on the canonical six.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from credit_udfs.core import forms
from credit_udfs.core.indicators import SIX, WIDE
from credit_udfs.errors import BadInput
from credit_udfs.methods.convert import from_sklearn
from credit_udfs.methods.estimator import FormClassifier
from credit_udfs.methods.linear import fit_proportional_odds, fit_two_steps, standardise
from credit_udfs.methods.method import declare
from credit_udfs.types import Floats, Ints

# Whether more of it means more risk (1) or less (-1). A large share of one supplier ought to be a risk and isn't
# one in the data, so its sign is left open.
SIGNS: dict[str, int] = {
    "annual_net_sales": -1,
    "trading_years": -1,
    "top_customer_share": 1,
    "returning_share": -1,
    "sales_void_rate": 1,
    "top_supplier_share": 0,
}


class Linear(FormClassifier):
    """Ridge logistic regression for two classes, proportional odds for more: methods.linear, exported as a form.

    keys: the indicators that the columns hold, for their transforms; other columns enter as they are.
    c: inverse ridge strength, penalty |coefficients|^2 / (2 c) on standardised indicators.
    """

    def __init__(self, keys: Sequence[str] = SIX, c: float = 1.0) -> None:
        self.keys = keys
        self.c = c

    def _fit(self, X: Floats, codes: Ints, count: int) -> dict[str, Any]:  # noqa: N803
        z, steps = _standardised(X, self.keys)
        weights, cuts = fit_proportional_odds(z, codes, count, self.c)
        return forms.chain(steps, _ordinal(weights, cuts))


class TwoStep(FormClassifier):
    """The last class (D, refused) against the rest by logistic regression, the rest by proportional odds.

    One set of coefficients needn't explain both who is refused and who is how good. Two classes: `Linear`.
    The default model (methods.linear.train) is this on the canonical six.
    c, c_last, c_others: inverse ridge strengths, of two classes and of the steps.
    """

    def __init__(self, keys: Sequence[str] = SIX, c: float = 1.0, c_last: float = 2.0, c_others: float = 0.3) -> None:
        self.keys = keys
        self.c = c
        self.c_last = c_last
        self.c_others = c_others

    def _fit(self, X: Floats, codes: Ints, count: int) -> dict[str, Any]:  # noqa: N803
        z, steps = _standardised(X, self.keys)
        if count == 2:
            return forms.chain(steps, _ordinal(*fit_proportional_odds(z, codes, 2, self.c)))
        last, others = fit_two_steps(z, codes, count, self.c_last, self.c_others)
        return forms.chain(steps, {"form": "two_step", "last": _ordinal(*last), "others": _ordinal(*others)})


class MonotoneBoosting(FormClassifier):
    """Gradient boosting of shallow trees that may only rise, or only fall, where the sign of an effect is known.

    More than two classes are split at each cut, P(class > j), as constraints know two classes only.
    signs: per column 1 (more of it, more risk), -1 or 0 (open).
    Source of the constraint: scikit-learn, HistGradientBoostingClassifier(monotonic_cst).
    """

    def __init__(self, signs: Sequence[int] = tuple(SIGNS.values()), rounds: int = 60) -> None:
        self.signs = signs
        self.rounds = rounds

    def _fit(self, X: Floats, codes: Ints, count: int) -> dict[str, Any]:  # noqa: N803
        from sklearn.ensemble import HistGradientBoostingClassifier
        from threadpoolctl import threadpool_limits

        members = []
        for cut in range(count - 1):
            boosting = HistGradientBoostingClassifier(
                max_iter=self.rounds,
                learning_rate=0.05,
                max_depth=2,
                min_samples_leaf=5,
                monotonic_cst=list(self.signs),
                early_stopping=False,
            )
            # A hundred firms are too few to share: on a busy machine threads would wait for each other.
            with threadpool_limits(1, "openmp"):
                members.append(from_sklearn(boosting.fit(X, (codes > cut).astype(int))))
        return members[0] if count == 2 else {"form": "cumulative", "members": members}


class Ensemble(FormClassifier):
    """Mean of the probabilities of `Linear`, a random forest and gradient boosting.

    Forest: 200 trees, leaves of 3 firms or more. Boosting: 60 rounds of depth 2 at rate .05 on 70% of the firms.
    Source: Breiman (2001); Friedman (2002).
    """

    def __init__(self, keys: Sequence[str] = SIX, c: float = 1.0, trees: int = 200, seed: int = 0) -> None:
        self.keys = keys
        self.c = c
        self.trees = trees
        self.seed = seed

    def _fit(self, X: Floats, codes: Ints, count: int) -> dict[str, Any]:  # noqa: N803
        from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

        linear = Linear(self.keys, self.c).fit(X, codes).export()
        # The trees take missing values as the linear model does: by the training median.
        impute = linear["steps"][0]
        table = forms.transform([impute], X)
        forest = RandomForestClassifier(self.trees, min_samples_leaf=3, random_state=self.seed)
        boosting = GradientBoostingClassifier(
            n_estimators=60,
            learning_rate=0.05,
            max_depth=2,
            min_samples_leaf=5,
            subsample=0.7,
            random_state=self.seed,
        )
        trees = [forms.chain([impute], from_sklearn(m.fit(table, codes))) for m in (forest, boosting)]
        return {"form": "mean", "weights": [1.0, 1.0, 1.0], "members": [linear, *trees]}


def _standardised(x: Floats, keys: Sequence[str]) -> tuple[Floats, list[dict[str, Any]]]:
    """The columns as `standardise` does them, and the steps of a chain that do the same."""
    if x.shape[1] != len(keys):
        raise BadInput("forms.columns", expected=len(keys), shape=str(x.shape))
    known = np.where(np.isnan(x).all(axis=0), 0.0, x)  # a column nobody has says nothing
    z, specs = standardise(known, keys)
    steps = [
        {"form": "impute", "values": [s["median"] for s in specs]},
        {
            "form": "curve",
            "names": [s["transform"]["name"] for s in specs],
            "shifts": [s["transform"]["shift"] for s in specs],
        },
        {"form": "affine", "center": [s["mean"] for s in specs], "scale": [s["sd"] for s in specs]},
    ]
    return z, steps


def _ordinal(weights: Floats, cuts: Floats) -> dict[str, Any]:
    return {"form": "ordinal", "coefficients": weights.tolist(), "thresholds": cuts.tolist()}


DECLARED = (
    declare("linear", None, SIX, "default", lambda seed: Linear()),
    declare("linear_wide", None, WIDE, "default", lambda seed: Linear(WIDE, 0.05)),
    declare("two_step", None, SIX, "grade", lambda seed: TwoStep()),
    declare("monotone", None, SIX, "default", lambda seed: MonotoneBoosting()),
    declare("ensemble", None, SIX, "grade", lambda seed: Ensemble(seed=seed)),
)
