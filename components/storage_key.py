"""The KMS key of the storage: rotated, protected, usable by whom IAM lets."""

import json
from collections.abc import Mapping

import pulumi
from pulumi_aws import kms

from components.store_settings import StorageKeySettings


def key_policy(account: str) -> str:
    """Return the key's policy: IAM of the account decides; nobody outside of it is let in.

    Without this statement no administrator could ever change the key again (KMS developer guide, "Default
    key policy"). What each role may do with the key stands in its own policy (`access_roles`).
    """
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "AccountDecidesByIam",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                },
            ],
        },
        sort_keys=True,
    )


class StorageKey(pulumi.ComponentResource):
    """A key for the buckets."""

    key: kms.Key

    def __init__(
        self,
        name: str,
        settings: StorageKeySettings,
        *,
        account: str,
        tags: Mapping[str, str],
        protect: bool,
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Make the key and its name.

        Args:
            name: Pulumi's name of the component and its resources, and the alias.
            settings: rotation and deletion.
            account: the AWS account.
            tags: tags of the key.
            protect: whether Pulumi refuses to delete the key, with which everything would go.
            opts: options with the aws provider and the parent.

        """
        super().__init__("payments:storage_key:StorageKey", name, None, opts)
        self.key = kms.Key(
            name,
            description="Segments and archived events of the payment data product",
            policy=key_policy(account),
            enable_key_rotation=True,
            rotation_period_in_days=settings.rotation_days,
            deletion_window_in_days=settings.deletion_days,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
        )
        environment = tags["environment"]
        kms.Alias(
            name,
            name=f"alias/payments-{environment}-{name}",
            target_key_id=self.key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"arn": self.key.arn})
