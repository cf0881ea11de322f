"""Whatever a server answers in place of a reply becomes a sentence that says what to try."""

import asyncio
import socket
import subprocess
import sys

import pytest
from pydantic import SecretStr

from agent.model import RetryWaiting
from agent.models.config import ModelConfig, Provider
from agent.models.errors import (
    BadRequest,
    ModelError,
    NoCredentials,
    Overloaded,
    RealModelForbidden,
    ServerFailed,
    Throttled,
    TooLong,
    Unauthorized,
    Unreachable,
)
from agent.models.messages_api import AnthropicModel
from tests.standins.asking import Waits, answer, collect, model_at, request
from tests.standins.model_server import ModelServer
from tests.standins.script import Break, Failure, Page, Script, Turn, text


@pytest.mark.parametrize(
    ("failure", "kind", "words"),
    [
        (Failure(400, message="messages.0: nonsense"), BadRequest, "nonsense"),
        (Failure(400, message="prompt is too long: 2 > 1"), TooLong, "new session"),
        (Failure(401, message="invalid x-api-key"), Unauthorized, "auth login"),
        (Failure(402, message="no credit"), Unauthorized, "credit"),
        (Failure(403, message="not for you"), Unauthorized, "not for you"),
        (Failure(404, message="model: claude-9"), BadRequest, "--model"),
        (Failure(413), TooLong, "larger context"),
        (Failure(422, message="what is this"), BadRequest, "what is this"),
        (Failure(307, headers={"location": "http://example.com/"}), BadRequest, "307"),
        (Failure(429, message="slow down"), Throttled, "slow down"),
        (Failure(500, message="boom"), ServerFailed, "boom"),
        (Failure(502), ServerFailed, "502"),
        (Failure(503, message="Loading model"), Overloaded, "Loading model"),
        (Failure(529), Overloaded, "another model"),
    ],
)
async def test_a_status_becomes_a_sentence(failure: Failure, kind: type[ModelError], words: str):
    async with ModelServer(Script([failure])) as server:
        with pytest.raises(kind) as caught:
            await collect(model_at(server.url, max_retries=0))
    assert type(caught.value) is kind
    assert words in str(caught.value)
    assert caught.value.sentence.endswith(".")


@pytest.mark.parametrize("status", [429, 502, 503, 529])
async def test_what_passes_is_asked_again_and_the_screen_is_told(status: int):
    async with ModelServer(Script([Failure(status), Failure(status), Turn(text("ok"))])) as server:
        events = await collect(model_at(server.url))
        assert len(server.requests) == 3
    assert [type(event) for event in events[:2]] == [RetryWaiting, RetryWaiting]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 500])
async def test_what_does_not_pass_is_asked_once(status: int):
    # 500 is how self-hosted servers answer a request they do not understand.
    waits = Waits()
    async with ModelServer(Script([Failure(status)])) as server:
        with pytest.raises(ModelError):
            await collect(model_at(server.url, waits))
        assert len(server.requests) == 1
    assert waits.seconds == []


async def test_a_spending_limit_is_not_waited_for():
    async with ModelServer(Script([Failure(429, headers={"x-should-retry": "false"})])) as server:
        with pytest.raises(Throttled):
            await collect(model_at(server.url))
        assert len(server.requests) == 1


async def test_a_connection_cut_before_the_first_word_is_tried_again():
    script = Script([Turn(text("a"), breaks=Break(how="reset", after=1)), Turn(text("ok"))])
    async with ModelServer(script) as server:
        assert (await answer(model_at(server.url))).message.text == "ok"


async def test_nobody_listening_is_said_at_once():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        model = model_at(f"http://127.0.0.1:{taken.getsockname()[1]}", waits := Waits())
        with pytest.raises(Unreachable, match="Start the server"):
            await collect(model)
    assert waits.seconds == []


async def test_a_server_that_accepts_and_says_nothing_is_given_up_at_the_deadline():
    async with ModelServer(Script([Turn(text("late"), delay=60)])) as server:
        with pytest.raises(Unreachable, match=r"did not answer within 0\.2 seconds"):
            await collect(model_at(server.url), request(deadline=0.2))


