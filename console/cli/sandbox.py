"""`pilothouse sandbox up`: the practice sandbox in the foreground, for kubectl and the aws CLI."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path

from agent.practice import Practice, enter
from console.cli.exits import Exit, Problem
from console.cli.output import Output, plain
from console.cli.parser import Choices
from memory.home import Home


async def up(choices: Choices, out: Output) -> int:
    """Run the sandbox until ctrl+c, or say where it is if it runs already."""
    home = Home.find(os.environ, choices.home).prepare()
    _end_on(signal.SIGTERM)
    practice = await enter(home.sandbox, os.environ)
    try:
        if practice.notice:
            out.notice(practice.notice)
        out.result(_document(practice), lambda: _lines(practice, choices))
        if practice.joined:
            return Exit.DONE
        await practice.ended()
    finally:
        await practice.close()
    raise Problem(Exit.FAILED, "The sandbox ended by itself.", f"See {home.sandbox / 'sandbox.log'}.")


def _end_on(number: signal.Signals) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(number, task.cancel)


def _document(practice: Practice) -> dict[str, object]:
    return {
        "kubeconfig": str(practice.kubeconfig),
        "context": practice.context,
        "aws_env": str(practice.settings) if practice.settings else None,
        "environ": {"KUBECONFIG": str(practice.kubeconfig), **practice.environ},
        "notice": practice.notice,
        "joined": practice.joined,
    }


def _lines(practice: Practice, choices: Choices) -> Iterator[str]:
    yield "The sandbox runs already for this home." if practice.joined else "The sandbox is up."
    yield ""
    yield f"  export KUBECONFIG={_quoted(practice.kubeconfig)}"
    if practice.settings is not None:
        yield f"  . {_quoted(practice.settings)}"
    yield ""
    home = f" --home {_quoted(choices.home)}" if choices.home else ""
    yield f"Try `kubectl get pods -A`, or `pilothouse --sandbox{home}` in another terminal."
    if not practice.joined:
        yield "ctrl+c ends it."


def _quoted(path: Path) -> str:
    return plain(shlex.quote(str(path)))
