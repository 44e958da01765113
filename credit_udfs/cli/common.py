"""What every command shares: language, progress, the options of a plan, and how results are said."""

from __future__ import annotations

import errno
import io
import math
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn, cast

import click

from credit_udfs.cli.words import speak, spoken, t, teach_click, wanted
from credit_udfs.errors import CreditError
from credit_udfs.locale import LANGS, Lang, text
from credit_udfs.types import Progress
from credit_udfs.workbook.files import fixed_time

EXIT_INPUT, EXIT_INTERRUPTED, EXIT_TERMINATED = 1, 130, 143
EXTRAS = {"sklearn": "train", "threadpoolctl": "train", "torch": "cnn", "pandas": "pandas", "xlwings": "excel"}
"""Libraries that not every command needs, and the extra of this package that installs them."""


class Group(click.Group):
    """The whole command line: errors that a user can meet end in one plain message and an exit code, in the
    user's language. What still shows a traceback is a mistake of this program.
    """

    def main(self, args: Sequence[str] | None = None, *others: Any, **named: Any) -> Any:
        words = sys.argv[1:] if args is None else list(args)
        speak(wanted(words))
        teach_click()
        if args is not None:
            return super().main(words, *others, **named)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # a tick or a Chinese name in a code page that lacks it
        # The process is ours: being told to end cleans up as Ctrl-C does, and neither waits for reading threads.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_TERMINATED))
        try:
            return super().main(words, *others, **named)
        except SystemExit as end:
            if end.code in {EXIT_INTERRUPTED, EXIT_TERMINATED}:
                with suppress(OSError):
                    sys.stdout.flush()
                os._exit(int(end.code))
            raise

    def invoke(self, ctx: click.Context) -> Any:
        try:
            # Before anything is imported: numpy reads it as well, and breaks off when it isn't a number.
            if fixed_time() is None:
                os.environ.pop("SOURCE_DATE_EPOCH", None)
            return super().invoke(ctx)
        except CreditError as error:
            _end(EXIT_INPUT, error.text(spoken()))
        except KeyboardInterrupt:
            _end(EXIT_INTERRUPTED, t("interrupted"))
        except ModuleNotFoundError as error:
            library = (error.name or "").partition(".")[0]
            if library not in EXTRAS:
                raise
            _end(EXIT_INPUT, t("missing_library", library=library, extra=EXTRAS[library]))
        except MemoryError:
            _end(EXIT_INPUT, t("out_of_memory"))
        except OSError as error:
            if error.errno == errno.EPIPE:  # the reader of our output has gone: click ends quietly
                raise
            reason = error.strerror or str(error)
            _end(EXIT_INPUT, t("system_error", reason=f"{reason} ({error.filename})" if error.filename else reason))


def _end(code: int, message: str) -> NoReturn:
    click.echo(message, err=True)
    # What fails again while it is thrown away, a half-written zip on a full disk say, has been said.
    sys.unraisablehook = lambda _: None
    sys.exit(code)


@contextmanager
def silent_libraries() -> Iterator[None]:
    """HiGHS prints remarks of its own to standard output, past Python; they would spoil a command's JSON."""
    try:
        number = sys.__stdout__.fileno() if sys.__stdout__ else -1
        kept = os.dup(number)
    except (OSError, ValueError):  # no standard output to speak of
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        sys.stdout.flush()
        os.dup2(nowhere, number)
        yield
    finally:
        os.dup2(kept, number)
        os.close(kept)
        os.close(nowhere)


@contextmanager
def progress() -> Iterator[Progress | None]:
    """A line per stage with count and time left on standard error, when that is a terminal.

    Nothing may be printed to standard output inside: see `silent_libraries`.
    """
    with silent_libraries(), _bar() as tell:
        yield tell


