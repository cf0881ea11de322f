"""One job for every tool: where it is done, with which arguments, and how the world shows that it is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import JsonValue

from tests.scenarios.faults import scenery
from tests.scenarios.faults.scenery import ANY, Arrival, Fact, Place, complete, config_map, dig
from tests.scenarios.faults.stage import Json, Stage
from tools.sandbox.faults import Fault, Match

Args = dict[str, JsonValue]
Scene = Callable[[Stage, Place], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Job:
    """What one tool is asked to do.

    Attributes:
        verb: of the requests that change something.
        facts: what is so in the world once it is done.
        meddle: what somebody else changes meanwhile on the same object: its address, and a merge patch.
        partly: a fault that lets only a part of the effect arrive.
        workload: a Deployment whose rollout has to be over before anybody may speak of success.
    """

    tool: str
    scene: Scene
    args: Args
    verb: str = "patch"
    facts: tuple[Fact, ...] = ()
    meddle: tuple[str, str, Json] | None = None
    partly: Fault | None = None
    partly_args: Args | None = None
    workload: str = ""

    @property
    def writes(self) -> bool:
        return bool(self.facts)

    def arguments(self, place: Place, *, partly: bool = False) -> Args:
        """The arguments, at this place."""
        args = self.partly_args if partly and self.partly_args is not None else self.args
        return {
            key: entry.format(node=place.node, namespace=place.namespace) if isinstance(entry, str) else entry
            for key, entry in args.items()
        }

    async def arrived(self, stage: Stage, place: Place) -> Arrival:
        """How much of the change is in the world, asked there directly."""
        seen = [await fact.holds(stage, place) for fact in self.facts]
        return Arrival.ALL if all(seen) else Arrival.PART if any(seen) else Arrival.NONE

    async def unfinished(self, stage: Stage, place: Place) -> str:
        """Why nobody may speak of success yet, or nothing."""
        if self.workload:
            found = await stage.ask("GET", place.path("deployments", self.workload))
            if found is None or not complete(found):
                return f"the rollout of {self.workload} is not over"
        return ""


_TEMPLATE = ("spec", "template", "spec", "containers", 0)
_NOTE: Json = {"metadata": {"labels": {"touched-by": "somebody-else"}}}


def _web(field: tuple[str | int, ...], wanted: JsonValue) -> Fact:
    return Fact("deployments", "web", field, wanted)


def _conf(field: tuple[str | int, ...], wanted: JsonValue, name: str = "conf") -> Fact:
    return Fact("configmaps", name, field, wanted)


def _node(field: tuple[str | int, ...], wanted: JsonValue) -> Fact:
    return Fact("nodes", "{node}", field, wanted)


def _touch(resource: str, name: str) -> tuple[str, str, Json]:
    return (resource, name, _NOTE)


def _losing(*paths: str) -> Fault:
    return Fault(match=Match(dry_run=False), drop=paths)


_ON_WEB = _touch("deployments", "web")
_ON_CONF = _touch("configmaps", "conf")
_ON_NODE = _touch("nodes", "{node}")
_ON_NIGHTLY = _touch("cronjobs", "nightly")
_NEVER_READY = "registry.shop.example/shop/recommendations:0.9.5"
_SECOND_FAILS = Fault(match=Match(dry_run=False), skip=1, status=500)
_OTHERS_GO = {"mode": "fast", "size": "2"}

WRITES: tuple[Job, ...] = (
    Job(
        "kubernetes_scale", scenery.web, {"name": "web", "replicas": 3},
        facts=(_web(("spec", "replicas"), 3),),
        meddle=("deployments", "web", {"spec": {"replicas": 5}}), workload="web",
    ),
    Job(
        "kubernetes_restart", scenery.web, {"name": "web"},
        facts=(_web(("spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt"), ANY),),
        meddle=_ON_WEB, workload="web",
    ),
    Job(
        "kubernetes_set_image", scenery.web, {"name": "web", "image": "web:2"},
        facts=(_web((*_TEMPLATE, "image"), "web:2"),),
        meddle=_ON_WEB, workload="web",
    ),
    Job(
        "kubernetes_roll_back", scenery.two_revisions, {"name": "web"},
        facts=(_web((*_TEMPLATE, "image"), "web:1"),), meddle=_ON_WEB, workload="web",
    ),
    Job(
        "kubernetes_set_env", scenery.web, {"name": "web", "set": {"MODE": "fast"}},
        facts=(_web((*_TEMPLATE, "env", 0, "value"), "fast"),), meddle=_ON_WEB, workload="web",
    ),
    Job(
        "kubernetes_set_resources", scenery.web, {"name": "web", "requests": {"memory": "64Mi"}},
        facts=(_web((*_TEMPLATE, "resources", "requests", "memory"), "64Mi"),),
        meddle=_ON_WEB, workload="web",
    ),
    Job(
        "kubernetes_pause", scenery.web, {"name": "web"},
        facts=(_web(("spec", "paused"), True),), meddle=_ON_WEB,
    ),
    Job(
        "kubernetes_resume", scenery.paused, {"name": "web"},
        facts=(_web(("spec", "paused"), None),), meddle=_ON_WEB, workload="web",
    ),
    Job(
        "kubernetes_suspend_cronjob", scenery.nightly, {"name": "nightly"},
        facts=(Fact("cronjobs", "nightly", ("spec", "suspend"), True),), meddle=_ON_NIGHTLY,
    ),
    Job(
        "kubernetes_resume_cronjob", scenery.nightly_asleep, {"name": "nightly"},
        facts=(Fact("cronjobs", "nightly", ("spec", "suspend"), False),), meddle=_ON_NIGHTLY,
    ),
    Job(
        "kubernetes_trigger_cronjob", scenery.nightly, {"name": "nightly"}, verb="create",
        facts=(Fact("jobs", "nightly-manual-1", ("metadata", "name"), ANY),),
    ),
    Job(
        "kubernetes_label", scenery.conf, {"kind": "configmap", "name": "conf", "set": {"a": "1", "b": "2"}},
        facts=(_conf(("metadata", "labels", "a"), "1"), _conf(("metadata", "labels", "b"), "2")),
        meddle=_ON_CONF, partly=_losing("metadata.labels.b"),
    ),
    Job(
        "kubernetes_annotate", scenery.conf, {"kind": "configmap", "name": "conf", "set": {"a": "1", "b": "2"}},
        facts=(_conf(("metadata", "annotations", "a"), "1"), _conf(("metadata", "annotations", "b"), "2")),
        meddle=_ON_CONF, partly=_losing("metadata.annotations.b"),
    ),
    Job(
        "kubernetes_patch", scenery.conf,
        {"kind": "configmap", "name": "conf", "patch": {"data": {**_OTHERS_GO}}},
        facts=(_conf(("data", "mode"), "fast"), _conf(("data", "size"), "2")),
        meddle=_ON_CONF, partly=_losing("data.size"),
    ),
    Job(
        "kubernetes_create", scenery.conf,
        {"manifest": config_map("new", **_OTHERS_GO)}, verb="create",
        facts=(_conf(("data", "mode"), "fast", "new"), _conf(("data", "size"), "2", "new")),
        partly=_losing("data.size"),
    ),
    Job(
        "kubernetes_apply", scenery.conf, {"manifest": config_map("new", **_OTHERS_GO)},
        facts=(_conf(("data", "mode"), "fast", "new"), _conf(("data", "size"), "2", "new")),
        partly=_losing("data.size"),
    ),
    Job(
        "kubernetes_apply_all", scenery.conf,
        {"manifests": [config_map("new", mode="fast"), config_map("newer", mode="fast")]},
        facts=(_conf(("data", "mode"), "fast", "new"), _conf(("data", "mode"), "fast", "newer")),
        partly=_SECOND_FAILS,
    ),
    Job(
        "kubernetes_restore", scenery.two_confs,
        {"apply": [config_map("new", mode="fast")], "delete": [{"kind": "configmap", "name": "other"}]},
        facts=(_conf(("data", "mode"), "fast", "new"), _conf((), None, "other")),
        meddle=_touch("configmaps", "other"), partly=_SECOND_FAILS,
    ),
    Job(
        "kubernetes_delete", scenery.conf, {"kind": "configmap", "name": "conf"}, verb="delete",
        facts=(_conf((), None),), meddle=_ON_CONF,
    ),
    Job(
        "kubernetes_cordon", scenery.node, {"name": "{node}"},
        facts=(_node(("spec", "unschedulable"), True),), meddle=_ON_NODE,
    ),
    Job(
        "kubernetes_uncordon", scenery.cordoned_node, {"name": "{node}"},
        facts=(_node(("spec", "unschedulable"), None),), meddle=_ON_NODE,
    ),
    Job(
        "kubernetes_taint", scenery.node,
        {"name": "{node}", "add": [{"key": "disk", "value": "slow", "effect": "NoSchedule"}]},
        facts=(_node(("spec", "taints", 1, "key"), "disk"),), meddle=_ON_NODE,
    ),
    Job(
        "kubernetes_drain", scenery.node_with_pods, {"name": "{node}"},
        facts=(
            _node(("spec", "unschedulable"), True),
            Fact("pods", "one", (), None),
            Fact("pods", "two", (), None),
        ),
        meddle=_ON_NODE, partly=Fault(match=Match(verb="create", name="two"), status=500),
    ),
)  # fmt: skip
"""In the order of the table."""

NEVER_READY = Job(
    "kubernetes_set_image", scenery.web, {"name": "web", "image": _NEVER_READY},
    facts=(_web((*_TEMPLATE, "image"), _NEVER_READY),), workload="web",
)  # fmt: skip
"""A change that arrives and whose purpose is never reached: half of the rollout."""

READS: tuple[Job, ...] = tuple(
    Job(tool, scenery.everything, dict(args))
    for tool, args in {
        "kubernetes_list": {"kind": "pods"},
        "kubernetes_get": {"kind": "deployment", "name": "web"},
        "kubernetes_find_workloads": {"name": "web", "namespace": "{namespace}"},
        "kubernetes_describe": {"kind": "deployment", "name": "web"},
        "kubernetes_logs": {"kind": "deployment", "name": "web"},
        "kubernetes_events": {},
        "kubernetes_diagnose": {"name": "web"},
        "kubernetes_rollout_history": {"name": "web"},
        "kubernetes_compare": {"kind": "configmap", "name": "conf", "other_name": "other"},
        "kubernetes_recent_changes": {},
        "kubernetes_nodes": {"name": "{node}"},
        "kubernetes_autoscaling": {},
        "kubernetes_quotas": {},
        "kubernetes_storage": {},
        "kubernetes_service_path": {"name": "web"},
        "kubernetes_what_can_i": {},
        "kubernetes_who_can": {"verb": "delete", "resource": "pods"},
        "kubernetes_top": {},
    }.items()
)

JOBS = {job.tool: job for job in (*WRITES, *READS)}


def shape(value: object) -> object:
    """An answer without what changes from one moment to the next: its fields, and how long its lists are."""
    if isinstance(value, dict):
        return {key: shape(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [len(value)]
    return type(value).__name__


__all__ = ["JOBS", "NEVER_READY", "READS", "WRITES", "Job", "dig", "shape"]
