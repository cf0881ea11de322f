"""Why requests to a Service do not arrive, by rule."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tools.kubernetes.fields import Json, condition, mappings, strings, text, value
from tools.kubernetes.plain_text import plain
from tools.kubernetes.reads.findings import Confidence, Evidence, Finding
from tools.kubernetes.reads.network_policies import PolicyView
from tools.kubernetes.reads.service_entrances import Entrance
from tools.kubernetes.rollout import pod_trouble

_MOST_QUOTED = 3


@dataclass(frozen=True)
class ServiceSituation:
    """What was gathered about one Service.

    `pods` are those its selector matches, `others` the rest of its namespace. What could not be read is
    empty and `pods_seen` or `slices_seen` is False.
    """

    service: Json
    slices: list[Json]
    pods: list[Json]
    others: list[Json]
    policies: list[PolicyView]
    entrances: list[Entrance]
    pods_seen: bool = True
    slices_seen: bool = True

    @property
    def name(self) -> str:
        return f"service/{text(self.service, 'metadata', 'name')}"

    @property
    def selector(self) -> dict[str, str]:
        return strings(self.service, "spec", "selector")

    def endpoints(self) -> list[tuple[Json, bool]]:
        """Each endpoint, and whether requests go to it."""
        return [
            (endpoint, value(endpoint, "conditions", "ready") is not False)
            for entry in self.slices
            for endpoint in mappings(entry, "endpoints")
        ]

    def endpoint_counts(self) -> tuple[int, int]:
        """(ready, not ready), counted by address."""
        ready = {_address(endpoint) for endpoint, well in self.endpoints() if well}
        waiting = {_address(endpoint) for endpoint, well in self.endpoints() if not well} - ready
        return len(ready), len(waiting)

    def served(self) -> set[str]:
        """The names of the pods that get requests."""
        return {text(endpoint, "targetRef", "name") for endpoint, well in self.endpoints() if well}


def service_findings(situation: ServiceSituation) -> list[Finding]:
    """Every cause the rules see, the surest first; nothing for a path that is open."""
    if text(situation.service, "spec", "type") == "ExternalName":
        where = text(situation.service, "spec", "externalName")
        return [
            _finding(situation, f"It is only another name for {where}.", "low", "spec.externalName", where)
        ]
    found = [*_nobody(situation), *_unready(situation), *_ports(situation), *_ways_in(situation)]
    found += _policies(situation)
    order = {"high": 0, "medium": 1, "low": 2}
    return sorted(found, key=lambda entry: order[entry.confidence])


def _nobody(situation: ServiceSituation) -> list[Finding]:
    if not situation.selector:
        if situation.endpoint_counts()[0] or not situation.slices_seen:
            return []
        cause = "It has no selector, and nobody wrote endpoints for it: requests go nowhere."
        return [_finding(situation, cause, "high", "spec", "selector: none", "Give it a selector.")]
    if situation.pods or not situation.pods_seen:
        return []
    wanted = ",".join(f"{key}={entry}" for key, entry in sorted(situation.selector.items()))
    near = _nearest(situation)
    cause = f"Its selector matches no running pod{f'; {near}' if near else ''}."
    advice = "Compare the selector with the labels of the pods, or start the workload."
    return [_finding(situation, cause, "high", "spec.selector", wanted, advice)]


def _nearest(situation: ServiceSituation) -> str:
    """Of the pods that fit best, what keeps them from matching."""
    misses: Counter[tuple[str, ...]] = Counter()
    for pod in situation.others:
        labels = strings(pod, "metadata", "labels")
        wrong = tuple(
            f"{key}={labels[key]} instead of {wanted}" if key in labels else f"no label {key}"
            for key, wanted in sorted(situation.selector.items())
            if labels.get(key) != wanted
        )
        # A value that differs is only a near miss beside another label that fits, or when it is alike.
        alike = any(
            key in labels and (wanted in labels[key] or labels[key] in wanted)
            for key, wanted in situation.selector.items()
        )
        if len(wrong) < len(situation.selector) or alike:
            misses[wrong] += 1
    if not misses:
        return ""
    wrong, count = min(misses.items(), key=lambda entry: (len(entry[0]), -entry[1]))
    return f"{count} {'pod has' if count == 1 else 'pods have'} {', '.join(wrong)}"


def _unready(situation: ServiceSituation) -> list[Finding]:
    if not situation.pods:
        return []
    trouble = [
        (pod, pod_trouble(pod)[0])
        for pod in situation.pods
        if text(condition(pod, "Ready"), "status") != "True"
    ]
    found = []
    if trouble:
        all_of_them = len(trouble) == len(situation.pods)
        some = f"{len(trouble)} of its {len(situation.pods)} pods are not"
        said = f"None of its {len(trouble)} pods is" if all_of_them else some
        evidence = tuple(
            Evidence(what="pod state", quote=plain(why), object=f"pod/{text(pod, 'metadata', 'name')}")
            for pod, why in trouble[:_MOST_QUOTED]
        )
        found.append(
            Finding(
                cause=f"{said} ready, so they get no requests: {plain(trouble[0][1])}.",
                confidence="high" if all_of_them else "medium",
                object=situation.name,
                evidence=evidence,
                advice="kubernetes_diagnose tells why a pod is not ready.",
            )
        )
    well = {text(pod, "metadata", "name") for pod in situation.pods} - {
        text(pod, "metadata", "name") for pod, _ in trouble
    }
    if situation.slices_seen and well and not situation.endpoints():
        cause = "Its pods are ready, but no endpoint slice was written for it."
        advice = "Is the endpoint slice controller running? A moment after a change this is normal."
        found.append(_finding(situation, cause, "medium", "endpoint slices", "none", advice))
    return found


def _ports(situation: ServiceSituation) -> list[Finding]:
    found = []
    for port in mappings(situation.service, "spec", "ports"):
        target, number, name = port.get("targetPort"), text(port, "port"), text(port, "name")
        said = f"port {number} ({name})" if name else f"port {number}"
        for pod in situation.pods[:1]:
            declared = _declared(pod)
            listed = ", ".join(f"{name or 'unnamed'}={at}" for name, at in declared) or "none"
            evidence = Evidence(
                what="ports of its containers",
                quote=plain(listed),
                object=f"pod/{text(pod, 'metadata', 'name')}",
            )
            if isinstance(target, str) and target not in [name for name, _ in declared]:
                cause = f"Its {said} leads to a container port called {target}, which no container has."
                advice = "Name the container's port so, or use the number."
                found.append(_with(situation, cause, "high", evidence, advice))
            elif isinstance(target, int) and declared and target not in [at for _, at in declared]:
                cause = f"Its {said} leads to container port {target}, which no container declares."
                advice = "It may be right all the same: declaring ports is voluntary."
                found.append(_with(situation, cause, "medium", evidence, advice))
    return found


def _ways_in(situation: ServiceSituation) -> list[Finding]:
    ports = mappings(situation.service, "spec", "ports")
    known = {text(port, "port") for port in ports} | {text(port, "name") for port in ports} - {""}
    found = []
    for way in situation.entrances:
        if way.port and way.port not in known:
            evidence = Evidence(what="backend port", quote=way.port, object=way.object)
            has = ", ".join(sorted(known))
            cause = f"{way.object} asks for port {way.port}, which the service does not have (it has {has})."
            found.append(_with(situation, cause, "high", evidence, "Correct the backend's port."))
        for problem in way.problems:
            evidence = Evidence(what="state of the entrance", quote=problem, object=way.object)
            level: Confidence = "medium" if "address" in problem else "high"
            found.append(_with(situation, f"{way.object}: {problem}.", level, evidence, ""))
    return found


def _policies(situation: ServiceSituation) -> list[Finding]:
    limiting = [policy for policy in situation.policies if policy.ingress]
    if not limiting:
        return []
    names = ", ".join(policy.name for policy in limiting)
    allowed = [rule for policy in limiting for rule in policy.allows]
    evidence = Evidence(
        what=f"network policies {names}", quote="; ".join(allowed) or "nothing", object=situation.name
    )
    if not allowed:
        cause = f"Network policies let nothing in to its pods ({names})."
        return [
            _with(situation, cause, "high", evidence, "Allow the callers, if the network enforces policies.")
        ]
    if any(policy.ports is None for policy in limiting):
        opened = None
    else:
        opened = {port for policy in limiting for port in policy.ports or ()}
    blocked = [number for number in _targets(situation) if opened is not None and not _opens(opened, number)]
    if blocked:
        listed = " and ".join("/".join(names_) for names_ in blocked)
        cause = f"Network policies do not open the pods' port {listed} ({names})."
        return [_with(situation, cause, "medium", evidence, "Allow the port in one of them.")]
    cause = f"Network policies limit who may reach its pods ({names})."
    return [_with(situation, cause, "low", evidence, "Compare the caller with what they allow.")]


def _targets(situation: ServiceSituation) -> list[tuple[str, ...]]:
    """Each target port in every spelling it has: its number and, where a container names it, its name."""
    declared = [pair for pod in situation.pods[:1] for pair in _declared(pod)]
    found = []
    for port in mappings(situation.service, "spec", "ports"):
        target = text(port, "targetPort") or text(port, "port")
        names = {name for name, at in declared if target in (name, str(at)) and name}
        numbers = {str(at) for name, at in declared if target in (name, str(at))}
        found.append(tuple(sorted({target} | names | numbers)))
    return found


def _opens(opened: set[str], spellings: tuple[str, ...]) -> bool:
    for port in opened:
        low, dash, high = port.partition("-")
        if port in spellings or port.startswith("any "):
            return True
        ranged = dash and low.isdigit() and high.isdigit()
        if ranged and any(entry.isdigit() and int(low) <= int(entry) <= int(high) for entry in spellings):
            return True
    return False


def _declared(pod: Json) -> list[tuple[str, int]]:
    """(name, number) of the ports a pod's containers declare."""
    containers = mappings(pod, "spec", "containers") + [
        entry for entry in mappings(pod, "spec", "initContainers") if text(entry, "restartPolicy") == "Always"
    ]
    return [
        (text(port, "name"), at)
        for container in containers
        for port in mappings(container, "ports")
        if isinstance(at := port.get("containerPort"), int)
    ]


def _address(endpoint: Json) -> str:
    addresses = value(endpoint, "addresses")
    return (
        str(addresses[0])
        if isinstance(addresses, list) and addresses
        else text(endpoint, "targetRef", "name")
    )


def _finding(
    situation: ServiceSituation, cause: str, level: Confidence, what: str, quote: str, advice: str = ""
) -> Finding:
    return _with(
        situation, cause, level, Evidence(what=what, quote=plain(quote), object=situation.name), advice
    )


def _with(
    situation: ServiceSituation, cause: str, level: Confidence, evidence: Evidence, advice: str
) -> Finding:
    return Finding(
        cause=plain(cause), confidence=level, object=situation.name, evidence=(evidence,), advice=advice
    )
