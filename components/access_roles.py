"""The roles in the AWS account: Pinot, archiver, loader, each group of readers, with the least they need."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import iam

from components import access_policies
from components.access_settings import AccessSettings, ServiceAccountSettings
from components.store_settings import AwsSettings, BucketSettings

KeyArns = list[str]


@dataclass(frozen=True, kw_only=True)
class AccessRolesArgs:
    """Who gets which role."""

    aws: AwsSettings
    access: AccessSettings
    pinot: ServiceAccountSettings | None
    """The service account of Pinot's pods; none where Pinot is not this stack's."""
    archiver: ServiceAccountSettings | None
    loader: ServiceAccountSettings | None = None
    """Those of the product's own programs; none: no role."""
    pinot_prefix: str
    """Where Pinot's segments are in the deep store."""
    staging_prefix: str | None = None
    """Where the loader stages files there, from which Pinot builds segments; none: it does not."""
    deep_store: BucketSettings
    archive: BucketSettings
    keys: Mapping[str, pulumi.Input[str]]
    """ARN of the KMS key of each bucket that has one, by the bucket's name."""
    tags: Mapping[str, str]


class AccessRoles(pulumi.ComponentResource):
    """Roles by least privilege."""

    pinot_arn: pulumi.Output[str] | None
    archiver_arn: pulumi.Output[str] | None
    loader_arn: pulumi.Output[str] | None
    """The role of each program's pods, once it may do what they need."""

    def __init__(self, name: str, args: AccessRolesArgs, opts: pulumi.ResourceOptions) -> None:
        """Make the roles.

        Args:
            name: Pulumi's name of the component.
            args: who gets which role.
            opts: options with the aws provider and the parent.

        """
        super().__init__("payments:access_roles:AccessRoles", name, None, opts)
        self._args = args
        deep_store, archive = args.deep_store, args.archive
        staging = args.staging_prefix
        self.pinot_arn = self._role_of(
            "pinot",
            args.pinot,
            [deep_store],
            lambda keys: access_policies.pinot_document(
                deep_store.arn, args.pinot_prefix, keys, staging=staging
            ),
        )
        self.archiver_arn = self._role_of(
            "archiver",
            args.archiver,
            [archive],
            lambda keys: access_policies.archiver_document(archive.arn, keys),
        )
        self.loader_arn = self._role_of(
            "loader",
            None if staging is None else args.loader,
            [archive, deep_store],
            lambda keys: access_policies.loader_document(archive.arn, deep_store.arn, str(staging), keys),
        )
        for group, reader in args.access.readers.items():
            self._role(
                group,
                access_policies.principals_trust(reader.principals),
                [archive],
                lambda keys: access_policies.reader_document(archive.arn, keys),
                {"reader": group},
            )
        self.register_outputs({})

    def _role_of(
        self,
        name: str,
        service_account: ServiceAccountSettings | None,
        buckets: Sequence[BucketSettings],
        document: Callable[[KeyArns], access_policies.Document],
    ) -> pulumi.Output[str] | None:
        if service_account is None:
            return None
        return self._role(name, self._trust(service_account), buckets, document)

    def _trust(self, service_account: ServiceAccountSettings) -> access_policies.Document:
        aws = self._args.aws
        if aws.account is None or aws.oidc_issuer is None:
            message = "aws.account and aws.oidcIssuer are needed for a service account's role."
            raise LookupError(message)
        subject = f"{service_account.namespace}:{service_account.name}"
        return access_policies.service_account_trust(aws.account, aws.oidc_issuer, [subject])

    def _role(
        self,
        name: str,
        trust: access_policies.Document,
        buckets: Sequence[BucketSettings],
        document: Callable[[KeyArns], access_policies.Document],
        tags: Mapping[str, str] | None = None,
    ) -> pulumi.Output[str]:
        environment = self._args.tags["environment"]
        role = iam.Role(
            name,
            name=f"payments-{environment}-{name}",
            assume_role_policy=_text(trust),
            max_session_duration=3600,
            permissions_boundary=self._args.access.permissions_boundary,
            tags={**self._args.tags, **(tags or {})},
            opts=pulumi.ResourceOptions(parent=self),
        )
        keys = [self._args.keys[bucket.bucket] for bucket in buckets if bucket.bucket in self._args.keys]
        policy: pulumi.Input[str] = (
            pulumi.Output.all(*keys).apply(lambda arns: _text(document([*arns])))
            if keys
            else _text(document([]))
        )
        rights = iam.RolePolicy(
            name, name="storage", role=role.name, policy=policy, opts=pulumi.ResourceOptions(parent=self)
        )
        # Whoever takes on the role from this output waits for its rights too.
        return pulumi.Output.all(role.arn, rights.id).apply(lambda known: str(known[0]))


def _text(document: access_policies.Document) -> str:
    return json.dumps(document, sort_keys=True)
