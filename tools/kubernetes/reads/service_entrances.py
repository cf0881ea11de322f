"""What leads to a Service from outside: Ingresses, Gateway API routes, load balancers, node ports."""

from __future__ import annotations

from pydantic import BaseModel, JsonValue

from tools.kubernetes.fields import Json, mapping, mappings, number, text, value
from tools.kubernetes.plain_text import plain
from tools.kubernetes.reads.looking import Looking

_ROUTES = ("httproutes", "grpcroutes", "tcproutes", "tlsroutes", "udproutes")
_GATEWAY = "gateway.networking.k8s.io"


class Entrance(BaseModel):
    """One way in: an Ingress or route with the hosts and paths it takes, or the service's own opening."""

    object: str
    takes: tuple[str, ...]
    """Hosts with paths."""
    port: str = ""
    """The service's port it asks for, number or name; empty when it does not say."""
    address: str = ""
    """Where it can be reached; empty when nobody gave it an address."""
    problems: tuple[str, ...] = ()


async def entrances(looking: Looking, service: Json, namespace: str) -> list[Entrance]:
    """Every way in that can be seen."""
    name = text(service, "metadata", "name")
    found = _own(service)
    ingresses = await looking.objects("ingresses.networking.k8s.io", namespace)
    leading = [entry for entry in ingresses if _backends(entry, name)]
    classes = (
        [
            text(entry, "metadata", "name")
            for entry in await looking.objects("ingressclasses.networking.k8s.io")
        ]
        if leading
        else []
    )
    seen = not looking.blind("ingressclasses.networking.k8s.io")
    found += [_ingress(entry, name, classes if seen else None) for entry in leading]
    for plural in _ROUTES:
        for route in await looking.objects(f"{plural}.{_GATEWAY}"):
            found += _route(route, name, namespace)
    return found


def _own(service: Json) -> list[Entrance]:
    kind = text(service, "spec", "type")
    if kind not in ("LoadBalancer", "NodePort"):
        return []
    balancer = mappings(service, "status", "loadBalancer", "ingress")
    address = ", ".join(text(entry, "hostname") or text(entry, "ip") for entry in balancer)
    ports = [
        str(number(port, "nodePort")) for port in mappings(service, "spec", "ports") if port.get("nodePort")
    ]
    if kind == "NodePort":
        return [
            Entrance(
                object="node port", takes=(f"port {', '.join(ports)} of every node",), address="every node"
            )
        ]
    missing = () if address else ("the load balancer has no address yet",)
    return [
        Entrance(object="load balancer", takes=("every request",), address=plain(address), problems=missing)
    ]


def _backends(ingress: Json, service: str) -> list[tuple[str, Json]]:
    """(host and path, backend service) of an Ingress that name the service."""
    pairs = [("everything else", mapping(ingress, "spec", "defaultBackend", "service"))]
    for rule in mappings(ingress, "spec", "rules"):
        host = text(rule, "host") or "any host"
        pairs += [
            (f"{host}{text(path, 'path') or '/'}", mapping(path, "backend", "service"))
            for path in mappings(rule, "http", "paths")
        ]
    return [(takes, backend) for takes, backend in pairs if text(backend, "name") == service]


def _ingress(ingress: Json, service: str, classes: list[str] | None) -> Entrance:
    pairs = _backends(ingress, service)
    backend = pairs[0][1]
    balancer = mappings(ingress, "status", "loadBalancer", "ingress")
    address = ", ".join(text(entry, "hostname") or text(entry, "ip") for entry in balancer)
    wanted = text(ingress, "spec", "ingressClassName")
    problems = []
    if wanted and classes is not None and wanted not in classes:
        problems.append(f"there is no ingress class {wanted}")
    if not address:
        problems.append("no controller gave it an address")
    return Entrance(
        object=f"ingress/{text(ingress, 'metadata', 'name')}",
        takes=tuple(plain(takes) for takes, _ in pairs),
        port=text(backend, "port", "number") or text(backend, "port", "name"),
        address=plain(address),
        problems=tuple(problems),
    )


def _route(route: Json, service: str, namespace: str) -> list[Entrance]:
    home = text(route, "metadata", "namespace")
    references = [
        reference
        for rule in mappings(route, "spec", "rules")
        for reference in mappings(rule, "backendRefs")
        if text(reference, "name") == service
        and (text(reference, "kind") or "Service") == "Service"
        and (text(reference, "namespace") or home) == namespace
    ]
    if not references:
        return []
    parents = mappings(route, "status", "parents")
    problems = [
        f"{text(entry, 'type')} at gateway {text(parent, 'parentRef', 'name')} is {text(entry, 'status')}:"
        f" {text(entry, 'reason')} {text(entry, 'message')}".strip()
        for parent in parents
        for entry in mappings(parent, "conditions")
        if text(entry, "type") in ("Accepted", "ResolvedRefs") and text(entry, "status") != "True"
    ]
    gateways = ", ".join(text(entry, "name") for entry in mappings(route, "spec", "parentRefs"))
    if not parents:
        problems.append("no gateway has accepted it")
    return [
        Entrance(
            object=f"{text(route, 'kind').lower()}/{text(route, 'metadata', 'name')} in {home}",
            takes=_hosts(value(route, "spec", "hostnames")),
            port=text(references[0], "port"),
            address=plain(f"gateway {gateways}" if gateways else ""),
            problems=tuple(plain(entry) for entry in problems),
        )
    ]


def _hosts(hostnames: JsonValue) -> tuple[str, ...]:
    found = (
        [plain(entry) for entry in hostnames if isinstance(entry, str)] if isinstance(hostnames, list) else []
    )
    return tuple(found) or ("any host",)
