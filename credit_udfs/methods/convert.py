"""Fitted scikit-learn estimators as forms (core.forms), so that they score without scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np

from credit_udfs.core import forms
from credit_udfs.errors import BadInput


def from_sklearn(fitted: Any) -> dict[str, Any]:
    """The form of a fitted classifier.

    Known: Pipeline (of SimpleImputer, StandardScaler, PCA and a classifier), LogisticRegression,
    LinearDiscriminantAnalysis, MLPClassifier, CalibratedClassifierCV(SVC(kernel="rbf"), method="sigmoid",
    ensemble=False), RandomForestClassifier, ExtraTreesClassifier, GradientBoostingClassifier,
    HistGradientBoostingClassifier, VotingClassifier(voting="soft"), and anything with an `export` of its own.
    Raises BadInput for another.
    """
    if hasattr(fitted, "export"):
        own: dict[str, Any] = fitted.export()
        return own
    name = type(fitted).__name__
    if name == "Pipeline":
        steps = [_step(step) for _, step in fitted.steps[:-1]]
        return forms.chain(steps, from_sklearn(fitted.steps[-1][1]))
    if name not in _CONVERT:
        raise BadInput("methods.no_form", method=name)
    return _CONVERT[name](fitted)


def _step(step: Any) -> dict[str, Any]:
    name = type(step).__name__
    if name == "SimpleImputer":
        return {"form": "impute", "values": step.statistics_.tolist()}
    if name == "StandardScaler":
        k = step.n_features_in_
        return {
            "form": "affine",
            "center": (step.mean_ if step.with_mean else np.zeros(k)).tolist(),
            "scale": (step.scale_ if step.with_std else np.ones(k)).tolist(),
        }
    if name == "PCA" and not step.whiten:
        return {"form": "project", "center": step.mean_.tolist(), "components": step.components_.tolist()}
    raise BadInput("methods.no_form", method=name)


def _logistic(model: Any) -> dict[str, Any]:
    return {
        "form": "logistic",
        "coefficients": model.coef_.tolist(),
        "intercept": np.atleast_1d(model.intercept_).tolist(),
    }


def _mlp(model: Any) -> dict[str, Any]:
    hidden = len(model.coefs_) - 1
    layers = [
        {
            "weights": weights.tolist(),
            "bias": bias.tolist(),
            "activation": ("sigmoid" if model.activation == "logistic" else model.activation)
            if i < hidden
            else "identity",
        }
        for i, (weights, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True))
    ]
    return {"form": "mlp", "layers": layers}


def _calibrated_svm(model: Any) -> dict[str, Any]:
    (inner,) = model.calibrated_classifiers_
    svc = inner.estimator
    if type(svc).__name__ != "SVC" or svc.kernel != "rbf" or model.method != "sigmoid":
        raise BadInput("methods.no_form", method=f"{type(svc).__name__}({getattr(svc, 'kernel', '')})")
    return {
        "form": "svm",
        "vectors": svc.support_vectors_.tolist(),
        # libsvm keeps the two-class signs the other way round from what scikit-learn shows.
        "dual": (svc.dual_coef_ * (-1.0 if len(svc.classes_) == 2 else 1.0)).tolist(),
        "intercept": (svc.intercept_ * (-1.0 if len(svc.classes_) == 2 else 1.0)).tolist(),
        "counts": svc.n_support_.tolist(),
        "gamma": float(svc._gamma),
        "slope": [float(c.a_) for c in inner.calibrators],
        "offset": [float(c.b_) for c in inner.calibrators],
    }


def _tree(tree: Any, value: np.ndarray[Any, Any]) -> dict[str, Any]:
    missing = getattr(tree, "missing_go_to_left", np.zeros(tree.node_count, dtype=bool))
    return {
        "feature": np.maximum(tree.feature, 0).tolist(),
        "threshold": tree.threshold.tolist(),
        "left": tree.children_left.tolist(),
        "right": tree.children_right.tolist(),
        "missing_left": [bool(m) for m in missing],
        "value": value.tolist(),
    }


def _forest(model: Any) -> dict[str, Any]:
    trees = []
    for member in model.estimators_:
        shares = member.tree_.value[:, 0, :]
        trees.append(_tree(member.tree_, shares / shares.sum(axis=1, keepdims=True)))
    return {"form": "forest", "trees": trees}


def _gradient_boosting(model: Any) -> dict[str, Any]:
    # The raw prediction before any tree depends on the prior alone; scikit-learn has no public name for it.
    start = np.asarray(model._raw_predict_init(np.zeros((1, model.n_features_in_), dtype=np.float32)))[0]
    trees = [[_tree(t.tree_, t.tree_.value[:, 0, 0]) for t in stage] for stage in model.estimators_]
    return {
        "form": "boosting",
        "narrow": True,
        "start": start.tolist(),
        "rate": float(model.learning_rate),
        "trees": trees,
    }


def _hist_boosting(model: Any) -> dict[str, Any]:
    if getattr(model, "is_categorical_", None) is not None:
        raise BadInput("methods.no_form", method="HistGradientBoostingClassifier(categorical_features)")
    stages = []
    for stage in model._predictors:
        trees = []
        for predictor in stage:
            nodes = predictor.nodes
            leaf = nodes["is_leaf"].astype(bool)
            trees.append(
                {
                    "feature": np.where(leaf, 0, nodes["feature_idx"]).astype(int).tolist(),
                    # JSON has no infinity; a threshold of +inf sends every number left, as this one does.
                    "threshold": np.clip(nodes["num_threshold"], -1e308, 1e308).tolist(),
                    "left": np.where(leaf, -1, nodes["left"].astype(np.int64)).tolist(),
                    "right": np.where(leaf, -1, nodes["right"].astype(np.int64)).tolist(),
                    "missing_left": [bool(m) for m in nodes["missing_go_to_left"]],
                    "value": nodes["value"].tolist(),
                }
            )
        stages.append(trees)
    start = np.asarray(model._baseline_prediction, dtype=np.float64).reshape(-1)
    # Leaf values already carry the learning rate.
    return {"form": "boosting", "narrow": False, "start": start.tolist(), "rate": 1.0, "trees": stages}


def _voting(model: Any) -> dict[str, Any]:
    if model.voting != "soft":
        raise BadInput("methods.no_form", method="VotingClassifier(voting='hard')")
    weights = model.weights if model.weights is not None else [1.0] * len(model.estimators_)
    return {
        "form": "mean",
        "weights": [float(w) for w in weights],
        "members": [from_sklearn(member) for member in model.estimators_],
    }


_CONVERT = {
    "LogisticRegression": _logistic,
    "LinearDiscriminantAnalysis": _logistic,
    "MLPClassifier": _mlp,
    "CalibratedClassifierCV": _calibrated_svm,
    "RandomForestClassifier": _forest,
    "ExtraTreesClassifier": _forest,
    "GradientBoostingClassifier": _gradient_boosting,
    "HistGradientBoostingClassifier": _hist_boosting,
    "VotingClassifier": _voting,
}
