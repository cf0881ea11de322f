"""The SDK's client for a model: which class, which credentials, which limits on waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from agent.models.config import ANTHROPIC_URL, ModelConfig, Provider

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic


def build(config: ModelConfig) -> AsyncAnthropic:
    """Meant to run in a thread: the import alone takes seconds."""
    import anthropic
    import httpx2

    http_client = anthropic.DefaultAsyncHttpxClient(
        timeout=httpx2.Timeout(
            connect=config.connect_timeout,
            read=config.silence,
            write=30.0,
            pool=config.connect_timeout,
        ),
        # A redirect could lead out of this machine, or carry the conversation somewhere else.
        follow_redirects=False,
        # No proxy belongs between two programs on one machine.
        trust_env=not config.loopback,
    )
    key = config.api_key.get_secret_value() if config.api_key is not None else None
    settings: dict[str, Any] = {"base_url": config.base_url, "max_retries": 0, "http_client": http_client}
    client: object
    if config.provider is Provider.BEDROCK:
        client = anthropic.AsyncAnthropicBedrock(
            aws_region=config.region, aws_profile=config.profile, api_key=key, **settings
        )
    elif config.provider is Provider.VERTEX:
        places = {"region": config.region, "project_id": config.project}
        settings |= {name: value for name, value in places.items() if value is not None}
        client = anthropic.AsyncAnthropicVertex(access_token=key, **settings)
    else:
        # With neither key nor address given, the SDK would go and look for some in the
        # environment and in the home folder. Only what the operator chose is used.
        settings["base_url"] = config.base_url or ANTHROPIC_URL
        if key is None:
            key, settings["default_headers"] = "none", {"Authorization": anthropic.Omit()}
        client = anthropic.AsyncAnthropic(api_key=key, **settings)
    # The clouds' clients share everything we use with Anthropic's, but no base class.
    return cast("AsyncAnthropic", client)
