"""The stack's settings: what is right loads; a mistake is said with its key, its kind and what is allowed."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from pydantic import SecretStr, ValidationError

from components.setting_errors import SettingsError, allowed
from components.setting_kinds import Kind, SettingsPart
from components.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
PASSWORD = "correct horse battery staple"  # noqa: S105 - planted, to be searched for in messages
SECRET_KEYS = ("payments:kafka", "pinot:password", "pinot:token")

Tree = dict[str, Any]


def local() -> Tree:
    """Return the local stack's configuration, as its file has it."""
    tree: Tree = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]
    return tree


def prod() -> Tree:
    """Return a configuration that prod allows."""
    topic = {"partitions": 12, "replicationFactor": 3, "minInsyncReplicas": 2}
    return {
        "payments:environment": "prod",
        "payments:kafka": {
            "bootstrapServers": ["broker-1.example.org:9096", "broker-2.example.org:9096"],
            "pinotProperties": {"security.protocol": "SASL_SSL"},
            "security": {"protocol": "SASL_SSL", "username": "pulumi", "password": PASSWORD},
            "access": {user: {"password": PASSWORD} for user in ("paymentService", "pinot", "archiver")},
            "topic": {"name": "payments", **topic},
            "quarantine": {"name": "payments.quarantine", **topic},
        },
        "payments:aws": {
            "region": "eu-central-1",
            "account": "123456789012",
            "storageKey": {},
            "tags": {"cost-centre": "4711"},
        },
        "payments:deepStore": {"bucket": "acme-payments-deep-store"},
        "payments:archive": {
            "bucket": "acme-payments-archive",
            "objectLock": {"mode": "COMPLIANCE", "cannotBeUndone": True},
            "encryption": {"kmsKey": "arn:aws:kms:eu-central-1:123456789012:key/1234"},
        },
        "payments:accessLogs": {"bucket": "acme-payments-access-logs"},
        "pinot:controllerUrl": "https://pinot-controller.example.org",
        "pinot:username": "pulumi",
        "pinot:password": PASSWORD,
        "payments:pinot": {
            "mode": "external",
            "brokerUrl": "https://pinot.example.org",
            "peerDownloadScheme": "http",
            "brokers": {"tenant": "payment_broker"},
            "servers": {"tenant": "payment_server", "instances": ["Server_pinot-server-*"]},
            "warm": {"tenant": "payment_warm", "afterDays": 90},
            "cold": {"tenant": "payment_cold", "afterDays": 365},
        },
    }


