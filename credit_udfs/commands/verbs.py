"""The verbs themselves: each a computation of ours, laid out on a sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from credit_udfs import api
from credit_udfs.cells import REGISTRY
from credit_udfs.cells.spec import Both
from credit_udfs.commands.desk import Desk
from credit_udfs.commands.plan import VERBS, Write, WritePlan, all_blank, same_contents
from credit_udfs.errors import BadFile
from credit_udfs.locale import LANGS, Lang, text
from credit_udfs.workbook import own_limits
from credit_udfs.workbook.settings import SETTINGS

PROVEN = 1e-6  # a gap of less is rounding
_MONEY, _PERCENT, _SCORE, _PROBABILITY = "#,##0", "0.00%", "0.0", "0.0000"


def _score_all(desk: Desk) -> WritePlan:
    from credit_udfs.core.indicators import SIX
    from credit_udfs.workbook.pages import View

    a = desk.assess()
    lang, keys = desk.chosen.lang, a.model.indicators
    view = View(a, lang)
    names = [view.indicator_name(key) for key in keys]
    matrix = a.indicators.drop("firm").rows()
    reasons: list[list[Any]]
    if a.model.form == "linear":
        reasons = REGISTRY["RISKREASONS"].call([[list(row) for row in matrix], lang])
    else:
        reasons = [list(view.reasons(i)) for i in range(len(matrix))]
    rows = [
        [
            firm, name, *matrix[i], a.scores.score[i], a.scores.pd[i], a.tables.firms["grade"][i],
            a.scores.grade_letter(i), *a.scores.grade_probs[i],
            *(reason if isinstance(reason, str) else None for reason in reasons[i]),
        ]
        for i, (firm, name) in enumerate(a.tables.firms.select("firm", "name").iter_rows())
    ]  # fmt: skip
    header = [
        desk.t("col_firm"), desk.t("col_name"), *names, desk.t("col_score"), desk.t("col_pd"),
        desk.t("col_grade_on_record"), desk.t("col_grade"), *(desk.t("col_prob", grade=g) for g in "ABCD"),
        *(desk.t("col_reason", number=i) for i in (1, 2, 3)),
    ]  # fmt: skip
    units = {"yuan": _MONEY, "yuan/year": _MONEY, "years": "0.00", "fraction": _PERCENT}
    formats = {2 + i: units.get(view.indicator_unit(key), "General") for i, key in enumerate(keys)}
    at = 2 + len(keys)
    formats |= {at: _SCORE, at + 1: _PROBABILITY, **dict.fromkeys(range(at + 4, at + 8), "0.000")}
    scored = sum(row[at] == row[at] for row in rows)
    facts = {"firms": len(rows), "scored": scored, "model": a.model.name}
    told = [desk.t("done_score_all", **facts)]
    # The template's page is for the six.
    working = desk.working_table([row[: 2 + len(keys)] for row in rows]) if keys == SIX else None
    if working == "full":
        told.append(desk.t("template_full"))
    pages = [desk.page("scores", told, header, rows, formats)]
    if isinstance(working, Write):
        # The user may have typed there: what is lost by it is asked about.
        lost = not all_blank(working.previous) and not same_contents(working.previous, working.values)
        pages.append((working, (), (str(working.area),) if lost else ()))
    return desk.plan("score_all", pages, **facts)


def _optimise(desk: Desk) -> WritePlan:
    a = desk.assess()
    return desk.plan("optimise", [_plan_page(desk, a)], **_plan_facts(a))


def _plan_facts(a: Any) -> dict[str, object]:
    totals, plan = a.plan.totals, a.plan
    proof = (text("commands.proven" if plan.gap <= PROVEN else "commands.gap", lang, gap=plan.gap) for lang in LANGS)
    return {
        "clients": totals.clients, "applicants": len(plan.lend), "lent": totals.lent, "budget": a.settings.budget,
        "profit": totals.profit, "gain": _gain(plan), "proof": Both(*proof),
    }  # fmt: skip


def _gain(plan: Any) -> Both:
    """What the plan maximises."""
    return Both(*(text(f"allocation.gain_{plan.problem.terms.objective}", lang) for lang in LANGS))


def _plan_page(desk: Desk, a: Any) -> tuple[Write, tuple[str, ...], tuple[str, ...]]:
    plan, lang = a.plan, desk.chosen.lang
    named = dict(a.tables.firms.select("firm", "name").iter_rows())
    firms, gain = plan.problem.firms, _gain(plan)
    rows = [
        [
            firm, named[firm], a.grade[int(a.applicants[j])], firms.pd[j],
            desk.t("lend" if plan.lend[j] else "refuse"), plan.amount[j], plan.rate[j], plan.churn[j], plan.profit[j],
            plan.expected_loss[j], plan.margin[j],
        ]
        for j, firm in enumerate(firms.ids)
    ]  # fmt: skip
    header = [
        desk.t(f"col_{key}", gain=gain)
        for key in (
            "firm", "name", "grade", "pd", "decision", "amount", "rate", "churn", "profit", "expected_loss", "margin",
        )
    ]  # fmt: skip
    formats = {3: _PROBABILITY, 5: _MONEY, 6: _PERCENT, 7: _PERCENT, 8: _MONEY, 9: _MONEY, 10: "0.000000"}
    binding = [limit.sentence(lang) for limit in plan.binding]
    lines = [desk.t("done_optimise", **_plan_facts(a))]
    if binding:
        lines.append(desk.t("binding", limits=" ".join(binding)))
    return desk.page("plan", lines, header, rows, formats)


def _stress(desk: Desk) -> WritePlan:
    from credit_udfs.core import stress as core

    a = desk.assess()
    with desk.chosen.placed():
        result = core.stress(a, desk.chosen.scenario(), desk.progress)
    rows, gain = [], _gain(result.before)
    named = dict(a.tables.firms.select("firm", "name").iter_rows())
    for j, firm in enumerate(result.before.problem.firms.ids):
        i = int(a.applicants[j])
        after = result.after
        rows.append(
            [
                firm, named[firm], _industry(a.industry[i], desk.chosen.lang), result.shocked.factor[i],
                a.scores.pd[i], result.shocked.pd[i],
                result.before.amount[j], after.amount[j] if after else None,
                (after.amount[j] - result.before.amount[j]) if after else None, result.unchanged[j],
            ]
        )  # fmt: skip
    header = [
        desk.t(f"col_{key}", gain=gain)
        for key in (
            "firm", "name", "industry", "factor", "pd", "pd_after", "amount_before", "amount_after", "change",
            "profit_unchanged",
        )
    ]  # fmt: skip
    formats = {3: _PERCENT, 4: _PROBABILITY, 5: _PROBABILITY, 6: _MONEY, 7: _MONEY, 8: _MONEY, 9: _MONEY}
    facts = {
        "gain": gain, "before": result.before.value, "unchanged": result.unchanged_value,
        "after": result.after.value if result.after else float("nan"), "price": result.price_of_doing_nothing,
    }  # fmt: skip
    told = "done_stress_unkept" if result.unchanged_breaks and result.after else "done_stress"
    breaks = result.breaks_at
    lines = [
        desk.t("scenario", name=result.scenario.name(desk.chosen.lang)),
        desk.t(told, **facts),
        desk.t("never_breaks") if breaks is None else desk.t("breaks" if breaks else "loses", severity=breaks),
        getattr(result.scenario, f"source_{desk.chosen.lang}"),
    ]
    return desk.plan("stress", [desk.page("stress", lines, header, rows, formats)], told, **facts)


def _model_card(desk: Desk) -> WritePlan:
    from credit_udfs.core import card

    model = api.load_model(str(desk.chosen.values["method"]))
    lang = desk.chosen.lang
    rows: list[list[object]] = []
    for section in card.sections(model, lang):
        rows += [[line] for line in (section.title, *section.prose)]
        rows += [list(map(_rounded, row)) for row in (section.header, *section.rows) if row]
        rows += [[f"- {item}"] for item in section.items]
        rows.append([])
    facts = {"model": model.name, "trained": model.trained, "hash": model.hash[:12]}
    page = desk.page("card", [card.intro(model, lang)], [], rows)
    return desk.plan("model_card", [page], **facts)


def _rounded(cell: Any) -> object:
    """A cell of the card as it is shown there; the sheet's own format would show all digits."""
    return round(float(cell.value), cell.decimals) if hasattr(cell, "decimals") else cell


