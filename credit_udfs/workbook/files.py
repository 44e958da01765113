"""Writing a file so that nothing is lost: beside the target first, then renamed onto it; and the time it bears."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from credit_udfs.errors import BadInput, CreditError

# 9999-12-31, the last day a workbook can hold.
_LAST_SECOND = 253_402_300_799


def keep_existing(path: Path, force: bool) -> None:
    """Raise BadInput when `path` exists and `force` is not set."""
    if path.exists() and not force:
        raise BadInput("files.exists", path=path)


@contextmanager
def replacing(path: Path, *, force: bool = True) -> Iterator[Path]:
    """A temporary path beside `path`, or beside the file that a link there points to; renamed onto that when the block
    ends well, removed otherwise.

    Raises BadInput when `path` exists and `force` is not set, or when its folder is missing or can't be written.
    """
    keep_existing(path, force)
    place = Path(os.path.realpath(path))
    folder = place.parent
    if not folder.is_dir():
        raise BadInput("files.no_folder", path=folder)
    try:
        handle, name = tempfile.mkstemp(prefix=".credit-udfs-", suffix=path.suffix, dir=folder)
    except OSError as cause:
        raise BadInput("files.folder", path=folder, reason=cause.strerror) from cause
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes it private; a result is as readable as any file the user makes.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(place)
    except PermissionError as cause:
        raise BadInput("files.in_use", path=path) from cause
    except Exception as error:
        # xlsxwriter says in an error of its own that the disk is full.
        if isinstance(error.__context__, OSError) and not isinstance(error, CreditError):
            raise error.__context__ from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> Path:
    """Write UTF-8 text that way. Returns `path`."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def fixed_time() -> dt.datetime | None:
    """The time that SOURCE_DATE_EPOCH fixes (seconds since 1970, UTC), so that the same input gives the same bytes;
    None when it isn't set. Raises BadInput when it is set to anything else.
    """
    said = os.environ.get("SOURCE_DATE_EPOCH", "").strip()
    if not said:
        return None
    if not (said.isascii() and said.isdecimal() and len(said) <= 12 and int(said) <= _LAST_SECOND):
        raise BadInput("files.epoch", found=said[:40])
    return dt.datetime.fromtimestamp(int(said), dt.UTC)
