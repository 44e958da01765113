"""The map of the methods, in Chinese and English: what each is, where it is, how it runs, what stands in.

``python -m credit_udfs.methods.guide docs/methods.md`` writes it; a test compares the file with this.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from credit_udfs import models
from credit_udfs.core.indicators import INDICATORS, P2_SERIES, SETS
from credit_udfs.locale import LANGS, Lang, text
from credit_udfs.methods import METHODS, Method
from credit_udfs.methods.crossval import TARGETS
from credit_udfs.methods.method import named
from credit_udfs.types import GRADES


@dataclass(frozen=True)
class Part:
    """What isn't a prediction: `key` of its text in locale/guide.toml, its paper (None: ours), where it is, and the
    command that runs it."""

    key: str
    paper: str | None
    places: tuple[str, ...]
    command: str


_REPRODUCE, _COMPARE = "reproduce", "plan --compare"
_ALLOCATION = "credit_udfs.core.allocation"
PARTS: tuple[Part, ...] = (
    Part("p0_reputation", "P0", ("credit_udfs.methods.p0.quantified_reputation",), _REPRODUCE),
    Part("p0_standard", "P0", ("credit_udfs.methods.p0.lending_standard",), _COMPARE),
    Part("p0_grades", "P0", ("credit_udfs.methods.p0.grades_by_risk",), ""),
    Part("p0_curves", "P0", ("credit_udfs.core.churn.fit_churn",), _REPRODUCE),
    Part("p0_three_steps", "P0", (f"{_ALLOCATION}.ratio.solve_ratio",), _COMPARE),
    Part("p1_weights", "P1", ("credit_udfs.methods.topsis.entropy_weights",), "train --method p1_topsis"),
    Part("p1_sensitivity", "P1", ("credit_udfs.methods.p1.sensitivity",), _REPRODUCE),
    Part("p1_programme", "P1", (f"{_ALLOCATION}.measures.named_plan",), _COMPARE),
    Part("p2_series", "P2", ("credit_udfs.core.indicators.P2_SERIES",), "indicators --set p2"),
    Part("p2_rules", "P2", (f"{_ALLOCATION}.rules.rules_plan",), _COMPARE),
    Part("p2_interest", "P2", ("credit_udfs.methods.p2.interest_by_grade",), ""),
    Part("p2_scores", "P2", ("credit_udfs.methods.p2.stability", "credit_udfs.methods.p2.strength"), _COMPARE),
    Part("p2_leak", "P2", ("credit_udfs.methods.p2.window_accuracy",), _REPRODUCE),
    Part("p3_indices", "P3", ("credit_udfs.core.indicators.P3_FIVE",), "indicators --set p3"),
    Part("p3_grade_risk", "P3", ("credit_udfs.methods.p3.grade_risk",), ""),
    Part("p3_components", "P3",
         ("credit_udfs.methods.p3.principal_components", "credit_udfs.methods.p3.forward_stepwise"),
         "train --method p3_pca_logistic"),
    Part("p3_hierarchy", "P3", ("credit_udfs.methods.p3_ahp.weights", "credit_udfs.methods.p3_ahp.combined"),
         "train --method p3_ahp"),
    Part("p3_emphasis", "P3", ("credit_udfs.methods.p3_ahp.EMPHASIS", "credit_udfs.methods.p3_ahp.HierarchyRisk"),
         "train --method p3_ahp_medicine"),
    Part("p3_clusters", "P3", ("credit_udfs.methods.p3.clusters", "credit_udfs.methods.p3.cluster_accuracy"),
         _REPRODUCE),
    Part("p3_objectives", "P3", (f"{_ALLOCATION}.measures.named_plan", f"{_ALLOCATION}.frontier"), "run --frontier"),
    Part("p4_selection", "P4", ("credit_udfs.methods.p4.kruskal_wallis",), _REPRODUCE),
    Part("p4_scores", "P4", ("credit_udfs.methods.p4.firm_scores", "credit_udfs.methods.p4.industry_scores"),
         _REPRODUCE),
    Part("p4_rates", "P4", (f"{_ALLOCATION}.measures.named_plan",), _COMPARE),
    Part("industry", "P4", ("credit_udfs.core.industry.industry_of",), '=INDUSTRY(A2)'),
    Part("sets", None, ("credit_udfs.methods.conformal.fit", "credit_udfs.core.grade_sets.grade_sets"), "validate"),
    Part("selection", None, ("credit_udfs.methods.selection.ForwardLinear",), "validate"),
)  # fmt: skip


def place(method: Method) -> str:
    """The class that a method's estimator is of."""
    kind = type(method.make(0))
    return f"{kind.__module__}.{kind.__qualname__}"


