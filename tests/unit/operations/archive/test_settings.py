"""Settings: flag over variable over default, and mistakes that say what is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from operations.archive.__main__ import main
from operations.archive.settings import (
    ArchiveSettings,
    SettingError,
    StreamSettings,
    kafka_login,
    load_settings,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.unit

NEEDED = {"ARCHIVE_BOOTSTRAP_SERVERS": "kafka:9092", "ARCHIVE_BUCKET": "the-archive"}


def test_a_flag_wins_over_a_variable_and_a_variable_over_the_default() -> None:
    settings = load_settings(
        ArchiveSettings,
        {"batch_seconds": "30"},
        {**NEEDED, "ARCHIVE_BATCH_SECONDS": "60", "ARCHIVE_TOPIC": "t"},
    )
    assert (settings.batch_seconds, settings.topic, settings.group) == (30, "t", "payments-archiver")


@pytest.mark.parametrize(
    ("options", "environ", "said"),
    [
        (
            {},
            {"ARCHIVE_BUCKET": "the-archive"},
            "--bootstrap-servers / ARCHIVE_BOOTSTRAP_SERVERS: nothing given",
        ),
        ({"bucket": "No Bucket"}, NEEDED, "--bucket / ARCHIVE_BUCKET: found 'No Bucket'"),
        ({"batch_seconds": "500"}, NEEDED, "found '500'; Input should be less than or equal to 420"),
        ({"deadline_seconds": "601"}, NEEDED, "--deadline-seconds / ARCHIVE_DEADLINE_SECONDS: found '601'"),
        ({}, {**NEEDED, "ARCHIVE_TOPICS": "x"}, "ARCHIVE_TOPICS: no such setting; allowed: ARCHIVE_"),
    ],
)
def test_a_mistake_names_the_key_what_was_found_and_what_is_allowed(
    options: dict[str, str], environ: dict[str, str], said: str
) -> None:
    with pytest.raises(SettingError) as refused:
        load_settings(ArchiveSettings, options, environ)
    assert said in str(refused.value)


def test_variables_of_the_archiver_do_not_disturb_the_quarantines_command() -> None:
    assert load_settings(StreamSettings, {}, {**NEEDED, "ARCHIVE_BATCH_SECONDS": "9"}).topic == "payments"


def test_the_login_is_read_from_a_file_and_never_quoted(tmp_path: Path) -> None:
    path = tmp_path / "kafka.properties"
    settings = ArchiveSettings(bootstrap_servers="k:1", bucket="the-archive", kafka_properties=path)
    path.write_text("# login\nsecurity.protocol=SASL_SSL\nsasl.password = a=b\n", encoding="utf-8")
    assert kafka_login(settings) == {"security.protocol": "SASL_SSL", "sasl.password": "a=b"}
    path.write_text("sasl.password: secret\n", encoding="utf-8")
    with pytest.raises(SettingError, match="line 1 is no `name=value`") as refused:
        kafka_login(settings)
    assert "secret" not in str(refused.value)
    path.unlink()
    with pytest.raises(SettingError, match="cannot be read"):
        kafka_login(settings)


def test_the_command_ends_with_2_and_the_reason(caplog: pytest.LogCaptureFixture) -> None:
    assert (
        main(["run", "--bucket", "the-archive", "--bootstrap-servers", "k:1", "--batch-events", "none"]) == 2
    )
    assert "--batch-events / ARCHIVE_BATCH_EVENTS: found 'none'" in caplog.text
