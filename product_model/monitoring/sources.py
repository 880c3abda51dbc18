"""`indicators.yaml` and `alerts.yaml` as models: how objectives are seen, and what else must be known."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

INDICATORS = "monitoring/indicators.yaml"
ALERTS = "monitoring/alerts.yaml"

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
AlertName = Annotated[str, StringConstraints(pattern=r"^Payments[A-Z][A-Za-z]+$")]
Severity = Literal["page", "ticket"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Part):
    """One way to see an objective: expressions of bad and of all events, each a rate over {window}."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z-]+$")]
    bad: Text
    total: Text


class Indicator(_Part):
    """How one objective is seen, and what a miss means for readers."""

    objective: Text
    alert: AlertName
    impact: Text
    sources: tuple[Source, ...] = Field(min_length=1)


class Indicators(_Part):
    """The file of indicators."""

    indicators: tuple[Indicator, ...]


class Recording(_Part):
    """A series that an alert needs to look at over time."""

    record: Annotated[str, StringConstraints(pattern=r"^payments:[a-z_]+:[a-z]+$")]
    expr: Text


class AlertSource(_Part):
    """One alert.

    `promise` is the descriptor's alert whose threshold it has, `objective` the objective that lies on the
    good side of that threshold.
    """

    name: AlertName
    promise: Text | None = None
    objective: Text | None = None
    severity: Severity
    owner: Text | None = None
    for_: Annotated[str, StringConstraints(pattern=r"^[0-9]+[smhd]$")] = Field(alias="for")
    expr: Text
    summary: Text
    impact: Text


class Alerts(_Part):
    """The file of alerts."""

    recordings: tuple[Recording, ...] = ()
    alerts: tuple[AlertSource, ...]
