"""What an operator may reveal in a cluster: a Secret's values, a ServiceAccount's token, a command's output.

Nothing here is a tool: no plan, no runbook and no model can name it. Each reveal is one request, which the
gate lets out only under a grant for exactly that.
"""

from __future__ import annotations

import base64
import binascii
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from tools.errors import Invalid, NotFound, ServerFailed, ToolError
from tools.gate import Permit
from tools.kubernetes.connection.api_path import parse
from tools.kubernetes.connection.content import content_of, encoded
from tools.kubernetes.connection.gate_transport import permit
from tools.kubernetes.connection.running import run_in_container
from tools.kubernetes.fields import Json, mapping, strings, text
from tools.kubernetes.finding import OnClusters
from tools.kubernetes.revealed import Value
from tools.tool import Scope

if TYPE_CHECKING:
    from tools.kubernetes.connection.clusters import Clusters
    from tools.kubernetes.finding import Target

TOKEN_SECONDS = 600
"""How long a revealed token is good for; no server makes shorter ones."""


class Revealing(ABC):
    """One sensitive request.

    Attributes:
        word: what policy calls it.
        runs: whether it can change something: a command can do anything.
    """

    word: ClassVar[str]
    runs: ClassVar[bool] = False

    def __init__(self, target: Target) -> None:
        self.target = target

    @property
    @abstractmethod
    def what(self) -> str:
        """In the operator's words: `the values of secret/db in shop`."""

    @property
    @abstractmethod
    def permit(self) -> Permit:
        """The one request it sends, to the letter."""

    @abstractmethod
    async def fetch(self) -> tuple[Value, ...]:
        """Send it. Raises a `ToolError` that holds nothing of what came back."""

    async def labels(self) -> dict[str, str]:
        """The labels of its namespace, for policy; none where they may not be read."""
        path = f"/api/v1/namespaces/{self.target.namespace}"
        try:
            return strings(await self.target.cluster.json("GET", path), "metadata", "labels")
        except ToolError:
            return {}


async def revealing(
    clusters: Clusters,
    what: str,
    name: str,
    scope: Scope,
    *,
    key: str,
    command: tuple[str, ...],
    container: str,
) -> Revealing:
    """What an operator means by `what/name`.

    Args:
        what: a kind in any spelling.
        scope: with the namespace it is in.
        key: of a Secret; empty for all of its values.
        command: to run in a pod.
        container: of the pod; empty for its only one.

    Raises:
        Invalid: it has nothing to reveal, or the words do not fit its kind.
    """
    target = await OnClusters(clusters).target(what, name, "", scope)
    kind = target.kind.resource
    if kind == "pods" and command:
        return ContainerOutput(target, command, container)
    if command or container:
        raise Invalid(f"A command runs in a pod, not in a {target.kind.kind}.")
    if kind == "secrets":
        return SecretValues(target, key)
    if key:
        raise Invalid(f"Only a Secret has keys to choose from; {target} is none.")
    if kind == "serviceaccounts":
        return AccountToken(target)
    if kind == "pods":
        raise Invalid(f"Of {target}, the output of a command can be revealed.", hint="Say which command.")
    raise Invalid(f"{target} has nothing to reveal: a Secret, a ServiceAccount or a pod has.")


class SecretValues(Revealing):
    """The values of a Secret, or one of them. The server has no smaller answer than all of it."""

    word = "reveal_secret"

    def __init__(self, target: Target, key: str) -> None:
        super().__init__(target)
        self._key = key

    @property
    def what(self) -> str:
        return f"{self._key} of {self.target}" if self._key else f"the values of {self.target}"

    @property
    def permit(self) -> Permit:
        return self.target.permit("get", content=content_of([], "", b""))

    async def fetch(self) -> tuple[Value, ...]:
        data = mapping(await self._read(), "data")
        if self._key and self._key not in data:
            raise NotFound(
                f"{self.target} has no key {self._key}.", hint=f"It has: {', '.join(data) or 'none'}."
            )
        wanted = [self._key] if self._key else sorted(data)
        return tuple(Value(name, _plain(str(data[name]))) for name in wanted)

    async def _read(self) -> Json:
        try:
            return await self.target.cluster.json("GET", self.target.path())
        except ServerFailed as error:
            raise ServerFailed(error.message, hint=error.hint) from None  # its raw words hold the answer


class AccountToken(Revealing):
    """A token of a ServiceAccount, made for this (Kubernetes, "TokenRequest")."""

    word = "reveal_token"

    @property
    def what(self) -> str:
        return f"a token of {self.target}, good for {TOKEN_SECONDS // 60} minutes"

    @property
    def permit(self) -> Permit:
        content = content_of([], "application/json", encoded(_TOKEN_REQUEST))
        return self.target.permit("create", "token", content)

    async def fetch(self) -> tuple[Value, ...]:
        path = self.target.path("token")
        try:
            answer = (await self.target.cluster.send("POST", path, body=_TOKEN_REQUEST)).json()
        except ServerFailed as error:
            raise ServerFailed(error.message, hint=error.hint) from None
        return (Value("token", text(answer, "status", "token")),)


class ContainerOutput(Revealing):
    """What one command prints in one container. No terminal, nothing is typed into it."""

    word = "reveal_output"
    runs = True

    def __init__(self, target: Target, command: tuple[str, ...], container: str) -> None:
        super().__init__(target)
        self._command = command
        self._container = container
        pairs = [("command", word) for word in command]
        pairs += [("container", container)] if container else []
        self._query = [*pairs, ("stdout", "true"), ("stderr", "true")]

    @property
    def what(self) -> str:
        where = f"container {self._container} of {self.target}" if self._container else str(self.target)
        return f"the output of “{' '.join(self._command)}” in {where}"

    @property
    def permit(self) -> Permit:
        asked = parse("GET", self.target.path("exec"), self._query)
        return permit(self.target.cluster.context, asked, content_of(self._query, "", b""))

    async def fetch(self) -> tuple[Value, ...]:
        printed = await run_in_container(self.target.cluster, self.target.path("exec"), self._query)
        found = [Value("stdout", printed.stdout)]
        found += [Value("stderr", printed.stderr)] if printed.stderr else []
        found += [Value("ended with", printed.failure)] if printed.failure else []
        return tuple(found)


_TOKEN_REQUEST: Json = {
    "apiVersion": "authentication.k8s.io/v1",
    "kind": "TokenRequest",
    "spec": {"expirationSeconds": TOKEN_SECONDS},
}


def _plain(value: str) -> str:
    """A value as text; what is not text stays in base64 and says so."""
    try:
        return base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return f"(not text; in base64) {value}"
