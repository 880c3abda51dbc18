"""The roles in the AWS account: Pinot, the archiver, each group of readers, with the least they need."""

import json
from collections.abc import Callable, Mapping
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
    pinot_prefix: str
    """Where Pinot's segments are in the deep store."""
    deep_store: BucketSettings
    archive: BucketSettings
    keys: Mapping[str, pulumi.Input[str]]
    """ARN of the KMS key of each bucket that has one, by the bucket's name."""
    tags: Mapping[str, str]


class AccessRoles(pulumi.ComponentResource):
    """Roles by least privilege."""

    pinot_arn: pulumi.Output[str] | None
    """The role of Pinot's pods, once it may do what they need."""

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
        self.pinot_arn = None
        if args.pinot is not None:
            self.pinot_arn = self._role(
                "pinot",
                self._trust(args.pinot),
                deep_store,
                lambda keys: access_policies.pinot_document(deep_store.arn, args.pinot_prefix, keys),
            )
        if args.access.archiver is not None:
            self._role(
                "archiver",
                self._trust(args.access.archiver),
                archive,
                lambda keys: access_policies.archiver_document(archive.arn, keys),
            )
        for group, reader in args.access.readers.items():
            self._role(
                group,
                access_policies.principals_trust(reader.principals),
                archive,
                lambda keys: access_policies.reader_document(archive.arn, keys),
                {"reader": group},
            )
        self.register_outputs({})

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
        bucket: BucketSettings,
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
        key = self._args.keys.get(bucket.bucket)
        policy: pulumi.Input[str] = (
            _text(document([]))
            if key is None
            else pulumi.Output.from_input(key).apply(lambda arn: _text(document([arn])))
        )
        rights = iam.RolePolicy(
            name, name="storage", role=role.name, policy=policy, opts=pulumi.ResourceOptions(parent=self)
        )
        # Whoever takes on the role from this output waits for its rights too.
        return pulumi.Output.all(role.arn, rights.id).apply(lambda known: str(known[0]))


def _text(document: access_policies.Document) -> str:
    return json.dumps(document, sort_keys=True)
