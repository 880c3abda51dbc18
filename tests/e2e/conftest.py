"""The whole product on a platform of its own, once for all end-to-end tests that want it."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.environment import REPOSITORY, LocalEnvironment
from local.platform import Platform
from local.stack import LocalStack

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = (
    "Pulumi.yaml",
    "Pulumi.local.yaml",
    "__main__.py",
    "components",
    "payment_outputs",
    "pinot_as_code",
    "product_model",
    "data-product",
)


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> Iterator[LocalStack]:
    """Give the local stack, up, on Kafka, S3 and Pinot that no other test has touched.

    A test may change what is there, and leaves the stack up as the program says.
    """
    home = Path(tempfile.mkdtemp(prefix="payments-"))
    environment = LocalEnvironment.ephemeral(home)
    platform = Platform(environment)
    try:
        platform.start()
        local = LocalStack(environment)
        local.up()
        yield local
    finally:
        platform.stop()
        if request.session.testsfailed:
            sys.stderr.write(f"\nThe stack's environment of the failed session is kept in {home}.\n")
        else:
            shutil.rmtree(home)


@pytest.fixture
def edited(stack: LocalStack, tmp_path: Path) -> Iterator[LocalStack]:
    """Give the same stack with a copy of the program that a test may edit.

    What a test has deployed from it, the test itself takes back (`stack.up()`).
    """
    for part in PROGRAM:
        source = REPOSITORY / part
        if source.is_dir():
            shutil.copytree(source, tmp_path / part)
        else:
            shutil.copyfile(source, tmp_path / part)
    (tmp_path / ".venv").symlink_to(REPOSITORY / ".venv")
    yield LocalStack(stack.environment, tmp_path)
    stack._prepare()  # the configuration is the environment's, and other tests go on with it
