"""The stack's configuration as one frozen tree of typed settings.

`load_settings` reads the keys `payments:*` (an object for each part) and `pinot:*` (how to reach the
controller, which the resources of `pinot_as_code` read too). No component reads configuration: each is given
its part.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, model_validator

from components.access_settings import AccessSettings
from components.operations_settings import OperationsSettings
from components.pinot_settings import ControllerSettings, PinotSettings
from components.setting_errors import BrokenRuleError, SettingsError, explain, read_keys, secrets_in_clear
from components.setting_kinds import FilePath, GuardedKind, GuardWord, SettingsPart
from components.store_settings import AccessLogSettings, ArchiveSettings, AwsSettings, DeepStoreSettings
from components.stream_settings import KafkaSettings

LOOPBACK: Final = ("127.0.0.1", "localhost")
BROKER_PORT: Final = 8099
"""Pinot's default (pinot.broker.client.queryPort)."""
PROD_REPLICATION_FACTOR: Final = 3
PROD_MIN_INSYNC_REPLICAS: Final = 2


class ProductSettings(SettingsPart):
    """Where the data product's files are."""

    directory: FilePath = Field(
        default="data-product",
        description="Directory with the descriptor, schemas, tables and questions, relative to Pulumi.yaml.",
    )
    personal_data: Literal["sha256", "keyed"] = Field(
        default="sha256",
        description="sha256: Pinot hashes clear values; keyed: values arrive hashed and are stored as such.",
    )


class GuardSettings(SettingsPart):
    """What stands between a change and the loss of data."""

    protect: bool = Field(
        default=True, description="Whether Pulumi refuses to delete the topics, buckets, schemas and tables."
    )
    allow: Mapping[GuardedKind, tuple[GuardWord, ...]] = Field(
        default_factory=dict,
        description="Words that let a change of Pinot's objects or of topics through although data may go,"
        " for all of a kind or for one of them.",
    )
    adopt: Literal["identical", "take-over"] = Field(
        default="identical",
        description="What to do with a schema or table that is there already: identical takes it when it"
        " equals the files and refuses otherwise; take-over changes it into what the files say.",
    )

    def words(self, kind: str, name: str) -> tuple[str, ...]:
        """Return the words that hold for an object of a kind."""
        return (*self.allow.get(kind, ()), *self.allow.get(f"{kind}/{name}", ()))


class Settings(SettingsPart):
    """The whole configuration of one stack."""

    environment: Literal["local", "dev", "prod"] = Field(description="Which environment this stack is.")
    kafka: KafkaSettings = Field(description="The brokers and the product's topics.")
    aws: AwsSettings = Field(description="The AWS account.")
    deep_store: DeepStoreSettings = Field(description="The bucket with Pinot's segments.")
    archive: ArchiveSettings = Field(description="The bucket with the archived events.")
    access_logs: AccessLogSettings | None = Field(
        default=None, description="The bucket with the other buckets' access logs; needed in prod."
    )
    pinot: PinotSettings = Field(description="The Pinot cluster.")
    access: AccessSettings = Field(
        default_factory=AccessSettings, description="Who gets a role in the AWS account."
    )
    operations: OperationsSettings | None = Field(
        default=None, description="The product's own programs on Pinot's cluster; none: they run elsewhere."
    )
    product: ProductSettings = Field(default_factory=ProductSettings, description="The product's files.")
    guards: GuardSettings = Field(
        default_factory=GuardSettings, description="What keeps data from being lost."
    )
    controller: ControllerSettings = Field(description="How to reach the Pinot controller.")

    @property
    def broker_url(self) -> str:
        """Where readers send their queries."""
        if self.pinot.mode == "kubernetes" and self.pinot.broker_url is None:
            from components.kubernetes_plan import planned_deployment  # noqa: PLC0415 - only where needed

            return planned_deployment(self).broker_url
        controller = urlsplit(self.controller.controller_url)
        return self.pinot.broker_url or f"{controller.scheme}://{controller.hostname}:{BROKER_PORT}"

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        for rule in broken_rules(self):
            raise rule
        return self


def broken_rules(settings: Settings) -> Iterator[BrokenRuleError]:
    """Yield what is wrong between the parts, and what an environment does not allow."""
    if settings.access_logs is not None and settings.access_logs.bucket in {
        settings.archive.bucket,
        settings.deep_store.bucket,
    }:
        yield BrokenRuleError(
            key="accessLogs.bucket", found="another bucket's name", allowed="a bucket of its own"
        )
    if settings.archive.bucket == settings.deep_store.bucket:
        yield BrokenRuleError(
            key="archive.bucket", found="the deep store's bucket", allowed="a bucket of its own"
        )
    if settings.access_logs is not None and settings.aws.account is None:
        yield BrokenRuleError(
            key="aws.account",
            found="none with accessLogs, which S3 delivers for one account alone",
            allowed="the account's 12 digits",
        )
    if settings.pinot.mode == "kubernetes":
        from components.kubernetes_plan import broken_rules_on_kubernetes  # noqa: PLC0415 - only where needed

        yield from broken_rules_on_kubernetes(settings)
    if settings.operations is not None:
        from components.operations_plan import broken_rules_of_operations  # noqa: PLC0415 - only where needed

        yield from broken_rules_of_operations(settings)
    if _is_loopback(settings.pinot.broker_url) and not _is_loopback(settings.controller.controller_url):
        yield BrokenRuleError(
            key="pinot.brokerUrl",
            found="an address on this machine, while pinot:controllerUrl is that of another Pinot",
            allowed="its broker's address, or none where that is port 8099 of the same host",
        )
    if settings.access.archiver is not None and None in {settings.aws.account, settings.aws.oidc_issuer}:
        yield BrokenRuleError(
            key="access.archiver",
            found="a service account, without aws.account or aws.oidcIssuer, by which it takes on its role",
            allowed="both, or no archiver",
        )
    if settings.environment == "local":
        yield from _broken_locally(settings)
    else:
        yield from _broken_beyond_local(settings)
    if settings.environment == "prod":
        yield from _broken_in_prod(settings)


