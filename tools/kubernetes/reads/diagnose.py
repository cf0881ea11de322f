"""kubernetes_diagnose: why something does not work, by rule and with evidence, without a model."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from tools.errors import Forbidden, NotFound, ToolError
from tools.kubernetes.fields import Json, condition, mapping, mappings, number, text
from tools.kubernetes.finding import Kind, OnClusters, Target, working_namespace
from tools.kubernetes.live.pod_logs import read_log
from tools.kubernetes.owned_objects import owned_objects
from tools.kubernetes.reads.custom_findings import custom_findings
from tools.kubernetes.reads.events import Happening, read_events
from tools.kubernetes.reads.findings import UNSCHEDULED, Evidence, Finding, PodSituation, findings_about
from tools.kubernetes.reads.looking import Looking
from tools.kubernetes.reads.node_fit import NOT_EXAMINED, NodeFit
from tools.kubernetes.reads.quotas import TIGHT, quota_lines
from tools.kubernetes.reads.workload_findings import QUOTA_USED_UP, workload_findings
from tools.kubernetes.rollout import owned_by, pods_of, replica_sets_of
from tools.tool import Arguments, OptionalNamespace, Scope, Tool

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Cluster

_WORKLOADS = ("deployments.apps", "statefulsets.apps", "daemonsets.apps", "cronjobs.batch", "jobs.batch")
_MADE_OF_PODS = ("Deployment", "StatefulSet", "DaemonSet", "Job")
_MOST_PODS = 20
_LOG_TAIL = 40
_ORDER = {"high": 0, "medium": 1, "low": 2}


class DiagnoseArgs(Arguments):
    name: Annotated[
        str,
        Field(
            max_length=253,
            pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$",
            description="Workload, pod or custom resource; empty for the whole namespace.",
        ),
    ] = ""
    kind: Annotated[Kind | None, Field(description="Its kind; found by name when left out.")] = None
    namespace: OptionalNamespace = ""
    all_namespaces: Annotated[bool, Field(description="Without a name: look through every namespace.")] = (
        False
    )


class DiagnoseOutput(BaseModel):
    """Findings, the surest first; and what was and was not looked at."""

    subject: str
    context: str
    summary: str
    findings: tuple[Finding, ...]
    checked: tuple[str, ...]
    not_checked: tuple[str, ...]


class KubernetesDiagnose(OnClusters, Tool[DiagnoseArgs, DiagnoseOutput]):
    """Explains a workload, a pod or a namespace in trouble."""

    name = "kubernetes_diagnose"
    summary = (
        "Find out by rule why a workload, pod or namespace is in trouble; every cause with its evidence."
    )
    Args = DiagnoseArgs
    Output = DiagnoseOutput
    timeout = 60.0

    async def run(self, args: DiagnoseArgs, scope: Scope) -> DiagnoseOutput:
        cluster = await self._clusters.cluster(scope.context)
        everywhere = args.all_namespaces and not args.name
        namespace = "" if everywhere else working_namespace(args.namespace, scope)
        case = _Case(cluster, namespace)
        if not args.name:
            subject = f"namespace {namespace}" if namespace else f"all namespaces of {cluster.context}"
            await case.gather_namespace()
        else:
            target, current = await self._find(args, scope, cluster, namespace)
            subject, case.namespace = str(target), target.namespace
            await case.gather(target, current)
        findings = await case.findings()
        return DiagnoseOutput(
            subject=subject,
            context=cluster.context,
            summary=_summary(subject, findings),
            findings=findings,
            checked=tuple(case.checked),
            not_checked=tuple(case.not_checked),
        )

    async def _find(
        self, args: DiagnoseArgs, scope: Scope, cluster: Cluster, namespace: str
    ) -> tuple[Target, Json]:
        """The object of that name: of the kind given, else a workload, else a pod; elsewhere if it must be."""
        if args.kind:
            target = await self.target(args.kind, args.name, args.namespace, scope)
            return target, {**await target.read(), "kind": target.kind.kind}
        places = [namespace] if args.namespace or scope.namespace else [namespace, ""]
        for place in places:
            found = await asyncio.gather(
                *(_named(cluster, word, place, args.name) for word in (*_WORKLOADS, "pods"))
            )
            for hits in found:
                if len(hits) == 1:
                    return hits[0]
                if hits:
                    where = ", ".join(target.namespace for target, _ in hits)
                    raise NotFound(
                        f"{args.name} exists in several namespaces.", hint=f"Choose one of {where}."
                    )
        word = await cluster.kinds.resolve("deployments.apps")
        await Target(cluster, word, namespace, args.name).read()  # raises, with near names
        raise NotFound(f"There is nothing called {args.name} in {namespace}.")


async def _named(cluster: Cluster, word: str, namespace: str, name: str) -> list[tuple[Target, Json]]:
    kind = await cluster.kinds.resolve(word)
    query = {"fieldSelector": f"metadata.name={name}"}
    try:
        found = await cluster.json("GET", kind.path(namespace), query=query)
    except Forbidden:
        return []
    return [
        (Target(cluster, kind, text(entry, "metadata", "namespace"), name), {**entry, "kind": kind.kind})
        for entry in mappings(found, "items")
    ]


class _Case:
    """What was gathered, and a list of what could not be."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self.namespace = namespace
        self._workloads: list[tuple[Json, tuple[str, ...]]] = []
        """Each with the uids of the ReplicaSets or Jobs below it."""
        self._pods: list[Json] = []
        self._custom: Json | None = None
        self._owned: list[Json] = []
        self.checked: list[str] = []
        self.not_checked: list[str] = ["traffic, metrics and anything outside the cluster"]

    async def gather(self, target: Target, current: Json) -> None:
        kind = target.kind.native
        if target.kind.custom:
            await self._gather_custom(target, current)
            return
        if kind == "Pod":
            self._pods = [current]
            return
        below: list[str] = []
        if kind == "Deployment":
            below = [
                text(entry, "metadata", "uid") for entry in await replica_sets_of(self._cluster, current)
            ]
        if kind == "CronJob":
            jobs = await self._cluster.json("GET", f"/apis/batch/v1/namespaces/{target.namespace}/jobs")
            uid = text(current, "metadata", "uid")
            for job in mappings(jobs, "items"):
                if owned_by(job, uid):
                    self._workloads.append(({**job, "kind": "Job"}, ()))
                    self._pods += await pods_of(self._cluster, job)
        else:
            self._pods = await pods_of(self._cluster, current)
        self._workloads.append((current, tuple(below)))

    async def _gather_custom(self, target: Target, current: Json) -> None:
        """A custom resource, and the workloads its operator made for it."""
        owned, unseen = await owned_objects(target, current)
        self._custom, self._owned = current, owned
        self.not_checked += unseen
        self.checked.append(f"{target}: conditions, status, warnings, {len(owned)} owned objects")
        for entry in owned:
            if text(entry, "kind") in _MADE_OF_PODS:
                self._workloads.append((entry, ()))
                self._pods += await pods_of(self._cluster, entry)
            elif text(entry, "kind") == "Pod":
                self._pods.append(entry)

    async def gather_namespace(self) -> None:
        listed = await asyncio.gather(*(self._list(word) for word in ("pods", *_WORKLOADS)))
        self._pods = listed[0]
        self._workloads = [(entry, ()) for objects in listed[1:] for entry in objects]

    async def findings(self) -> tuple[Finding, ...]:
        events = await self._events()
        troubled = sorted(self._pods, key=_well)
        if len(troubled) > _MOST_PODS:
            self.not_checked.append(f"{len(troubled) - _MOST_PODS} more pods, which looked better than these")
        situations = [
            PodSituation(pod, tuple(entry for entry in events if _about(entry, pod)))
            for pod in troubled[:_MOST_PODS]
        ]
        situations = list(await asyncio.gather(*(self._with_logs(situation) for situation in situations)))
        found: list[Finding] = []
        if self._custom is not None:
            uid = text(self._custom, "metadata", "uid")
            said = tuple(entry for entry in events if entry.uid == uid)
            found += custom_findings(self._custom, said, self._owned)
        for workload, below in self._workloads:
            uids = (text(workload, "metadata", "uid"), *below)
            said = tuple(entry for entry in events if entry.uid in uids)
            found += _placed(workload_findings(workload, said, len(self._pods)), workload)
        looking = Looking(self._cluster)
        found = await self._with_quotas(found, looking)
        fit: NodeFit | None = None
        for situation in situations:
            own = findings_about(situation)
            if any(entry.cause.startswith(UNSCHEDULED) for entry in own):
                if fit is None:
                    fit = NodeFit(looking)
                    await fit.read(self.namespace)
                    self.checked.append(
                        "nodes: cordons, taints, labels, free room, affinities, spreading; claims of waiting pods"
                    )
                    self.not_checked.append(NOT_EXAMINED)
                evidence = fit.evidence(situation.pod)
                own = [
                    _with(entry, evidence) if entry.cause.startswith(UNSCHEDULED) else entry for entry in own
                ]
            found += _placed(own, situation.pod)
        self.not_checked += looking.unseen
        self.checked += [
            f"{len(self._workloads)} workloads: conditions, rollout, creation of pods",
            f"{len(situations)} pods: phase, scheduling, container states, exit codes, probes",
            f"{len(events)} events of {self.namespace or 'all namespaces'}",
            f"the logs of {sum(len(entry.logs) for entry in situations)} failing containers",
        ]
        return _joined(found)

    async def _with_quotas(self, found: list[Finding], looking: Looking) -> list[Finding]:
        """Where a quota refuses pods, how full the quotas are."""
        if not any(QUOTA_USED_UP in entry.cause for entry in found):
            return found
        lines = quota_lines(await looking.objects("resourcequotas", self.namespace))
        full = [
            Evidence(
                what="quota",
                quote=f"{line.resource}: {line.used} of {line.hard} used",
                object=f"resourcequota/{line.quota}",
            )
            for line in lines
            if line.percent is None or line.percent >= TIGHT
        ]
        return [_with(entry, full) if QUOTA_USED_UP in entry.cause else entry for entry in found]

    async def _list(self, word: str) -> list[Json]:
        kind = await self._cluster.kinds.resolve(word)
        try:
            found = await self._cluster.json("GET", kind.path(self.namespace), query={"limit": 500})
        except Forbidden:
            self.not_checked.append(f"{kind.plural}: not allowed to list them")
            return []
        return [{**entry, "kind": kind.kind} for entry in mappings(found, "items")]

    async def _events(self) -> list[Happening]:
        try:
            return await read_events(self._cluster, self.namespace)
        except ToolError as error:
            self.not_checked.append(f"events: {error.message}")
            return []

    async def _with_logs(self, situation: PodSituation) -> PodSituation:
        logs: dict[str, tuple[str, ...]] = {}
        pod = text(situation.pod, "metadata", "name")
        namespace = text(situation.pod, "metadata", "namespace")
        statuses = mappings(situation.pod, "status", "initContainerStatuses")
        for status in statuses + mappings(situation.pod, "status", "containerStatuses"):
            container = text(status, "name")
            ended_now = bool(mapping(status, "state", "terminated"))
            ended_before = bool(mapping(status, "lastState", "terminated"))
            if not ended_before and not (ended_now and number(status, "state", "terminated", "exitCode")):
                continue
            try:
                logs[container] = await read_log(
                    self._cluster, namespace, pod, container, previous=not ended_now, tail=_LOG_TAIL
                )
            except ToolError as error:
                self.not_checked.append(f"the log of container {container} in pod {pod}: {error.message}")
        return replace(situation, logs=logs)


