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
    refuse_existing,
    t,
)
from credit_udfs.locale import Lang, text


@click.command(help=t("help_train"))
@files_argument
@output_option("model.json", "help_train_output")
@force_option
@lang_option
def train(files: tuple[Path, ...], output: Path, force: bool, lang: Lang) -> None:
    from credit_udfs import api
    from credit_udfs.workbook.files import write_text

    refuse_existing(output, force)
    with progress() as tell:
        tables = api.read(*files, progress=tell)
        model = api.train(tables, progress=tell)
    write_text(output, model.to_json())
    data = model.data
    click.echo(text("cli.trained", lang, path=output, firms=data["firms"], defaults=data["defaults"]))