async def test_some_other_web_server_is_recognised():
    async with ModelServer(Script([Page(page="<h1>It works!</h1>")])) as server:
        with pytest.raises(Unreachable, match="does not speak the Messages API"):
            await collect(model_at(server.url, max_retries=0))


async def test_a_key_repeated_by_the_server_is_not_repeated_by_us():
    async with ModelServer(Script([Failure(401, message="key secret-key is\nunknown")])) as server:
        with pytest.raises(Unauthorized) as caught:
            await collect(model_at(server.url))
    assert "secret-key" not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_without_a_key_nothing_is_sent_and_the_sentence_says_where_to_put_one():
    with pytest.raises(NoCredentials, match="auth login"):
        await collect(AnthropicModel(ModelConfig(), {}))


async def test_a_key_in_the_environment_is_not_taken_unless_it_was_chosen(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "found-on-the-way")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "found-as-well")
    async with ModelServer(Script([Turn(text("ok"))])) as server:
        await answer(model_at(server.url, api_key=None))
        headers = server.requests[0].headers
    assert "authorization" not in headers
    assert "x-api-key" not in headers


@pytest.mark.parametrize(
    "config",
    [
        ModelConfig(api_key=SecretStr("k")),
        ModelConfig(api_key=SecretStr("k"), base_url="http://10.0.0.1:8080"),
        ModelConfig(provider=Provider.BEDROCK, region="eu-central-1"),
        ModelConfig(provider=Provider.VERTEX, region="global", project="p"),
    ],
)
async def test_the_switch_refuses_every_model_outside_this_machine(config: ModelConfig):
    model = AnthropicModel(config, {"PILOTHOUSE_NO_REAL_MODEL": "1"})
    with pytest.raises(RealModelForbidden):
        await collect(model)
    with pytest.raises(RealModelForbidden):
        await model.check()


async def test_a_closed_model_says_so():
    async with ModelServer(Script([])) as server:
        model = model_at(server.url)
        await model.prepare()
        await model.close()
        with pytest.raises(ModelError, match="closed"):
            await collect(model)


async def test_check_reports_what_the_server_tells():
    async with ModelServer(Script([]), key="secret-key") as server:
        found = await model_at(server.url, model="claude-sonnet-5-5").check()
    assert (found.known, found.adaptive_thinking, found.max_input_tokens) == (True, True, 1_000_000)
    assert found.display_name == "Claude Sonnet 5.5"


async def test_after_a_check_thoughts_are_asked_for_in_words():
    async with ModelServer(Script([Turn(text("ok"), again=True)])) as server:
        model = model_at(server.url, model="claude-sonnet-5-5")
        await collect(model)
        await model.check()
        await collect(model)
        bodies = [seen.body for seen in server.requests]
    assert "thinking" not in bodies[0]
    assert bodies[1]["thinking"] == {"type": "adaptive", "display": "summarized"}


async def test_check_assumes_where_a_server_has_no_catalogue():
    async with ModelServer(Script([]), catalogue=False) as server:
        found = await model_at(server.url, model="qwen3").check()
    assert (found.known, found.adaptive_thinking) == (False, False)
    assert "does not say" in found.note


async def test_check_finds_a_wrong_key():
    async with ModelServer(Script([]), key="another") as server:
        with pytest.raises(Unauthorized):
            await model_at(server.url).check()


async def test_cancelling_while_waiting_to_try_again_ends_the_call():
    waiting = asyncio.Event()

    async def forever(seconds: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    async with ModelServer(Script([Failure(529, again=True)])) as server:
        config = ModelConfig(base_url=server.url)
        task = asyncio.create_task(collect(AnthropicModel(config, {}, sleep=forever)))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(server.requests) == 1


def test_importing_the_adapter_loads_no_sdk():
    program = (
        "import sys, agent.model, agent.models.messages_api, agent.models.fallback, agent.models.prices\n"
        "print([m for m in ('anthropic', 'httpx2', 'boto3', 'google.auth') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
