"""The operator's own file: `config.toml`. Every field has a default; unknown fields are an error.

[model]
name = "claude-opus-5-5"          # or whatever a self-hosted server calls its model
base_url = "http://127.0.0.1:8080" # a server that speaks the Messages API
provider = "anthropic"             # anthropic, bedrock, vertex

[contexts.production]
read_only = true                   # pinned: no session can ever write there
environment = "production"

reads_as = "pilothouse-viewer"     # reads go out as this user, writes as yourself

[contexts."prod/eu-central-1"]
reads_profile = "prod-readonly"

[limits]
concurrent_steps = 16

[sessions]
keep_days = 180                    # older ones are removed for good, unless pinned or unfinished
titles = "model"                   # or "rule": never ask the model for a title

[console]
theme = "pilothouse-night"
"""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tools.kubernetes.connection.reading_as import ReadingAs


class SettingsError(Exception):
    """The file cannot be used; the message names the line or the field."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelSettings(_Section):
    name: str = ""
    base_url: str = ""
    provider: Literal["anthropic", "bedrock", "vertex"] = "anthropic"
    region: str = ""
    max_tokens: int = Field(8192, ge=256)
    context_tokens: int = Field(
        200_000, ge=16_000, description="Tokens that the model can hold, the reply included."
    )
    input_price: float | None = Field(None, ge=0, description="US dollars per million input tokens.")
    output_price: float | None = Field(None, ge=0, description="US dollars per million output tokens.")


class PlaceSettings(_Section):
    """One kubeconfig context or one `profile/region`."""

    read_only: bool = False
    environment: str = ""
    reads_as: str = Field("", description="Kubernetes user to impersonate for reads.")
    reads_as_groups: tuple[str, ...] = Field((), description="Groups to be in for reads.")
    reads_context: str = Field("", description="Kubeconfig context whose user reads instead.")
    reads_profile: str = Field("", description="AWS profile that reads instead.")

    @model_validator(mode="after")
    def _reads_one_way(self) -> Self:
        if self.reads_context and self.reads_as:
            raise ValueError("reads_as and reads_context exclude each other")
        if self.reads_as_groups and not self.reads_as:
            raise ValueError("reads_as_groups needs reads_as")
        return self


class Limits(_Section):
    concurrent_steps: int = Field(16, ge=1, le=64)
    attempts: int = Field(4, ge=1, le=10, description="Tries of one step, the first included.")
    model_rounds: int = Field(24, ge=1, le=200, description="Model calls in one turn.")
    turn_seconds: float = Field(300.0, gt=0)
    replans: int = Field(2, ge=0, le=10, description="How often a failed plan is drawn up anew by itself.")
    plan_writes: int = Field(50, ge=1, description="Writes in one plan.")
    plan_objects: int = Field(500, ge=1, description="Objects that one plan touches.")
    plan_seconds: float = Field(
        3600.0, gt=0, description="Seconds of work on one plan, waiting for you aside."
    )
    session_tokens: int | None = Field(None, ge=1, description="Model tokens of one session.")
    session_cost: Decimal | None = Field(None, gt=0, description="US dollars of one session.")


class SessionSettings(_Section):
    keep_days: int | None = Field(
        None,
        ge=1,
        description="Sessions untouched for longer are removed at the start; never pinned or unfinished ones.",
    )
    titles: Literal["model", "rule"] = Field(
        "model", description="Whether the model is asked once for a better title, after the first turn."
    )


class ConsoleSettings(_Section):
    theme: str = ""
    ascii: bool = False
    mouse: bool = True


class Settings(_Section):
    read_only: bool = False
    """No session of this process may write anywhere; `--read-only` sets it."""
    model: ModelSettings = ModelSettings()
    contexts: dict[str, PlaceSettings] = {}
    limits: Limits = Limits()
    sessions: SessionSettings = SessionSettings()
    console: ConsoleSettings = ConsoleSettings()

    def pinned(self, place: str) -> bool:
        """Whether the file pins this place read-only for good."""
        return place in self.contexts and self.contexts[place].read_only

    def reading_as(self) -> dict[str, ReadingAs]:
        """The lesser identities that Kubernetes contexts are read under."""
        return {
            name: ReadingAs(place.reads_as, place.reads_as_groups, place.reads_context)
            for name, place in self.contexts.items()
            if place.reads_as or place.reads_context
        }

    def reads_profiles(self) -> dict[str, str]:
        """The profiles that read in place of others, by `profile/region`."""
        return {name: place.reads_profile for name, place in self.contexts.items() if place.reads_profile}

    def why_closed(self, place: str) -> str:
        """Why nothing may ever be written there, or nothing."""
        if self.read_only:
            return "Pilothouse was started read-only."
        return f"{place} is pinned read-only in config.toml." if self.pinned(place) else ""

    @classmethod
    def load(cls, path: Path) -> Settings:
        """Read the file; a missing one means the defaults. Raises `SettingsError`."""
        try:
            text = path.read_text("utf-8")
        except FileNotFoundError:
            return cls()
        except OSError as error:
            raise SettingsError(f"Cannot read {path}: {error.strerror}.") from error
        try:
            return cls.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(f"{path} is not valid TOML: {error}.") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise SettingsError(f"{path}: {where}: {first['msg']}.") from error
