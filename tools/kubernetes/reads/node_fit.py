"""Why a pod fits no node: each node's obstacles, and the claims the pod waits for, with the numbers."""

from __future__ import annotations

from collections import Counter

from tools.kubernetes.fields import Json, condition, mapping, mappings, strings, text, value
from tools.kubernetes.pod_resources import Amounts, amounts, pod_amounts, summed, takes_room
from tools.kubernetes.quantity import said
from tools.kubernetes.reads.findings import Evidence
from tools.kubernetes.reads.looking import Looking
from tools.kubernetes.reads.nodes import taint_words
from tools.kubernetes.reads.pod_placement import Placement, chooses_namespaces
from tools.kubernetes.reads.storage import CLAIMS, Stock
from tools.kubernetes.selecting import requirement

NOT_EXAMINED = (
    "for waiting pods: preferred affinity (it never keeps a pod waiting), host ports, the zones of bound"
    " volumes, devices that are claimed, and schedulers other than the usual one"
)
_MOST_NODES = 8
_CORDONED: Json = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


class NodeFit:
    """The nodes and what is free on them, read once for all pods that wait."""

    def __init__(self, looking: Looking) -> None:
        self._looking = looking
        self._nodes: list[Json] = []
        self._free: dict[str, Amounts] = {}
        self._claims: dict[tuple[str, str], Json] = {}
        self._stock = Stock(looking)
        self._placement: Placement | None = None

    async def read(self, namespace: str) -> None:
        """Read nodes, everybody's pods, and the claims of a namespace (empty for all)."""
        self._nodes = await self._looking.objects("nodes")
        pods = [pod for pod in await self._looking.objects("pods") if takes_room(pod)]
        for node in self._nodes if not self._looking.blind("pods") else []:
            name = text(node, "metadata", "name")
            there = [pod for pod in pods if text(pod, "spec", "nodeName") == name]
            used = summed(pod_amounts(pod, "requests") for pod in there) | amounts({"pods": len(there)})
            has = amounts(mapping(node, "status", "allocatable"))
            self._free[name] = {
                key: found - used.get(key, amounts({"n": 0})["n"]) for key, found in has.items()
            }
        if not self._looking.blind("pods"):
            self._placement = await self._placed(pods)
        self._claims = {
            (text(entry, "metadata", "namespace"), text(entry, "metadata", "name")): entry
            for entry in await self._looking.objects(CLAIMS, namespace)
        }
        await self._stock.read(namespace)

    async def _placed(self, pods: list[Json]) -> Placement:
        namespaces = None
        if chooses_namespaces(pods):
            found = await self._looking.objects("namespaces", metadata_only=True)
            if not self._looking.blind("namespaces"):
                namespaces = {
                    text(entry, "metadata", "name"): strings(entry, "metadata", "labels") for entry in found
                }
        return Placement(self._nodes, pods, namespaces, suits, tolerates)

    def evidence(self, pod: Json) -> list[Evidence]:
        """Every node with what keeps the pod off it, nodes alike in one line; and claims that are not bound."""
        found = self._unbound(pod)
        words: dict[str, list[str]] = {}
        others = self._placement.of(pod) if self._placement is not None else _nothing
        for node in self._nodes:
            obstacles = self.obstacles(pod, node) + others(node)
            words.setdefault("; ".join(obstacles) or "nothing that can be seen keeps it off", []).append(
                text(node, "metadata", "name")
            )
        counted = Counter({quote: len(names) for quote, names in words.items()})
        for quote, _ in counted.most_common(_MOST_NODES):
            names = words[quote]
            listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            found.append(Evidence(what="node fit", quote=quote, object=f"node/{listed}"))
        return found

    def obstacles(self, pod: Json, node: Json) -> list[str]:
        """What keeps the pod off this node: cordon, readiness, taints, selector, node affinity, room."""
        tolerations = mappings(pod, "spec", "tolerations")
        found = []
        if mapping(node, "spec").get("unschedulable") is True and not tolerated(_CORDONED, tolerations):
            found.append("it is cordoned")
        ready = text(condition(node, "Ready"), "status")
        if ready and ready != "True":
            found.append("it is not ready")
        for taint in mappings(node, "spec", "taints"):
            soft = text(taint, "effect") == "PreferNoSchedule" or text(taint, "key") == text(_CORDONED, "key")
            if not soft and not tolerated(taint, tolerations):
                found.append(f"its taint {taint_words(taint)} is not tolerated")
        labels = strings(node, "metadata", "labels")
        for key, wanted in sorted(strings(pod, "spec", "nodeSelector").items()):
            if labels.get(key) != wanted:
                found.append(f"the pod selects {key}={wanted}, the node has {labels.get(key, 'none')}")
        if not affine(pod, node):
            found.append("the pod's required node affinity does not match its labels")
        return found + self._short(pod, text(node, "metadata", "name"))

    def _short(self, pod: Json, node: str) -> list[str]:
        free = self._free.get(node)
        if free is None:
            return []
        wanted = pod_amounts(pod, "requests") | amounts({"pods": 1})
        return [
            f"{key}: {said(key, free[key])} free, {said(key, asked)} asked for"
            if key in free
            else f"it has no {key}"
            for key, asked in sorted(wanted.items())
            if asked > 0 and (key not in free or asked > free[key]) and key != "ephemeral-storage"
        ]

    def _unbound(self, pod: Json) -> list[Evidence]:
        found = []
        namespace = text(pod, "metadata", "namespace")
        for volume in mappings(pod, "spec", "volumes"):
            name = text(volume, "persistentVolumeClaim", "claimName")
            if not name or self._looking.blind(CLAIMS):
                continue
            claim = self._claims.get((namespace, name))
            if claim is None:
                found.append(
                    Evidence(what="claim", quote="it does not exist", object=f"persistentvolumeclaim/{name}")
                )
                continue
            seen = self._stock.claim(claim)
            if seen.phase != "Bound":
                quote = "; ".join((seen.phase, *seen.problems))
                found.append(Evidence(what="claim", quote=quote, object=f"persistentvolumeclaim/{name}"))
        return found


