"""A reply as it streams in, over the real SDK from a real server."""

from contextlib import aclosing
from decimal import Decimal

import pytest

from agent.model import (
    Message,
    OpaqueBlock,
    Replied,
    Request,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolInputGrew,
    ToolOpened,
    ToolReady,
    ToolResultBlock,
    ToolUseBlock,
    Usage,
)
from agent.models.config import ModelConfig, Prices
from agent.models.wire import body
from tests.standins.asking import LIST, answer, collect, model_at, request
from tests.standins.model_server import ModelServer
from tests.standins.prompt_cache import PromptCache
from tests.standins.script import Script, Turn, text, thinking, tool, tool_results, verbatim


async def test_words_arrive_as_they_are_written_and_the_reply_holds_them_all():
    async with ModelServer(Script([Turn(text("All pods of payments are ready."))])) as server:
        events = await collect(model_at(server.url))
    deltas = [event.text for event in events if isinstance(event, TextDelta)]
    assert len(deltas) > 3
    assert "".join(deltas) == "All pods of payments are ready."
    assert isinstance(events[-1], Replied)
    assert events[-1].message.text == "All pods of payments are ready."
    assert events[-1].stop_reason == "end_turn"
    assert events[-1].calls == ()


async def test_a_call_is_ready_before_the_model_has_finished_talking():
    script = Script(
        [Turn(tool("kubernetes_list", {"kind": "pods"}), tool("kubernetes_list", {"kind": "nodes"}))]
    )
    async with ModelServer(script) as server:
        events = await collect(model_at(server.url))
    kinds = [type(event) for event in events if not isinstance(event, ToolInputGrew)]
    assert kinds == [ToolOpened, ToolReady, ToolOpened, ToolReady, Replied]
    replied = events[-1]
    assert isinstance(replied, Replied)
    assert [call.input for call in replied.calls] == [{"kind": "pods"}, {"kind": "nodes"}]
    assert [call.id for call in replied.calls] == [e.call.id for e in events if isinstance(e, ToolReady)]


async def test_an_eager_tools_arguments_grow_step_by_step():
    plan = {"goal": "scale", "steps": [{"id": "s1", "title": "look"}, {"id": "s2", "title": "scale"}]}
    async with ModelServer(Script([Turn(tool("propose_plan", plan))])) as server:
        events = await collect(model_at(server.url))
        assert server.requests[0].body["tools"][1]["eager_input_streaming"] is True
    growing = [event for event in events if isinstance(event, ToolInputGrew)]
    steps = [len(event.snapshot.get("steps", [])) for event in growing]
    assert steps == sorted(steps)
    assert 1 in steps
    assert growing[-1].snapshot == plan
    assert "".join(event.partial_json for event in growing) == '{"goal": "scale", "steps": [' + (
        '{"id": "s1", "title": "look"}, {"id": "s2", "title": "scale"}]}'
    )


async def test_thoughts_are_shown_and_sent_back_with_their_seal():
    def second(body):
        return Turn(text(str(tool_results(body))))

    first = Turn(thinking("Look first.", "sealed-1"), tool("kubernetes_list", {"kind": "pods"}))
    async with ModelServer(Script([first, second])) as server:
        model = model_at(server.url)
        events = await collect(model)
        replied = events[-1]
        assert isinstance(replied, Replied)
        result = ToolResultBlock(tool_use_id=replied.calls[0].id, content="3 pods", is_error=True)
        messages = (*request().messages, replied.message, Message(role="user", content=(result,)))
        after = await answer(model, request(messages=messages))
        sent = server.requests[1].body["messages"]
    assert "".join(e.text for e in events if isinstance(e, ThinkingDelta)) == "Look first."
    assert sent[1]["content"][0] == {"type": "thinking", "thinking": "Look first.", "signature": "sealed-1"}
    assert sent[2]["content"][0]["is_error"] is True
    assert after.message.text == "['3 pods']"


async def test_the_prompt_is_cached_at_system_last_tool_and_the_last_two_messages_of_the_user():
    async with ModelServer(Script([Turn(text("ok"))])) as server:
        await collect(model_at(server.url), request("first", "second", "third"))
        body = server.requests[0].body
    mark = {"type": "ephemeral"}
    assert body["system"][0]["cache_control"] == mark
    assert ["cache_control" in entry for entry in body["tools"]] == [False, True]
    assert ["cache_control" in entry["content"][-1] for entry in body["messages"]] == [False, True, True]


async def test_cached_tokens_are_counted_apart_and_priced():
    usage = {"input_tokens": 100, "cache_read_input_tokens": 9000, "cache_creation_input_tokens": 500,
             "output_tokens": 200}  # fmt: skip
    prices = Prices(
        input_per_mtok=Decimal(4), output_per_mtok=Decimal(20),
        cache_read_per_mtok=Decimal("0.2"), cache_write_per_mtok=Decimal(5),
    )  # fmt: skip
    async with ModelServer(Script([Turn(text("ok"), usage=usage)])) as server:
        replied = await answer(model_at(server.url, prices=prices))
    assert replied.usage == Usage(
        input_tokens=100, output_tokens=200, cache_read_tokens=9000, cache_write_tokens=500
    )
    assert replied.cost == Decimal("0.0087")


async def test_a_server_of_ones_own_costs_nothing_known():
    async with ModelServer(Script([Turn(text("ok"))])) as server:
        assert (await answer(model_at(server.url))).cost is None