def flat(tree: Tree) -> dict[str, str]:
    """Return a configuration as the engine hands it over: every value a text."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in tree.items()}


def load(tree: Tree) -> Settings:
    return load_settings(flat(tree), SECRET_KEYS)


def changed(tree: Tree, key: str, value: Any) -> Tree:  # noqa: ANN401 - any JSON
    """Return the tree with one place changed, `...` for removed."""
    tree = deepcopy(tree)
    top, *rest = key.split("/")
    if not rest:
        tree.pop(top, None) if value is ... else tree.update({top: value})
        return tree
    target = tree.setdefault(top, {})
    for part in rest[:-1]:
        target = target.setdefault(part, {})
    target.pop(rest[-1], None) if value is ... else target.update({rest[-1]: value})
    return tree


def message(tree: Tree, secret_keys: tuple[str, ...] = SECRET_KEYS) -> str:
    """Return what is said of a wrong configuration."""
    with pytest.raises(SettingsError) as error:
        load_settings(flat(tree), secret_keys)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__ or error.value.__context__ is None, (
        "pydantic's message shows values"
    )
    return str(error.value)


def test_the_local_stacks_file_is_right() -> None:
    settings = load_settings(flat(local()))
    assert settings.environment == "local"
    assert settings.controller.controller_url == "http://127.0.0.1:9000"
    assert (settings.kafka.topic.name, settings.kafka.topic.partitions) == ("payments", 3)
    assert (settings.kafka.topic.retention_days, settings.kafka.quarantine.retention_days) == (7, 7)
    assert not settings.deep_store.tls_only
    assert settings.guards.protect is False


def test_what_prod_allows_loads_with_the_domains_numbers() -> None:
    settings = load(prod())
    assert settings.guards.protect
    assert settings.archive.object_lock is not None
    assert settings.archive.object_lock.years == 7
    archive, store = settings.archive, settings.deep_store
    assert (archive.warm_after_days, archive.cold_after_days, archive.deep_archive_after_days) == (
        90,
        365,
        1095,
    )
    assert (archive.retention_days, archive.unfinished_upload_days) == (2557, 3)
    assert (store.intelligent_tiering_after_days, store.non_current_days, store.unfinished_upload_days) == (
        30,
        7,
        3,
    )
    assert settings.kafka.topic.retention_days == 7
    assert settings.pinot.replication == 3


def test_one_setting_points_the_stack_at_another_pinot() -> None:
    tree = changed(local(), "payments:pinot/brokerUrl", ...)
    assert load(tree).broker_url == "http://127.0.0.1:8099"
    elsewhere = changed(tree, "pinot:controllerUrl", "https://pinot.example.org")
    assert load(elsewhere).broker_url == "https://pinot.example.org:8099"


def test_dev_is_known_too() -> None:
    tree = changed(prod(), "payments:environment", "dev")
    tree = changed(tree, "payments:archive/objectLock", ...)
    tree = changed(tree, "payments:guards", {"protect": False})
    assert load(tree).environment == "dev"


def test_settings_cannot_be_changed() -> None:
    settings = load(prod())
    with pytest.raises(ValidationError, match="frozen"):
        settings.kafka.topic.partitions = 24  # type: ignore[misc]  # this is what must not work


MISTAKES = yaml.safe_load((Path(__file__).parent / "settings_mistakes.yaml").read_text())


@pytest.mark.parametrize("mistake", [pytest.param(mistake, id=mistake["why"]) for mistake in MISTAKES])
def test_a_mistake_is_one_sentence_with_key_kind_and_what_is_allowed(mistake: Tree) -> None:
    right = local() if mistake["stack"] == "local" else prod()
    said = message(changed(right, mistake["key"], mistake.get("value", ...)))
    start, _, sentence = said.partition("\n- ")
    assert start == (
        "The stack's configuration has one mistake. Mend it in Pulumi.<stack>.yaml or by"
        " `pulumi config set --path '<key>' <value>` (a secret with --secret)."
    )
    assert sentence.startswith(mistake["says"])
    assert "\n" not in sentence
    assert PASSWORD not in said


def test_several_mistakes_are_said_at_once() -> None:
    tree = changed(local(), "payments:environment", "stage")
    tree = changed(tree, "payments:kafka/topic/partitions", 0)
    tree = changed(tree, "payments:archive/bukket", "x")
    lines = message(tree).splitlines()
    assert "has 3 mistakes" in lines[0]
    assert [line.split(":", 2)[1].split(" ")[0] for line in lines[1:]] == [
        "environment",
        "kafka.topic.partitions",
        "archive.bukket",
    ]


@pytest.mark.parametrize(
    ("key", "place"),
    [("payments:kafka", "payments:kafka.security.password"), ("pinot:password", "pinot:password")],
)
def test_a_secret_in_clear_is_refused_without_showing_it(key: str, place: str) -> None:
    said = message(prod(), tuple(other for other in SECRET_KEYS if other != key))
    assert (
        f"{place}: found a secret in clear; allowed is an encrypted value only. Give it again with"
        f" `pulumi config set --secret --path '{place}'`." in said
    )
    assert PASSWORD not in said


def test_a_secret_is_shown_by_nothing() -> None:
    settings = load(prod())
    password = settings.kafka.security.password
    assert isinstance(password, SecretStr)
    assert password.get_secret_value() == PASSWORD
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert PASSWORD not in shown


@pytest.mark.parametrize("wrong", [[PASSWORD], {"a": PASSWORD}, 5, "", None])
def test_a_secret_of_a_wrong_kind_is_not_shown_either(wrong: object) -> None:
    said = message(changed(prod(), "payments:kafka/security/password", wrong))
    assert "payments:kafka.security.password" in said or "payments:kafka.security.username" in said
    assert PASSWORD not in said


def fields(part: type[SettingsPart] = Settings, path: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, info in part.model_fields.items():
        place = f"{path}.{info.alias or name}"
        yield place, info
        for inner in (info.annotation, *getattr(info.annotation, "__args__", ())):
            if isinstance(inner, type) and issubclass(inner, SettingsPart):
                yield from fields(inner, place)


@pytest.mark.parametrize(("place", "info"), [pytest.param(*case, id=case[0]) for case in fields()])
def test_every_setting_says_what_it_is_what_is_allowed_and_in_which_unit(place: str, info: FieldInfo) -> None:
    assert info.description
    assert info.description.endswith(".")
    assert allowed(info.annotation, list(info.metadata))
    kinds = [item for item in info.metadata if isinstance(item, Kind)]
    if info.annotation is int:
        assert [kind.unit for kind in kinds if kind.unit], f"{place} is a number without a unit"