def _settings(desk: Desk) -> WritePlan:
    """The settings sheet: made, or brought up to date; only shown where its cells have names, or something is wrong."""
    chosen, named = desk.chosen, desk.book.named(SETTINGS["budget"].cell)
    problems = (*chosen.problems, *chosen.growth_problems)
    if named is not None or problems:
        sheet = problems[0].sheet if problems else named.sheet if named else ""
        zh, en = (
            BadFile(problems).text(lang) if problems else text("commands.settings_named", lang, sheet=sheet)
            for lang in LANGS
        )
        return WritePlan("settings", (), zh, en, show=sheet)
    lang = chosen.lang
    rows: list[Sequence[object]] = []
    for name, one in SETTINGS.items():
        value = chosen.values[name]
        shown = None if value is None else one.shown(value, lang)
        rows.append([one.cell, one.label(lang), shown, one.unit(lang), one.hint(lang)])
    for table, header, body in own_limits.tables(lang, chosen.grades, chosen.industries, chosen.terms):
        rows += [[], [table, text(f"template.{table}", lang)], header, *body]
    header = [desk.t(f"col_{key}") for key in ("setting", "meaning", "value", "unit", "hint")]
    page = desk.page("settings", [desk.t("settings_how")], header, rows)
    zh, en = (text("commands.done_settings", lang, sheet=page[0].sheet) for lang in LANGS)
    return replace(desk.plan("settings", [page], sheet=page[0].sheet), summary_zh=zh, summary_en=en)


def _help(_desk: Desk) -> WritePlan:
    zh, en = (
        text("commands.help", lang, verbs="\n".join(f"- {text(f'commands.help_{verb}', lang)}" for verb in VERBS))
        for lang in LANGS
    )
    return WritePlan("help", (), zh, en)


def _industry(key: str | None, lang: Lang) -> str:
    from credit_udfs.core.industry import industries

    return text("cells.industry_unknown", lang) if key is None else industries()[key].name(lang)


RUN: Mapping[str, Callable[[Desk], WritePlan]] = {
    "score_all": _score_all,
    "optimise": _optimise,
    "stress": _stress,
    "model_card": _model_card,
    "settings": _settings,
    "help": _help,
}
