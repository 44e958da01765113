"""What every command shares: language, progress, the options of a plan, and how results are said."""

from __future__ import annotations

import errno
import io
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

import click
from click.core import ParameterSource

from credit_udfs.cli.words import speak, spoken, t, teach_click, wanted
from credit_udfs.errors import BadInput, CreditError
from credit_udfs.locale import LANGS, Lang, text
from credit_udfs.types import Progress
from credit_udfs.workbook.files import fixed_time
from credit_udfs.workbook.settings import SETTINGS, Setting

if TYPE_CHECKING:
    from credit_udfs.commands import Chosen

LENDABLE = ("A", "B", "C")
EXIT_INPUT, EXIT_INTERRUPTED, EXIT_TERMINATED = 1, 130, 143
PATIENCE = 2.0
"""Seconds from a signal to the end, whatever is being computed."""
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
        _end_in_time()
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


def _end_in_time() -> None:
    """Have a signal to end obeyed while a library computes, too: Python's own handlers wait until it returns."""
    if os.name != "posix":
        return
    heard, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    codes = {signal.SIGINT: EXIT_INTERRUPTED, signal.SIGTERM: EXIT_TERMINATED}

    def listen() -> None:
        while (number := os.read(heard, 1)) and number[0] not in codes:
            pass
        time.sleep(PATIENCE)  # what was begun is cleaned up, as a rule at once
        with suppress(OSError):
            if sys.stderr.isatty():
                os.write(2, b"\x1b[?25h")  # a progress bar hides the cursor
        os._exit(codes.get(signal.Signals(number[0]), EXIT_TERMINATED) if number else EXIT_TERMINATED)

    threading.Thread(target=listen, daemon=True).start()


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


class Asked(click.Option):
    """An option whose wrong value is said by its command together with all the others: see `Planning`."""

    def handle_parse_result(
        self, ctx: click.Context, opts: Mapping[str, Any], args: list[str]
    ) -> tuple[Any, list[str]]:
        try:
            return super().handle_parse_result(ctx, opts, args)
        except click.BadParameter as error:
            ctx.meta.setdefault(__name__, []).append(error)
            return None, args


class Planning(click.Command):
    """A command that says everything that is wrong with its options at once, where click stops at the first."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        wrong: list[click.UsageError] = ctx.meta.setdefault(__name__, [])
        try:
            rest = super().parse_args(ctx, args)
        except click.UsageError as error:
            wrong.append(error)
        if len(wrong) > 1:
            lines = [t("options_wrong", count=len(wrong)), *(f"- {error.format_message()}" for error in wrong)]
            raise click.UsageError("\n".join(lines), ctx)
        if wrong:
            raise wrong[0]
        return rest


def _share(said: str) -> tuple[str, float]:
    """``A=0.4`` or ``construction=0.1``: a grade or an industry's key, and its largest share."""
    from credit_udfs.core.industry import industries

    name, _, number = said.partition("=")
    try:
        share = float(number)
    except ValueError:
        share = math.nan
    known = [*LENDABLE, *industries()]
    if name not in known or not 0 <= share <= 1:
        raise click.BadParameter(t("max_share_unknown", value=said, known=", ".join(known)))
    return name, share


def plan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that plans loans (a `Planning`): the settings of workbook.settings, what
    may be settled for single firms, grades and industries, and a workbook to take all that from."""
    asked = [
        click.option(
            "--settings-from", type=click.Path(path_type=Path), metavar=t("metavar_book"), help=t("help_settings_from")
        ),
        *(_asking(setting) for setting in SETTINGS.values() if setting.option),
        click.option("--max-c-share", cls=Asked, type=Number(0, 1), help=t("help_max_c_share")),
        click.option(
            "--max-share", cls=Asked, type=_share, multiple=True, metavar=t("metavar_share"), help=t("help_max_share")
        ),
        click.option(
            "--firm-terms",
            cls=Asked,
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            help=t("help_firm_terms"),
        ),
    ]
    for option in reversed(asked):
        command = option(command)
    return command


def _asking(setting: Setting) -> Callable[[Any], Any]:
    kinds: dict[str, Any] = {
        "money": Number(0, min_open=not setting.zero),
        "seconds": Number(0, min_open=not setting.zero),
        "share": Number(0, 1),
        "times": Number(int(setting.low), int(setting.high)),
        "count": click.IntRange(0),
        "choice": click.Choice(setting.choices),
        "word": str,
    }
    kind: dict[str, Any] = {"is_flag": True} if setting.kind == "yes" else {"type": kinds[setting.kind]}
    name = "--" + setting.option.replace("_", "-")
    return click.option(name, setting.name, cls=Asked, default=None, help=t(f"help_{setting.option}"), **kind)


def asked_for(files: Sequence[Path], options: dict[str, Any], lang: Lang) -> Chosen:
    """What the plan is to be made with: the options given, else the settings of a workbook, else the defaults.

    The workbook is that of ``--settings-from``, or the one of `files` that has settings. Takes its options out of
    `options`.
    """
    from credit_udfs.commands import Chosen
    from credit_udfs.workbook.own_limits import read_firm_terms

    values = {setting.name: options.pop(setting.name) for setting in SETTINGS.values() if setting.option}
    shares: dict[str, float] = dict(options.pop("max_share"))
    grades = {name: shares.pop(name) for name in LENDABLE if name in shares}
    if (c_share := options.pop("max_c_share")) is not None:
        grades["C"] = c_share
    terms = read_firm_terms(file) if (file := options.pop("firm_terms")) else None
    of_book = _settings_of(files, options.pop("settings_from"), lang)
    return (of_book or Chosen.none(lang)).instead(values, grades, shares, terms)


def language_of(chosen: Chosen, lang: Lang) -> Lang:
    """The language of the results: what ``--lang`` or the environment asks for, else the workbook's, else `lang`."""
    context: click.Context | None = click.get_current_context()
    while context is not None:
        if context.get_parameter_source("lang") is ParameterSource.COMMANDLINE:
            return lang
        context = context.parent
    return lang if "CREDIT_UDFS_LANG" in os.environ or "language" not in chosen.places else chosen.lang


def _settings_of(files: Sequence[Path], asked: Path | None, lang: Lang) -> Chosen | None:
    from credit_udfs.hosts import settings_file

    if asked is not None:
        if str(asked) == "none":
            return None
        if (chosen := settings_file.chosen_in(asked, lang)) is None:
            raise BadInput("settings.none_there", file=asked.name)
        return chosen
    found = settings_file.with_settings(files)
    if len(found) > 1:
        raise click.UsageError(text("settings.several", lang, files=", ".join(file.name for file in found)))
    if not found or (chosen := settings_file.chosen_in(found[0], lang)) is None:
        return None
    click.echo(text("settings.used", lang, file=found[0].name, sheet=chosen.sheet), err=True)
    return chosen


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


def say_problems(tables: Any, lang: Lang, *, in_workbook: bool = False) -> None:
    """The first remarks on the data, to standard error; in_workbook: the result has a page with all of them."""
    problems, most = tables.problems, 5
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
