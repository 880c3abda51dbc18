"""Words of which the descriptor's facts are made."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Team = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,62}$")]
# A field of the CloudEvent: an attribute of the envelope, or a path in its data.
EventField = Annotated[
    str, StringConstraints(pattern=r"^(id|type|source|time|data(\.[A-Za-z][A-Za-z0-9]*)+)$")
]
Days = Annotated[int, Field(ge=1, le=36500)]
Version = Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
Classification = Literal["public", "internal", "confidential", "restricted"]


class Part(BaseModel):
    """A part of the descriptor: nothing unknown, nothing changed after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)
