"""The network policies that hold for pods, in words."""

from __future__ import annotations

from pydantic import BaseModel, JsonValue

from tools.kubernetes.fields import Json, mapping, mappings, strings, text, value
from tools.kubernetes.plain_text import plain
from tools.kubernetes.reads.looking import Looking
from tools.kubernetes.rollout import selector_text
from tools.kubernetes.selecting import matches


class PolicyView(BaseModel):
    """One NetworkPolicy that selects at least one of the pods."""

    name: str
    pods: int
    """How many of them it selects."""
    ingress: bool
    """Whether it limits what may come in; whatever no policy allows is then dropped."""
    allows: tuple[str, ...] = ()
    """What may come in, a sentence for each rule; empty with `ingress` means nothing may."""
    ports: tuple[str, ...] | None = None
    """Ports that may be reached, numbers or names; None when some rule opens all of them."""


async def policies_on(looking: Looking, namespace: str, pods: list[Json]) -> list[PolicyView]:
    """The policies of the namespace that select any of the pods."""
    found = []
    for policy in await looking.objects("networkpolicies.networking.k8s.io", namespace):
        selector = mapping(policy, "spec", "podSelector")
        chosen = sum(matches(selector, strings(pod, "metadata", "labels")) for pod in pods)
        if chosen:
            found.append(_view(policy, chosen))
    return found


def _view(policy: Json, pods: int) -> PolicyView:
    types = value(policy, "spec", "policyTypes")
    rules = mappings(policy, "spec", "ingress")
    limits = "Ingress" in types if isinstance(types, list) else True
    open_to_all = any(not mappings(rule, "ports") for rule in rules)
    ports = tuple(_port(entry) for rule in rules for entry in mappings(rule, "ports"))
    return PolicyView(
        name=text(policy, "metadata", "name"),
        pods=pods,
        ingress=limits,
        allows=tuple(plain(_rule(rule)) for rule in rules) if limits else (),
        ports=None if open_to_all or not limits else ports,
    )


def _rule(rule: Json) -> str:
    ports = ", ".join(_port(entry) for entry in mappings(rule, "ports")) or "all ports"
    peers = [_peer(entry) for entry in mappings(rule, "from")]
    return f"{ports} from {' or '.join(peers) if peers else 'everywhere'}"


def _port(port: Json) -> str:
    start = text(port, "port")
    end = text(port, "endPort")
    return f"{start}-{end}" if end else start or f"any {text(port, 'protocol') or 'TCP'} port"


def _peer(peer: Json) -> str:
    if block := mapping(peer, "ipBlock"):
        return f"addresses {text(block, 'cidr')}"
    pods = _chosen("pods", peer.get("podSelector"))
    if "namespaceSelector" not in peer:
        return f"{pods} of this namespace"
    return f"{pods} of {_chosen('namespaces', peer.get('namespaceSelector'))}"


def _chosen(what: str, selector: JsonValue) -> str:
    words = selector_text(selector)
    return f"{what} with {words}" if words else f"all {what}"
