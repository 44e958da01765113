"""What the papers' methods fit with: preparation steps, logistic regression, networks. numpy and scipy
only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.optimize import least_squares, minimize

from credit_udfs.core import forms
from credit_udfs.types import Floats, Ints

MONEY = 10_000.0  # ten thousand yuan: below it, an amount hardly differs from nothing


def impute_step(x: Floats) -> dict[str, Any]:
    """Missing values take the column's median; a column without any value is 0."""
    known = ~np.isnan(x)
    values = [float(np.median(column[k])) if k.any() else 0.0 for column, k in zip(x.T, known.T, strict=True)]
    return {"form": "impute", "values": values}


def standard_step(x: Floats) -> dict[str, Any]:
    """Mean 0, standard deviation 1 (population); a column that doesn't vary is left at 0."""
    sd = x.std(axis=0)
    sd = np.where(sd > 1e-12 * np.maximum(1.0, np.abs(x).max(axis=0)), sd, 1.0)
    return {"form": "affine", "center": x.mean(axis=0).tolist(), "scale": sd.tolist()}


def range_step(x: Floats) -> dict[str, Any]:
    """Smallest value -> -1, largest -> 1 (MATLAB's mapminmax); a column that doesn't vary is left at 0."""
    low, high = x.min(axis=0), x.max(axis=0)
    half = np.where(high > low, (high - low) / 2.0, 1.0)
    return {"form": "affine", "center": ((low + high) / 2.0).tolist(), "scale": half.tolist()}


def log_step(units: Sequence[float]) -> dict[str, Any]:
    """sign(x) ln(1 + |x| / unit) per column; unit 0 leaves a column alone."""
    return {"form": "signed_log", "unit": list(units)}


def prepare(
    x: Floats,
    units: Sequence[float] | None = None,
    scaling: Callable[[Floats], dict[str, Any]] = standard_step,
) -> tuple[Floats, list[dict[str, Any]]]:
    """x after imputing, the logarithm where `units` says so, and scaling; and those steps."""
    steps: list[dict[str, Any]] = [impute_step(x)]
    if units is not None and any(units):
        steps.append(log_step(units))
    steps.append(scaling(forms.transform(steps, x)))
    return forms.transform(steps, x), steps


@dataclass(frozen=True)
class Logistic:
    """A fitted logistic regression: coefficients (m, k) and intercept (m,), m = 1 for two classes; and its
    log-likelihood (not counting the penalty)."""

    coefficients: Floats
    intercept: Floats
    log_likelihood: float

    def form(self) -> dict[str, Any]:
        return {
            "form": "logistic",
            "coefficients": self.coefficients.tolist(),
            "intercept": self.intercept.tolist(),
        }


def fit_logistic(z: Floats, codes: Ints, count: int, ridge: float = 0.0) -> Logistic:
    """Maximum likelihood by Newton's method with step halving.

    z: (n, k), standardised; codes: (n,) in 0..count-1; two classes: one row of coefficients for class 1;
    more: class 0 is the reference, its row is 0. ridge: penalty ridge/2 |coefficients|^2, intercepts free.
    Perfectly separated classes have no maximum: the search ends after 60 steps, with probabilities near 0
    and 1.
    """
    n, k = z.shape
    free = count - 1
    design = np.hstack([np.ones((n, 1)), z])
    hot = (codes[:, None] == np.arange(1, count)).astype(np.float64)
    penalty = np.tile(np.concatenate([[0.0], np.full(k, ridge)]), free)

    def both(theta: Floats) -> tuple[float, Floats]:
        scores = np.hstack([np.zeros((n, 1)), design @ theta.reshape(free, k + 1).T])
        top = scores.max(axis=1)
        log_sum = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
        value = float((scores[np.arange(n), codes] - log_sum).sum())
        return value, np.exp(scores - log_sum[:, None])[:, 1:]

    theta = np.zeros(free * (k + 1))
    value, p = both(theta)
    for _ in range(60):
        gradient = ((hot - p).T @ design).reshape(-1) - penalty * theta
        hessian = np.diag(penalty + 1e-12)
        for a in range(free):
            for b in range(free):
                weight = p[:, a] * ((a == b) - p[:, b])
                rows, columns = slice(a * (k + 1), (a + 1) * (k + 1)), slice(b * (k + 1), (b + 1) * (k + 1))
                hessian[rows, columns] += design.T @ (design * weight[:, None])
        step = np.linalg.lstsq(hessian, gradient, rcond=None)[0]
        objective, size = value - 0.5 * float(penalty @ theta**2), 1.0
        while True:
            new = theta + size * step
            new_value, new_p = both(new)
            if new_value - 0.5 * float(penalty @ new**2) >= objective - 1e-12 or size < 1e-6:
                break
            size /= 2.0
        done = float(np.abs(size * step).max()) < 1e-10
        theta, value, p = new, new_value, new_p
        if done:
            break
    table = theta.reshape(free, k + 1)
    if free > 1:
        table = np.vstack([np.zeros(k + 1), table])
    return Logistic(table[:, 1:], table[:, 0], value)


