"""Probabilities from exported numbers, with numpy alone: what a fitted method is, once training is over.

A *form* is a JSON-able dict whose "form" names how it is evaluated; lists are arrays. `evaluate(form, X)`
takes X (n, k), NaN where an indicator is missing, and returns (n, classes) probabilities, rows summing to 1,
columns in the order of the classes it was trained on. Two-class forms give [1 - p, p].

Steps of a "chain" transform X column by column or as a whole (`_STEPS`); its "end" is a form. Neither
scikit-learn nor torch is needed, and they give the same figures to within rounding (tests: 1e-12).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from credit_udfs.core.trees import prepared
from credit_udfs.errors import BadInput
from credit_udfs.types import Floats

Form: TypeAlias = Mapping[str, Any]


def evaluate(form: Form, x: Floats) -> Floats:
    """Probabilities (n, classes) of the rows of x (n, k). Raises BadInput for an unknown form or wrong k."""
    return _lookup(_FORMS, form)(form, np.asarray(x, dtype=np.float64))


def transform(steps: Sequence[Form], x: Floats) -> Floats:
    """x after the steps of a chain, in order."""
    for step in steps:
        x = _lookup(_STEPS, step)(step, x)
    return x


def chain(steps: Sequence[Form], end: Form) -> dict[str, Any]:
    """The form that transforms by `steps` and then evaluates `end`."""
    return {"form": "chain", "steps": list(steps), "end": end}


def _lookup(table: Mapping[str, Callable[[Form, Floats], Floats]], form: Form) -> Callable[[Form, Floats], Floats]:
    name = str(form.get("form"))
    if name not in table:
        raise BadInput("forms.unknown", form=name, known=", ".join(sorted(table)))
    return table[name]


def _array(form: Form, key: str) -> Floats:
    return np.asarray(form[key], dtype=np.float64)


def _columns(x: Floats, expected: int) -> None:
    if x.ndim != 2 or x.shape[1] != expected:
        raise BadInput("forms.columns", expected=expected, shape=str(x.shape))


# --- steps: (n, k) -> (n, m) --------------------------------------------------------------------------------


def _impute(step: Form, x: Floats) -> Floats:
    """NaN -> the column's value (the training median)."""
    values = _array(step, "values")
    _columns(x, values.size)
    return np.where(np.isnan(x), values, x)


def _affine(step: Form, x: Floats) -> Floats:
    """(x - center) / scale."""
    center = _array(step, "center")
    _columns(x, center.size)
    result: Floats = (x - center) / _array(step, "scale")
    return result


def _signed_log(step: Form, x: Floats) -> Floats:
    """sign(x) ln(1 + |x| / unit), per column; unit 0 leaves the column as it is. For money of either sign."""
    unit = _array(step, "unit")
    _columns(x, unit.size)
    safe = np.where(unit > 0, unit, 1.0)
    return np.where(unit > 0, np.sign(x) * np.log1p(np.abs(x) / safe), x)


def _curve(step: Form, x: Floats) -> Floats:
    """Per column: "log10" log10(shift + max(x, 0)), "sqrt" sqrt(max(x, 0)), "identity"; as core.kernel does."""
    names, shifts = list(step["names"]), _array(step, "shifts")
    _columns(x, len(names))
    moved = [_CURVES[name](column, shift) for name, column, shift in zip(names, x.T, shifts, strict=True)]
    return np.stack(moved, axis=1)


_CURVES: Mapping[str, Callable[[Floats, float], Floats]] = {
    "log10": lambda x, shift: np.log10(shift + np.maximum(x, 0.0)),
    "sqrt": lambda x, shift: np.sqrt(np.maximum(x, 0.0)),
    "identity": lambda x, shift: x,
}


def _clip(step: Form, x: Floats) -> Floats:
    """Held within [low, high] per column."""
    low = _array(step, "low")
    _columns(x, low.size)
    return np.clip(x, low, _array(step, "high"))


def _project(step: Form, x: Floats) -> Floats:
    """(x - center) @ components.T, components (m, k)."""
    center = _array(step, "center")
    _columns(x, center.size)
    result: Floats = (x - center) @ _array(step, "components").reshape(-1, center.size).T
    return result


def _select(step: Form, x: Floats) -> Floats:
    """The columns of the given indices."""
    columns = list(step["columns"])
    if x.ndim != 2 or max(columns, default=-1) >= x.shape[1]:
        raise BadInput("forms.columns", expected=max(columns) + 1, shape=str(x.shape))
    return x[:, columns]


def _closeness(step: Form, x: Floats) -> Floats:
    """(n, 1) TOPSIS's score; see `closeness`."""
    return closeness(step, x)[:, None]


_STEPS: Mapping[str, Callable[[Form, Floats], Floats]] = {
    "impute": _impute,
    "affine": _affine,
    "signed_log": _signed_log,
    "curve": _curve,
    "clip": _clip,
    "project": _project,
    "select": _select,
    "closeness": _closeness,
}


# --- links --------------------------------------------------------------------------------------------------


