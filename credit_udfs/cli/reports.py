"""Commands that write reports: validate, reproduce; and the option that puts them into a result."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from credit_udfs.cli.common import files_argument, force_option, lang_option, progress, refuse_output
from credit_udfs.cli.words import t
from credit_udfs.locale import Lang, text

_VERDICTS = {"reproduces": "verdict_yes", "with the paper's mistake": "verdict_mistake", "does not": "verdict_no"}
_REPORT = (".json", ".xlsx")


def report_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """--validation: a report's file, read at once, or "quick" or "full", to be made in the run."""

    def report(ctx: click.Context, parameter: click.Parameter, value: str | None) -> Any:
        from credit_udfs import api

        return value if value is None or value in api.VALIDATIONS else api.load_report(value)

    return click.option("--validation", callback=report, metavar=t("metavar_report"), help=t("help_validation"))(
        command
    )


@click.command(help=t("help_validate"))
@files_argument
@click.option("-o", "--output", "outputs", type=click.Path(path_type=Path), multiple=True, show_default=True,
              default=(Path("validation.json"),), help=t("help_validate_output"))  # fmt: skip
@click.option("--quick", is_flag=True, help=t("help_quick"))
@click.option("--method", "methods", multiple=True, help=t("help_validate_method"))
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help=t("help_validate_seed"))
@force_option
@lang_option
def validate(
    files: tuple[Path, ...], outputs: tuple[Path, ...], quick: bool, methods: tuple[str, ...], seed: int, force: bool,
    lang: Lang,
) -> None:  # fmt: skip
    from credit_udfs import api
    from credit_udfs.workbook.files import write_text

    for output in outputs:
        refuse_output(output, force, files, _REPORT)
    if len(files) == 1 and files[0].suffix.lower() == ".json":
        if quick or methods:
            raise click.UsageError(text("cli.report_is_made", lang, path=files[0]))
        report = api.load_report(files[0])
    else:
        with progress() as tell:
            tables = api.read(*files, progress=tell)
            report = api.validate(tables, quick=quick, methods=methods or None, seed=seed, progress=tell)
    for output in outputs:
        if output.suffix.lower() == ".json":
            write_text(output, report.to_json())
        else:
            api.write_report(output, lang, validation=report, force=force)
    say_report(report, lang)
    for output in outputs:
        click.echo(text("cli.written_file", lang, path=output))


def say_report(report: Any, lang: Lang) -> None:
    """A line per method, what was left out, and what it comes to."""
    from credit_udfs.workbook.pages.report import Words
    from credit_udfs.workbook.pages.validation import default_of, finding

    click.echo(text("cli.validate_head", lang))
    for quality in report.methods:
        ranged = "{0.value:.3f} [{0.low:.3f}, {0.high:.3f}]"
        default, grade = quality.default, quality.grade
        parts = [
            ranged.format(default.auc) if default else "-",
            f"{default.brier.value:.3f}" if default else "-",
            ranged.format(grade.ranked) if grade else "-",
            f"{grade.kappa.value:.3f}" if grade else "-",
            f"{grade.accuracy.value:.3f}" if grade else "-",
        ]
        widths = (22, 8, 22, 8, 8)
        figures = "".join(f"{part:<{width}}" for part, width in zip(parts, widths, strict=True))
        click.echo(f"{quality.name:<18}{figures}".rstrip())
    for name, reason in report.skipped.items():
        why = text("reports.skipped_quick", lang) if reason == "quick" else reason
        click.echo(text("cli.validate_skipped", lang, name=name, reason=why))
    for sets in report.conformal:
        measured = {"low": sets.coverage.low, "high": sets.coverage.high, "size": sets.mean_size, "level": sets.level}
        click.echo(text(f"methods.sets_{sets.calibration}", lang, coverage=sets.coverage.value, **measured))
    click.echo(finding(Words(lang), report, default_of(report)))


@click.command(help=t("help_reproduce"))
@files_argument
@click.option("-o", "--output", type=click.Path(path_type=Path), help=t("help_reproduce_output"))
@force_option
@lang_option
def reproduce(files: tuple[Path, ...], output: Path | None, force: bool, lang: Lang) -> None:
    from credit_udfs import api
    from credit_udfs.workbook.tables_out import FORMATS

    if output:
        refuse_output(output, force, files, (*FORMATS, ".json"))
    with progress() as tell:
        figures = api.reproduce(api.read(*files, progress=tell), progress=tell)
    for figure in figures:
        because = figure.because(lang)
        ours = "-" if figure.ours is None else figure.show(figure.ours)
        verdict = text(f"cli.{_VERDICTS[figure.verdict]}", lang)
        click.echo(f"{figure.paper} {figure.place}  {figure.what(lang)}: {figure.printed} | {ours} | {verdict}")
        for more in (figure.definition(lang), because):
            if more:
                click.echo(f"    {more}")
    if output:
        _write_figures(figures, output, force, lang)
        click.echo(text("cli.written", lang, path=output, rows=len(figures)))


def _write_figures(figures: Any, output: Path, force: bool, lang: Lang) -> None:
    """As the sheet, or as a plain table or JSON in one language."""
    import polars as pl

    from credit_udfs import api
    from credit_udfs.workbook.files import write_text
    from credit_udfs.workbook.tables_out import write_frame

    if output.suffix.lower() == ".xlsx":
        api.write_report(output, lang, reproduction=figures, force=force)
        return
    columns = ("paper", "place", "what", "definition", "printed", "published", "ours", "as_paper", "verdict", "because")
    rows = [{c: v(lang) if callable(v := getattr(f, c)) else v for c in columns} for f in figures]
    if output.suffix.lower() == ".json":
        write_text(output, json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
    else:
        write_frame(pl.DataFrame(rows, schema=list(columns), infer_schema_length=None), output)
