"""The command line: each command reads its options, calls the API, and says what came of it."""

from __future__ import annotations

import click

from credit_udfs.cli import addin, job, model, office, reports
from credit_udfs.cli.common import Group, lang_option
from credit_udfs.cli.words import name_parts, t
from credit_udfs.locale import Lang

__all__ = ["main"]


@click.group(cls=Group, help=t("help_main"), epilog=t("help_exit_codes"), context_settings={"max_content_width": 100})
@click.version_option(package_name="credit_udfs", prog_name="credit-udfs", help=t("help_version"))
@lang_option
def main(lang: Lang) -> None:
    pass


for _command in (
    job.run,
    job.plan,
    job.indicators,
    job.sample,
    job.demo,
    model.train,
    reports.validate,
    reports.reproduce,
    office.calc,
    office.template,
    addin.addin,
    office.doctor,
):
    main.add_command(_command)

name_parts(main)
