"""Commands about any workbook, the template and this installation: calc, template, doctor."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from credit_udfs.cli.common import EXIT_INPUT, force_option, lang_option, output_option, refuse_output
from credit_udfs.cli.words import t
from credit_udfs.locale import Lang, text

__all__ = ["calc", "doctor", "template"]


@click.command(help=t("help_calc"))
@click.argument("book", type=click.Path(path_type=Path), metavar=t("metavar_book"))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help=t("help_calc_output"))
@click.option("--keep-formulas", is_flag=True, help=t("help_keep_formulas"))
@force_option
@lang_option
def calc(book: Path, output: Path, keep_formulas: bool, force: bool, lang: Lang) -> None:
    from credit_udfs.hosts.batch import calc as calculate

    refuse_output(output, force, (book,), (".xlsx", ".xlsm"))
    report = calculate(book, output, keep_formulas, force=force)
    click.echo("\n".join(report.lines(lang)))


@click.command(help=t("help_template"))
@output_option("credit-template.xlsx", "help_template_output")
@click.option("--example", is_flag=True, help=t("help_template_example"))
@force_option
@lang_option
def template(output: Path, example: bool, force: bool, lang: Lang) -> None:
    from credit_udfs.workbook.template import write_template

    refuse_output(output, force, (), (".xlsx",))
    write_template(output, lang, example=example, force=force)
    click.echo(text("cli.template_written", lang, path=output))


@click.command(help=t("help_doctor"))
@lang_option
def doctor(lang: Lang) -> None:
    from credit_udfs.doctor import examine

    findings = examine()
    for finding in findings:
        click.echo(f"{finding.mark} {finding.name:<14} {finding.found or '-':<12} {finding.text(lang)}")
    if any(finding.needed and not finding.found for finding in findings):
        sys.exit(EXIT_INPUT)
