"""What a call costs, where a price is published or configured.

Source: https://platform.claude.com/docs/en/about-claude/pricing and the models' own pages below
https://platform.claude.com/docs/en/models/, as of November 2026. Cache writes are those that live
for five minutes, the only kind we ask for.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from agent.model import Usage
from agent.models.config import ModelConfig, Prices, Provider

MILLION = Decimal(1_000_000)


def cost(usage: Usage, config: ModelConfig, answered_by: str) -> Decimal | None:
    """US dollars for one call, or None where no price is known.

    Configured prices win. Published ones count only where Anthropic itself sends the bill: clouds
    and proxies have prices of their own.
    """
    prices = config.prices
    if prices is None and config.provider is Provider.ANTHROPIC and not config.self_hosted:
        tariff = PUBLISHED.get(answered_by) or PUBLISHED.get(config.model)
        prices = tariff.at(usage.prompt_tokens) if tariff else None
    if prices is None:
        return None
    return (
        usage.input_tokens * prices.input_per_mtok
        + usage.output_tokens * prices.output_per_mtok
        + usage.cache_read_tokens * prices.cache_read_per_mtok
        + usage.cache_write_tokens * prices.cache_write_per_mtok
    ) / MILLION


@dataclass(frozen=True, slots=True)
class Tariff:
    """A model's prices; a prompt of more than `long_from` tokens pays `long` for the whole call."""

    prices: Prices
    long_from: int | None = None
    long: Prices | None = None

    def at(self, prompt_tokens: int) -> Prices:
        if self.long is not None and self.long_from is not None and prompt_tokens > self.long_from:
            return self.long
        return self.prices


def _prices(input: str, output: str, read: str, write: str) -> Prices:
    return Prices(
        input_per_mtok=Decimal(input),
        output_per_mtok=Decimal(output),
        cache_read_per_mtok=Decimal(read),
        cache_write_per_mtok=Decimal(write),
    )


PUBLISHED: dict[str, Tariff] = {
    "claude-opus-5-5": Tariff(_prices("4", "20", "0.20", "5")),
    "claude-opus-5": Tariff(_prices("5", "25", "0.50", "6.25")),
    "claude-sonnet-5-5": Tariff(_prices("2", "10", "0.10", "2.50")),
    "claude-haiku-5-5": Tariff(
        _prices("0.10", "0.50", "0.01", "0.125"),
        long_from=100_000,
        long=_prices("0.50", "2.50", "0.05", "0.625"),
    ),
}
