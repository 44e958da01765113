"""Commands about models: train, validate, reproduce."""

from __future__ import annotations

from pathlib import Path

import click

from credit_udfs.cli.common import (
    files_argument,
    force_option,
    lang_option,
    output_option,
    progress,
    refuse_output,
)
from credit_udfs.cli.words import t
from credit_udfs.locale import Lang, text

_VERDICTS = {"reproduces": "verdict_yes", "with the paper's mistake": "verdict_mistake", "does not": "verdict_no"}


@click.command(help=t("help_train"))
@files_argument
@output_option("model.json", "help_train_output")
@click.option("--method", default="default", show_default=True, help=t("help_train_method"))
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help=t("help_train_seed"))
@click.option("--no-validation", is_flag=True, help=t("help_no_validation"))
@force_option
@lang_option
def train(
    files: tuple[Path, ...], output: Path, method: str, seed: int, no_validation: bool, force: bool, lang: Lang
) -> None:
    from credit_udfs import api
    from credit_udfs.workbook.files import write_text

    refuse_output(output, force, files, (".json",))
    with progress() as tell:
        tables = api.read(*files, progress=tell)
        model = api.train(tables, method=method, seed=seed, validated=not no_validation, progress=tell)
    write_text(output, model.to_json())
    data = model.data
    click.echo(text("cli.trained", lang, path=output, firms=data["firms"], defaults=data["defaults"]))
    found = model.validation
    if "default" in found and "grade" in found:
        default, grade = found["default"], found["grade"]
        click.echo(text("cli.trained_quality", lang, auc=default["auc"], slope=default["slope"], kappa=grade["kappa"]))
    elif found:
        measure = {"default": "auc", "D": "auc", "grade": "kappa"}
        for target, name in measure.items():
            if target in found:
                click.echo(text(f"cli.trained_{target.lower()}", lang, value=found[target][name]))


@click.command(help=t("help_validate"))
@files_argument
@output_option("validation.json", "help_validate_output")
@click.option("--quick", is_flag=True, help=t("help_quick"))
@click.option("--method", "methods", multiple=True, help=t("help_validate_method"))
@force_option
@lang_option
def validate(
    files: tuple[Path, ...], output: Path, quick: bool, methods: tuple[str, ...], force: bool, lang: Lang
) -> None:
    from credit_udfs import api
    from credit_udfs.methods.validate import validate as judge
    from credit_udfs.workbook.files import write_text

    refuse_output(output, force, files, (".json",))
    with progress() as tell:
        tables = api.read(*files, progress=tell)
        report = judge(tables, quick=quick, methods=methods or None, progress=tell)
    write_text(output, report.to_json())
    click.echo(text("cli.validate_head", lang))
    for quality in report.methods:
        ranked = "{0.value:.3f} [{0.low:.3f}, {0.high:.3f}]"
        default, grade = quality.default, quality.grade
        parts = [
            f"{quality.name:<16}",
            ranked.format(default.auc) if default else "-",
            f"{default.brier.value:.3f}" if default else "-",
            ranked.format(grade.kappa) if grade else "-",
            f"{grade.accuracy.value:.3f}" if grade else "-",
        ]
        click.echo("  ".join(f"{part:<22}" for part in parts).rstrip())
    for name, reason in report.skipped.items():
        click.echo(text("cli.validate_skipped", lang, name=name, reason=reason))
    click.echo(text("cli.written_file", lang, path=output))


@click.command(help=t("help_reproduce"))
@files_argument
@click.option("-o", "--output", type=click.Path(path_type=Path), help=t("help_reproduce_output"))
@force_option
@lang_option
def reproduce(files: tuple[Path, ...], output: Path | None, force: bool, lang: Lang) -> None:
    import polars as pl

    from credit_udfs import api
    from credit_udfs.methods.reproduce import reproduce as recompute
    from credit_udfs.workbook.tables_out import FORMATS, write_frame

    if output:
        refuse_output(output, force, files, FORMATS)
    with progress() as tell:
        figures = recompute(api.read(*files, progress=tell), progress=tell)
    for figure in figures:
        because = figure.because(lang)
        ours = "-" if figure.ours is None else figure.show(figure.ours)
        verdict = text(f"cli.{_VERDICTS[figure.verdict]}", lang)
        click.echo(f"{figure.paper} {figure.place}  {figure.what(lang)}: {figure.printed} | {ours} | {verdict}")
        if because:
            click.echo(f"    {because}")
    if output:
        columns = ("paper", "place", "what", "definition", "printed", "ours", "as_paper", "verdict", "because")
        rows = [
            [getattr(f, c)(lang) if callable(getattr(f, c, None)) else getattr(f, c) for c in columns] for f in figures
        ]
        frame = pl.DataFrame(rows, schema=list(columns), orient="row", infer_schema_length=None)
        write_frame(frame, output)
        click.echo(text("cli.written", lang, path=output, rows=frame.height))
