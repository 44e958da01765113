"""P2: a convolutional network on monthly series of invoices for the grade; stability and strength for the
limit.

The amounts, rates and top-ups of its strategy are in core.allocation. The network trains with PyTorch (the
extra "cnn") and scores with numpy alone.

The series are core.indicators.P2_SERIES.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from credit_udfs.core import forms
from credit_udfs.core.allocation.plan import Plan
from credit_udfs.core.indicators import P2_SERIES
from credit_udfs.core.indicators.monthly import CHANNELS, MONTHS
from credit_udfs.errors import NotAvailable
from credit_udfs.methods.estimator import FormClassifier
from credit_udfs.methods.fitting import MONEY, impute_step, log_step
from credit_udfs.methods.method import declare
from credit_udfs.types import GRADES, Floats, Grade, Ints


class ConvolutionalNetwork(FormClassifier):
    """P2, section 2.1: two convolutions over time with rectifiers and max-pooling, a dense layer, a softmax.

    The paper has no sizes: 8 and 16 kernels of 3 months, 32 dense units, Adam for `epochs` full-batch steps
    of 0.005, weight decay 0.01 stand in. Amounts enter as signed logarithms of ten thousand yuan, divided by
    the channel's training deviation. Raises NotAvailable when PyTorch isn't installed.
    """

    def __init__(self, epochs: int = 60, rate: float = 0.005, decay: float = 0.01, seed: int = 0) -> None:
        self.epochs = epochs
        self.rate = rate
        self.decay = decay
        self.seed = seed

    def _fit(self, X: Floats, codes: Ints, count: int) -> dict[str, Any]:  # noqa: N803
        length = X.shape[1] // len(CHANNELS)
        steps: list[dict[str, Any]] = [impute_step(X), log_step(([MONEY] * length + [1.0] * length) * 2)]
        z = forms.transform(steps, X)
        by_channel = z.reshape(len(z), len(CHANNELS), length)
        sd = by_channel.std(axis=(0, 2))
        center = np.repeat(by_channel.mean(axis=(0, 2)), length)
        scale = np.repeat(np.where(sd > 0, sd, 1.0), length)
        steps.append({"form": "affine", "center": center.tolist(), "scale": scale.tolist()})
        series = ((z - center) / scale).reshape(by_channel.shape)
        return forms.chain(steps, self._train(series, codes, count))

    def _train(self, series: Floats, codes: Ints, count: int) -> dict[str, Any]:
        try:
            import torch
        except ImportError as error:
            raise NotAvailable("methods.no_torch") from error
        functional = torch.nn.functional
        length = series.shape[2] // 2 // 2
        shapes = [(8, series.shape[1], 3), (16, 8, 3), (32, 16 * length), (count, 32)]
        random = np.random.default_rng(self.seed)
        # He's initial weights, drawn by numpy: no global random state is touched.
        weights = [
            torch.tensor(random.normal(0.0, (2.0 / np.prod(s[1:])) ** 0.5, s), requires_grad=True) for s in shapes
        ]
        biases = [torch.zeros(s[0], dtype=torch.float64, requires_grad=True) for s in shapes]
        x, y = torch.from_numpy(series), torch.from_numpy(codes)

        def loss() -> Any:
            h = x
            for w, b in zip(weights[:2], biases[:2], strict=True):
                h = functional.max_pool1d(torch.relu(functional.conv1d(h, w, b, padding=1)), 2)
            h = torch.relu(functional.linear(h.flatten(1), weights[2], biases[2]))
            return functional.cross_entropy(functional.linear(h, weights[3], biases[3]), y)

        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # the tensors are small: more threads are slower, and their sums differ in bits
        try:
            self._descend(torch, loss, weights, biases)
        finally:
            torch.set_num_threads(threads)
        w_, b_ = ([p.detach().numpy() for p in part] for part in (weights, biases))
        return {
            "form": "cnn",
            "channels": series.shape[1],
            "convolutions": [
                {"weights": w.tolist(), "bias": b.tolist(), "padding": 1, "activation": "relu", "pool": 2}
                for w, b in zip(w_[:2], b_[:2], strict=True)
            ],
            "layers": [
                {"weights": w.T.tolist(), "bias": b.tolist(), "activation": activation}
                for w, b, activation in zip(w_[2:], b_[2:], ("relu", "identity"), strict=True)
            ],
        }

    def _descend(self, torch: Any, loss: Any, weights: list[Any], biases: list[Any]) -> None:
        """Adam with decoupled weight decay (Loshchilov & Hutter, 2019), in place. torch.optim does the same, but
        loading it takes longer than this training."""
        parameters = [*weights, *biases]
        shrink = [1.0 - self.rate * self.decay] * len(weights) + [1.0] * len(biases)
        first = [torch.zeros_like(p) for p in parameters]
        second = [torch.zeros_like(p) for p in parameters]
        for t in range(1, self.epochs + 1):
            slopes = torch.autograd.grad(loss(), parameters)
            with torch.no_grad():
                for p, keep, g, m, v in zip(parameters, shrink, slopes, first, second, strict=True):
                    p.mul_(keep)
                    m.mul_(0.9).add_(g, alpha=0.1)
                    v.mul_(0.999).addcmul_(g, g, value=0.001)
                    p.addcdiv_(m / (1 - 0.9**t), (v / (1 - 0.999**t)).sqrt() + 1e-8, value=-self.rate)


def window_accuracy(x: Floats, codes: Ints, by: Literal["window", "firm"], seed: int = 0, length: int = 28) -> float:
    """Accuracy on a fifth held out when every firm's series is cut into overlapping windows of `length` months.

    x: P2_SERIES (n, 144); codes: grades 0..3. by "window": windows are split at random, so that a firm is on both
    sides and the network need only recognise it; "firm": a firm's windows stay together.
    """
    series = x.reshape(len(x), len(CHANNELS), MONTHS)
    starts = range(MONTHS - length + 1)
    windows = np.concatenate([series[:, :, s : s + length].reshape(len(x), -1) for s in starts])
    target, firm = np.tile(codes, len(starts)), np.tile(np.arange(len(x)), len(starts))
    random = np.random.default_rng(seed)
    if by == "firm":
        held = np.isin(firm, random.permutation(len(x))[: len(x) // 5])
    else:
        held = np.isin(np.arange(len(target)), random.permutation(len(target))[: len(target) // 5])
    fitted = ConvolutionalNetwork(epochs=120, rate=0.01, seed=seed).fit(windows[~held], target[~held])
    return fitted.score(windows[held], target[held])


# What `stability` and `strength` read.
STABILITY_USED: tuple[str, ...] = ("sales_variation", "purchase_variation", "returning_share", "sales_void_rate")
STRENGTH_USED: tuple[str, ...] = ("annual_net_sales", "p4_psi1", "p4_psi2")


def interest_by_grade(plan: Plan) -> dict[Grade, float]:
    """Yuan of interest a year from grades A, B and C, as if nobody left and nobody defaulted: P2, section 3."""
    grade, interest = plan.problem.firms.grade[plan.lend], plan.amount[plan.lend] * plan.rate[plan.lend]
    return {name: float(interest[grade == code].sum()) for code, name in enumerate(GRADES[:3])}


def _ranks(x: Floats) -> Floats:
    """Mid-ranks / n in 0..1 per column; a missing value has rank 0.5."""
    result = np.full(x.shape, 0.5)
    for j, column in enumerate(x.T):
        known = ~np.isnan(column)
        values = column[known]
        below = (values[None, :] < values[:, None]).sum(axis=1)
        equal = (values[None, :] == values[:, None]).sum(axis=1)
        result[known, j] = (below + 0.5 * equal) / max(values.size, 1)
    return result


def stability(x: Floats) -> Floats:
    """Stability (n,) in 0..1 among the given firms, from STABILITY_USED (n, 4): P2, section 2.2, strategy 3.

    The paper names a "stability rating model" without printing it: the mean rank of low variation of monthly
    sales and purchases, of returning customers and of few void invoices stands in.
    """
    result: Floats = _ranks(x * np.array([-1.0, -1.0, 1.0, -1.0])).mean(axis=1)
    return result


def strength(x: Floats) -> Floats:
    """Strength (n,) in 0..1 among the given firms, from STRENGTH_USED (n, 3): P2, section 2.2, strategy 3.

    The paper says "profit margin" and a "strength rating model": the mean rank of yearly sales, yearly gross
    profit and gross margin stands in.
    """
    result: Floats = _ranks(x).mean(axis=1)
    return result


DECLARED = (declare("p2_cnn", "P2", P2_SERIES, "grade", lambda seed: ConvolutionalNetwork(seed=seed)),)