def fit_platt(steps: Sequence[dict[str, Any]], x: Floats, codes: Ints) -> dict[str, Any]:
    """A score's form with probabilities of class 1: a logistic regression on the score alone.

    steps: end in one column, the score, and were fitted on x (n, k) without a look at the classes, so that the
    regression needn't hold firms out to be honest: it fits two numbers. (Scores that depend on the most extreme
    firms, as TOPSIS's do, change their scale without them: held out, they'd teach it the wrong one.)
    codes: (n,) of two classes. Source: Platt (1999), Probabilistic outputs for support vector machines; without his
    smoothed targets.
    """
    score = forms.transform(steps, x)
    step = standard_step(score)
    return forms.chain([*steps, step], fit_logistic(forms.transform([step], score), codes, 2).form())


# --- networks -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shape:
    """A network with one hidden layer of tanh units: k inputs, hidden units, outputs; its weights in one
    vector.
    """

    inputs: int
    hidden: int
    outputs: int

    @property
    def size(self) -> int:
        return (self.inputs + 1) * self.hidden + (self.hidden + 1) * self.outputs

    def start(self, seed: int) -> Floats:
        """Normal weights of variance 1 / inputs of the layer, no bias."""
        random = np.random.default_rng(seed)
        first = random.normal(0.0, self.inputs**-0.5, (self.inputs, self.hidden))
        second = random.normal(0.0, self.hidden**-0.5, (self.hidden, self.outputs))
        return np.concatenate([first.ravel(), np.zeros(self.hidden), second.ravel(), np.zeros(self.outputs)])

    def split(self, w: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        a = self.inputs * self.hidden
        b = a + self.hidden
        c = b + self.hidden * self.outputs
        return (
            w[:a].reshape(self.inputs, self.hidden),
            w[a:b],
            w[b:c].reshape(self.hidden, self.outputs),
            w[c:],
        )

    def decayed(self) -> Floats:
        """1 for a weight, 0 for a bias: weight decay leaves biases alone."""
        a, c = self.inputs * self.hidden, self.hidden * self.outputs
        return np.concatenate([np.ones(a), np.zeros(self.hidden), np.ones(c), np.zeros(self.outputs)])

    def outputs_of(self, w: Floats, z: Floats) -> tuple[Floats, Floats]:
        """Outputs (n, outputs) before any link, and hidden values (n, hidden)."""
        first, bias, second, end = self.split(w)
        hidden = np.tanh(z @ first + bias)
        return hidden @ second + end, hidden

    def layers(self, w: Floats) -> list[dict[str, Any]]:
        first, bias, second, end = self.split(w)
        return [
            {"weights": first.tolist(), "bias": bias.tolist(), "activation": "tanh"},
            {"weights": second.tolist(), "bias": end.tolist(), "activation": "identity"},
        ]

    def backward(self, w: Floats, z: Floats, hidden: Floats, slope: Floats) -> Floats:
        """Gradient (size,) from the loss's slope (n, outputs) against the outputs: back-propagation."""
        _, _, second, _ = self.split(w)
        inner = (slope @ second.T) * (1.0 - hidden**2)
        return np.concatenate([(z.T @ inner).ravel(), inner.sum(axis=0), (hidden.T @ slope).ravel(), slope.sum(axis=0)])


def fit_bp(z: Floats, codes: Ints, count: int, hidden: int, decay: float, steps: int, seed: int) -> dict[str, Any]:
    """A network's form, trained by back-propagation on squared error between its probabilities and 0/1
    targets.

    z: (n, k) scaled; two classes have one sigmoid output, more have a softmax. The error is the mean over
    firms;
    decay: weight of half the sum of squared weights. Full-batch gradients, BFGS with limited memory in place
    of plain gradient descent: the same minimum in fewer steps.
    """
    outputs = 1 if count == 2 else count
    shape = Shape(z.shape[1], hidden, outputs)
    target = codes[:, None].astype(np.float64) if outputs == 1 else np.eye(count)[codes]
    shrink = decay * shape.decayed()

    def loss(w: Floats) -> tuple[float, Floats]:
        raw, inner = shape.outputs_of(w, z)
        p = forms.sigmoid(raw) if outputs == 1 else forms.softmax(raw)
        g = 2.0 * (p - target) / len(z)
        slope = g * p * (1.0 - p) if outputs == 1 else p * (g - (g * p).sum(axis=1, keepdims=True))
        value = float(((p - target) ** 2).sum() / len(z) + 0.5 * (shrink @ w**2))
        return value, shape.backward(w, z, inner, slope) + shrink * w

    found = minimize(loss, shape.start(seed), jac=True, method="L-BFGS-B", options={"maxiter": steps})
    return {"form": "mlp", "layers": shape.layers(found.x)}


@dataclass(frozen=True)
class Stopped:
    """A regression network after early stopping.

    weights: at the smallest validation error; epoch: accepted steps until then; train, validation, test: mean
    squared errors there (NaN for an empty part).
    """

    shape: Shape
    weights: Floats
    epoch: int
    train: float
    validation: float
    test: float


def fit_stopped(
    z: Floats,
    target: Floats,
    hidden: int,
    decay: float,
    seed: int,
    algorithm: Literal["lm", "cg"],
    patience: int = 6,
) -> Stopped:
    """One output regressed on `target` (n,), rows split 70/15/15 at random into training, validation and
    test.

    algorithm: "lm" Levenberg-Marquardt (scipy's least_squares, MINPACK), "cg" conjugate gradient (scipy's
    minimize: Polak-Ribiere with line search, where the paper's MATLAB has the scaled variant). Training stops
    once the validation error hasn't improved for `patience` accepted steps, MATLAB's rule, and goes back to
    the best step. decay: weight of half the mean of squared weights against half the mean squared error.
    """
    n = len(z)
    random = np.random.default_rng(seed)
    order = random.permutation(n)
    a, b = round(0.70 * n), round(0.85 * n)
    rows = {"train": order[:a], "validation": order[a:b], "test": order[b:]}
    shape = Shape(z.shape[1], hidden, 1)
    x, t = z[rows["train"]], target[rows["train"]]
    root = np.sqrt(decay * shape.decayed() * a)

    def residuals(w: Floats) -> Floats:
        return np.concatenate([shape.outputs_of(w, x)[0][:, 0] - t, root * w])

    def jacobian(w: Floats) -> Floats:
        _, _, second, _ = shape.split(w)
        inner = shape.outputs_of(w, x)[1]
        slope = (1.0 - inner**2) * second[:, 0]
        first = (x[:, :, None] * slope[:, None, :]).reshape(a, -1)
        top = np.hstack([first, slope, inner, np.ones((a, 1))])
        return np.vstack([top, np.diag(root)])

    path: list[Floats] = []
    best = np.inf

    def watch(w: Floats, value: float) -> None:
        nonlocal best
        if value < best:  # MINPACK tries steps and drops those that don't descend; keep the accepted ones
            best = value
            path.append(w.copy())

    if algorithm == "lm":

        def watched(w: Floats) -> Floats:
            r = residuals(w)
            watch(w, float(r @ r))
            return r

        least_squares(watched, shape.start(seed), jac=jacobian, method="lm", max_nfev=60)
    else:

        def loss(w: Floats) -> tuple[float, Floats]:
            r = residuals(w)
            return 0.5 * float(r @ r), jacobian(w).T @ r

        path.append(shape.start(seed))
        minimize(loss, path[0], jac=True, method="CG", callback=lambda w: path.append(w.copy()),
                 options={"maxiter": 200})  # fmt: skip

    def error(w: Floats, part: Ints) -> float:
        if not part.size:
            return float("nan")
        return float(np.mean((shape.outputs_of(w, z[part])[0][:, 0] - target[part]) ** 2))

    at, lowest, failures = 0, np.inf, 0
    for epoch, w in enumerate(path):
        value = error(w, rows["validation"] if rows["validation"].size else rows["train"])
        if value < lowest:
            at, lowest, failures = epoch, value, 0
        else:
            failures += 1
            if failures >= patience:
                break
    w = path[at]
    return Stopped(shape, w, at, *(error(w, rows[part]) for part in ("train", "validation", "test")))
