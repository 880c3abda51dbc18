"""The payment data product as a whole."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pulumi

from components.access_settings import ServiceAccountSettings
from components.data_assets import DataAssets, DataAssetsArgs, product_environment
from components.deep_store import DeepStore, DeepStoreArgs
from components.event_stream import EventStream
from components.operations_settings import ARCHIVER, LOADER
from components.partition_guard import WORD
from components.pinot_cluster import PinotCluster
from components.product_files import read_product
from components.product_outputs import product_outputs
from components.settings import Settings
from components.store_settings import SEGMENTS, STAGING
from product_model import Product

if TYPE_CHECKING:
    from components.access_roles import AccessRoles


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
        roles = _roles(settings, storage, tags, self)
        # Who writes to a bucket starts once it is guarded: what is set later would not hold for the objects.
        role_arn = None if roles is None else _after(roles.pinot_arn, storage.deep_store_guards)
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
                    guards=settings.guards,
                    timeout_seconds=settings.pinot.timeout_seconds,
                    after=[assets_made],
                ),
                inside,
            )
        if settings.operations is not None and roles is not None:
            from components.operations import Operations, OperationsArgs  # noqa: PLC0415 - as above

            Operations(
                "operations",
                OperationsArgs(
                    settings=settings,
                    descriptor=product.descriptor,
                    archiver_role=_after(roles.archiver_arn, storage.archive_guards),
                    loader_role=_after(roles.loader_arn, storage.deep_store_guards),
                    before_archiver=stream.ready_for_archiver,
                    before_loader=[assets_made],
                    before_measure=[*stream.ready_for_measure, assets_made],
                ),
                inside,
            )
        # The stack exports them; here they would only make every checkpoint twice as long.
        self.register_outputs({"outputVersion": self.outputs["outputVersion"]})


def _roles(
    settings: Settings, storage: DeepStore, tags: Mapping[str, str], parent: pulumi.Resource
) -> "AccessRoles | None":
    """Make the roles in the AWS account that the settings ask for."""
    access, kubernetes, operations = settings.access, settings.pinot.kubernetes, settings.operations
    if kubernetes is None and access.archiver is None and not access.readers:
        return None
    # Imported only where there are roles: the local stack has none.
    from components.access_roles import AccessRoles, AccessRolesArgs  # noqa: PLC0415

    return AccessRoles(
        "access",
        AccessRolesArgs(
            aws=settings.aws,
            access=access,
            # The chart's service account has the release's name; further pools use the same one.
            pinot=None
            if kubernetes is None
            else ServiceAccountSettings(namespace=kubernetes.namespace, name=kubernetes.release),
            pinot_prefix=SEGMENTS,
            archiver=access.archiver if operations is None else operations.account(ARCHIVER),
            loader=None if operations is None else operations.account(LOADER),
            staging_prefix=None if operations is None else STAGING,
            deep_store=settings.deep_store,
            archive=settings.archive,
            keys=storage.keys,
            tags={**settings.aws.tags, **tags},
        ),
        pulumi.ResourceOptions(parent=parent, providers=[storage.provider]),
    )


def _after(
    arn: pulumi.Output[str] | None, guards: Sequence[pulumi.CustomResource]
) -> pulumi.Output[str] | None:
    """Return a role's ARN that is known once a bucket's guards are set."""
    if arn is None:
        return None
    return pulumi.Output.all(arn, *[guard.id for guard in guards]).apply(lambda known: str(known[0]))


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
