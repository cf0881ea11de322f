"""Clouds, prices, and the stand-in by its command line."""

import asyncio
import json
import sys
from decimal import Decimal

import pytest
from pydantic import SecretStr

from agent.model import Message, ToolUseBlock, Usage
from agent.models.config import ModelConfig, Provider
from agent.models.errors import BadRequest, Unauthorized
from agent.models.prices import cost
from tests.standins.asking import answer, collect, model_at, request
from tests.standins.model_server import ModelServer
from tests.standins.script import Failure, Script, Turn, text, tool

CLOUD = {"region": "eu-central-1", "api_key": SecretStr("cloud-token")}


async def test_vertex_streams_through_its_own_path_with_an_access_token():
    async with ModelServer(Script([Turn(tool("kubernetes_list", {"kind": "pods"}))])) as server:
        model = model_at(server.url, provider=Provider.VERTEX, project="ops", **CLOUD)
        replied = await answer(model)
        seen = server.requests[0]
    assert replied.calls[0].input == {"kind": "pods"}
    assert seen.path == (
        "/projects/ops/locations/eu-central-1/publishers/anthropic/models/claude-opus-5-5:streamRawPredict"
    )
    assert seen.headers["authorization"] == "Bearer cloud-token"


async def test_bedrock_is_asked_at_its_own_path_and_its_refusal_is_a_sentence():
    async with ModelServer(Script([Failure(403, message="no access to this model")])) as server:
        model = model_at(server.url, provider=Provider.BEDROCK, model="anthropic.claude-opus-5-5", **CLOUD)
        with pytest.raises(Unauthorized, match="no access to this model"):
            await collect(model)
        seen = server.requests[0]
    assert seen.path == "/model/anthropic.claude-opus-5-5/invoke-with-response-stream"
    assert seen.headers["authorization"] == "Bearer cloud-token"


async def test_a_cloud_has_no_catalogue_to_check():
    model = model_at("http://127.0.0.1:9", provider=Provider.VERTEX, project="ops", **CLOUD)
    assert not (await model.check()).known


def test_a_published_price_counts_each_kind_of_token():
    usage = Usage(
        input_tokens=1_000_000, output_tokens=1_000_000,
        cache_read_tokens=1_000_000, cache_write_tokens=1_000_000,
    )  # fmt: skip
    assert cost(usage, ModelConfig(), "claude-opus-5-5") == Decimal("29.20")


def test_a_long_prompt_pays_the_long_price_for_all_of_the_call():
    config = ModelConfig(model="claude-haiku-5-5")
    short = Usage(input_tokens=1, cache_read_tokens=99_999, output_tokens=1000)
    assert cost(short, config, config.model) == Decimal("0.00150009")
    long = Usage(input_tokens=2, cache_read_tokens=99_999, output_tokens=1000)
    assert cost(long, config, config.model) == Decimal("0.00750095")


@pytest.mark.parametrize(
    "config",
    [
        ModelConfig(base_url="https://proxy.example.com"),
        ModelConfig(provider=Provider.VERTEX),
        ModelConfig(model="claude-of-tomorrow"),
    ],
)
def test_where_no_price_is_known_none_is_invented(config: ModelConfig):
    assert cost(Usage(input_tokens=5), config, config.model) is None


async def test_the_stand_in_plays_a_script_from_a_file(tmp_path):
    script = tmp_path / "script.json"
    lines = [
        {"when": "second", "pieces": [{"type": "text", "text": "to the second"}]},
        {"status": 529},
        {"pieces": [{"type": "tool_use", "name": "kubernetes_list", "input": {"kind": "pods"}}]},
    ]
    script.write_text(json.dumps(lines))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.standins.model_server", "--script", str(script),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().strip()
        replied = await answer(model_at(url))
    finally:
        process.terminate()
        await process.wait()
    assert replied.calls[0].input == {"kind": "pods"}


async def test_the_stand_in_refuses_what_the_real_api_refuses():

    asked = Message(role="assistant", content=(ToolUseBlock(id="t1", name="kubernetes_list", input={}),))
    messages = (*request().messages, asked, *request("go on").messages)
    async with ModelServer(Script([Turn(text("ok"))])) as server:
        with pytest.raises(BadRequest, match="t1"):
            await collect(model_at(server.url), request(messages=messages))
