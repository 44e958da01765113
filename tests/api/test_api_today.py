"""The date that invoices are held against is the user's own."""

from __future__ import annotations

import datetime as dt
import time

import pytest

from credit_udfs import api


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system can't change its time zone within a program")
def test_today_is_the_date_where_the_user_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    # Fourteen hours ahead of UTC and twelve behind: at any time the two have different dates.
    try:
        for name, hours in (("EAST-14", 14), ("WEST+12", -12)):
            monkeypatch.setenv("TZ", name)
            time.tzset()
            before, today = dt.datetime.now(dt.timezone(dt.timedelta(hours=hours))).date(), api._today()
            after = dt.datetime.now(dt.timezone(dt.timedelta(hours=hours))).date()
            assert before <= today <= after
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_fixed_time_fixes_the_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1600000000")
    assert api._today() == dt.date(2020, 9, 13)
