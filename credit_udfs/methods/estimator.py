"""A scikit-learn classifier that is nothing but its fitted numbers.

`FormClassifier` lets scikit-learn clone, cross-validate and put it in pipelines, without importing
scikit-learn; a subclass writes `_fit`, which returns the fitted numbers (core.forms), and everything it
predicts is evaluated from them. So what is exported and what is validated can't differ.
"""

from __future__ import annotations

import inspect
from typing import Any, ClassVar, Self

import numpy as np

from credit_udfs.core import forms
from credit_udfs.errors import BadInput
from credit_udfs.types import Floats, Ints


class FormClassifier:
    """Base of our classifiers. Parameters are the keyword arguments of __init__, stored under their own
    names.

    FEWEST, MOST: how many classes it can be fitted to.
    """

    FEWEST: ClassVar[int] = 2
    MOST: ClassVar[int | None] = None
    _estimator_type = "classifier"
    fitted_: dict[str, Any]
    classes_: Ints
    n_features_in_: int

    def _fit(self, X: Floats, codes: Ints, count: int) -> dict[str, Any]:  # noqa: N803 (scikit-learn's name)
        """Fitted numbers for X (n, k) and class codes 0..count-1; its form gives (n, count) probabilities."""
        raise NotImplementedError

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803
        """X: (n, k), NaN where an indicator is missing; y: (n,) two or more classes.

        Raises BadInput when there are fewer than two classes, too few or too many for the method, or the shapes differ.
        """
        table, target = np.asarray(X, dtype=np.float64), np.asarray(y)
        if table.ndim != 2 or target.shape != (table.shape[0],):
            raise BadInput("methods.bad_shapes", rows=str(table.shape), targets=str(target.shape))
        self.classes_, codes = np.unique(target, return_inverse=True)
        count = int(self.classes_.size)
        if count < 2:
            raise BadInput("methods.one_class", count=count)
        if not self.takes(count):
            key = "methods.many_classes" if count < self.FEWEST else "methods.two_classes"
            raise BadInput(key, method=type(self).__name__, count=count)
        self.n_features_in_ = table.shape[1]
        self.fitted_ = self._fit(table, codes.astype(np.int64), count)
        return self

    @classmethod
    def takes(cls, count: int) -> bool:
        """Whether it can be fitted to so many classes."""
        return count >= cls.FEWEST and (cls.MOST is None or count <= cls.MOST)

    def predict_proba(self, X: Any) -> Floats:  # noqa: N803
        """(n, number of classes) probabilities, rows summing to 1."""
        return forms.evaluate(self.fitted_, np.asarray(X, dtype=np.float64))

    def predict(self, X: Any) -> Ints:  # noqa: N803
        """(n,) the likeliest class."""
        best: Ints = self.classes_[np.argmax(self.predict_proba(X), axis=1)]
        return best

    def score(self, X: Any, y: Any) -> float:  # noqa: N803
        """Share of X whose class is predicted right."""
        return float(np.mean(self.predict(X) == np.asarray(y)))

    def export(self) -> dict[str, Any]:
        """The fitted numbers, JSON-able; see core.forms."""
        return self.fitted_

    # What scikit-learn's clone, pipelines and searches ask of an estimator.

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        parameters = inspect.signature(type(self).__init__).parameters.values()
        named = [p.name for p in parameters if p.name != "self" and p.kind is p.POSITIONAL_OR_KEYWORD]
        return {name: getattr(self, name) for name in named}

    def set_params(self, **params: Any) -> Self:
        for name, value in params.items():
            if name not in self.get_params():
                raise BadInput("methods.no_parameter", name=name, method=type(self).__name__)
            setattr(self, name, value)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "fitted_")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(allow_nan=True),
        )

    def __repr__(self) -> str:
        changed = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({changed})"
