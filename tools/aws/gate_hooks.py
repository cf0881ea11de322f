"""The gate's place in botocore.

Every call passes three points, each handler registered last so that it sees what really goes on:
`before-parameter-build` notes what was asked for; `before-call` makes sure that what will be sent
is just that, and asks the gate; the HTTP session lets out only what was judged, byte for byte, and
a write only once. A request that comes to the HTTP session by another road is an unknown write.
"""

from __future__ import annotations

import copy
import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlencode, urlsplit

from botocore.serialize import create_serializer

from tools.aws.classification import SIGNING_IN, access
from tools.aws.profiles import Place
from tools.errors import GateRefused, ServerFailed
from tools.gate import Access, Gate, Permit

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.client import BaseClient
    from botocore.model import OperationModel
    from botocore.session import Session


class Sender(Protocol):
    """botocore's HTTP session, as far as endpoints use it."""

    def send(self, request: AWSPreparedRequest) -> AWSResponse: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class _Asked:
    """What somebody called, noted before botocore turns it into a request."""

    operation: OperationModel
    params: Mapping[str, object]


@dataclass(slots=True)
class _Judged:
    """A request the gate let pass."""

    method: str
    url: str
    body: bytes
    again: bool
    """Whether it may be sent again; only a read may."""


class _InThread(threading.local):
    asked: _Asked | None = None
    judged: _Judged | None = None


@dataclass(slots=True)
class GateHooks:
    """The gate for all clients of one botocore session.

    Args:
        gate: who judges.
        place: the permits' place.
        signing_in: whether this session logs a profile in. It may send what logging in takes; its
            clients belong to the credential providers and are never handed out.
    """

    gate: Gate
    place: Place
    signing_in: bool = False
    _now: _InThread = field(default_factory=_InThread)

    def attach(self, session: Session) -> None:
        """Register with a session before its first client; clients inherit the handlers."""
        events = session.get_component("event_emitter")
        events.register_last("before-parameter-build", self._note)
        events.register_last("before-call", self._judge)
        events.register_first("choose-signer", self._choose_signer)

    def guard(self, client: BaseClient) -> None:
        """Put the last door in front of a client's network."""
        endpoint = client._endpoint
        endpoint.http_session = GatedSender(
            endpoint.http_session, self, client.meta.service_model.service_name
        )

    def check(self, service: str, request: AWSPreparedRequest) -> None:
        """Let a request out that was judged. Raises `GateRefused` for any other."""
        judged = self._now.judged
        same = (
            judged is not None
            and judged.method == request.method
            and judged.url == request.url
            and judged.body == _bytes(request.body)
        )
        if not same or judged is None:
            self._refuse(service, f"{request.method} {urlsplit(request.url).path}")
        elif not judged.again:
            self._now.judged = None

    def _note(self, params: Mapping[str, object], model: OperationModel, **_: object) -> None:
        self._now.asked = _Asked(model, copy.deepcopy(dict(params)))

    def _judge(self, model: OperationModel, params: Mapping[str, object], **_: object) -> None:
        try:
            self._judge_call(model, params)
        except GateRefused:
            raise
        except Exception as error:
            raise GateRefused(
                f"The gate refused {model.service_model.service_name}:{model.name} on {self.place}:"
                f" it could not judge it ({type(error).__name__})."
            ) from error

    def _judge_call(self, model: OperationModel, params: Mapping[str, object]) -> None:
        asked, self._now.asked, self._now.judged = self._now.asked, None, None
        service = model.service_model.service_name
        if asked is None or asked.operation.name != model.name or not _faithful(asked, params):
            self._refuse(service, model.name)
            return
        if self.signing_in and f"{service}:{model.name}" in SIGNING_IN:
            kind = Access.READ
        else:
            kind = access(service, model.name, asked.params)
        if kind is not Access.READ:
            ignored = frozenset(model.idempotent_members)
            self.gate.judge(kind, permit(self.place, service, model.name, asked.params, ignored))
        self._now.judged = _Judged(
            method=str(params["method"]),
            url=str(params["url"]),
            body=_bytes(params["body"]),
            again=kind is not Access.WRITE,
        )

    def _choose_signer(self, signature_version: object, signing_name: str, **_: object) -> None:
        """A presigned address is a key that works without us, so making one reveals a secret."""
        if str(signature_version).endswith(("-query", "-presign-post")):
            verb = f"{signing_name}:presign"
            self.gate.judge(
                Access.SENSITIVE,
                Permit(system="aws", place=str(self.place), verb=verb, resource=signing_name),
            )

    def _refuse(self, service: str, what: str) -> None:
        """Judge as a write that no permit can describe."""
        unknown = Permit(
            system="aws", place=str(self.place), verb=f"{service}:unknown", resource=service, name=what
        )
        self.gate.judge(Access.WRITE, unknown)


