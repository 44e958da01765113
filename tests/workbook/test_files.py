"""The time that SOURCE_DATE_EPOCH fixes, and files that are whole or not there."""

from __future__ import annotations

import datetime as dt
import errno
import zipfile
from pathlib import Path

import polars as pl
import pytest

from credit_udfs.errors import BadInput
from credit_udfs.workbook.files import fixed_time, replacing, write_text
from credit_udfs.workbook.tables_out import write_frame


@pytest.mark.parametrize("said", ["abc", "-5", "1e9", "1.5", "٣", "253402300800", "9" * 5000])
def test_what_is_no_time_is_refused(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", said)
    with pytest.raises(BadInput, match="should be a count of seconds") as caught:
        fixed_time()
    assert len(caught.value.text("zh")) < 200


@pytest.mark.parametrize(("said", "time"), [("", None), (" ", None), ("0", 0), (" 1600000000\n", 1_600_000_000)])
def test_blank_is_not_set(said: str, time: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", said)
    assert fixed_time() == (None if time is None else dt.datetime.fromtimestamp(time, dt.UTC))


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    out = tmp_path / "方案.txt"

    def half() -> None:
        with replacing(out) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert list(tmp_path.iterdir()) == []
    write_text(out, "whole")
    with pytest.raises(KeyboardInterrupt):
        half()
    assert [path.read_text() for path in tmp_path.iterdir()] == ["whole"]


def test_where_a_link_points_is_written(tmp_path: Path) -> None:
    target = tmp_path / "shared" / "plan.txt"
    target.parent.mkdir()
    link = tmp_path / "plan.txt"
    link.symlink_to(target)
    write_text(link, "first")
    write_text(link, "second")
    assert link.is_symlink()
    assert [path.read_text() for path in target.parent.iterdir()] == ["second"]
    target.unlink()
    target.parent.rmdir()
    with pytest.raises(BadInput, match="no folder"):
        write_text(link, "third")


def test_a_full_disk_is_the_systems_error_whoever_met_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    frame = pl.DataFrame({"firm": ["E1"]})
    monkeypatch.setattr(zipfile.ZipFile, "write", full)
    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(OSError, match="No space left"):
        write_frame(frame, tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＠"])
def test_no_text_becomes_a_formula_in_csv(start: str, tmp_path: Path) -> None:
    text = start + "cmd|' /C calc'!A0"
    out = write_frame(pl.DataFrame({"firm": [text, "E1"], "x": [-1.0, 1.0]}), tmp_path / "a.csv")
    assert pl.read_csv(out).rows() == [("'" + text, -1.0), ("E1", 1.0)]
