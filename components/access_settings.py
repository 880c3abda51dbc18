"""Settings of who may use what: the archiver, the groups that read the archive, Pinot's users."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, StringConstraints

from components.kubernetes_settings import KubernetesName
from components.setting_kinds import HeaderName, Kind, PolicyArn, PrincipalArn, Rotation, SettingsPart

ReaderGroup = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,40}$"),
    Kind("a reader of the product's descriptor (access.readers)"),
]


class ServiceAccountSettings(SettingsPart):
    """A service account of the Kubernetes cluster."""

    namespace: KubernetesName = Field(description="The namespace.")
    name: KubernetesName = Field(description="The service account's name.")


class ReaderSettings(SettingsPart):
    """A group that reads the archive."""

    principals: Annotated[tuple[PrincipalArn, ...], Field(min_length=1)] = Field(
        description="Who may take on the group's role."
    )


class AccessSettings(SettingsPart):
    """Who gets a role in the AWS account (Pinot has one in mode kubernetes in any case), and Pinot users."""

    permissions_boundary: PolicyArn | None = Field(
        default=None,
        description="Policy that bounds every role that the stack makes, where the account asks for one.",
    )
    archiver: ServiceAccountSettings | None = Field(
        default=None, description="The archiver's service account; none: no role is made for it."
    )
    readers: Mapping[ReaderGroup, ReaderSettings] = Field(
        default_factory=dict, description="Groups that read the archived events, by the group's name."
    )
    password_rotation: Rotation = Field(
        default=1,
        description="Another number makes every generated password of Pinot's users anew. Where a controller"
        " asks for a login, each reader of the descriptor has a user at the broker, each admin one at the"
        " controller.",
    )
    audit_user_header: HeaderName | None = Field(
        default=None,
        description="Header by which Pinot's audit log knows the user. Only where a proxy before it sets it"
        " and strips it from what comes in: Pinot believes it, on failed logins too. None: entries name no"
        " user.",
    )
