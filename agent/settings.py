"""The operator's own file: `config.toml`. Every field has a default; unknown fields are an error.

[model]
name = "claude-opus-5-5"          # or whatever a self-hosted server calls its model
base_url = "http://127.0.0.1:8080" # a server that speaks the Messages API
provider = "anthropic"             # anthropic, bedrock, vertex

[contexts.production]
read_only = true                   # pinned: no session can ever write there
environment = "production"

[limits]
concurrent_steps = 16

[console]
theme = "pilothouse-night"
"""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError


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
    console: ConsoleSettings = ConsoleSettings()

    def pinned(self, place: str) -> bool:
        """Whether the file pins this place read-only for good."""
        return place in self.contexts and self.contexts[place].read_only

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
