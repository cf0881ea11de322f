"""Looking up what a follow-up may mean: names are found in the world or in the session, never guessed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pydantic import BaseModel, JsonValue

from agent.following.things import Thing
from agent.reading import Reader
from agent.touching import kind_word
from tools.errors import FailureClass, ToolError
from tools.tool import Call, Scope

_ABSENT = frozenset({FailureClass.NOT_FOUND, FailureClass.INVALID})
_OWNED = frozenset({"pod", "replicaset"})
_WORDS = re.compile(r"[-_./@:]+")


@dataclass(frozen=True, slots=True)
class Lookup:
    """Args: contexts: the kubeconfig's contexts."""

    reader: Reader
    contexts: Callable[[], Iterable[str]]

    def contexts_called(self, name: str) -> list[str]:
        """The contexts a word means: the one of that name, else those with the word in their name."""
        known, wanted = list(self.contexts()), name.lower()
        exact = [context for context in known if context.lower() == wanted]
        return exact or [context for context in known if wanted in _WORDS.split(context.lower())]

    def other_contexts(self, than: str) -> list[str]:
        return [context for context in self.contexts() if context != than]

    async def is_place(self, name: str, scope: Scope) -> bool:
        """Whether a namespace or an environment is called so."""
        found = await self._absent("kubernetes_find_workloads", {"environment": name.lower()}, scope)
        return found is not None and bool(_items(found, "namespaces") or _items(found, "workloads"))

    async def places_of(self, name: str, scope: Scope) -> list[str]:
        """The namespaces in which a workload of that name runs."""
        found = await self._absent("kubernetes_find_workloads", {"name": name.lower()}, scope)
        spaces = (item.get("namespace") for item in _items(found, "workloads") if isinstance(item, dict))
        return list(dict.fromkeys(str(space) for space in spaces))

    async def is_kind(self, name: str, scope: Scope) -> bool:
        """Whether the cluster has objects of a kind called so."""
        return await self._absent("kubernetes_list", {"kind": name, "limit": 1}, scope) is not None

    async def workload_of(self, thing: Thing, scope: Scope) -> Thing:
        """The workload a pod belongs to; the thing itself where nothing owns it."""
        for _ in range(3):
            if thing.kind not in _OWNED:
                break
            args: dict[str, JsonValue] = {
                "kind": thing.kind,
                "name": thing.name,
                "namespace": thing.namespace,
            }
            where = scope.model_copy(update={"context": thing.context or scope.context})
            found = (await self.reader.run(Call(tool="kubernetes_get", args=args), where)).model_dump(
                mode="json"
            )
            metadata = found["object"].get("metadata") or {}
            owners = [item for item in metadata.get("ownerReferences") or [] if item.get("controller", True)]
            if not owners:
                break
            owner = owners[0]
            thing = thing.model_copy(
                update={"kind": kind_word(str(owner["kind"])), "name": str(owner["name"])}
            )
        return thing

    async def _absent(self, tool: str, args: dict[str, JsonValue], scope: Scope) -> BaseModel | None:
        """The output, or None where there is nothing of that name."""
        try:
            return await self.reader.run(Call(tool=tool, args=args), scope)
        except ToolError as error:
            if error.failure not in _ABSENT:
                raise
            return None


def _items(output: BaseModel | None, field: str) -> list[JsonValue]:
    found = output.model_dump(mode="json").get(field) if output is not None else None
    return found if isinstance(found, list) else []
