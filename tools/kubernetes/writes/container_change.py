"""Changing fields of one container of a workload, which starts a rollout: what every such tool shares."""

from __future__ import annotations

from abc import abstractmethod
from typing import TypeVar

from pydantic import JsonValue

from tools.errors import Invalid, NotFound
from tools.kubernetes.fields import Json
from tools.kubernetes.finding import Kind, OnClusters, Target
from tools.kubernetes.objects import changes
from tools.kubernetes.rollout import progress
from tools.kubernetes.writes.containers import ROLLED_OUT, Container, ContainerName, container_of
from tools.kubernetes.writes.writing import JSON_PATCH, Written, at_version, perform, preview_of, rehearse
from tools.tool import Arguments, Name, Observation, OptionalNamespace, Preview, Scope, Verdict, WriteTool


class ContainerArgs(Arguments):
    """Which container of which workload."""

    kind: Kind = "deployment"
    name: Name
    namespace: OptionalNamespace = ""
    container: ContainerName = ""


C = TypeVar("C", bound=ContainerArgs)


class ContainerChange(OnClusters, WriteTool[C, Written]):
    """Replaces fields of one container in a pod template by a JSON patch that holds for what was looked at."""

    Output = Written

    @abstractmethod
    def check(self, args: C, target: Target) -> None:
        """Raises `Invalid` for arguments that ask for nothing, or for what may not be."""

    @abstractmethod
    def patch(self, container: Container, args: C) -> list[JsonValue]:
        """The JSON patch that makes the container as asked for."""

    @abstractmethod
    def recorded(self, container: Container, args: C) -> tuple[Json, tuple[str, ...]]:
        """(what undo needs beside the container's name, warnings about what it cannot restore)."""

    @abstractmethod
    def wrong(self, container: Container, args: C) -> list[str]:
        """The names of what is not as asked for; none once it is."""

    async def run(self, args: C, scope: Scope) -> Written:
        target = await self._workload(args, scope)
        current = await target.read()
        patch = at_version(self.patch(container_of(target, current, args.container), args), current)
        return await perform(target, "PATCH", patch, content_type=JSON_PATCH)

    async def preview(self, args: C, scope: Scope) -> Preview:
        target = await self._workload(args, scope)
        current = await target.read()
        container = container_of(target, current, args.container)
        answer = await rehearse(target, "PATCH", self.patch(container, args), content_type=JSON_PATCH)
        recorded, warnings = self.recorded(container, args)
        before: Json = {"container": container.name, **recorded}
        changed = changes(current, answer.json())
        return await preview_of(
            target,
            current,
            changed,
            before=before,
            warnings=answer.warnings + warnings,
            content=answer.content,
        )

    async def observe(self, args: C, scope: Scope, preview: Preview) -> Observation:
        target = await self._workload(args, scope)
        try:
            current = await target.read()
            container = container_of(target, current, args.container)
        except (NotFound, Invalid) as error:
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=error.message, applied=False)
        if wrong := self.wrong(container, args):
            detail = f"Container {container.name} of {target} does not have {', '.join(wrong)} as asked for."
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=detail, applied=False)
        return (await progress(target.cluster, current)).model_copy(update={"applied": True})

    async def _workload(self, args: C, scope: Scope) -> Target:
        target = await self.target(args.kind, args.name, args.namespace, scope)
        target.must_allow(*ROLLED_OUT)
        self.check(args, target)
        return target
