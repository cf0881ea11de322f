"""Every way a request fails is one error with one sentence."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.tools.kubernetes.api_server import ApiServer, api_server, connected
from tools import errors
from tools.gate import Permit
from tools.kubernetes.connection.failures import Gone

POD = "/api/v1/namespaces/shop/pods/web-1"
WRITE = Permit(
    system="kubernetes", place="lab", verb="delete", resource="pods", namespace="shop", name="web-1"
)


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    async with api_server() as running:
        yield running


@pytest.mark.parametrize(
    ("code", "reason", "kind"),
    [
        (401, "Unauthorized", errors.Unauthorized),
        (403, "Forbidden", errors.Forbidden),
        (404, "NotFound", errors.NotFound),
        (409, "AlreadyExists", errors.AlreadyExists),
        (409, "Conflict", errors.Conflict),
        (410, "Expired", Gone),
        (410, "Gone", Gone),
        (422, "Invalid", errors.Invalid),
        (400, "BadRequest", errors.Invalid),
        (405, "MethodNotAllowed", errors.Invalid),
        (429, "TooManyRequests", errors.Throttled),
        (500, "InternalError", errors.ServerFailed),
        (500, "ServerTimeout", errors.ServerFailed),
        (503, "ServiceUnavailable", errors.ServerFailed),
        (504, "Timeout", errors.TimedOut),
        (418, "", errors.Invalid),
        (599, "SomethingNew", errors.ServerFailed),
    ],
)
async def test_a_status_becomes_its_error_and_says_what_was_asked(
    server: ApiServer, tmp_path: Path, code: int, reason: str, kind: type[errors.ToolError]
) -> None:
    server.fails(POD, code, reason, "because of this")
    async with connected(server.url, tmp_path) as (cluster, _):
        with pytest.raises(errors.ToolError) as caught:
            await cluster.request("GET", POD)
    assert type(caught.value) is kind
    assert caught.value.message == "Could not get pods web-1 in shop on lab: because of this."
    assert "because of this" in caught.value.raw


async def test_retry_after_is_passed_on(server: ApiServer, tmp_path: Path) -> None:
    server.fails(POD, 429, "TooManyRequests", "slow down", **{"Retry-After": "7"})
    async with connected(server.url, tmp_path) as (cluster, _):
        with pytest.raises(errors.Throttled) as caught:
            await cluster.request("GET", POD)
    assert caught.value.retry_after == 7.0


async def test_a_proxys_html_is_a_sentence_too(server: ApiServer, tmp_path: Path) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=502, text="<html>\n<h1>Bad Gateway</h1></html>")

    server.answers[POD] = answer
    async with connected(server.url, tmp_path) as (cluster, _):
        with pytest.raises(errors.ServerFailed, match="Bad Gateway") as caught:
            await cluster.request("GET", POD)
    assert "\n" not in caught.value.message


async def test_the_token_goes_along_and_into_no_error(server: ApiServer, tmp_path: Path) -> None:
    server.fails(POD, 403, "Forbidden", "no")
    async with connected(server.url, tmp_path, token="s3cret") as (cluster, _):
        with pytest.raises(errors.Forbidden) as caught:
            await cluster.request("GET", POD)
    assert server.seen[0].headers["Authorization"] == "Bearer s3cret"
    assert "s3cret" not in str(caught.value) + caught.value.raw


async def test_nobody_listening_is_unreachable(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        async with connected(url, tmp_path) as (cluster, _):
            with pytest.raises(errors.Unreachable, match="cannot be reached"):
                await cluster.request("GET", POD)


async def test_no_answer_in_time_is_timed_out(server: ApiServer, tmp_path: Path) -> None:
    never = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        await never.wait()
        return web.Response()

    server.answers[POD] = answer
    async with connected(server.url, tmp_path) as (cluster, mint):
        with pytest.raises(errors.TimedOut, match=r"within 0\.2 seconds") as read:
            await cluster.request("GET", POD, timeout=0.2)
        with mint.grant("s", [WRITE], seconds=10), pytest.raises(errors.TimedOut) as write:
            await cluster.request("DELETE", POD, timeout=0.2)
    assert "may have happened" not in read.value.message
    assert "may have happened" in write.value.message


async def test_a_write_whose_connection_breaks_is_in_doubt_and_a_read_is_not(
    server: ApiServer, tmp_path: Path
) -> None:
    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    server.answers[POD] = answer
    async with connected(server.url, tmp_path) as (cluster, mint):
        with pytest.raises(errors.Unreachable, match="broke"):
            await cluster.request("GET", POD)
        with mint.grant("s", [WRITE], seconds=10), pytest.raises(errors.TimedOut, match="may have happened"):
            await cluster.request("DELETE", POD)
    assert [request.method for request in server.seen].count("DELETE") == 1


async def test_a_rehearsal_and_a_review_that_break_are_no_doubt_about_a_change(
    server: ApiServer, tmp_path: Path
) -> None:
    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    review = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    server.answers[POD] = server.answers[review] = answer
    async with connected(server.url, tmp_path) as (cluster, _):
        with pytest.raises(errors.Unreachable) as rehearsal:
            await cluster.request("PATCH", POD, query={"dryRun": "All"}, body={})
        with pytest.raises(errors.Unreachable) as asked:
            await cluster.request("POST", review, body={})
    assert "may have happened" not in rehearsal.value.message + asked.value.message


async def test_a_strangers_page_is_the_servers_failure_and_no_defect_of_a_tool(
    server: ApiServer, tmp_path: Path
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="<html>Please sign in</html>", content_type="text/html")

    server.answers[POD] = answer
    async with connected(server.url, tmp_path) as (cluster, _):
        with pytest.raises(errors.ServerFailed, match="not a JSON object") as page:
            await cluster.json("GET", POD)
    assert "sign-in page" in page.value.hint and "Please sign in" in page.value.raw


async def test_an_untrusted_certificate_is_named_as_the_cause(tmp_path: Path) -> None:
    async with api_server(_self_signed(tmp_path)) as server, connected(server.url, tmp_path) as (cluster, _):
        with pytest.raises(errors.Unreachable, match=r"certificate .* not trusted"):
            await cluster.request("GET", POD)


async def test_admissions_warnings_come_along(server: ApiServer, tmp_path: Path) -> None:
    server.says(POD, 200, {}, Warning='299 - "spec.x is deprecated"')
    async with connected(server.url, tmp_path) as (cluster, _):
        assert (await cluster.send("GET", POD)).warnings == ("spec.x is deprecated",)


def _self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lab")])
    moment = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(moment - timedelta(days=1))
        .not_valid_after(moment + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = folder / "server.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
