"""The time that SOURCE_DATE_EPOCH fixes, and files that are whole or not there."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from credit_udfs.errors import BadInput
from credit_udfs.workbook.files import fixed_time, replacing, write_text


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
