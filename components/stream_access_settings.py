"""Settings of who may use the topics: users with their passwords, and how fast each may go."""

from typing import Self

from pydantic import Field, model_validator

from components.setting_errors import BrokenRuleError
from components.setting_kinds import BytesPerSecond, Secret, SettingsPart


class PrincipalSettings(SettingsPart):
    """A user of Kafka."""

    password: Secret = Field(description="The user's password.")


class StreamAccessSettings(SettingsPart):
    """The topics' users: payment-service writes; pinot, archiver and measure read."""

    make_users: bool = Field(
        default=True,
        description="Whether the stack makes the SCRAM users; off where the Kafka service keeps them itself"
        " (Amazon MSK: in Secrets Manager). ACLs are made in any case.",
    )
    payment_service: PrincipalSettings | None = Field(
        default=None, description="The payment service, which writes the events."
    )
    pinot: PrincipalSettings | None = Field(
        default=None, description="Pinot, which reads them; needed in pinot.mode kubernetes."
    )
    archiver: PrincipalSettings | None = Field(
        default=None, description="The archiver, which reads them and writes the quarantine."
    )
    measure: PrincipalSettings | None = Field(
        default=None,
        description="The measuring run, which holds the tables against the events and sends probes; none: no"
        " such user and no right for it.",
    )
    produce_bytes_per_second: BytesPerSecond = Field(
        default=5_242_880,
        description="What one broker takes from a user; the design's peak is 500 events of 1 kB a second.",
    )
    consume_bytes_per_second: BytesPerSecond = Field(
        default=52_428_800,
        description="What one broker gives a user: enough to catch up on 7 days within the hour.",
    )

    @model_validator(mode="after")
    def _users_have_passwords(self) -> Self:
        users = {"paymentService": self.payment_service, "pinot": self.pinot, "archiver": self.archiver}
        for key, user in users.items():
            if self.make_users and user is None:
                raise BrokenRuleError(
                    key=key, found="no password with makeUsers", allowed="a password, or makeUsers false"
                )
        return self
