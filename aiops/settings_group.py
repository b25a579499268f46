"""The base of all groups of settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Group(BaseModel):
    """A group of settings. It is frozen, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