def sigmoid(z: Floats) -> Floats:
    """1 / (1 + exp(-z)) without overflow."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0 / (1.0 + e), e / (1.0 + e))


def softmax(z: Floats) -> Floats:
    """exp(z) normalised over the last axis, without overflow."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    result: Floats = e / e.sum(axis=-1, keepdims=True)
    return result


def _two(p: Floats) -> Floats:
    return np.stack([1.0 - p, p], axis=1)


_ACTIVATIONS: Mapping[str, Callable[[Floats], Floats]] = {
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0.0),
    "sigmoid": sigmoid,
    "identity": lambda z: z,
}


# --- forms: (n, k) -> (n, classes) --------------------------------------------------------------------------


def _chain(form: Form, x: Floats) -> Floats:
    return evaluate(form["end"], transform(form["steps"], x))


def _constant(form: Form, x: Floats) -> Floats:
    """The same probabilities for everyone: a baseline."""
    return np.tile(_array(form, "probabilities"), (x.shape[0], 1))


def _logistic(form: Form, x: Floats) -> Floats:
    """One row of coefficients: p = sigmoid(b + w x). One row per class: softmax, as for discriminants."""
    weights, bias = np.atleast_2d(_array(form, "coefficients")), np.atleast_1d(_array(form, "intercept"))
    _columns(x, weights.shape[1])
    z = x @ weights.T + bias
    return _two(sigmoid(z[:, 0])) if weights.shape[0] == 1 else softmax(z)


def _ordinal(form: Form, x: Floats) -> Floats:
    """Proportional odds: P(class <= j) = sigmoid(threshold_j - w x), thresholds increasing."""
    weights, thresholds = _array(form, "coefficients"), _array(form, "thresholds")
    _columns(x, weights.size)
    cumulated = sigmoid(thresholds - (x @ weights)[:, None])
    edge = np.ones((x.shape[0], 1))
    return np.diff(np.hstack([0.0 * edge, cumulated, edge]), axis=1)


def network(layers: Sequence[Form], x: Floats) -> Floats:
    """(n, k) -> (n, outputs): x @ weights + bias through each layer's activation."""
    for layer in layers:
        weights = _array(layer, "weights")
        _columns(x, weights.shape[0])
        x = _ACTIVATIONS[layer["activation"]](x @ weights + _array(layer, "bias"))
    return x


def _mlp(form: Form, x: Floats) -> Floats:
    """A feed-forward network; a single output is p = sigmoid(z), several are a softmax."""
    z = network(form["layers"], x)
    return _two(sigmoid(z[:, 0])) if z.shape[1] == 1 else softmax(z)


def _codes(form: Form, x: Floats) -> Floats:
    """A network whose one output stands for a class by its code: P(class) ~ exp(-(z - code)^2 / (2 spread^2)).

    The likeliest class is the one with the nearest code, as P1 rounds.
    """
    z = network(form["layers"], x)
    return softmax(-((z - _array(form, "codes")) ** 2) / (2.0 * float(form["spread"]) ** 2))


def closeness(form: Form, x: Floats) -> Floats:
    """TOPSIS, (n, k) -> (n,): D- / (D+ + D-), distances to the worst and the best in weighted, normed columns.

    norms: the columns' Euclidean norms at fitting; best, worst: per column, in normed units, before weights.
    """
    norms, weights = _array(form, "norms"), _array(form, "weights")
    _columns(x, norms.size)
    c = x / norms
    # sqrt of weighted squares: weights multiply the squared difference, as with w_j (c_ij - c_j*)^2.
    plus = np.sqrt((weights * (c - _array(form, "best")) ** 2).sum(axis=1))
    minus = np.sqrt((weights * (c - _array(form, "worst")) ** 2).sum(axis=1))
    total = plus + minus
    return np.where(total > 0, minus / np.where(total > 0, total, 1.0), 0.5)


def _topsis(form: Form, x: Floats) -> Floats:
    """[o, 1 - o]: the score o stands for soundness; it is not a calibrated probability."""
    o = closeness(form, x)
    return np.stack([o, 1.0 - o], axis=1)


def _svm(form: Form, x: Floats) -> Floats:
    """A support vector machine with an RBF kernel, one against one; Platt's sigmoids on its decisions."""
    decision = svm_decision(form, x)
    slope, offset = _array(form, "slope"), _array(form, "offset")
    p = sigmoid(-(decision * slope + offset))
    if p.shape[1] == 1:
        return _two(p[:, 0])
    total = p.sum(axis=1, keepdims=True)
    return np.where(total > 0, p / np.where(total > 0, total, 1.0), 1.0 / p.shape[1])


