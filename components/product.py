"""The payment data product as a whole."""

from collections.abc import Mapping
from typing import Any

import pulumi

from components.access_settings import ServiceAccountSettings
from components.data_assets import DataAssets, DataAssetsArgs, product_environment
from components.deep_store import DeepStore, DeepStoreArgs
from components.event_stream import EventStream
from components.partition_guard import WORD
from components.pinot_cluster import PinotCluster
from components.product_files import read_product
from components.product_outputs import product_outputs
from components.settings import Settings
from components.store_settings import SEGMENTS
from product_model import Product


class PaymentDataProduct(pulumi.ComponentResource):
    """Topic, storage, cluster and data of the payment service data product."""

    outputs: dict[str, Any]
    """What the stack exports (`payment_outputs` has the types)."""

    def __init__(self, name: str, settings: Settings, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make everything; nothing is made before settings and files are found to agree.

        Args:
            name: Pulumi's name of the component.
            settings: the stack's settings.
            opts: options of the component.

        Raises:
            SettingsError: the settings contradict the descriptor.
            ProductError: a file of the product cannot be read, or does not fit the environment.
            ProductFilesError: files of the product contradict each other.

        """
        product = read_product(settings)
        assets = product.render(product_environment(settings.kafka, settings.pinot, settings.product))
        self.outputs = product_outputs(settings, product)
        super().__init__("payments:product:PaymentDataProduct", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        protect = settings.guards.protect
        topics = (settings.kafka.topic.name, settings.kafka.quarantine.name)
        stream = EventStream(
            "event-stream",
            settings.kafka,
            protect=protect,
            free=[topic for topic in topics if WORD in settings.guards.words("topics", topic)],
            opts=inside,
        )
        tags = product_tags(settings, product)
        storage = DeepStore(
            "storage",
            DeepStoreArgs(
                aws=settings.aws,
                deep_store=settings.deep_store,
                archive=settings.archive,
                access_logs=settings.access_logs,
                tags=tags,
                protect=protect,
            ),
            inside,
        )
        role_arn = _roles(settings, storage, tags, self)
        cluster = PinotCluster("pinot", settings, role_arn=role_arn, opts=inside)
        assets_made = DataAssets(
            "data-assets",
            DataAssetsArgs(
                assets=assets,
                pinot=settings.pinot,
                guards=settings.guards,
                stream=stream.ready_for_pinot,
                cluster=cluster.readiness,
            ),
            inside,
        )
        if settings.controller.username is not None or settings.controller.token is not None:
            # A Pinot that asks for no login has no users, and everybody is everybody.
            from components.audit_log import AuditLog  # noqa: PLC0415 - only where needed
            from components.table_users import TableUsers, TableUsersArgs  # noqa: PLC0415 - as above

            AuditLog(
                "audit-log",
                user_header=settings.access.audit_user_header,
                timeout_seconds=settings.pinot.timeout_seconds,
                after=[assets_made],
                opts=inside,
            )
            TableUsers(
                "table-users",
                TableUsersArgs(
                    descriptor=product.descriptor,
                    rotation=settings.access.password_rotation,
                    timeout_seconds=settings.pinot.timeout_seconds,
                    after=[assets_made],
                ),
                inside,
            )
        # The stack exports them; here they would only make every checkpoint twice as long.
        self.register_outputs({"outputVersion": self.outputs["outputVersion"]})


def _roles(
    settings: Settings, storage: DeepStore, tags: Mapping[str, str], parent: pulumi.Resource
) -> pulumi.Output[str] | None:
    """Make the roles in the AWS account that the settings ask for; return Pinot's."""
    access, kubernetes = settings.access, settings.pinot.kubernetes
    if kubernetes is None and access.archiver is None and not access.readers:
        return None
    # Imported only where there are roles: the local stack has none.
    from components.access_roles import AccessRoles, AccessRolesArgs  # noqa: PLC0415

    role_arn = AccessRoles(
        "access",
        AccessRolesArgs(
            aws=settings.aws,
            access=access,
            # The chart's service account has the release's name; further pools use the same one.
            pinot=None
            if kubernetes is None
            else ServiceAccountSettings(namespace=kubernetes.namespace, name=kubernetes.release),
            pinot_prefix=SEGMENTS,
            deep_store=settings.deep_store,
            archive=settings.archive,
            keys=storage.keys,
            tags={**settings.aws.tags, **tags},
        ),
        pulumi.ResourceOptions(parent=parent, providers=[storage.provider]),
    ).pinot_arn
    if role_arn is None:
        return None
    # Pinot writes to its deep store as soon as it starts: what is set later would not hold for those objects.
    guarded = [guard.id for guard in storage.deep_store_guards]
    return pulumi.Output.all(role_arn, *guarded).apply(lambda known: str(known[0]))


def product_tags(settings: Settings, product: Product) -> dict[str, str]:
    """Return the tags of everything that the product makes in an account."""
    facts = product.descriptor
    return {
        "data-product": facts.product.id,
        "domain": facts.product.domain,
        "owner": facts.owner.team,
        "classification": facts.product.classification,
        "environment": settings.environment,
        "managed-by": "pulumi",
    }
