"""What other pods have to say about where a pod may go: affinity, anti-affinity and spreading.

Only what the scheduler must keep to is weighed (`requiredDuringScheduling…`, `DoNotSchedule`); what it
merely prefers never keeps a pod waiting (Kubernetes, "Assigning Pods to Nodes", "Pod Topology Spread
Constraints").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from pydantic import JsonValue

from tools.kubernetes.fields import Json, mapping, mappings, number, strings, text, value
from tools.kubernetes.plain_text import plain
from tools.kubernetes.rollout import selector_text
from tools.kubernetes.selecting import matches

_Rule = Callable[[Json], str]
"""What keeps the pod off a node, or ""."""
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


class Placement:
    """The pods that have a place, by the topology of their nodes.

    Args:
        nodes: all of them.
        pods: those that take room on a node.
        namespaces: the labels of each namespace, for terms that choose namespaces by label; None where
            they are not known, and then such terms are not weighed.
        suits: whether a node meets a pod's own selector and node affinity.
        tolerates: whether a pod tolerates a node's taints.
    """

    def __init__(
        self,
        nodes: Sequence[Json],
        pods: Iterable[Json],
        namespaces: Mapping[str, Mapping[str, str]] | None,
        suits: Callable[[Json, Json], bool],
        tolerates: Callable[[Json, Json], bool],
    ) -> None:
        self._nodes = {_name(node): node for node in nodes}
        self._pods = [pod for pod in pods if text(pod, "spec", "nodeName") in self._nodes]
        self._namespaces = namespaces
        self._suits = suits
        self._tolerates = tolerates
        self._repelling = [pod for pod in self._pods if _terms(pod, "podAntiAffinity")]

    def of(self, pod: Json) -> Callable[[Json], list[str]]:
        """What keeps this pod off a node because of other pods: a function from nodes to parts of a sentence.

        Everything that looks at other pods is done here once, not again for every node.
        """
        rules = [
            *self._affinity(pod),
            *self._anti_affinity(pod),
            *self._repelled(pod),
            *self._spreading(pod),
        ]
        return lambda node: [words for rule in rules if (words := rule(node))]

    def _affinity(self, pod: Json) -> Iterator[_Rule]:
        terms = _terms(pod, "podAffinity")
        found = [self._chosen(term, pod) for term in terms]
        # The first of a group that wants to be together may go anywhere.
        first = not any(found) and all(self._chooses(term, pod, pod) for term in terms)
        for term, others in zip(terms, found, strict=True):
            yield _near(
                text(term, "topologyKey"), _words(term), None if first else self._places(term, others)
            )

    def _anti_affinity(self, pod: Json) -> Iterator[_Rule]:
        for term in _terms(pod, "podAntiAffinity"):
            key = text(term, "topologyKey")
            words = f"the pod keeps away from pods {_words(term)} in one {key}"
            yield _apart(key, words, self._places(term, self._chosen(term, pod)))

    def _repelled(self, pod: Json) -> Iterator[_Rule]:
        """Anti-affinity works both ways: pods that are there keep others off."""
        by_key: dict[str, dict[str, list[str]]] = {}
        for other in self._repelling:
            for term in _terms(other, "podAntiAffinity"):
                key = text(term, "topologyKey")
                here = _label(self._node_of(other), key)
                if here and self._chooses(term, other, pod):
                    by_key.setdefault(key, {}).setdefault(here, []).append(_name(other))
        for key, places in by_key.items():
            yield _apart(key, f"the anti-affinity of other pods in one {key} keeps it off", places)

    def _spreading(self, pod: Json) -> Iterator[_Rule]:
        constraints = [
            entry
            for entry in mappings(pod, "spec", "topologySpreadConstraints")
            if text(entry, "whenUnsatisfiable") != "ScheduleAnyway"
        ]
        keys = [text(entry, "topologyKey") for entry in constraints]
        for constraint in constraints:
            yield self._spread(pod, constraint, keys)

    def _spread(self, pod: Json, constraint: Json, keys: Sequence[str]) -> _Rule:
        key, selector = text(constraint, "topologyKey"), _with_own_labels(constraint, pod)
        counted = {name for name, node in self._nodes.items() if self._counts(pod, node, constraint, keys)}
        counts = {_label(self._nodes[name], key): 0 for name in counted}
        for other in self._pods:
            there = text(other, "spec", "nodeName")
            same = _namespace(other) == _namespace(pod) and not text(other, "metadata", "deletionTimestamp")
            if there in counted and same and matches(selector, _labels(other)):
                counts[_label(self._nodes[there], key)] += 1
        least = min(counts.values(), default=0)
        if len(counts) < number(constraint, "minDomains", default=1):
            least = 0
        more, most = int(matches(selector, _labels(pod))), number(constraint, "maxSkew", default=1)

        def rule(node: Json) -> str:
            here = _label(node, key)
            if not here:
                return f"the pod is spread by {key}, which the node has no label for"
            has = counts.get(here, 0)
            if has + more - least <= most:
                return ""
            return (
                f"the pod is spread by {key}: {here} has {has} of {plain(selector_text(selector))} and the"
                f" emptiest has {least}, with one more the difference would exceed {most}"
            )

        return rule

    def _places(self, term: Json, pods: list[Json]) -> dict[str, list[str]]:
        """The names of pods by the topology value of where they are."""
        found: dict[str, list[str]] = {}
        for pod in pods:
            found.setdefault(_label(self._node_of(pod), text(term, "topologyKey")), []).append(_name(pod))
        return found

    def _counts(self, pod: Json, node: Json, constraint: Json, keys: Sequence[str]) -> bool:
        """Whether a node belongs to what is spread over."""
        if not all(_label(node, key) for key in keys):
            return False
        if text(constraint, "nodeAffinityPolicy") != "Ignore" and not self._suits(pod, node):
            return False
        return text(constraint, "nodeTaintsPolicy") != "Honor" or self._tolerates(pod, node)

    def _chosen(self, term: Json, owner: Json) -> list[Json]:
        return [pod for pod in self._pods if self._chooses(term, owner, pod)]

    def _chooses(self, term: Json, owner: Json, pod: Json) -> bool:
        """Whether a term of one pod means another; a term without a selector means none."""
        selector = value(term, "labelSelector")
        if selector is None or not matches(selector, _labels(pod)):
            return False
        listed, chosen = value(term, "namespaces"), value(term, "namespaceSelector")
        names = listed if isinstance(listed, list) else []
        if not names and chosen is None:
            return _namespace(pod) == _namespace(owner)
        if _namespace(pod) in names:
            return True
        if chosen is None:
            return False
        if chosen == {}:
            return True
        known = (self._namespaces or {}).get(_namespace(pod))
        return known is not None and matches(chosen, known)

    def _node_of(self, pod: Json) -> Json:
        return self._nodes[text(pod, "spec", "nodeName")]


def chooses_namespaces(pods: Iterable[Json]) -> bool:
    """Whether any required term of these pods chooses namespaces by their labels."""
    return any(
        mapping(term, "namespaceSelector")
        for pod in pods
        for kind in ("podAffinity", "podAntiAffinity")
        for term in _terms(pod, kind)
    )


def _near(key: str, words: str, places: Mapping[str, list[str]] | None) -> _Rule:
    """The node has to be where one of these pods is; None for anywhere."""

    def rule(node: Json) -> str:
        here = _label(node, key)
        if not here:
            return f"the pod's affinity goes by {key}, which the node has no label for"
        if places is None or here in places:
            return ""
        return f"the pod wants to be with pods {words} in one {key}, and none is in {here}"

    return rule


def _apart(key: str, words: str, places: Mapping[str, list[str]]) -> _Rule:
    """The node must not be where one of these pods is."""

    def rule(node: Json) -> str:
        here = _label(node, key)
        close = places.get(here, []) if here else []
        return f"{words}, and {_some(close)} in {here}" if close else ""

    return rule


def _terms(pod: Json, kind: str) -> list[Json]:
    return mappings(pod, "spec", "affinity", kind, _REQUIRED)


def _with_own_labels(constraint: Json, pod: Json) -> JsonValue:
    """The selector with the pod's own values of `matchLabelKeys`, which tell its revision from others."""
    keys = value(constraint, "matchLabelKeys")
    own = {key: entry for key, entry in _labels(pod).items() if isinstance(keys, list) and key in keys}
    selector = mapping(constraint, "labelSelector")
    return {**selector, "matchLabels": {**mapping(selector, "matchLabels"), **own}} if own else selector


def _words(term: Json) -> str:
    return plain(selector_text(value(term, "labelSelector"))) or "of every kind"


def _some(pods: Sequence[str]) -> str:
    names = sorted(pods)
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    return f"{', '.join(names[:2])}{more} {'is' if len(names) == 1 else 'are'}"


def _name(obj: Json) -> str:
    return text(obj, "metadata", "name")


def _namespace(pod: Json) -> str:
    return text(pod, "metadata", "namespace")


def _labels(obj: Json) -> dict[str, str]:
    return strings(obj, "metadata", "labels")


def _label(node: Json, key: str) -> str:
    return _labels(node).get(key, "")