def svm_decision(form: Form, x: Floats) -> Floats:
    """(n, 1) for two classes, else (n, classes): votes, ties broken by confidence (scikit-learn's "ovr")."""
    vectors, dual = _array(form, "vectors"), _array(form, "dual")
    intercept, counts = _array(form, "intercept"), [int(c) for c in form["counts"]]
    _columns(x, vectors.shape[1])
    block = max(1, 2**20 // max(vectors.size, 1))  # differences of many rows at once would fill the memory
    parts = [((x[i : i + block, None, :] - vectors) ** 2).sum(axis=2) for i in range(0, len(x), block)]
    kernel = np.exp(-float(form["gamma"]) * np.concatenate([np.empty((0, len(vectors))), *parts]))
    ends = np.cumsum([0, *counts])
    group = [slice(ends[i], ends[i + 1]) for i in range(len(counts))]
    classes = len(counts)
    pairs = [(i, j) for i in range(classes) for j in range(i + 1, classes)]
    values = np.stack(
        [
            kernel[:, group[i]] @ dual[j - 1, group[i]] + kernel[:, group[j]] @ dual[i, group[j]] + b
            for (i, j), b in zip(pairs, intercept, strict=True)
        ],
        axis=1,
    )
    if classes == 2:
        return -values  # of two classes, a positive decision means the second
    votes, confidence = np.zeros((x.shape[0], classes)), np.zeros((x.shape[0], classes))
    for k, (i, j) in enumerate(pairs):
        confidence[:, i] += values[:, k]
        confidence[:, j] -= values[:, k]
        votes[:, i] += values[:, k] > 0
        votes[:, j] += values[:, k] <= 0
    result: Floats = votes + confidence / (3.0 * (np.abs(confidence) + 1.0))
    return result


def _forest(form: Form, x: Floats) -> Floats:
    """Mean over trees of the leaves' class shares; values (nodes, classes). Inputs are rounded to 32 bits
    first, as scikit-learn does."""
    trees = prepared(form["trees"])
    return trees.sums(x.astype(np.float32).astype(np.float64)) / trees.root.size


def _boosting(form: Form, x: Floats) -> Floats:
    """Rounds of trees added up to log-odds: start (m,), trees[round][m]; m = 1 for two classes."""
    inputs = x.astype(np.float32).astype(np.float64) if form["narrow"] else x
    z = np.atleast_1d(_array(form, "start")) + float(form["rate"]) * prepared(form["trees"]).sums(inputs)
    return _two(sigmoid(z[:, 0])) if z.shape[1] == 1 else softmax(z)


def _cnn(form: Form, x: Floats) -> Floats:
    """Convolutions over time, then a dense network. Columns of x are channels one after the other, each a
    series.

    convolutions: weights (out, in, width), bias, padding, activation, pool (maximum over that many steps).
    """
    channels = int(form["channels"])
    if x.ndim != 2 or x.shape[1] % channels:
        raise BadInput("forms.columns", expected=channels, shape=str(x.shape))
    h = x.reshape(x.shape[0], channels, -1)
    for layer in form["convolutions"]:
        weights, pad = _array(layer, "weights"), int(layer["padding"])
        padded = np.pad(h, ((0, 0), (0, 0), (pad, pad)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, weights.shape[2], axis=2)
        h = np.einsum("nctw,ocw->not", windows, weights) + _array(layer, "bias")[:, None]
        h = _ACTIVATIONS[layer["activation"]](h)
        pool = int(layer["pool"])
        steps = h.shape[2] // pool
        h = h[:, :, : steps * pool].reshape(h.shape[0], h.shape[1], steps, pool).max(axis=3)
    return _mlp(form, h.reshape(h.shape[0], -1))


def _mean(form: Form, x: Floats) -> Floats:
    """Weighted mean of the members' probabilities."""
    weights = _array(form, "weights")
    parts = [w * evaluate(member, x) for w, member in zip(weights, form["members"], strict=True)]
    result: Floats = np.asarray(sum(parts), dtype=np.float64) / weights.sum()
    return result


def _cumulative(form: Form, x: Floats) -> Floats:
    """Ordered classes from two-class members, member j for P(class > j); where they cross, the lower one holds.

    Source: Frank and Hall (2001), A simple approach to ordinal classification.
    """
    above = np.stack([evaluate(member, x)[:, 1] for member in form["members"]], axis=1)
    edge = np.ones((x.shape[0], 1))
    result: Floats = -np.diff(np.hstack([edge, np.minimum.accumulate(above, axis=1), 0.0 * edge]), axis=1)
    return result


def _two_step(form: Form, x: Floats) -> Floats:
    """The last class against the rest by "last" (two classes), then the rest among themselves by "others"."""
    last = evaluate(form["last"], x)
    return np.hstack([evaluate(form["others"], x) * last[:, :1], last[:, 1:]])


def _mixture(form: Form, x: Floats) -> Floats:
    """Groups, then classes within each: P(class) = sum over groups of P(group) shares[group][class]."""
    result: Floats = evaluate(form["of"], x) @ _array(form, "shares")
    return result


_FORMS: Mapping[str, Callable[[Form, Floats], Floats]] = {
    "chain": _chain,
    "constant": _constant,
    "logistic": _logistic,
    "ordinal": _ordinal,
    "mlp": _mlp,
    "codes": _codes,
    "topsis": _topsis,
    "svm": _svm,
    "forest": _forest,
    "boosting": _boosting,
    "cnn": _cnn,
    "mean": _mean,
    "cumulative": _cumulative,
    "two_step": _two_step,
    "mixture": _mixture,
}
