"""The product's files: none is built from that contradicts another, or the stack's settings."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from components import product_files
from components.product_files import ProductFilesError, digest, read_product
from components.setting_errors import SettingsError
from components.settings import Settings, load_settings
from pinot_as_code.guards import words_of
from product_model import ProductError

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
DESCRIPTOR = "payment-service-data-product.yaml"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Remember passed checks in a place of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / product_files.CHECKED


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Give a copy of the product's files."""
    return Path(shutil.copytree(ROOT / "data-product", tmp_path / "data-product"))


def local(directory: Path, **parts: Any) -> Settings:  # noqa: ANN401 - any JSON
    tree = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]
    tree["payments:product"] = {"directory": str(directory)}
    for key, changes in parts.items():
        part = tree[f"payments:{key}"]
        for name, value in changes.items():
            part[name] = {**part[name], **value} if isinstance(value, dict) else value
    return load_settings(
        {key: value if isinstance(value, str) else json.dumps(value) for key, value in tree.items()}
    )


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Let every check pass, and give the products that were checked."""
    checked: list[object] = []

    def passing(product: object) -> tuple[()]:
        checked.append(product)
        return ()

    monkeypatch.setattr(product_files, "check_product", passing)
    return checked


def test_the_repositorys_files_agree_with_each_other_and_the_local_stack() -> None:
    product = read_product(local(ROOT / "data-product"))
    assert product.descriptor.product.id == "payment-service-data-product"


def test_files_that_passed_are_not_checked_again_until_one_changes(
    files: Path, counted: list[object], cache: Path
) -> None:
    read_product(local(files))
    read_product(local(files))
    assert len(counted) == 1
    assert len(list(cache.iterdir())) == 1
    question = next((files / "queries").glob("*.sql"))
    question.write_text(question.read_text() + "\n")
    read_product(local(files))
    assert len(counted) == 2


def test_a_contradiction_is_said_each_time_and_never_remembered(files: Path, cache: Path) -> None:
    path = files / "pinot-tables" / "transaction-booked-rt-table.json"
    table = json.loads(path.read_text())
    table["segmentsConfig"]["retentionTimeValue"] = "3"
    path.write_text(json.dumps(table))
    for _ in range(2):
        with pytest.raises(ProductFilesError) as refused:
            read_product(local(files))
        message = str(refused.value)
        assert message.startswith(f"The product's files under {files} contradict each other:\n- ")
        assert "transaction-booked-rt-table.json" in message
        assert "retention" in message
    assert not cache.exists()


def test_a_broken_file_is_named(files: Path) -> None:
    path = files / "pinot-schemas" / "transaction-booked-schema.json"
    path.write_text(path.read_text().replace('"schemaName"', '"schemaNam"', 1))
    with pytest.raises(ProductError, match=r"transaction-booked-schema\.json: .*schemaNam"):
        read_product(local(files))
    with pytest.raises(ProductError, match=r"nowhere: .*there is no such directory"):
        read_product(local(files.parent / "nowhere"))


@pytest.mark.parametrize(
    ("part", "changes", "message"),
    [
        (
            "kafka",
            {"topic": {"name": "other"}},
            "kafka.topic.name: found other as the topic; allowed is payments",
        ),
        (
            "kafka",
            {"quarantine": {"name": "other"}},
            "kafka.quarantine.name: found other as the topic; allowed is payments.quarantine",
        ),
        ("kafka", {"topic": {"partitions": 6}}, "kafka.topic.partitions: found 6 partitions; allowed is 3"),
        ("kafka", {"topic": {"retentionDays": 1}}, "kafka.topic.retentionDays: found 1 days; allowed is 7"),
        ("archive", {"warmAfterDays": 30}, "archive.warmAfterDays: found 30 days; allowed is 90"),
        ("archive", {"coldAfterDays": 100}, "archive.coldAfterDays: found 100 days; allowed is 365"),
        (
            "archive",
            {"deepArchiveAfterDays": 500},
            "archive.deepArchiveAfterDays: found 500 days; allowed is 1095",
        ),
        ("archive", {"retentionDays": 2000}, "archive.retentionDays: found 2000 days; allowed is 2557"),
    ],
)
def test_a_fact_that_the_descriptor_fixes_is_no_setting_to_play_with(
    part: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        read_product(local(ROOT / "data-product", **{part: changes}))
    assert f"- payments:{message}, as {DESCRIPTOR} has it for local." in str(refused.value)


def test_a_file_system_that_takes_no_notes_is_no_obstacle(
    files: Path, counted: list[object], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a directory should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    for _ in range(2):
        assert read_product(local(files)).descriptor.descriptor_version == 1
    assert len(counted) == 2


def test_the_digest_sees_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    before = digest(tmp_path)
    assert digest(tmp_path) == before
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("compiled")
    assert digest(tmp_path) == before
    (tmp_path / "a").write_text("2")
    assert digest(tmp_path) != before
    (tmp_path / "a").rename(tmp_path / "b")
    (tmp_path / "b").write_text("1")
    assert digest(tmp_path) != before


def test_locally_every_word_is_allowed_and_known() -> None:
    allow = local(ROOT / "data-product").guards.allow
    for key, kind in (
        ("tables", "table"),
        ("schemas", "schema"),
        ("logicalTables", "logical table"),
        ("tenants", "tenant"),
    ):
        # Keys that this version does not know stay refused: a typo is a typo, locally too.
        assert sorted(allow[key]) == sorted(set(words_of(kind)) - {"unknown-keys"})