async def test_unknown_events_and_deltas_are_passed_over():
    strange = verbatim(
        {"type": "weather_report", "sky": "clear"},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "glitter_delta", "glitter": "x"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "fine"}},
        {"type": "content_block_stop", "index": 0},
    )
    async with ModelServer(Script([Turn(strange)])) as server:
        replied = await answer(model_at(server.url))
    assert replied.message.content == (TextBlock(text="fine"),)


async def test_an_unknown_block_is_kept_and_sent_back_unchanged():
    block = {"type": "star_chart", "data": "c2VhbGVk", "stars": [1, 2], "deep": {"er": None}}
    strange = verbatim(
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_stop", "index": 0},
    )
    async with ModelServer(Script([Turn(strange, text("Look up.")), Turn(text("ok"))])) as server:
        model = model_at(server.url)
        replied = await answer(model)
        assert replied.message.content[0] == OpaqueBlock(raw=block)
        said = request("and now?").messages
        await collect(model, request(messages=(*request().messages, replied.message, *said)))
        sent = server.requests[1].body["messages"][1]["content"]
    assert sent == [block, {"type": "text", "text": "Look up."}]


async def test_an_unknown_stop_reason_is_handed_on_and_allows_no_calls():
    turn = Turn(tool("kubernetes_list", {"kind": "pods"}), stop_reason="tea_time")
    async with ModelServer(Script([turn])) as server:
        replied = await answer(model_at(server.url))
    assert replied.stop_reason == "tea_time"
    assert replied.message.tool_uses
    assert replied.calls == ()


async def test_a_call_whose_arguments_came_with_its_first_event_is_understood():
    turn = Turn(tool("kubernetes_list", {"kind": "pods"}, whole=True))
    async with ModelServer(Script([turn])) as server:
        assert (await answer(model_at(server.url))).calls[0].input == {"kind": "pods"}


async def test_what_the_server_would_refuse_is_not_sent():
    blank = Message(role="assistant", content=(TextBlock(text="  "), ThinkingBlock(text="unsealed")))
    messages = (*request("one").messages, blank, *request("two").messages)
    async with ModelServer(Script([Turn(text("ok"))])) as server:
        assert (await answer(model_at(server.url), request(messages=messages))).message.text == "ok"
        assert [m["role"] for m in server.requests[0].body["messages"]] == ["user", "user"]


async def test_closing_the_stream_hangs_up():
    slow = Turn(text("word " * 400), tokens_per_second=20)
    async with ModelServer(Script([slow])) as server:
        async with aclosing(model_at(server.url).stream(request())) as events:
            assert isinstance(await anext(events), TextDelta)
        await server.hung_up.wait()


async def test_one_connection_serves_the_next_call_too():
    async with ModelServer(Script([Turn(text("one")), Turn(text("two"))])) as server:
        model = model_at(server.url)
        assert (await answer(model)).message.text == "one"
        assert (await answer(model)).message.text == "two"
        assert server.connections == 1


def test_a_conversation_survives_the_journal():
    message = Message(
        role="assistant",
        content=(
            ThinkingBlock(text="hm", signature="s"),
            ToolUseBlock(id="a", name="kubernetes_list", input={"kind": "pods"}),
            OpaqueBlock(raw={"type": "star_chart", "n": 1}),
        ),
    )
    assert Message.model_validate_json(message.model_dump_json()) == message


def test_another_model_is_given_everything_but_the_thoughts():
    message = Message(
        role="assistant", content=(ThinkingBlock(text="hm", signature="s"), TextBlock(text="a"))
    )
    assert message.without_thoughts() == Message(role="assistant", content=(TextBlock(text="a"),))


@pytest.mark.parametrize("field", ["max_tokens", "deadline"])
def test_limits_are_positive(field: str):
    with pytest.raises(ValueError, match=field):
        Request.model_validate({"system": "", "messages": (), field: 0})


@pytest.mark.parametrize(
    ("url", "base", "loopback", "own"),
    [
        ("http://localhost:8080/v1/", "http://localhost:8080", True, True),
        ("http://[::1]:11434", "http://[::1]:11434", True, True),
        ("http://127.1.2.3:1", "http://127.1.2.3:1", True, True),
        ("https://llm.example.com", "https://llm.example.com", False, True),
        ("http://127.0.0.1.example.com", "http://127.0.0.1.example.com", False, True),
        ("https://eu.anthropic.com", "https://eu.anthropic.com", False, False),
    ],
)
def test_a_base_url_is_understood(url: str, base: str, loopback: bool, own: bool):
    config = ModelConfig(base_url=url)
    assert (config.base_url, config.loopback, config.self_hosted) == (base, loopback, own)


def test_a_base_url_that_is_none_is_refused():
    with pytest.raises(ValueError, match="http://host:port"):
        ModelConfig(base_url="localhost:8080")


async def test_a_call_reads_what_the_call_before_wrote_however_many_blocks_came_since():
    many = tuple(ToolUseBlock(id=f"c{n}", name=LIST.name, input={}) for n in range(30))
    results = tuple(ToolResultBlock(tool_use_id=call.id, content="x" * 200) for call in many)
    first = request("look at everything")
    second = first.model_copy(
        update={
            "messages": (
                *first.messages,
                Message(role="assistant", content=many),
                Message(role="user", content=results),
            )
        }
    )
    cache = PromptCache()
    sent = cache.take(body(first, "m", show_thinking=False))
    again = cache.take(body(second, "m", show_thinking=False))
    assert (sent.read, again.read) == (0, sent.total)
