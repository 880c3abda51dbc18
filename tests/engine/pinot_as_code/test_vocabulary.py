"""What the package says that Pinot understands is what Pinot's own classes say."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from local.pinot_engine import installation
from pinot_as_code import vocabulary

pytestmark = pytest.mark.engine

VALIDATION = Path(vocabulary.__file__).parent / "validation"


def test_the_vocabulary_is_what_pinots_classes_print() -> None:
    engine = installation()
    command = [engine.java, "-XX:TieredStopAtLevel=1", f"@{engine.class_path}"]
    source = str(VALIDATION / "Vocabulary.java")

    printed = subprocess.run(
        [*command, source, vocabulary.PINOT_VERSION], check=True, capture_output=True, text=True
    ).stdout

    kept = (VALIDATION / f"pinot-{vocabulary.PINOT_VERSION}.json").read_text("utf-8")
    assert json.loads(printed[printed.index("{") :]) == json.loads(kept)