def _nothing(_: Json) -> list[str]:
    return []


def suits(pod: Json, node: Json) -> bool:
    """Whether a node meets what a pod says of nodes: its selector and its required node affinity."""
    labels = strings(node, "metadata", "labels")
    wanted = strings(pod, "spec", "nodeSelector")
    return all(labels.get(key) == entry for key, entry in wanted.items()) and affine(pod, node)


def tolerates(pod: Json, node: Json) -> bool:
    """Whether a pod tolerates every taint of a node that would keep it off."""
    tolerations = mappings(pod, "spec", "tolerations")
    taints = [
        taint for taint in mappings(node, "spec", "taints") if text(taint, "effect") != "PreferNoSchedule"
    ]
    return all(tolerated(taint, tolerations) for taint in taints)


def tolerated(taint: Json, tolerations: list[Json]) -> bool:
    """Whether one of the tolerations covers the taint (Kubernetes, "Taints and Tolerations")."""
    for entry in tolerations:
        if text(entry, "effect") not in ("", text(taint, "effect")):
            continue
        if text(entry, "operator") == "Exists":
            if text(entry, "key") in ("", text(taint, "key")):
                return True
        elif text(entry, "key") == text(taint, "key") and text(entry, "value") == text(taint, "value"):
            return True
    return False


def affine(pod: Json, node: Json) -> bool:
    """Whether the node meets the pod's required node affinity: any of its terms, each of them whole."""
    required = value(
        pod, "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"
    )
    if required is None:
        return True
    labels = strings(node, "metadata", "labels")
    names = {"metadata.name": text(node, "metadata", "name")}
    return any(
        (mappings(term, "matchExpressions") or mappings(term, "matchFields"))
        and all(requirement(entry, labels) for entry in mappings(term, "matchExpressions"))
        and all(requirement(entry, names) for entry in mappings(term, "matchFields"))
        for term in mappings(required, "nodeSelectorTerms")
    )
