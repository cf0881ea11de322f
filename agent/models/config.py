"""Which model is asked, where, and with whose key."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from urllib.parse import urlsplit

from pydantic import Field, JsonValue, SecretStr, field_validator

from tools.tool import Frozen

DEFAULT_MODEL = "claude-opus-5-5"
SMALL_MODEL = "claude-haiku-5-5"
"""For titles and summaries."""

NO_REAL_MODEL = "PILOTHOUSE_NO_REAL_MODEL"
"""Set (to anything but 0) it refuses every model server outside this machine. The tests set it."""

ANTHROPIC_URL = "https://api.anthropic.com"


class Provider(StrEnum):
    ANTHROPIC = "anthropic"
    BEDROCK = "bedrock"
    VERTEX = "vertex"


class Prices(Frozen):
    """US dollars for a million tokens."""

    input_per_mtok: Decimal = Field(ge=0)
    output_per_mtok: Decimal = Field(ge=0)
    cache_read_per_mtok: Decimal = Field(ge=0)
    cache_write_per_mtok: Decimal = Field(ge=0)


class ModelConfig(Frozen):
    """A model and the way to it.

    `base_url` points at any server that speaks the Messages API; None means the provider's own.
    `api_key` is the key of that server: for Bedrock a Bedrock API key, for Vertex an access token;
    without one these two use `profile` or the cloud's own way of finding an identity.
    `connect_timeout` and `idle_timeout` are in seconds; the latter bounds the silence between two
    pieces of a reply. `extra_body` is merged into each request, for servers with fields of their
    own (`temperature`, say).
    """

    model: str = Field(default=DEFAULT_MODEL, min_length=1)
    provider: Provider = Provider.ANTHROPIC
    base_url: str | None = None
    api_key: SecretStr | None = None
    region: str | None = None
    profile: str | None = None
    project: str | None = None
    max_retries: int = Field(default=4, ge=0)
    connect_timeout: float = Field(default=2.0, gt=0)
    idle_timeout: float | None = Field(default=None, gt=0)
    prices: Prices | None = None
    extra_body: dict[str, JsonValue] = Field(default_factory=dict)

    @field_validator("base_url")
    @classmethod
    def _tidy(cls, url: str | None) -> str | None:
        if not url:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must look like http://host:port")
        # The client adds /v1/messages itself; people paste the address with /v1.
        return url.rstrip("/").removesuffix("/v1")

    @property
    def self_hosted(self) -> bool:
        """Whether somebody other than the model's makers answers."""
        if self.provider is not Provider.ANTHROPIC or self.base_url is None:
            return False
        host = urlsplit(self.base_url).hostname or ""
        return host != "anthropic.com" and not host.endswith(".anthropic.com")

    @property
    def loopback(self) -> bool:
        """Whether requests stay on this machine."""
        host = urlsplit(self.base_url or "").hostname or ""
        if host == "localhost":
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    @property
    def place(self) -> str:
        """Where requests go, in the operator's words."""
        if self.base_url is not None:
            return self.base_url
        if self.provider is Provider.ANTHROPIC:
            return ANTHROPIC_URL
        return f"{self.provider.value.capitalize()} in {self.region}" if self.region else self.provider.value

    @property
    def silence(self) -> float:
        """Seconds without a byte after which a reply is given up.

        A machine of one's own may read a long prompt for minutes before it says its first word.
        """
        if self.idle_timeout is not None:
            return self.idle_timeout
        return 600.0 if self.self_hosted else 120.0


def real_models_forbidden(environ: Mapping[str, str]) -> bool:
    return environ.get(NO_REAL_MODEL, "0") not in ("", "0")
