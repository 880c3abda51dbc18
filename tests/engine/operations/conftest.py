"""What tests of the loader share: one engine a session, its offline tables new for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.engine_process import EngineProcess
from tests.engine.operations.offline_tables import (
    Offline,
    create_offline_tables,
    drop_offline_tables,
    offline,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def _local_credentials() -> Iterator[None]:
    """Give what clients of S3 look for; the local server takes any."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "local")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "local")
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        yield


@pytest.fixture(scope="session")
def offline_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """Give an engine for offline tables alone."""
    engine = EngineProcess(tmp_path_factory.mktemp("offline") / "pinot", [])
    yield engine
    engine.stop()


@pytest.fixture
def tables(offline_engine: EngineProcess, s3: str) -> Iterator[Offline]:
    """Give empty offline tables, an empty archive, and a loader between them."""
    create_offline_tables(offline_engine)
    yield offline(offline_engine, s3)
    drop_offline_tables(offline_engine)
