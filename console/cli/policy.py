"""`pilothouse policy`: the rules in force, and what they say of an action."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from agent.plan import Verdict
from agent.policy import DEFAULT_RULES, REVEALS
from agent.policy_file import FileRule, load
from agent.policy_sentence import SentenceError, question
from console.cli.exits import Exit, Problem
from console.cli.opening import agent_at_work
from console.cli.output import Output, Style, plain
from console.cli.parser import Choices

_COLOURS: dict[str, Style] = {"deny": "red", "confirm by name": "yellow", "ask": "yellow", "allow": "green"}
_CODES = {Verdict.DENY: Exit.REFUSED, Verdict.ALLOW: Exit.DONE}


async def test(choices: Choices, out: Output, *, words: list[str]) -> int:
    """Say what policy says of an action, and which rules said so. Nothing is sent anywhere.

    The exit code is 0 when it is allowed, that of a decision when the operator is asked, that of a
    refusal when it is denied.
    """
    sentence = " ".join(words)
    async with agent_at_work(replace(choices, sandbox=False)) as agent:
        effects = {tool.name: tool.effect for tool in agent.registry} | REVEALS
        try:
            rulings = agent.policy.rulings(question(sentence, effects))
        except SentenceError as error:
            raise Problem(
                Exit.USAGE,
                f"“{sentence}” cannot be read: {error}",
                "Write it like: kubernetes_scale deployment/web in shop on prod as anna at 23:30 touching 2",
            ) from error
    strictest = rulings[0]

    def lines() -> Iterator[str]:
        verdict = strictest.verdict.value
        reason = f" {strictest.reason}" if strictest.reason else ""
        yield f"{out.paint(_COLOURS[verdict], verdict)}, by {plain(strictest.rule)}.{plain(reason)}"
        for ruling in rulings[1:]:
            yield out.paint(
                "dim", plain(f"  also {ruling.verdict.value} by {ruling.rule}. {ruling.reason}".rstrip())
            )

    out.result(
        {
            "action": sentence,
            "verdict": strictest.verdict.value,
            "rule": strictest.rule,
            "reason": strictest.reason,
            "rulings": [ruling.model_dump(mode="json") for ruling in rulings],
        },
        lines,
    )
    return _CODES.get(strictest.verdict, Exit.DECISION)


async def show(choices: Choices, out: Output) -> int:
    """The rules, the operator's own first; each was tested against its examples just now."""
    async with agent_at_work(replace(choices, sandbox=False)) as agent:
        effects = {tool.name: tool.effect for tool in agent.registry} | REVEALS
        path = agent.options.home.policy
        own = [rule for rule in load(path, effects) if isinstance(rule, FileRule)]
    builtin = [(rule.__name__.replace("_", "-"), (rule.__doc__ or "").strip()) for rule in DEFAULT_RULES]

    def lines() -> Iterator[str]:
        yield plain(f"your own, in {path}:" if own else f"none of your own ({path})")
        for rule in own:
            yield f"  {out.paint(_COLOURS.get(rule.verdict, 'yellow'), f'{rule.verdict:<8}')} {plain(rule.name)}"
            for key, value in rule.model_dump(mode="json", exclude_defaults=True).items():
                if key not in ("name", "verdict"):
                    shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
                    yield out.paint("dim", plain(f"           {key}: {shown}"))
        yield "built in, always in force:"
        for name, words in builtin:
            yield f"  {plain(name)}  {out.paint('dim', plain(words))}"

    out.result(
        {
            "file": str(path),
            "own": [rule.model_dump(mode="json") for rule in own],
            "builtin": [{"name": name, "says": words} for name, words in builtin],
        },
        lines,
    )
    return Exit.DONE
