"""The report of a validation: what methods are worth on firms held out, and what is to be said beside it.

Training happens elsewhere (`credit_udfs.methods.validate`). Every interval is a 95% bootstrap interval by firm
(core.metrics).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from credit_udfs.core.metrics import Difference, Interval
from credit_udfs.core.quality import MethodQuality
from credit_udfs.core.records import built, plain
from credit_udfs.core.shift import IndicatorShift
from credit_udfs.errors import BadInput
from credit_udfs.types import Target

Verdict: TypeAlias = Literal["ahead", "behind", "level"]

PRIMARY: Mapping[Target, str] = {"default": "auc", "D": "auc", "grade": "ranked"}
"""The measure by which methods are ranked, per target. For grades the ranked probability score: it is strictly proper,
so honest probabilities do best, and it knows the grades' order. For a yes or no the AUC, which methods that only rank
have too. Every other measure is secondary."""

KIND, SCHEMA = "credit_udfs validation report", 2


@dataclass(frozen=True)
class Comparison:
    """One of our methods against another on the same firms: ours - other, and which is significantly better."""

    ours: str
    other: str
    paper: str | None
    target: Target
    metric: str
    difference: Difference
    verdict: Verdict


@dataclass(frozen=True)
class PaperComparison:
    """Our default method against a paper's method on that paper's own indicators, by the primary measure.

    target: grade, or default for a method that only ranks defaulters. zh, en: the method's name; indicators_zh,
    indicators_en: its own indicators. value: the paper's method's; difference: ours - value. holm: the
    difference's p value, adjusted for all papers' methods compared. verdict: by `holm` at .05.
    """

    other: str
    paper: str
    zh: str
    en: str
    indicators_zh: str
    indicators_en: str
    target: Target
    metric: str
    ours: float
    value: float
    difference: Difference
    holm: float
    verdict: Verdict


@dataclass(frozen=True)
class Power:
    """How small a true difference in default AUC, ours against a paper's method, these firms could show.

    smallest, median, largest: over the papers' methods, whose predictions agree with ours more or less; each found
    with probability `power` by a two-sided test at `level` (metrics.detectable).
    """

    power: float
    level: float
    smallest: float
    median: float
    largest: float


@dataclass(frozen=True)
class Selection:
    """What choosing six indicators out of the wide set is worth, honestly (nested) and not.

    chosen: by forward selection on all firms. shares: indicator -> share of training sets in which it was chosen.
    selected: the chosen ones cross-validated on the firms they were chosen on (too good); nested: chosen again
    within each training set.
    """

    chosen: tuple[str, ...]
    shares: Mapping[str, float]
    selected: MethodQuality
    nested: MethodQuality


@dataclass(frozen=True)
class Permutation:
    """The default model on shuffled labels: what luck alone can do, on one set of folds."""

    draws: int
    auc: float
    auc_by_luck: float
    auc_by_luck_high: float
    auc_p: float
    kappa: float
    kappa_by_luck: float
    kappa_by_luck_high: float
    kappa_p: float


@dataclass(frozen=True)
class DatedCut:
    """The default model when only invoices up to `until` (ISO date) are known; the labels have no dates.

    silent: firms without any invoice by then (all their indicators take the medians).
    """

    until: str
    silent: int
    quality: MethodQuality


@dataclass(frozen=True)
class Shift:
    """Training firms against scored firms.

    domain_auc: how well a model on the same indicators tells which of the two a firm belongs to (.5: not at all);
    domain_auc_companies: the same with sole traders left out on both sides. out_of_range: index k, scored firms
    with k indicators outside the training range.
    """

    training: int
    scored: int
    domain_auc: Interval
    domain_auc_companies: Interval
    indicators: tuple[IndicatorShift, ...]
    out_of_range: tuple[int, ...]


@dataclass(frozen=True)
class SoleTraders:
    """Sole traders apart: how few there are to learn from, and how far scored ones are from training.

    auc_without: out-of-fold default AUC of the default model when sole traders aren't counted. mean_pd and
    outside: mean default probability, and share with an indicator outside the training range, of scored sole
    traders and of the other scored firms (NaN where there are none).
    """

    training: int
    training_defaults: int
    scored: int
    auc_without: float
    mean_pd: float
    mean_pd_others: float
    outside: float
    outside_others: float


@dataclass(frozen=True)
class ConformalCoverage:
    """Grade sets at `level`: coverage by firm, by true grade, mean size, and the share of sets of 1, 2, 3, 4."""

    calibration: str
    level: float
    coverage: Interval
    coverage_by_grade: tuple[float, ...]
    mean_size: float
    sizes: tuple[float, ...]


@dataclass(frozen=True)
class Report:
    """Everything a validation found. Without scored firms, `shift` is None.

    ours: the method that the shipped default model is. primary: PRIMARY as it was. draws: resamples behind an interval.
    papers, power: empty and None when
    `ours` or every paper's method was left out. skipped: methods left out, name -> reason ("quick" or the error's
    text in English).
    """

    quick: bool
    ours: str
    primary: Mapping[Target, str]
    firms: int
    defaults: int
    grades: tuple[int, ...]
    folds: int
    seed: int
    draws: int
    data: Mapping[str, str]
    methods: tuple[MethodQuality, ...]
    comparisons: tuple[Comparison, ...]
    papers: tuple[PaperComparison, ...]
    power: Power | None
    selection: Selection | None
    permutation: Permutation
    dated: DatedCut
    shift: Shift | None
    sole_traders: SoleTraders
    conformal: tuple[ConformalCoverage, ...]
    skipped: Mapping[str, str]

    def method(self, name: str) -> MethodQuality:
        """The method called `name`; KeyError when it wasn't validated."""
        for quality in self.methods:
            if quality.name == name:
                return quality
        raise KeyError(name)

    def to_json(self) -> str:
        """Readable JSON with a schema number; a value that doesn't exist (NaN) is null."""
        written = {"kind": KIND, "schema": SCHEMA, **plain(self)}
        return json.dumps(written, ensure_ascii=False, indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str, source: str = "") -> Report:
        """Read a report; `source` names the file in messages.

        Raises BadInput when it isn't a validation report, one of another schema, or incomplete.
        """
        try:
            found = json.loads(text)
            kind, schema = found.pop("kind"), found.pop("schema")
        except (ValueError, TypeError, KeyError, AttributeError) as cause:
            raise BadInput("validation.not_a_report", source=source) from cause
        if kind != KIND:
            raise BadInput("validation.not_a_report", source=source)
        if schema != SCHEMA:
            raise BadInput("validation.schema", source=source, found=schema, expected=SCHEMA)
        try:
            report: Report = built(cls, found)
        except TypeError as cause:
            raise BadInput("validation.incomplete", source=source) from cause
        return report

    def summary(self, name: str | None = None) -> dict[str, Any]:
        """The out-of-sample figures that a model card keeps, of one method (default: `ours`), with 95% intervals by
        firm, and which of them is primary.
        """
        name = name or self.ours
        quality = self.method(name)
        kept: dict[str, Any] = {
            "design": {
                "folds": self.folds,
                "repeats": quality.repeats,
                "seed": self.seed,
                "firms": self.firms,
                "draws": self.draws,
            },
            "primary": dict(self.primary),
        }
        for key, part in (("default", quality.default), ("D", quality.d)):
            if part is not None:
                kept[key] = {f: plain(getattr(part, f)) for f in ("auc", "brier", "log_loss", "slope", "intercept")}
        if quality.grade is not None:
            kept["grade"] = {
                f: plain(getattr(quality.grade, f))
                for f in ("accuracy", "balanced_accuracy", "kappa", "absolute_error", "ranked")
            }
        kept["permutation"] = plain(self.permutation)
        kept["dated_cut"] = {
            "until": self.dated.until,
            "auc": plain(self.dated.quality.default.auc) if self.dated.quality.default else None,
        }
        kept["sole_traders"] = plain(self.sole_traders)
        return kept