def _is_loopback(address: str | None) -> bool:
    return address is not None and urlsplit(address).hostname in LOOPBACK


def _broken_locally(settings: Settings) -> Iterator[BrokenRuleError]:
    if not _is_loopback(settings.aws.endpoint):
        yield BrokenRuleError(
            key="aws.endpoint",
            found="no S3 server on this machine, with which local would change a real account",
            allowed="an address on 127.0.0.1, for example http://127.0.0.1:5000",
        )


def _broken_beyond_local(settings: Settings) -> Iterator[BrokenRuleError]:
    environment = settings.environment
    if settings.aws.endpoint is not None:
        yield BrokenRuleError(
            key="aws.endpoint", found=f"an S3 server in {environment}", allowed="no endpoint: AWS itself"
        )
    if settings.kafka.security.protocol == "PLAINTEXT":
        yield BrokenRuleError(
            key="kafka.security.protocol",
            found=f"PLAINTEXT in {environment}, which would carry personal data in clear",
            allowed="SASL_SSL",
        )
    if "SSL" not in settings.kafka.pinot_properties.get("security.protocol", ""):
        yield BrokenRuleError(
            key="kafka.pinotProperties",
            found=f"no security.protocol with TLS in {environment}, where events hold personal data",
            allowed="Kafka client properties with security.protocol SASL_SSL or SSL",
        )
    if settings.kafka.access is None:
        yield BrokenRuleError(
            key="kafka.access",
            found=f"none in {environment}, where whoever has a login could read the events",
            allowed="an object with the users' passwords, or with makeUsers false",
        )
    for key, bucket in (("deepStore", settings.deep_store), ("archive", settings.archive)):
        if not bucket.tls_only:
            yield BrokenRuleError(key=f"{key}.tlsOnly", found=f"false in {environment}", allowed="true")
        if bucket.force_destroy:
            yield BrokenRuleError(key=f"{key}.forceDestroy", found=f"true in {environment}", allowed="false")


def _broken_in_prod(settings: Settings) -> Iterator[BrokenRuleError]:
    for key, topic in (("topic", settings.kafka.topic), ("quarantine", settings.kafka.quarantine)):
        for name, number, least in (
            ("replicationFactor", topic.replication_factor, PROD_REPLICATION_FACTOR),
            ("minInsyncReplicas", topic.min_insync_replicas, PROD_MIN_INSYNC_REPLICAS),
        ):
            if number < least:
                yield BrokenRuleError(
                    key=f"kafka.{key}.{name}",
                    found=f"{number} in prod, where the loss of one broker must cost no record",
                    allowed=f"at least {least}",
                )
    for key, bucket in (("deepStore", settings.deep_store), ("archive", settings.archive)):
        if bucket.encryption.kms_key is None and settings.aws.storage_key is None:
            yield BrokenRuleError(
                key=f"{key}.encryption.kmsKey",
                found="no KMS key in prod, so that access could not be taken away at once",
                allowed="the ARN of a key, or aws.storageKey",
            )
    if settings.access_logs is None:
        yield BrokenRuleError(
            key="accessLogs",
            found="none in prod, where it must be known who read the archive",
            allowed="an object with the name of a bucket",
        )
    if settings.archive.object_lock is None:
        yield BrokenRuleError(
            key="archive.objectLock", found="no Object Lock in prod", allowed="an object with mode and years"
        )
    if not settings.guards.protect:
        yield BrokenRuleError(key="guards.protect", found="false in prod", allowed="true")


def load_settings(configuration: Mapping[str, str], secret_keys: Collection[str] = ()) -> Settings:
    """Return the typed settings of a stack.

    Args:
        configuration: every key of the stack, `namespace:key` → text (structured values as JSON).
        secret_keys: the keys that the stack's file keeps encrypted.

    Raises:
        SettingsError: something is missing, unknown, wrong or in clear; it names the key and what is allowed.

    """
    try:
        settings = Settings.model_validate_json(json.dumps(read_keys(configuration)))
    except ValidationError as error:
        # Pydantic's own message shows what it found, and that may be a secret.
        raise explain(Settings, error) from None
    if in_clear := secrets_in_clear(settings, secret_keys):
        raise SettingsError(in_clear)
    return settings