class GatedSender:
    """An HTTP session that asks before each request, retries and redirects included.

    Args:
        sender: botocore's own, which opens the connections.
        hooks: who knows what was judged.
        service: whose endpoint it serves.
    """

    def __init__(self, sender: Sender, hooks: GateHooks, service: str) -> None:
        self.__sender = sender
        self._hooks = hooks
        self._service = service

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Send it, if it was judged. Raises `ServerFailed` when somebody else than AWS answers."""
        self._hooks.check(self._service, request)
        answer = self.__sender.send(request)
        if _is_a_page(answer) and self._service != "s3":  # where pages can be what was asked for
            host = urlsplit(request.url).netloc
            raise ServerFailed(
                f"{self._service} at {host} was answered with a web page, not with AWS's words.",
                hint="A proxy, or a guest network that wants a sign-in, stands in between.",
            )
        return answer

    def close(self) -> None:
        """Close the connections."""
        self.__sender.close()


def _is_a_page(answer: AWSResponse) -> bool:
    """botocore would read one as an answer in which nothing is listed."""
    kind = str(answer.headers.get("Content-Type", ""))
    return answer.status_code < 300 and kind.partition(";")[0].strip().lower() == "text/html"


def permit(
    place: Place,
    service: str,
    operation: str,
    params: Mapping[str, object],
    ignored: frozenset[str] = frozenset(),
) -> Permit:
    """The permit an operation needs, as previews list it and as grants hold it.

    Args:
        place: profile and region.
        service: botocore's name of the service.
        operation: the API's name of the operation.
        params: its parameters.
        ignored: parameters that identify the attempt, not what it does (idempotency tokens).
    """
    kept = {key: value for key, value in params.items() if key not in ignored}
    name = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)
    return Permit(system="aws", place=str(place), verb=f"{service}:{operation}", resource=service, name=name)


def _plain(value: object) -> str:
    if isinstance(value, bytes | bytearray):
        return f"sha256:{hashlib.sha256(value).hexdigest()}"
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    raise TypeError(f"a {type(value).__name__} cannot be described exactly")


def _faithful(asked: _Asked, params: Mapping[str, object]) -> bool:
    """Whether the request about to be sent is what the parameters noted before serialise to."""
    operation = asked.operation
    serializer = create_serializer(operation.service_model.resolved_protocol, include_validation=False)
    expected = serializer.serialize_to_request(dict(asked.params), operation)
    if operation.service_model.service_name != "s3" and expected["url_path"] != params["url_path"]:
        return False  # S3 moves the bucket from the path to the host
    target = "X-Amz-Target"
    return (
        expected["method"] == params["method"]
        and expected["query_string"] == params["query_string"]
        and expected["headers"].get(target) == _header(params, target)
        and _bytes(expected["body"]) == _bytes(params["body"])
    )


def _header(params: Mapping[str, object], name: str) -> object:
    headers = params.get("headers")
    return headers.get(name) if isinstance(headers, Mapping) else None


def _bytes(body: object) -> bytes:
    """A body as it goes over the wire; a stream never equals anything that was judged."""
    if body is None:
        return b""
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, Mapping):
        return urlencode(body, doseq=True).encode()
    return f"stream {id(body)} that cannot be judged".encode()
