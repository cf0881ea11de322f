"""kubernetes_logs: what containers wrote."""

from __future__ import annotations

import asyncio
from typing import Annotated

from pydantic import BaseModel, Field

from tools.errors import Invalid, ToolError
from tools.kubernetes.fields import Json, condition, mappings, text, value
from tools.kubernetes.finding import Kind, OnClusters, Selector, Target, working_namespace
from tools.kubernetes.live.pod_logs import read_log
from tools.kubernetes.reads.log_lines import WrittenLine, folded, in_order, read_written, searched
from tools.kubernetes.rollout import pods_of
from tools.tool import Arguments, OptionalNamespace, Scope, Tool
from tools.tricks import FREE_TEXT

MOST_LOGS = 12
"""Containers read in one call."""


class LogsArgs(Arguments):
    kind: Kind = "pod"
    name: Annotated[
        str,
        Field(
            max_length=253,
            pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$",
            description="Pod, or workload of the given kind; empty when labels choose the pods.",
        ),
    ] = ""
    labels: Selector = ""
    namespace: OptionalNamespace = ""
    container: Annotated[
        str, Field(max_length=63, pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?$", description="Empty for all.")
    ] = ""
    previous: Annotated[bool, Field(description="The instance before the last restart.")] = False
    tail: Annotated[int, Field(ge=1, le=5000, description="Lines at most, per container.")] = 100
    since: Annotated[int, Field(ge=0, le=31_536_000, description="Seconds to look back; 0 for all.")] = 0
    grep: Annotated[
        str, Field(max_length=200, description="Only lines containing this, in any case."), FREE_TEXT
    ] = ""
    regex: Annotated[
        str,
        Field(max_length=200, description="Only lines this regular expression finds something in."),
        FREE_TEXT,
    ] = ""
    merge: Annotated[bool, Field(description="All containers' lines in one list, in order of time.")] = False
    fold: Annotated[
        bool, Field(description="Lines alike but for numbers, times and ids become one, with a count.")
    ] = False


class ContainerLog(BaseModel):
    """The lines of one container, oldest first; or why there are none."""

    pod: str
    container: str
    lines: tuple[str, ...] = ()
    error: str = ""


class LogsOutput(BaseModel):
    context: str
    namespace: str
    logs: tuple[ContainerLog, ...]
    merged: tuple[WrittenLine, ...] = ()
    """With `merge`, `fold` or `regex`: the lines, oldest first; `logs` then has only what went wrong."""
    left_out: int = 0
    """Containers that were not read because there are too many."""


class KubernetesLogs(OnClusters, Tool[LogsArgs, LogsOutput]):
    """Reads the logs of a pod, of all pods of a workload, or of those with given labels."""

    name = "kubernetes_logs"
    summary = "Read container logs of a pod, a workload (deployment, job, …) or a label selector."
    Args = LogsArgs
    Output = LogsOutput

    async def run(self, args: LogsArgs, scope: Scope) -> LogsOutput:
        if bool(args.name) == bool(args.labels):
            raise Invalid("Give either a name or labels, to say whose logs are wanted.")
        target = await self.target(args.kind, args.name, args.namespace, scope)
        pods = await self._pods(args, target, scope)
        wanted = [
            (text(pod, "metadata", "name"), container)
            for pod in sorted(pods, key=_readiness)
            for container in _containers(pod)
            if args.container in ("", container)
        ]
        if pods and not wanted:
            names = ", ".join(_containers(pods[0]))
            raise Invalid(f"There is no container called {args.container}.", hint=f"There are: {names}.")
        namespace = working_namespace(args.namespace, scope)
        if args.merge or args.fold or args.regex:
            return await _merged(args, target, namespace, wanted)

        async def one(pod: str, container: str) -> ContainerLog:
            try:
                lines = await read_log(
                    target.cluster,
                    namespace,
                    pod,
                    container,
                    previous=args.previous,
                    tail=args.tail,
                    since=args.since,
                    grep=args.grep,
                )
            except ToolError as error:
                if len(wanted) == 1:
                    raise
                return ContainerLog(pod=pod, container=container, error=str(error))
            return ContainerLog(pod=pod, container=container, lines=lines)

        logs = await asyncio.gather(*(one(*entry) for entry in wanted[:MOST_LOGS]))
        return LogsOutput(
            context=target.cluster.context,
            namespace=namespace,
            logs=tuple(logs),
            left_out=max(0, len(wanted) - MOST_LOGS),
        )

    async def _pods(self, args: LogsArgs, target: Target, scope: Scope) -> list[Json]:
        if args.labels:
            namespace = working_namespace(args.namespace, scope)
            found = await target.cluster.json(
                "GET",
                f"/api/v1/namespaces/{namespace}/pods",
                query={"labelSelector": args.labels, "limit": 100},
            )
            return mappings(found, "items")
        current = await target.read()
        if target.kind.resource == "pods":
            return [current]
        if not isinstance(value(current, "spec", "selector"), dict):
            raise Invalid(f"{target} has no pods to read logs of.")
        return await pods_of(target.cluster, current)


async def _merged(
    args: LogsArgs, target: Target, namespace: str, wanted: list[tuple[str, str]]
) -> LogsOutput:
    """All lines as one list: searched, put in order, repeats folded, and of that the last `tail`."""
    failed: list[ContainerLog] = []

    async def one(pod: str, container: str) -> list[WrittenLine]:
        try:
            return await read_written(
                target.cluster,
                namespace,
                pod,
                container,
                previous=args.previous,
                tail=args.tail,
                since=args.since,
                searching=bool(args.grep or args.regex or args.fold),
            )
        except ToolError as error:
            if len(wanted) == 1:
                raise
            failed.append(ContainerLog(pod=pod, container=container, error=str(error)))
            return []

    logs = await asyncio.gather(*(one(*entry) for entry in wanted[:MOST_LOGS]))
    needle = args.grep.casefold()
    lines = [line for line in in_order(logs) if needle in line.text.casefold()]
    if args.regex:
        lines = await searched(lines, args.regex)
    if args.fold:
        lines = await asyncio.to_thread(folded, lines)
    return LogsOutput(
        context=target.cluster.context,
        namespace=namespace,
        logs=tuple(failed),
        merged=tuple(lines[-args.tail :]),
        left_out=max(0, len(wanted) - MOST_LOGS),
    )


def _containers(pod: Json) -> list[str]:
    return [text(entry, "name") for entry in mappings(pod, "spec", "containers")]


def _readiness(pod: Json) -> tuple[bool, str]:
    """Those in trouble first."""
    return text(condition(pod, "Ready"), "status") == "True", text(pod, "metadata", "name")
