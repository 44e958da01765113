"""The main job's commands: run, plan, indicators, sample, demo."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from credit_udfs.cli.common import (
    Number,
    Planning,
    asked_for,
    files_argument,
    force_option,
    lang_option,
    language_of,
    output_option,
    plan_options,
    progress,
    refuse_output,
    say_problems,
)
from credit_udfs.cli.reports import report_option
from credit_udfs.cli.words import t
from credit_udfs.locale import Lang, text

DEFAULT_SCENARIO = "covid19_2020q1"
MOST_BROKEN = 4  # limits that are said of a plan that breaks them


def say_summary(assessment: Any, path: Path | None, lang: Lang) -> None:
    """Some lines on what was decided and which limits bind, and where the workbook is."""
    from credit_udfs.core.summary import summarise

    s = summarise(assessment)
    money = _money(
        budget=s.budget, amount=s.amount, drawn=s.drawn, profit=s.profit, bound=s.bound, loss=s.expected_loss
    )
    money |= _money(price=s.price_per_million, bank=s.bank_profit)
    gain = _gain(assessment.plan, lang)
    churn = f"{s.mean_churn:.1%}" if s.lent else "-"

    def line(key: str, **values: object) -> None:
        click.echo(text(f"cli.{key}", lang, **values))

    if assessment.grade_model is not None:
        line("sum_models", risk=assessment.model.name, grades=assessment.grade_model.name)
    line("sum_firms", firms=s.firms, scored=s.scored, problems=len(assessment.tables.problems))
    line(
        "sum_lent",
        applicants=s.applicants,
        lent=s.lent,
        refused=sum(s.refused.values()),
        **{str(reason): count for reason, count in s.refused.items()},
    )
    drawn = assessment.settings.budget_basis == "drawn"
    share = (s.drawn if drawn else s.amount) / s.budget if s.budget else 0.0
    line("sum_money_drawn" if drawn else "sum_money", **money, share=share)
    line("sum_profit" if s.objective == "bank" else "sum_objective", **money, churn=churn, gain=gain)
    worth = text(
        "cli.sum_budget_worth" if s.price_per_million > 0.0 else "cli.sum_budget_idle", lang, **money, gain=gain
    )
    line("sum_proof", **{**money, "budget": worth}, gap=s.gap, gain=gain)
    say_limits(assessment.plan, gain, lang)
    if path is not None:
        line("sum_path", path=path)


def _money(**yuan: float) -> dict[str, float]:
    """Amounts under their names in ten thousand yuan, as Chinese texts give them, and as ``name_yuan``."""
    return {name: value / 1e4 for name, value in yuan.items()} | {f"{name}_yuan": v for name, v in yuan.items()}


def say_limits(plan: Any, gain: str, lang: Lang) -> None:
    """Which limits bind beside the budget, and what easing each a little is worth; dearest first."""
    binding = [use for use in plan.binding if use.key != "budget"]
    if binding:
        click.echo(text("cli.sum_limits", lang))
    for use in sorted(binding, key=lambda use: -use.price * use.step):
        limit = use.sentence(lang).rstrip("。.")
        if use.price > 0.0:
            worth, step = _money(worth=use.price * use.step), use.step_said(lang)
            click.echo(text("cli.sum_limit", lang, limit=limit, step=step, gain=gain, **worth))
        else:
            click.echo(text("cli.sum_limit_free", lang, limit=limit, gain=gain))


def _gain(plan: Any, lang: Lang) -> str:
    """What the plan maximises."""
    return text(f"allocation.gain_{plan.problem.terms.objective}", lang)


def say_stress(stressed: Any, lang: Lang) -> None:
    """What a shock does to the plan, by its own objective, in a few lines."""
    after, gain = stressed.after, _gain(stressed.before, lang)
    found = _money(before=stressed.before.value, unchanged=stressed.unchanged_value)
    found |= _money(after=after.value if after else float("nan"), price=stressed.price_of_doing_nothing)
    who = {"more": int(stressed.gainers.sum()), "less": int(stressed.losers.sum())}
    key = "cli.sum_stress" if after else "cli.sum_stress_none"
    click.echo(text(key, lang, name=stressed.scenario.name(lang), gain=gain, **found, **who))
    if stressed.before.problem.terms.objective != "bank" and after:
        before, unchanged, anew = stressed.bank
        click.echo(text("cli.sum_stress_bank", lang, **_money(before=before, unchanged=unchanged, after=anew)))
    if stressed.unchanged_breaks:
        click.echo(text("cli.sum_unchanged_breaks", lang, limits=_broken(stressed.unchanged_breaks, lang)))
    elif after:
        click.echo(text("cli.sum_nothing", lang, gain=gain, **found))
    if stressed.breaks_at is None:
        from credit_udfs.core.stress import MAX_SEVERITY

        click.echo(text("cli.sum_holds", lang, severity=MAX_SEVERITY))
    else:
        click.echo(text("cli.sum_breaks" if stressed.breaks_at else "cli.sum_loses", lang, severity=stressed.breaks_at))


def _broken(uses: Sequence[Any], lang: Lang) -> str:
    """Limits that are broken, and by how much; a few of many."""
    said = [
        text("comparison.break", lang, limit=use.sentence(lang).rstrip("。."), used=use.said(use.used, lang))
        for use in uses[:MOST_BROKEN]
    ]
    return ("；" if lang == "zh" else "; ").join(said) + ("…" if len(uses) > MOST_BROKEN else "")


def say_risk(found: Any, lang: Lang) -> None:
    """What a bad year costs, in a line."""
    drawn = found.drawn
    money = _money(var=drawn.var[0.99], shortfall=drawn.shortfall[0.99])
    click.echo(text("risk.said", lang, **money, red=found.chance_of_red))


def say_explanations(explained: Sequence[Any], lang: Lang) -> None:
    """Why each firm gets what it gets, and what would change it."""
    for one in explained:
        said = ("" if lang == "zh" else " ").join(part for part in (one.sentence(lang), one.change(lang)) if part)
        click.echo(f"{one.firm}{text('cli.colon', lang)}{said}")


def say_comparison(compared: Any, lang: Lang) -> None:
    """Measures down, plans across; ten thousand yuan, the churn as a share. First whether each keeps the limits."""
    click.echo(text("cli.compare_head", lang) + "".join(f"{name:>12}" for name in compared.names))
    kept = [text(f"comparison.keeps_{'yes' if compared.keeps(name) else 'no'}", lang) for name in compared.names]
    # A Chinese character is as wide as two.
    cells = "".join(" " * (12 - len(one) * (2 if lang == "zh" else 1)) + one for one in kept)
    click.echo(f"{'limits':<14}" + cells + "  " + text("comparison.row_keeps", lang))
    for measure in compared.measures:
        values = [compared.of(name, measure) for name in compared.names]
        if measure == "P0_churn":
            shown = [f"{v:>12.1%}" for v in values]
        elif measure == "P0_Z":
            shown = [f"{v:>12.4f}" for v in values]
        else:
            shown = [f"{v / 1e4:>12,.1f}" for v in values]
        click.echo(f"{measure:<14}" + "".join(shown) + "  " + text(f"comparison.measure_{measure}", lang))
    for name, uses in compared.broken.items():
        if uses:
            click.echo(text("comparison.breaks", lang, name=name, limits=_broken(uses, lang)))


@click.command(cls=Planning, help=t("help_run"))
@files_argument
@output_option("credit-plan.xlsx", "help_output")
@force_option
@click.option("--json", "as_json", is_flag=True, help=t("help_json"))
@click.option("--into", type=click.Path(path_type=Path), help=t("help_into"))
@click.option("--frontier", is_flag=True, help=t("help_frontier"))
@click.option("--compare", is_flag=True, help=t("help_compare"))
@report_option
@lang_option
@plan_options
def run(
    files: tuple[Path, ...],
    output: Path,
    force: bool,
    as_json: bool,
    into: Path | None,
    frontier: bool,
    compare: bool,
    validation: Any,
    lang: Lang,
    **options: Any,
) -> None:
    from credit_udfs import api

    chosen = asked_for(files, options, lang)
    chosen.check()
    lang = language_of(chosen, lang)
    model, shocked = chosen.values["method"], chosen.stressed
    formats = (".xlsx", ".xlsm") if into else (".xlsx",)  # a copy of a user's workbook may have its macros
    refuse_output(output, force, (*files, into) if into else files, formats)
    losses: tuple[str, ...] = ()
    with progress() as tell, chosen.placed():
        shock: Any = chosen.scenario() if shocked else DEFAULT_SCENARIO  # P1's plan wants one to be compared
        tables = api.read(*files, progress=tell)
        assessment = api.assess(tables, chosen.settings(), model=model, progress=tell)
        extras = {
            "risk": api.risk_if_quick(assessment),
            "stress": api.stress(assessment, shock, progress=tell) if shocked else None,
            "frontiers": api.frontiers(assessment, progress=tell) if frontier else (),
            "comparison": api.compare(assessment, shock, progress=tell) if compare else None,
            **(api.reports(tables, validation, progress=tell) if validation else {}),
        }
        if into is None:
            api.write(assessment, output, lang, force=force, progress=tell, **extras)
        else:
            losses = api.write_into(assessment, into, output, lang, force=force, progress=tell, **extras).losses
    say_problems(tables, lang, in_workbook=True)
    if into and losses:
        click.echo(text("into.heading", lang, name=into.name), err=True)
        for loss in losses:
            click.echo(f"- {loss}", err=True)
    if as_json:
        _say_json(assessment, extras["risk"], output, lang)
    else:
        say_summary(assessment, output, lang)


def _say_json(assessment: Any, risk: Any, output: Path, lang: Lang) -> None:
    from credit_udfs.core.summary import summarise

    problems = [
        {"place": p.place(), "key": p.key, "count": p.count, "text": p.text(lang)} for p in assessment.tables.problems
    ]
    risks = {"risk": risk.as_dict()} if risk else {}
    summary = {**summarise(assessment).as_dict(), **risks, "workbook": str(output), "problems": problems}
    click.echo(json.dumps(summary, indent=1))


@click.command(cls=Planning, help=t("help_plan"))
@files_argument
@click.option("-o", "--output", type=click.Path(path_type=Path), help=t("help_plan_output"))
@click.option("--compare", is_flag=True, help=t("help_compare"))
@click.option("--explain", "firms", multiple=True, metavar=t("metavar_firm"), help=t("help_explain"))
@force_option
@lang_option
@plan_options
def plan(
    files: tuple[Path, ...],
    output: Path | None,
    compare: bool,
    firms: tuple[str, ...],
    force: bool,
    lang: Lang,
    **options: Any,
) -> None:
    from credit_udfs import api
    from credit_udfs.workbook.tables_out import FORMATS, write_frame

    asked = options["scenario"] or options["severity"] is not None
    chosen = asked_for(files, options, lang)
    chosen.check()
    lang = language_of(chosen, lang)
    shocked = chosen.stressed and bool(asked or "scenario" in chosen.places)
    if output:
        refuse_output(output, force, files, FORMATS)
    with progress() as tell, chosen.placed():
        shock: Any = chosen.scenario() if shocked else DEFAULT_SCENARIO
        tables = api.read(*files, progress=tell)
        assessment = api.assess(tables, chosen.settings(), model=chosen.values["method"], progress=tell)
        stressed = api.stress(assessment, shock, progress=tell) if shocked else None
        compared = api.compare(assessment, shock, progress=tell) if compare else None
        risk = api.risk_if_quick(assessment)
        explained = api.explain(assessment, firms, progress=tell) if firms else ()
        if output:
            write_frame(assessment.loans, output)
    say_problems(tables, lang)
    say_summary(assessment, None, lang)
    if risk:
        say_risk(risk, lang)
    say_explanations(explained, lang)
    if stressed:
        say_stress(stressed, lang)
    if compared:
        say_comparison(compared, lang)
    if output:
        click.echo(text("cli.written", lang, path=output, rows=assessment.loans.height))


@click.command(help=t("help_indicators"))
@files_argument
@output_option("indicators.csv", "help_indicators_output")
@click.option("--set", "sets", type=click.Choice(["six", "p0", "p2", "p3", "p4", "wide"]), multiple=True,
              default=("six",), show_default=True, help=t("help_indicators_set"))  # fmt: skip
@force_option
@lang_option
def indicators(files: tuple[Path, ...], output: Path, sets: tuple[str, ...], force: bool, lang: Lang) -> None:
    from credit_udfs import api
    from credit_udfs.core.indicators import SETS, compute
    from credit_udfs.workbook.tables_out import FORMATS, write_frame

    refuse_output(output, force, files, FORMATS)
    with progress() as tell:
        tables = api.read(*files, progress=tell)
        keys = [key for name in sets for key in SETS[name]]
        frame = compute(tables.purchases, tables.sales, tables.firms["firm"].to_list(), keys)
        write_frame(frame, output)
    say_problems(tables, lang)
    click.echo(text("cli.written", lang, path=output, rows=frame.height))


@click.command(help=t("help_sample"))
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--size", type=Number(0, 1000, min_open=True), default=1.0, show_default=True, help=t("help_size"))
@click.option("--seed", type=click.IntRange(0), default=2020, show_default=True, help=t("help_seed"))
@force_option
@lang_option
def sample(folder: Path, size: float, seed: int, force: bool, lang: Lang) -> None:
    from credit_udfs.workbook.sample import write_sample

    for path in write_sample(folder, size=size, seed=seed, lang=lang, force=force):
        click.echo(path)


@click.command(help=t("help_demo"))
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), default=Path("out"), show_default=True,
              help=t("help_demo_folder"))  # fmt: skip
@lang_option
def demo(folder: Path, lang: Lang) -> None:
    from credit_udfs import api
    from credit_udfs.workbook.sample import write_sample

    # One language's attachments beside another's would be the same enterprises twice.
    output = folder / lang / "credit-plan.xlsx"
    with progress() as tell:
        paths = write_sample(output.parent, lang=lang)
        tables = api.read(*paths, progress=tell)
        assessment = api.assess(tables, progress=tell, budget=20_000_000)
        api.write(assessment, output, lang, force=True, stress=api.stress(assessment, DEFAULT_SCENARIO))
    say_summary(assessment, output.resolve(), lang)
