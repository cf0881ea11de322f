"""kubernetes_service_path: the way of a request through a Service to its pods, and where it is blocked."""

from __future__ import annotations

from pydantic import BaseModel

from tools.kubernetes.fields import Json, condition, mapping, mappings, strings, text
from tools.kubernetes.finding import OnClusters
from tools.kubernetes.plain_text import plain
from tools.kubernetes.reads.findings import Finding
from tools.kubernetes.reads.looking import Looking
from tools.kubernetes.reads.network_policies import PolicyView, policies_on
from tools.kubernetes.reads.service_entrances import Entrance, entrances
from tools.kubernetes.reads.service_findings import ServiceSituation, service_findings
from tools.kubernetes.rollout import pod_trouble
from tools.tool import Arguments, Name, OptionalNamespace, Scope, Tool

_SLICE_LABEL = "kubernetes.io/service-name"


class ServicePathArgs(Arguments):
    name: Name
    namespace: OptionalNamespace = ""


class ServicePort(BaseModel):
    name: str
    port: int
    target: str
    """Port number, or the name of a container's port."""
    protocol: str
    node_port: int = 0


class BehindPod(BaseModel):
    """A pod the selector matches, and whether it takes requests."""

    name: str
    ready: bool
    why: str = ""
    """Why it does not."""
    ip: str = ""
    node: str = ""
    in_endpoints: bool | None = None
    """Whether an endpoint slice sends requests to it; None when slices could not be read."""


class ServicePathOutput(BaseModel):
    """Outside to inside: entrances, the service, network policies, pods; and findings, the worst first."""

    target: str
    context: str
    type: str
    selector: dict[str, str]
    ports: tuple[ServicePort, ...]
    entrances: tuple[Entrance, ...]
    policies: tuple[PolicyView, ...]
    pods: tuple[BehindPod, ...]
    ready_endpoints: int
    not_ready_endpoints: int
    findings: tuple[Finding, ...]
    unseen: tuple[str, ...] = ()


class KubernetesServicePath(OnClusters, Tool[ServicePathArgs, ServicePathOutput]):
    """Follows a Service from the Ingresses and routes that lead to it down to its pods."""

    name = "kubernetes_service_path"
    summary = (
        "Follow a Service: ingresses and gateways, ports, endpoints, pods ready or not and why,"
        " network policies; findings say where requests get stuck."
    )
    Args = ServicePathArgs
    Output = ServicePathOutput

    async def run(self, args: ServicePathArgs, scope: Scope) -> ServicePathOutput:
        target = await self.target("services", args.name, args.namespace, scope)
        service = await target.read()
        looking = Looking(target.cluster)
        selector = strings(service, "spec", "selector")
        slices = await looking.objects(
            "endpointslices.discovery.k8s.io", target.namespace, labels=f"{_SLICE_LABEL}={target.name}"
        )
        everybody = await looking.objects("pods", target.namespace)
        alive = [pod for pod in everybody if text(pod, "status", "phase") not in ("Succeeded", "Failed")]
        chosen = [
            pod
            for pod in alive
            if selector and selector.items() <= strings(pod, "metadata", "labels").items()
        ]
        policies = await policies_on(looking, target.namespace, chosen)
        ways_in = await entrances(looking, service, target.namespace)
        situation = ServiceSituation(
            service=service,
            slices=slices,
            pods=chosen,
            others=[pod for pod in alive if pod not in chosen],
            policies=policies,
            entrances=ways_in,
            pods_seen=not looking.blind("pods"),
            slices_seen=not looking.blind("endpointslices.discovery.k8s.io"),
        )
        ready, waiting = situation.endpoint_counts()
        return ServicePathOutput(
            target=str(target),
            context=target.cluster.context,
            type=text(service, "spec", "type") or "ClusterIP",
            selector=selector,
            ports=tuple(_port(entry) for entry in mappings(service, "spec", "ports")),
            entrances=tuple(ways_in),
            policies=tuple(policies),
            pods=tuple(_pod(pod, situation) for pod in chosen),
            ready_endpoints=ready,
            not_ready_endpoints=waiting,
            findings=tuple(service_findings(situation)),
            unseen=tuple(looking.unseen),
        )


def _port(port: Json) -> ServicePort:
    number = _whole(port, "port")
    return ServicePort(
        name=text(port, "name"),
        port=number,
        target=text(port, "targetPort") or str(number),
        protocol=text(port, "protocol") or "TCP",
        node_port=_whole(port, "nodePort"),
    )


def _whole(port: Json, key: str) -> int:
    found = port.get(key)
    return found if isinstance(found, int) else 0


def _pod(pod: Json, situation: ServiceSituation) -> BehindPod:
    ready = text(condition(pod, "Ready"), "status") == "True"
    leaving = bool(text(pod, "metadata", "deletionTimestamp"))
    why = "it is being deleted" if leaving else "" if ready else pod_trouble(pod)[0]
    name = text(pod, "metadata", "name")
    return BehindPod(
        name=name,
        ready=ready and not leaving,
        why=plain(why),
        ip=text(mapping(pod, "status"), "podIP"),
        node=text(pod, "spec", "nodeName"),
        in_endpoints=name in situation.served() if situation.slices_seen else None,
    )
