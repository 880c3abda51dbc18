"""The configuration texts of Pinot's processes."""

import re

import pytest

from components.kubernetes_settings import TlsSettings
from components.pinot_configuration import GRACE_SECONDS, WRITTEN_BY_CHART, configuration, text_of
from components.pinot_deployment import DeepStoreLocation
from tests.unit.components.pinot_deployments import deployment

pytestmark = pytest.mark.unit

ROLES = ("controller", "broker", "server", "minion")
TLS = TlsSettings(secret="pinot-tls")  # noqa: S106 - a Secret's name


def entries(text: str) -> dict[str, str]:
    pairs = [line.partition("=")[::2] for line in text.splitlines()]
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), "Pinot joins a key that stands twice with a comma"
    return dict(pairs)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("tls", [None, TLS])
def test_no_key_stands_twice_or_is_the_charts_own(role: str, tls: TlsSettings | None) -> None:
    found = entries(configuration(deployment(tls=tls), role))
    assert not found.keys() & WRITTEN_BY_CHART[role]


@pytest.mark.parametrize("role", ROLES)
def test_what_the_charts_own_block_had_is_still_there(role: str) -> None:
    kept = {
        "controller": {"controller.task.scheduler.enabled": "true"},
        "broker": {"pinot.query.server.port": "7321", "pinot.query.runner.port": "7732"},
        "server": {
            "pinot.server.instance.realtime.alloc.offheap": "true",
            "pinot.query.server.port": "7321",
            "pinot.query.runner.port": "7732",
        },
        "minion": {},
    }
    wanted = {"pinot.set.instance.id.to.hostname": "true"} | kept[role]
    assert wanted.items() <= entries(configuration(deployment(), role)).items()


def test_a_key_of_the_charts_is_refused() -> None:
    with pytest.raises(ValueError, match=r"controller\.extra\.configs: found controller\.data\.dir"):
        text_of("controller", {"controller.data.dir": "s3://elsewhere"})


def test_instances_wait_untagged_for_their_tenant() -> None:
    assert entries(configuration(deployment(), "controller"))["cluster.tenant.isolation.enable"] == "false"


def test_brokers_tag_themselves_so_that_the_autoscaler_may_add_some() -> None:
    found = entries(configuration(deployment(), "broker"))
    assert found["pinot.broker.instance.tags"] == "payment_broker_BROKER"
    assert found["pinot.broker.enforce.instance.tags"] == "true"


@pytest.mark.parametrize("role", ["controller", "server", "minion"])
def test_segments_go_to_s3(role: str) -> None:
    found = entries(configuration(deployment(), role))
    assert found[f"pinot.{role}.storage.factory.class.s3"] == "org.apache.pinot.plugin.filesystem.S3PinotFS"
    assert found[f"pinot.{role}.storage.factory.s3.region"] == "eu-central-1"
    assert found[f"pinot.{role}.segment.fetcher.protocols"] == "file,http,s3"
    assert "accesskey" not in configuration(deployment(), role).lower()


def test_servers_upload_by_themselves_and_the_controller_repairs_what_s3_missed() -> None:
    server = entries(configuration(deployment(), "server"))
    assert server["pinot.server.instance.segment.store.uri"] == "s3://payments-deep-store/segments"
    controller = entries(configuration(deployment(), "controller"))
    assert controller["controller.realtime.segment.deepStoreUploadRetryEnabled"] == "true"


def test_the_kms_key_is_named_only_when_asked() -> None:
    assert "kms" not in configuration(deployment(), "server")
    named = DeepStoreLocation(bucket="b", region="eu-central-1", named_key=True)
    found = entries(configuration(deployment(deep_store=named), "server"))
    assert found["pinot.server.storage.factory.s3.serverSideEncryption"] == "aws:kms"
    assert found["pinot.server.storage.factory.s3.ssekmsKeyId"] == "@(kms-key-arn)"


def test_a_server_is_through_before_kubernetes_kills_it() -> None:
    found = entries(configuration(deployment(), "server"))
    assert int(found["pinot.server.shutdown.timeoutMs"]) < GRACE_SECONDS * 1000


def test_a_server_reads_the_topic_before_it_answers() -> None:
    found = entries(configuration(deployment(), "server"))
    assert int(found["pinot.server.starter.realtimeConsumptionCatchupWaitMs"]) > 0
    assert found["pinot.server.starter.enableRealtimeFreshnessBasedConsumptionStatusChecker"] == "true"


@pytest.mark.parametrize("role", ["controller", "broker", "server"])
def test_every_door_asks_for_a_user(role: str) -> None:
    assert "ZkBasicAuthAccess" in configuration(deployment(), role)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("tls", [None, TLS])
def test_secrets_are_names_of_environment_variables_that_pinot_masks(
    role: str, tls: TlsSettings | None
) -> None:
    found = entries(configuration(deployment(tls=tls), role))
    secret = {key: value for key, value in found.items() if re.search(r"password|token", key)}
    dynamic = found["dynamic.env.config"].split(",") if secret else []
    assert sorted(dynamic) == sorted(secret)
    for key, value in secret.items():
        assert re.fullmatch(r"[a-z.]+", key), "Pinot looks a dynamic key up as it is, in lower case"
        # org.apache.pinot.spi.utils.Obfuscator: the names that are masked in logs and under /appconfigs.
        assert re.fullmatch(r"[A-Z_]+_(PASSWORD|SECRET|TOKEN)", value)


@pytest.mark.parametrize("tls", [None, TLS])
def test_no_secret_below_the_prefix_that_the_server_logs_in_clear(tls: TlsSettings | None) -> None:
    found = entries(configuration(deployment(tls=tls), "server"))
    logged = [key for key in found if key.startswith("pinot.server.instance.")]
    assert not [key for key in logged if re.search(r"auth|password|token", key)]


def test_the_tls_listener_is_the_one_that_is_registered() -> None:
    secured = deployment(tls=TLS)
    for role, namespace, port in (
        ("controller", "controller", "9443"),
        ("broker", "pinot.broker.client", "8443"),
        ("server", "pinot.server.adminapi", "7443"),
    ):
        found = entries(configuration(secured, role))
        first, *others = found[f"{namespace}.access.protocols"].split(",")
        assert found[f"{namespace}.access.protocols.{first}.protocol"] == "https"
        assert found[f"{namespace}.access.protocols.{first}.port"] == port
        assert [found[f"{namespace}.access.protocols.{name}.protocol"] for name in others] == ["http"]


def test_tls_covers_what_carries_rows() -> None:
    secured = deployment(tls=TLS)
    broker, server = (entries(configuration(secured, role)) for role in ("broker", "server"))
    assert broker["pinot.broker.nettytls.enabled"] == "true"
    assert (server["pinot.server.netty.enabled"], server["pinot.server.nettytls.enabled"]) == (
        "false",
        "true",
    )
    assert (
        server["pinot.multistage.engine.tls.enabled"]
        == broker["pinot.multistage.engine.tls.enabled"]
        == "true"
    )
    assert server["pinot.server.segment.uploader.protocol"] == "https"
    assert "https" in server["pinot.server.segment.fetcher.protocols"].split(",")
