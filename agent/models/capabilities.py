"""What a model can do: told by its server, or assumed."""

from __future__ import annotations

from collections.abc import Mapping

from agent.model import Capabilities
from agent.models.config import ModelConfig, Provider
from agent.models.prices import PUBLISHED


def assumed(config: ModelConfig) -> Capabilities:
    """What we expect of a model whose server cannot be asked."""
    published = config.model in PUBLISHED and not config.self_hosted
    return Capabilities(
        model=config.model,
        display_name=config.model,
        known=False,
        adaptive_thinking=published and config.provider is Provider.ANTHROPIC,
        note=f"{config.place} does not say what this model can do.",
    )


def told(info: Mapping[str, object], config: ModelConfig) -> Capabilities:
    """What an entry of the server's catalogue says (GET /v1/models/ID)."""
    expected = assumed(config)
    match info:
        case {"capabilities": {"thinking": {"types": {"adaptive": {"supported": bool(adaptive)}}}}}:
            known = True
        case _:
            known, adaptive = False, expected.adaptive_thinking
    name, most_in, most_out = (info.get(k) for k in ("display_name", "max_input_tokens", "max_tokens"))
    return Capabilities(
        model=config.model,
        display_name=name if isinstance(name, str) and name else config.model,
        known=known,
        adaptive_thinking=adaptive,
        max_input_tokens=most_in if isinstance(most_in, int) else None,
        max_output_tokens=most_out if isinstance(most_out, int) else None,
        note="" if known else expected.note,
    )
