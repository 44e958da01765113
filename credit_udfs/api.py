"""The Python API: read, assess, write. The command line and the workbook's macros call these too."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from credit_udfs import models
from credit_udfs.core import assess as core
from credit_udfs.core import stress as core_stress
from credit_udfs.core.assess import Assessment, Settings
from credit_udfs.core.model_card import Model
from credit_udfs.core.stress import Scenario, Stress
from credit_udfs.core.tables import Tables
from credit_udfs.errors import BadInput, NotAvailable
from credit_udfs.locale import Lang
from credit_udfs.types import Progress
from credit_udfs.workbook import read as reading
from credit_udfs.workbook.files import fixed_time

if TYPE_CHECKING:
    from credit_udfs.core.allocation.explain import Explanation
    from credit_udfs.core.allocation.frontier import Against, Frontier
    from credit_udfs.core.allocation.measures import Comparison
    from credit_udfs.core.plan_risk import PlanRisk
    from credit_udfs.core.validation import Report
    from credit_udfs.methods.figures import Figure
    from credit_udfs.workbook.into import Kept
    from credit_udfs.workbook.pages import Extras

MOST_EXPLAINED = 1_000
"""Firms of a plan up to which a workbook says by default what would change each decision."""
_RECORDED = ("credit_udfs", "numpy", "scipy", "polars", "narwhals", "fastexcel", "openpyxl")


def read(*paths: str | Path, today: date | None = None, progress: Progress | None = None) -> Tables:
    """Read and check attachments 1, 2 and 3, in any order and number: .xlsx, .csv or .parquet, or folders of them.

    today: invoices dated later are reported; default: the current date. Warnings are in the result's `problems`.
    Raises BadFile with everything that is wrong, when something is.
    """
    started = time.perf_counter()
    tables = reading.read([Path(path) for path in paths], today=today or _today(), progress=progress)
    return replace(tables, seconds=time.perf_counter() - started)


def assess(
    tables: Tables,
    settings: Settings | None = None,
    *,
    model: str | Path | Model = "default",
    progress: Progress | None = None,
    **changes: Any,
) -> Assessment:
    """Score every enterprise and plan the loans.

    settings, changes: see core.assess.Settings, e.g. ``assess(tables, budget=50_000_000)``. model: the name of a
    shipped model, the path of a trained one (.json), or a Model. Where it predicts only defaults or only grades, the
    default model gives the other (Assessment.model, Assessment.grader).
    """
    started = time.perf_counter()
    chosen = (settings or Settings()).with_changes(**changes)
    asked = load_model(model)
    if asked.form == "linear":
        result = core.assess(tables, chosen, asked, progress, clock=time.perf_counter)
    else:
        from credit_udfs.methods import compute  # the papers' own indicators; it loads slowly

        result = core.assess(
            tables, chosen, asked, progress, other=models.load(), compute=compute, clock=time.perf_counter
        )
    return replace(result, log=run_log(tables.seconds, time.perf_counter() - started))


def stress(assessment: Assessment, scenario: str | Scenario, *, progress: Progress | None = None) -> Stress:
    """The plan under a shock: left as it is, and made anew.

    scenario: the key of a shipped one ("covid19_2020q1"), or a core.stress.Scenario of your own.
    """
    chosen = core_stress.scenario(scenario) if isinstance(scenario, str) else scenario
    return core_stress.stress(assessment, chosen, progress, clock=time.perf_counter)


def write(
    assessment: Assessment,
    path: str | Path,
    lang: Lang = "zh",
    *,
    force: bool = False,
    progress: Progress | None = None,
    **extras: Any,
) -> Path:
    """Write the result workbook; `path` is replaced only with `force`. Returns the path.

    extras: further results to show as pages, by name; see workbook.pages.Extras. Grade sets, the plan's risk and what
    would change each decision are worked out where they aren't given, for up to 1,000 firms: the last in about a
    second under a budget alone, within a minute or two for 300 firms under limits. A progress callback that
    raises core.allocation.search.Stop leaves the firms that weren't reached without.
    """
    from credit_udfs.workbook.write import write as write_workbook

    epoch = int(now().timestamp())
    shown = _extras(assessment, extras, progress)
    return write_workbook(assessment, path, lang, force=force, source_date_epoch=epoch, extras=shown)


def _extras(assessment: Assessment, given: Mapping[str, Any], progress: Progress | None) -> Extras:
    from credit_udfs.workbook.pages import Extras

    extras = {"grade_sets": assessment.grade_sets, **given}
    if "risk" not in extras:
        extras["risk"] = risk_if_quick(assessment)
    if "explanations" not in extras and len(assessment.plan.lend) <= MOST_EXPLAINED:
        extras["explanations"] = explain(assessment, progress=progress)
    if progress is not None:
        progress("write", 0, 0)
    return Extras(**extras)


def write_into(
    assessment: Assessment,
    workbook: str | Path,
    path: str | Path,
    lang: Lang = "zh",
    *,
    force: bool = False,
    progress: Progress | None = None,
    **extras: Any,
) -> Kept:
    """The result's pages in a copy of `workbook`, at `path`; every other sheet is kept, the original isn't touched.

    Returns what of the workbook could not be kept. Written again, only our own pages are replaced. progress and extras
    as for `write`.
    """
    from credit_udfs.workbook import into

    epoch = int(now().timestamp())
    shown = _extras(assessment, extras, progress)
    return into.write_into(assessment, workbook, path, lang, force=force, source_date_epoch=epoch, extras=shown)


def risk(assessment: Assessment, *, seed: int = 0) -> PlanRisk:
    """What the plan may lose in a year: exact distribution, value at risk, expected shortfall, a simulation beside it.

    Under a second for 300 loans, some seconds for 1,000; the time grows faster than their square.
    """
    from credit_udfs.core.plan_risk import plan_risk

    return plan_risk(assessment.plan, assessment.annual_net_sales[assessment.applicants], seed=seed)


def risk_if_quick(assessment: Assessment) -> PlanRisk | None:
    """`risk` where it takes at most seconds: of 1 to 1,000 loans."""
    from credit_udfs.core.plan_risk import MOST_LOANS

    return risk(assessment) if 0 < assessment.plan.totals.clients <= MOST_LOANS else None


def explain(
    assessment: Assessment,
    firms: Sequence[str] | None = None,
    *,
    check: bool = True,
    progress: Progress | None = None,
) -> tuple[Explanation, ...]:
    """Why each applicant gets what it gets, and what would change it; `firms`: names, default all, in that order.

    check: find the probability of default, the rates, the budget and the limit that flip the decision, by planning
    anew. Raises BadInput for a firm that the plan isn't about.
    """
    from credit_udfs.core.allocation.explain import explain as explain_plan

    rows = None
    if firms is not None:
        at = {firm: row for row, firm in enumerate(assessment.plan.problem.firms.ids)}
        unknown = [firm for firm in firms if firm not in at]
        if unknown:
            raise BadInput("core.not_an_applicant", firm=unknown[0], firms=len(at))
        rows = [at[firm] for firm in firms]
    return explain_plan(assessment.plan, rows, check=check, gap=assessment.settings.gap, progress=progress)


def frontiers(
    assessment: Assessment,
    points: int = 20,
    against: Sequence[Against] = ("expected_loss", "churn", "budget"),
    *,
    progress: Progress | None = None,
) -> tuple[Frontier, ...]:
    """What profit costs in expected loss, in churn and in budget, `points` plans each with their bounds and prices.

    against: which of these, and P0's "risk". Churn takes far longer than the others: half a minute for 302 firms.
    """
    from credit_udfs.core.allocation.frontier import frontier

    return tuple(frontier(assessment.plan.problem, name, points, progress=progress) for name in against)


def compare(
    assessment: Assessment, scenario: str | Scenario = "covid19_2020q1", *, progress: Progress | None = None
) -> Comparison:
    """The papers' plans beside this one, each in every other's measure."""
    from credit_udfs.methods.plans import compare_plans

    chosen = core_stress.scenario(scenario) if isinstance(scenario, str) else scenario
    return compare_plans(assessment, chosen, progress)


def train(
    tables: Tables,
    *,
    method: str = "default",
    seed: int = 0,
    validated: bool = True,
    progress: Progress | None = None,
) -> Model:
    """Train a model on the firms of `tables` with a known grade and default (attachment 1).

    method: "default" (which is "two_step"), or any of credit_udfs.methods.NAMED; seed: for those that draw at random.
    validated: put the model's quality out of sample on its card (the default model's coefficients get intervals too),
    which takes about half a minute, for networks and forests a few. Deterministic: the same tables and seed give the
    same numbers.
    Raises BadInput for an unknown method or too little to train on, NotAvailable when PyTorch is needed and missing.
    """
    if progress:
        progress("train", 0, 0)
    trained = now().date().isoformat()
    if models.ALIASES.get(method, method) == "default":
        from credit_udfs.methods.card import complete
        from credit_udfs.methods.linear import train as train_linear

        model = train_linear(tables, trained=trained)
        return complete(model, tables, progress=progress) if validated else model
    from credit_udfs.methods.fitted import complete_method, train_method

    model = train_method(tables, method, trained=trained, seed=seed)
    return complete_method(model, tables, progress=progress) if validated else model


def validate(
    tables: Tables,
    *,
    quick: bool = False,
    methods: Sequence[str] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Report:
    """What every method is worth on firms it hasn't seen; see methods.validate.validate. Takes about 10 minutes, with
    `quick` about one. `Report.to_json` keeps it, `write_report` shows it, and so does ``write(validation=report)``.
    """
    from credit_udfs.methods.validate import validate as judge

    return judge(tables, quick=quick, methods=methods, seed=seed, progress=progress)


def reproduce(tables: Tables, *, progress: Progress | None = None) -> tuple[Figure, ...]:
    """The papers' published figures beside ours. Raises NotAvailable where `tables` aren't the contest's."""
    from credit_udfs.methods.reproduce import reproduce as recompute

    return recompute(tables, progress)