@contextmanager
def _bar() -> Iterator[Progress | None]:
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        tasks: dict[str, Any] = {}

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                for other in tasks.values():  # stages follow one another: the one before is finished
                    known = bar.tasks[other].total
                    bar.update(other, completed=known if known is not None else 1, total=known or 1)
                tasks[stage] = bar.add_task(text(f"stages.{stage}", spoken()), total=total or None)
            bar.update(tasks[stage], completed=done, total=total or None)

        yield tell
        for task in tasks.values():
            known = bar.tasks[task].total
            bar.update(task, completed=known if known is not None else 1, total=known or 1)


def _remember_lang(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Lang:
    if value is not None:
        speak(cast(Lang, value))
    return spoken()


def lang_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--lang``; stands before or after the command's name, the latter counts."""
    return click.option(
        "--lang", type=click.Choice(LANGS), callback=_remember_lang, is_eager=True, help=t("help_lang")
    )(command)


def files_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.argument(
        "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar=t("metavar_files")
    )(command)


class Number(click.FloatRange):
    """A number in a range; click itself lets "nan" and "inf" pass."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(text("click.not_a_number", spoken(), value=value), param, ctx)
        return number


def plan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that plans loans; names are those of core.assess.Settings and Limits."""
    share = Number(0, 1)
    options = [
        click.option("--budget", type=Number(0), help=t("help_budget")),
        click.option("--rate-min", type=share, help=t("help_rate_min")),
        click.option("--rate-max", type=share, help=t("help_rate_max")),
        click.option("--amount-min", type=Number(0, min_open=True), help=t("help_amount_min")),
        click.option("--amount-max", type=Number(0, min_open=True), help=t("help_amount_max")),
        click.option("--lgd", type=share, help=t("help_lgd")),
        click.option("--funding", type=share, help=t("help_funding")),
        click.option("--churn", type=click.Choice(["power", "log_quadratic", "isotonic"]), help=t("help_churn")),
        click.option("--lend-to", type=click.Choice(["auto", "new", "rated", "all"]), help=t("help_lend_to")),
        click.option("--model", default="default", show_default=True, help=t("help_model")),
        click.option("--max-loss", type=share, help=t("help_max_loss")),
        click.option("--max-churn", type=share, help=t("help_max_churn")),
        click.option("--max-industry-share", type=share, help=t("help_max_industry_share")),
        click.option("--max-c-share", type=share, help=t("help_max_c_share")),
        click.option("--min-firms", type=click.IntRange(0), help=t("help_min_firms")),
        click.option("--min-lent", type=Number(0), help=t("help_min_lent")),
        click.option("--max-share", multiple=True, metavar=t("metavar_share"), help=t("help_max_share")),
        click.option("--max-group-share", type=share, help=t("help_max_group_share")),
        click.option("--max-group-amount", type=Number(0), help=t("help_max_group_amount")),
        click.option("--shares-of", type=click.Choice(["lent", "budget"]), help=t("help_shares_of")),
        click.option("--loss-on", type=click.Choice(["committed", "drawn"]), help=t("help_loss_on")),
        click.option("--churn-over", type=click.Choice(["clients", "applicants"]), help=t("help_churn_over")),
        click.option("--budget-on", type=click.Choice(["offered", "drawn"]), help=t("help_budget_on")),
        click.option("--use-all-budget", is_flag=True, help=t("help_use_all_budget")),
        click.option(
            "--firm-terms",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            help=t("help_firm_terms"),
        ),
        click.option("--one-rate-per-grade", is_flag=True, help=t("help_one_rate")),
        click.option("--rates-ordered", is_flag=True, help=t("help_ordered")),
        click.option("--prove", is_flag=True, help=t("help_prove")),
        click.option("--scenario", default=None, help=t("help_scenario")),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def settings_from(options: dict[str, Any]) -> Any:
    """core.assess.Settings from the options that were given; takes them out of `options`."""
    from credit_udfs.cli.firm_terms import read_firm_terms
    from credit_udfs.core.allocation import Limits
    from credit_udfs.core.assess import Settings

    grades, industries = _shares(options.pop("max_share"))
    if (c_share := options.pop("max_c_share")) is not None:
        grades["C"] = c_share
    every_industry = options.pop("max_industry_share")
    if industries and every_industry is not None:
        raise click.UsageError(t("max_share_twice"))
    limits = Limits(
        sector_share=industries or every_industry,
        grade_share=grades or None,
        group_share=options.pop("max_group_share"),
        group_amount=options.pop("max_group_amount"),
        share_of=options.pop("shares_of") or "lent",
        expected_loss=options.pop("max_loss"),
        loss_basis=options.pop("loss_on") or "committed",
        mean_churn=options.pop("max_churn"),
        churn_over=options.pop("churn_over") or "clients",
        min_clients=options.pop("min_firms"),
        min_lent=options.pop("min_lent"),
        one_rate_per_grade=options.pop("one_rate_per_grade"),
        rates_ordered=options.pop("rates_ordered"),
    )
    options["budget_basis"] = options.pop("budget_on")
    options["firm_terms"] = read_firm_terms(file) if (file := options.pop("firm_terms")) else None
    names = [name for name in Settings.__dataclass_fields__ if name in options]
    given = {name: value for name in names if (value := options.pop(name)) is not None}
    return Settings(limits=limits, **given)


def _shares(said: Sequence[str]) -> tuple[dict[Any, float], dict[str, float]]:
    """``A=0.4`` and ``construction=0.1``: shares by grade, and by industry."""
    from credit_udfs.core.industry import industries

    by_grade: dict[Any, float] = {}
    by_industry: dict[str, float] = {}
    for one in said:
        name, _, share = one.partition("=")
        try:
            value = float(share)
        except ValueError:
            value = math.nan
        if not 0 <= value <= 1 or (name not in "ABC" and name not in industries()) or not name:
            raise click.UsageError(t("max_share_unknown", value=one, known=", ".join(["A", "B", "C", *industries()])))
        (by_grade if name in "ABC" else by_industry)[name] = value
    return by_grade, by_industry


def _is_input(place: Path, given: Path) -> bool:
    """Whether the output at `place` would replace what `given`, a file or a folder, names to be read."""
    if not given.is_dir():
        return place == given
    from credit_udfs.workbook.read import SUFFIXES
    from credit_udfs.workbook.tables_in import holds_result

    inside = place.parent == given and place.is_file() and place.suffix.lower() in SUFFIXES
    return inside and not holds_result(place)


def refuse_output(output: Path, force: bool, files: Sequence[Path] = (), formats: Sequence[str] = ()) -> None:
    """Say at once, not after the work, that the output can't go there: it is there already, is one of the input
    files (these are never changed, not even with `force`), its folder is missing or can't be written to, or its
    ending isn't in `formats`.
    """
    place = Path(os.path.realpath(output))  # not Path.resolve, which breaks off where links run in a circle

    def refuse(key: str, **values: object) -> NoReturn:
        raise click.UsageError(t(key, **values))

    if output.is_dir():
        refuse("output_is_folder", path=output)
    if any(_is_input(place, Path(os.path.realpath(file))) for file in files):
        refuse("output_is_input", path=output)
    if formats and output.suffix.lower() not in formats:
        refuse("output_format", path=output, formats=" ".join(formats))
    if output.exists() and not force:
        refuse("output_exists", path=output)
    if not place.parent.is_dir():
        refuse("output_folder", path=place.parent)
    if not os.access(place.parent, os.W_OK):
        refuse("output_locked", path=place.parent)


def say_problems(tables: Any, lang: Lang, *, most: int = 5, in_workbook: bool = False) -> None:
    """The first remarks on the data, to standard error; in_workbook: the result has a page with all of them."""
    problems = tables.problems
    for problem in problems[:most]:
        click.echo(problem.line(lang), err=True)
    if len(problems) > most:
        key = "cli.more_problems" if in_workbook else "cli.more_problems_elsewhere"
        click.echo(text(key, lang, count=len(problems) - most), err=True)


def output_option(default: str, help_key: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        "-o", "--output", type=click.Path(path_type=Path), default=Path(default), show_default=True, help=t(help_key)
    )


force_option = click.option("--force", is_flag=True, help=t("help_force"))
