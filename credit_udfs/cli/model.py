"""The command that makes a model: train."""

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
    from credit_udfs.core.card import markdown
    from credit_udfs.workbook.files import write_text

    card = output.with_suffix(".md")
    refuse_output(output, force, files, (".json",))
    refuse_output(card, force, files)
    with progress() as tell:
        tables = api.read(*files, progress=tell)
        model = api.train(tables, method=method, seed=seed, validated=not no_validation, progress=tell)
    write_text(output, model.to_json())
    write_text(card, markdown(model, lang))
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
    click.echo(text("cli.written_card", lang, path=card))
