"""Small models write a call into their text; it is recovered there, and only there."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import Message, TextBlock, ThinkingBlock, ToolReady, ToolUseBlock
from agent.models.fallback import recover
from tests.standins.asking import answer, collect, model_at
from tests.standins.model_server import ModelServer
from tests.standins.script import Script, Turn, text, tool

TOOLS = {"kubernetes_list", "propose_plan"}
FENCED = '```json\n{"name": "kubernetes_list", "arguments": {"kind": "pods"}}\n```'


def said(words: str) -> Message:
    return Message(role="assistant", content=(TextBlock(text=words),))


def recovered(words: str) -> Message | None:
    numbers = count(1)
    return recover(said(words), TOOLS, lambda: f"id{next(numbers)}")


@pytest.mark.parametrize(
    "words",
    [
        FENCED,
        f"I will list the pods first:\n\n{FENCED}\n",
        '```\n{"tool": "kubernetes_list", "input": {"kind": "pods"}}\n```',
        '```JSON\n{\n  "function": "kubernetes_list",\n  "parameters": {"kind": "pods"}\n}\n```',
        '{"name": "kubernetes_list", "args": {"kind": "pods"}}',
    ],
)
def test_a_text_that_is_a_call_becomes_one(words: str):
    message = recovered(words)
    assert message is not None
    assert message.tool_uses == (ToolUseBlock(id="id1", name="kubernetes_list", input={"kind": "pods"}),)


def test_several_calls_are_recovered_in_order_after_thoughts_and_words():
    second = FENCED.replace("pods", "nodes")
    thought = ThinkingBlock(text="hm")
    message = Message(role="assistant", content=(thought, TextBlock(text=f"Two looks.\n{FENCED}\n{second}")))
    numbers = count(1)
    found = recover(message, TOOLS, lambda: f"id{next(numbers)}")
    assert found is not None
    assert found.content[:2] == (thought, TextBlock(text="Two looks."))
    assert [(call.id, call.input) for call in found.tool_uses] == [
        ("id1", {"kind": "pods"}),
        ("id2", {"kind": "nodes"}),
    ]


@pytest.mark.parametrize(
    "words",
    [
        "You could use kubernetes_list with kind pods.",
        f"{FENCED}\nThat is how one would ask for pods.",
        f"A call has a name and arguments.\n\nThis is what one looks like:\n\n{FENCED}",
        f"{'Long explanation. ' * 30}\n{FENCED}",
        FENCED.replace("kubernetes_list", "delete_everything"),
        FENCED.replace('"kind": "pods"}}', '"kind": "pods"}, "note": "an example"}'),
        FENCED.replace('{"kind": "pods"}', '"pods"'),
        FENCED.replace("}}", "}"),
        FENCED + "\n\n```json\n[1, 2]\n```",
        "```yaml\nname: kubernetes_list\narguments: {}\n```",
        '```json\n{"status": "ok", "arguments": {}}\n```',
        "",
    ],
)
def test_a_text_that_merely_mentions_one_stays_a_text(words: str):
    assert recovered(words) is None


@given(st.text(max_size=400))
def test_no_text_breaks_the_parser_or_names_an_unknown_tool(words: str):
    for candidate in (words, f"```json\n{words}\n```", words + FENCED):
        message = recovered(candidate)
        assert message is None or {call.name for call in message.tool_uses} <= TOOLS


async def test_a_server_of_ones_own_is_forgiven():
    async with ModelServer(Script([Turn(text(FENCED))])) as server:
        events = await collect(model_at(server.url, model="qwen3"))
    replied = events[-1]
    assert replied.stop_reason == "tool_use"
    assert [call.name for call in replied.calls] == ["kubernetes_list"]
    assert [event.call for event in events if isinstance(event, ToolReady)] == list(replied.calls)


async def test_a_real_call_beside_a_written_one_is_the_only_one():
    async with ModelServer(Script([Turn(tool("propose_plan", {"goal": "g"}), text(FENCED))])) as server:
        replied = await answer(model_at(server.url))
    assert [call.name for call in replied.calls] == ["propose_plan"]


async def test_a_text_cut_by_the_limit_is_not_taken_for_a_call():
    async with ModelServer(Script([Turn(text(FENCED), stop_reason="max_tokens")])) as server:
        assert (await answer(model_at(server.url))).calls == ()