def _placed(findings: list[Finding], about: Json) -> list[Finding]:
    namespace = text(about, "metadata", "namespace")
    return [finding.model_copy(update={"namespace": namespace}) for finding in findings]


def _with(finding: Finding, more: list[Evidence]) -> Finding:
    return finding.model_copy(update={"evidence": (*finding.evidence, *more)})


def _about(event: Happening, pod: Json) -> bool:
    uid = text(pod, "metadata", "uid")
    return event.uid == uid if event.uid else event.object == f"pod/{text(pod, 'metadata', 'name')}"


def _well(pod: Json) -> tuple[bool, int, str]:
    """Sorts the pods that need a look to the front."""
    ready = text(condition(pod, "Ready"), "status") == "True" or text(pod, "status", "phase") == "Succeeded"
    restarts = sum(number(entry, "restartCount") for entry in mappings(pod, "status", "containerStatuses"))
    return ready, -restarts, text(pod, "metadata", "name")


def _joined(findings: list[Finding]) -> tuple[Finding, ...]:
    """One finding per cause, the surest first, the other objects named beside it."""
    joined: dict[str, Finding] = {}
    for finding in findings:
        known = joined.get(finding.cause)
        if known is None:
            joined[finding.cause] = finding
        elif finding.object != known.object and finding.object not in known.also:
            joined[finding.cause] = known.model_copy(update={"also": (*known.also, finding.object)})
    # A stuck rollout is the consequence of what ails its pods, so pods come first among equals.
    return tuple(
        sorted(
            joined.values(), key=lambda entry: (_ORDER[entry.confidence], not entry.object.startswith("pod/"))
        )
    )


def _summary(subject: str, findings: tuple[Finding, ...]) -> str:
    if not findings:
        return f"No problem found with {subject}."
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return f"{subject}: {findings[0].cause}{more}"