def load_report(report: str | Path | Report) -> Report:
    """A validation report by its file (.json), or itself. Raises BadInput when it isn't one."""
    from credit_udfs.core.validation import Report

    if isinstance(report, Report):
        return report
    file = Path(report)
    try:
        return Report.from_json(file.read_text(encoding="utf-8"), file.name)
    except FileNotFoundError as cause:
        raise BadInput("files.missing", path=file) from cause
    except (OSError, UnicodeDecodeError) as cause:
        raise BadInput("validation.not_a_report", source=file.name) from cause


VALIDATIONS = ("quick", "full")


def reports(tables: Tables, validation: str | Path | Report, *, progress: Progress | None = None) -> Mapping[str, Any]:
    """The pages of reports, for `write`: a validation (a report, its file, or "quick" or "full" to make one), and the
    papers' figures where the tables are the contest's.
    """
    if validation in VALIDATIONS:
        found = validate(tables, quick=validation == "quick", progress=progress)
    else:
        found = load_report(validation)
    try:
        return {"validation": found, "reproduction": reproduce(tables, progress=progress)}
    except NotAvailable:
        return {"validation": found}


def write_report(
    path: str | Path,
    lang: Lang = "zh",
    *,
    validation: Report | None = None,
    reproduction: Sequence[Figure] = (),
    force: bool = False,
) -> Path:
    """Write reports on their own as a workbook; `path` is replaced only with `force`. Returns the path."""
    from credit_udfs.workbook.write import write_report as write_workbook

    epoch = int(now().timestamp())
    return write_workbook(
        path, lang, validation=validation, reproduction=reproduction, force=force, source_date_epoch=epoch
    )


