"""kubernetes_autoscaling: HorizontalPodAutoscalers, what they measure, and why they do not scale."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from tools.kubernetes.fields import Json, condition, mapping, mappings, number, text
from tools.kubernetes.finding import OnClusters, working_namespace
from tools.kubernetes.plain_text import plain
from tools.kubernetes.reads.events import moment
from tools.kubernetes.reads.looking import Looking
from tools.tool import Arguments, OptionalNamespace, Scope, Tool

AUTOSCALERS = "horizontalpodautoscalers.autoscaling"


class AutoscalingArgs(Arguments):
    name: Annotated[
        str,
        Field(
            max_length=253,
            pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$",
            description="One autoscaler, or the workload it scales; empty for all of the namespace.",
        ),
    ] = ""
    namespace: OptionalNamespace = ""
    all_namespaces: bool = False


class Measured(BaseModel):
    """One metric: what it is now and what it should be."""

    metric: str
    now: str
    """`unknown` when nobody measures it."""
    target: str


class Autoscaler(BaseModel):
    name: str
    namespace: str
    scales: str
    """`deployment/web`."""
    minimum: int
    maximum: int
    now: int
    wanted: int
    last_scaled: datetime | None
    metrics: tuple[Measured, ...]
    conditions: tuple[str, ...]
    why: tuple[str, ...]
    """Why it does not scale, or not further; empty when nothing holds it."""


class AutoscalingOutput(BaseModel):
    context: str
    namespace: str
    autoscalers: tuple[Autoscaler, ...]
    unseen: tuple[str, ...] = ()


class KubernetesAutoscaling(OnClusters, Tool[AutoscalingArgs, AutoscalingOutput]):
    """Reads HorizontalPodAutoscalers and explains them."""

    name = "kubernetes_autoscaling"
    summary = (
        "HorizontalPodAutoscalers: replicas, metrics against targets, conditions, and why one does not scale."
    )
    Args = AutoscalingArgs
    Output = AutoscalingOutput

    async def run(self, args: AutoscalingArgs, scope: Scope) -> AutoscalingOutput:
        cluster = await self._clusters.cluster(scope.context)
        everywhere = args.all_namespaces and not args.name
        namespace = "" if everywhere else working_namespace(args.namespace, scope)
        looking = Looking(cluster)
        listed = await looking.objects(AUTOSCALERS, namespace)
        if args.name:
            meant = [entry for entry in listed if args.name in (_name(entry), _target(entry))]
            if not meant and not looking.blind(AUTOSCALERS):
                target = await self.target(AUTOSCALERS, args.name, args.namespace, scope)
                meant = [await target.read()]  # raises, with near names
            listed = meant
        return AutoscalingOutput(
            context=cluster.context,
            namespace=namespace,
            autoscalers=tuple(autoscaler(entry) for entry in listed),
            unseen=tuple(looking.unseen),
        )


def autoscaler(obj: Json) -> Autoscaler:
    """What one HorizontalPodAutoscaler (autoscaling/v2) says."""
    spec, status = mapping(obj, "spec"), mapping(obj, "status")
    return Autoscaler(
        name=_name(obj),
        namespace=text(obj, "metadata", "namespace"),
        scales=f"{text(spec, 'scaleTargetRef', 'kind').lower()}/{_target(obj)}",
        minimum=number(spec, "minReplicas", default=1),
        maximum=number(spec, "maxReplicas"),
        now=number(status, "currentReplicas"),
        wanted=number(status, "desiredReplicas"),
        last_scaled=moment(text(status, "lastScaleTime")),
        metrics=tuple(_measured(obj)),
        conditions=tuple(
            plain(
                f"{text(entry, 'type')} {text(entry, 'status')}: {text(entry, 'reason')}, {text(entry, 'message')}"
            )
            for entry in mappings(status, "conditions")
        ),
        why=tuple(plain(sentence) for sentence in _why(obj)),
    )


def _why(obj: Json) -> list[str]:
    spec, status = mapping(obj, "spec"), mapping(obj, "status")
    now, maximum = number(status, "currentReplicas"), number(spec, "maxReplicas")
    found = []
    if not mappings(status, "conditions"):
        return ["The controller has not looked at it yet."]
    able, active = condition(obj, "AbleToScale"), condition(obj, "ScalingActive")
    limited = condition(obj, "ScalingLimited")
    if text(able, "status") == "False":
        found.append(f"It cannot scale its target: {text(able, 'reason')}, {text(able, 'message')}.")
    if text(active, "reason") == "ScalingDisabled" or (not now and not number(status, "desiredReplicas")):
        found.append("Its target is scaled to zero, which switches it off.")
    elif text(active, "status") == "False":
        found.append(f"It cannot measure: {text(active, 'reason')}, {text(active, 'message')}.")
        if "request" in text(active, "message"):
            found.append("A percentage needs requests: some container of the target states none.")
    if text(limited, "status") == "True":
        found.append(f"Its bounds hold it back: {text(limited, 'reason')}, {text(limited, 'message')}.")
    elif maximum and now >= maximum:
        found.append(f"It is at its maximum of {maximum}.")
    if "ScaleDownStabilized" in text(able, "reason"):
        found.append("It waits before scaling down, so as not to swing.")
    if number(spec, "minReplicas", default=1) == maximum:
        found.append("Minimum and maximum are the same, so it never scales.")
    return found


def _measured(obj: Json) -> list[Measured]:
    current = {_metric(entry): entry for entry in mappings(obj, "status", "currentMetrics")}
    found = []
    for entry in mappings(obj, "spec", "metrics"):
        inside = _inside(entry)
        now = _inside(current.get(_metric(entry), {}))
        found.append(
            Measured(
                metric=plain(_metric(entry)),
                now=_said(mapping(now, "current")) or "unknown",
                target=_said(mapping(inside, "target")),
            )
        )
    return found


def _inside(metric: Json) -> Json:
    kind = text(metric, "type")
    return mapping(metric, kind[:1].lower() + kind[1:])


def _metric(metric: Json) -> str:
    inside = _inside(metric)
    name = text(inside, "name") or text(inside, "metric", "name")
    about = text(inside, "describedObject", "name") or text(inside, "container")
    return f"{text(metric, 'type')} {name}{f' of {about}' if about else ''}"


def _said(target: Json) -> str:
    share = text(target, "averageUtilization")
    return f"{share} %" if share else text(target, "averageValue") or text(target, "value")


def _target(obj: Json) -> str:
    return text(obj, "spec", "scaleTargetRef", "name")


def _name(obj: Json) -> str:
    return text(obj, "metadata", "name")