def others_of(method: Method) -> list[str]:
    """The targets beside its own that the validation trains a paper's estimator for, too."""
    kind = type(method.make(0))
    able = [target for target in TARGETS if kind.takes(len(GRADES) if target == "grade" else 2)]
    return [target for target in able if target != method.target] if method.paper else []


def document() -> str:
    """The whole map as Markdown, Chinese first."""
    return "\n".join(line for lang in LANGS for line in _in(lang)).rstrip() + "\n"


def _in(lang: Lang) -> Iterable[str]:
    def t(key: str, **values: object) -> str:
        return text(f"guide.{key}", lang, **values)

    colon = "：" if lang == "zh" else ": "
    yield from (f"# {t('title')}", "", t("intro"), "", *(f"- {t(f'how_{i}')}" for i in range(1, 6)), "")
    for paper in ("P0", "P1", "P2", "P3", "P4", None):
        yield from (f"## {t(f'paper_{paper}') if paper else t('ours')}", "")
        for method in (m for m in METHODS.values() if m.paper == paper):
            yield f"### {method.name}"
            yield ""
            yield f"{method.zh}。" if lang == "zh" else f"{method.en}."
            yield ""
            yield f"- {t('predicts')}{colon}{t(f'target_{method.target}' if method.paper else 'target_both')}"
            yield f"- {t('indicators')}{colon}{named(method.indicators, lang)}"
            yield f"- {t('where')}{colon}`{place(method)}`"
            yield f"- {t('stands_in')}{colon}{method.note_zh if lang == 'zh' else method.note_en}"
            if others := [t(f"other_{target}") for target in others_of(method)]:
                listed = ("、" if lang == "zh" else ", ").join(others)
                yield f"- {t('judged')}{colon}{t('judged_too', targets=listed)}"
            yield f"- {t('runs')}{colon}{_runs(method)}"
            yield ""
        for part in (p for p in PARTS if p.paper == paper):
            run = f"{'；' if lang == 'zh' else '; '}{_command(part.command)}" if part.command else ""
            yield f"- {t(f'part_{part.key}')} ({', '.join(f'`{where}`' for where in part.places)}{run})"
        yield ""
    yield from (f"## {t('definitions')}", "", t("missing_rules"), "")
    for name, keys in SETS.items():
        shown = keys if keys != P2_SERIES else keys[35::36]
        yield from (f"### {t(f'set_{name}')}", "")
        yield (
            "| " + " | ".join(t(f"column_{c}") for c in ("key", "name", "unit", "formula", "missing", "source")) + " |"
        )
        yield "| --- | --- | --- | --- | --- | --- |"
        for key in shown:
            one = INDICATORS[key]
            names = (one.zh, one.formula_zh) if lang == "zh" else (one.en, one.formula_en)
            cells = (f"`{key}`", names[0], one.unit, names[1], t(f"missing_{one.missing}"), one.source)
            yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
        yield ""


def _command(command: str) -> str:
    return f"`{command}`" if command.startswith("=") else f"`credit-udfs {command}`"


def _runs(method: Method) -> str:
    """The ways to run a method by its name."""
    ways = [f"train --method {method.name}", f"validate --method {method.name}"]
    shipped = models.load(method.name) if method.name in models.names() else None
    if shipped is not None:
        ways.append(f"plan --model {method.name}")
    said = [_command(way) for way in ways]
    for target, function in (("default", "DEFAULTPROB"), ("grade", "CREDITGRADE")):
        if shipped is not None and target in shipped.predicts:
            said.append(f'`={function}(…, "{method.name}")`')
    return ", ".join(said)


def main(target: str) -> None:
    Path(target).write_text(document(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
