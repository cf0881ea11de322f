"""The ways a stream was seen to deceive: each must end as a sentence, and never as an action."""

import pytest

from agent.model import Replied, RetryWaiting, TextDelta, ToolReady
from agent.models.errors import (
    Interrupted,
    MalformedToolCall,
    ModelError,
    Overloaded,
    Refused,
    Throttled,
    TruncatedToolCall,
)
from tests.standins.asking import Waits, answer, collect, model_at, request
from tests.standins.model_server import ModelServer
from tests.standins.script import Break, Failure, Script, Turn, text, tool, verbatim

CALL = tool("kubernetes_list", {"kind": "pods"})


async def failure_of(turn: Turn, **fields) -> ModelError:
    async with ModelServer(Script([turn])) as server:
        with pytest.raises(ModelError) as caught:
            await collect(model_at(server.url, max_retries=0, **fields))
    return caught.value


async def test_1_a_stream_that_ends_politely_without_its_last_event_is_interrupted():
    turn = Turn(text("I will now list"), CALL, breaks=Break(how="eof", after=7))
    error = await failure_of(turn)
    assert isinstance(error, Interrupted)
    assert "before it was complete" in str(error)


async def test_1_a_reply_without_a_reason_to_stop_is_interrupted():
    assert isinstance(await failure_of(Turn(text("words"), stop_reason="")), Interrupted)


async def test_2_an_error_event_in_the_middle_is_interrupted_and_says_why():
    breaks = Break(how="error", after=6, kind="overloaded_error", message="Overloaded")
    error = await failure_of(Turn(text("one two three four"), breaks=breaks))
    assert isinstance(error, Interrupted)
    assert "Overloaded" in str(error)


async def test_2_an_error_event_before_the_first_word_is_tried_again():
    breaks = Break(how="error", after=2, kind="overloaded_error", message="Overloaded")
    async with ModelServer(Script([Turn(text("one"), breaks=breaks), Turn(text("two"))])) as server:
        events = await collect(model_at(server.url))
    assert isinstance(events[0], RetryWaiting)
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["two"]


async def test_3_a_cut_connection_is_interrupted_not_a_transport_error():
    error = await failure_of(Turn(text("one two three four"), breaks=Break(how="reset", after=6)))
    assert isinstance(error, Interrupted)
    assert "connection" in str(error)


async def test_3_a_reply_that_has_begun_is_never_asked_for_again():
    script = Script([Turn(text("one two three"), breaks=Break(how="reset", after=6)), Turn(text("again"))])
    async with ModelServer(script) as server:
        with pytest.raises(Interrupted):
            await collect(model_at(server.url))
        assert len(server.requests) == 1


async def test_4_a_call_cut_by_the_output_limit_is_not_given_out():
    cut = tool("propose_plan", json_text='{"goal": "scale", "steps": [{"id"')
    error = await failure_of(Turn(text("Plan:"), CALL, cut, stop_reason="max_tokens"))
    assert isinstance(error, TruncatedToolCall)
    assert error.tool == "propose_plan"
    assert error.reply.calls == ()
    assert [call.name for call in error.reply.message.tool_uses] == ["kubernetes_list"]


async def test_4_a_cut_call_that_looks_complete_is_not_trusted_either():
    error = await failure_of(Turn(tool("propose_plan", {"goal": "half"}), stop_reason="max_tokens"))
    assert isinstance(error, TruncatedToolCall)
    assert error.reply.message.tool_uses == ()


async def test_4_a_text_cut_by_the_output_limit_is_still_a_reply():
    async with ModelServer(Script([Turn(text("and so"), stop_reason="max_tokens")])) as server:
        replied = await answer(model_at(server.url))
    assert (replied.stop_reason, replied.message.text) == ("max_tokens", "and so")


@pytest.mark.parametrize("arguments", ['{"kind": pods}', '["pods"]', "pods", '{"kind": "pods"}}', "null"])
async def test_5_arguments_that_are_no_json_object_are_never_a_call(arguments: str):
    seen = []
    async with ModelServer(Script([Turn(tool("kubernetes_list", json_text=arguments))])) as server:
        with pytest.raises(MalformedToolCall) as caught:
            async for event in model_at(server.url).stream(request()):
                seen.append(event)
    assert caught.value.tool == "kubernetes_list"
    assert caught.value.text == arguments
    assert not [event for event in seen if isinstance(event, ToolReady | Replied)]


