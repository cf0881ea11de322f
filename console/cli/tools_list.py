"""`pilothouse tools list`: the tools with their versions and effects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from console.cli.exits import Exit
from console.cli.opening import agent_at_work
from console.cli.output import Output
from console.cli.parser import Choices


async def run(choices: Choices, out: Output) -> int:
    """Print what plans can be made of. The tools are the same everywhere, so no sandbox is started."""
    async with agent_at_work(replace(choices, sandbox=False)) as agent:
        specs = [tool.spec for tool in agent.registry]

    def lines() -> Iterator[str]:
        width = max(len(spec.id) for spec in specs)
        for spec in specs:
            effect = f"{spec.effect.value.replace('_', ' '):<14}"
            shown = out.paint("yellow", effect) if spec.effect.writes else effect
            yield f"{spec.id:<{width}}  {shown}  {spec.summary}"

    out.result({"tools": [{"id": spec.id, **spec.model_dump(mode="json")} for spec in specs]}, lines)
    return Exit.DONE
