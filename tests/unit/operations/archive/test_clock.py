"""The archive's time is S3's: no jump of this machine's clock changes it."""

from __future__ import annotations

import pytest

from operations.archive.clock import ArchiveClock

pytestmark = pytest.mark.unit


def test_time_is_the_last_date_of_s3_and_what_has_passed_since(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [100.0]
    clock = ArchiveClock(monotonic=lambda: seconds[0])
    with pytest.raises(LookupError, match="S3 has told no"):
        clock.now_ms()
    clock.tell(1_000_000)
    seconds[0] += 2.5
    monkeypatch.setattr("time.time", lambda: 9e9)
    monkeypatch.setattr("time.time_ns", lambda: 9 * 10**18)
    assert clock.now_ms() == 1_002_500
    clock.tell(1_002_000)
    assert clock.now_ms() == 1_002_500, "not backwards: a Date is cut to the second"
    clock.tell(1_007_000)
    assert clock.now_ms() == 1_007_000