async def test_5_a_call_without_any_arguments_has_none():
    async with ModelServer(Script([Turn(tool("kubernetes_list", json_text=""))])) as server:
        assert (await answer(model_at(server.url))).calls[0].input == {}


async def test_5_a_line_of_the_stream_that_is_no_json_is_interrupted():
    garbage = verbatim(raw="event: content_block_delta\ndata: {nonsense\n\n")
    assert isinstance(await failure_of(Turn(text("words"), garbage)), Interrupted)


async def test_6_retry_after_is_honoured_within_the_deadline():
    waits = Waits()
    script = Script([Failure(429, headers={"retry-after": "7"}), Turn(text("ok"))])
    async with ModelServer(script) as server:
        events = await collect(model_at(server.url, waits), request(deadline=60))
    assert waits.seconds == [7.0]
    assert events[0] == RetryWaiting(seconds=7.0, cause=events[0].cause)
    assert "no more requests" in events[0].cause


async def test_6_a_retry_after_beyond_the_deadline_fails_at_once_and_says_when():
    waits = Waits()
    async with ModelServer(Script([Failure(429, headers={"retry-after": "3600"})])) as server:
        with pytest.raises(Throttled, match="60 minutes") as caught:
            await collect(model_at(server.url, waits), request(deadline=60))
        assert len(server.requests) == 1
    assert (caught.value.retry_after, waits.seconds) == (3600.0, [])


async def test_6_a_retry_after_may_be_a_date():
    waits = Waits()
    headers = {"retry-after": "Thu, 01 Oct 2026 12:00:09 GMT", "date": "Thu, 01 Oct 2026 12:00:00 GMT"}
    async with ModelServer(Script([Failure(529, headers=headers), Turn(text("ok"))])) as server:
        await collect(model_at(server.url, waits))
    assert waits.seconds == [9.0]


async def test_6_retries_grow_and_end():
    waits = Waits()
    async with ModelServer(Script([Failure(529, again=True)])) as server:
        with pytest.raises(Overloaded):
            await collect(model_at(server.url, waits, max_retries=3))
        assert len(server.requests) == 4
    assert [round(s * 2) / 2 for s in waits.seconds] == sorted(round(s * 2) / 2 for s in waits.seconds)
    assert 0.25 <= waits.seconds[0] <= 0.5
    assert 1.0 <= waits.seconds[2] <= 2.0


async def test_6_a_stalled_stream_is_given_up():
    error = await failure_of(
        Turn(text("one two three"), breaks=Break(how="stall", after=6)), idle_timeout=0.2
    )
    assert isinstance(error, Interrupted)
    assert "no answer in time" in str(error)


async def test_6_the_deadline_ends_a_reply_that_never_ends():
    slow = Turn(text("word " * 100), tokens_per_second=50)
    async with ModelServer(Script([slow])) as server:
        with pytest.raises(Interrupted, match=r"after 0\.3 seconds"):
            await collect(model_at(server.url), request(deadline=0.3))


async def test_7_no_sampling_parameters_are_sent_unless_configured():
    async with ModelServer(Script([Turn(text("ok"), again=True)]), strict=False) as server:
        await collect(model_at(server.url))
        await collect(model_at(server.url, extra_body={"temperature": 0.1}))
    assert "temperature" not in server.requests[0].body
    assert server.requests[1].body["temperature"] == 0.1


async def test_7_a_refusal_names_its_category_and_offers_to_rephrase():
    details = {"type": "refusal", "category": "cyber", "explanation": None}
    error = await failure_of(Turn(text("I can"), stop_reason="refusal", stop_details=details))
    assert isinstance(error, Refused)
    assert error.category == "cyber"
    assert "cyber" in str(error)
    assert "other words" in error.hint
    assert error.reply.message.text == "I can"


async def test_7_a_refusal_without_a_category_is_a_refusal():
    error = await failure_of(Turn(stop_reason="refusal"))
    assert isinstance(error, Refused)
    assert error.category == ""