LARGEST_CARD = 64 << 20
"""Bytes; a card of a large forest has some ten million."""


def load_model(model: str | Path | Model) -> Model:
    """A model by shipped name, by file, or itself. Raises BadInput or NotAvailable when it can't be used."""
    if isinstance(model, Model):
        return model
    if isinstance(model, Path) or str(model).endswith(".json"):
        file = Path(model)
        try:
            if file.stat().st_size > LARGEST_CARD:
                raise BadInput("core.model_not_a_card", source=file.name)
            return Model.from_json(file.read_text(encoding="utf-8"), file.name)
        except FileNotFoundError as cause:
            raise BadInput("files.missing", path=file) from cause
        except (OSError, UnicodeDecodeError) as cause:
            raise BadInput("core.model_not_a_card", source=file.name) from cause
    return models.load(str(model))


def now() -> datetime:
    """The current time, or the one that SOURCE_DATE_EPOCH fixes, in UTC."""
    return fixed_time() or datetime.now(UTC).replace(microsecond=0)


def _today() -> date:
    """The user's own date: in China a new day begins eight hours before it does in UTC."""
    fixed = fixed_time()
    return fixed.date() if fixed else date.today()


def run_log(reading_took: float | None, assessing_took: float) -> Mapping[str, str]:
    """What a result records of its run, times in seconds (reading's is None for tables made otherwise).

    Timings are left out when SOURCE_DATE_EPOCH asks for identical bytes.
    """
    log = {"time": now().isoformat(), "python": platform.python_version(), "seed": "0"}
    for name in _RECORDED:
        try:
            log[name] = version(name)
        except PackageNotFoundError:
            log[name] = "-"
    if fixed_time() is None:
        if reading_took is not None:
            log["seconds_read"] = f"{reading_took:.2f}"
        log["seconds"] = f"{assessing_took:.2f}"
    return log
