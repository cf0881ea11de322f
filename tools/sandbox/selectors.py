"""Label and field selectors, in the query string's form and in the objects' form."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from tools.sandbox.failure import bad_request
from tools.sandbox.kind import Kind
from tools.sandbox.manifest import Manifest, dig, labels_of

Labels = Mapping[str, str]
Test = Callable[[Manifest], bool]
LabelTest = Callable[[Labels], bool]

_TERM = re.compile(r"[^,(]+(?:\([^)]*\))?")
_SET = re.compile(r"(\S+)\s+(in|notin)\s*\(([^)]*)\)")
_EQUAL = re.compile(r"([^!=\s]+)\s*(==|=|!=)\s*(\S*)")
_KEY = re.compile(r"!?[A-Za-z0-9./_-]+")
_FIELD = re.compile(r"([^!=]+)(==|=|!=)(.*)")

_FIELDS: dict[str, frozenset[str]] = {
    "pods": frozenset(
        [
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ]
    ),
    "events": frozenset(
        [
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ]
    ),
    "namespaces": frozenset({"status.phase"}),
    "nodes": frozenset({"spec.unschedulable"}),
    "secrets": frozenset({"type"}),
    "replicasets": frozenset({"status.replicas"}),
    "jobs": frozenset({"status.successful"}),
}
_EVERY_KIND = frozenset({"metadata.name", "metadata.namespace"})


def parse_labels(text: str) -> LabelTest:
    """The test a `labelSelector` parameter stands for. Raises `ApiFailure` when it cannot be read."""
    tests: list[LabelTest] = []
    for term in (found.strip() for found in _TERM.findall(text)):
        if matched := _SET.fullmatch(term):
            key, word, values = matched[1], matched[2], {v.strip() for v in matched[3].split(",")}
            tests.append(_within(key, values) if word == "in" else _without(key, values))
        elif matched := _EQUAL.fullmatch(term):
            key, word, value = matched.groups()
            tests.append(_without(key, {value}) if word == "!=" else _within(key, {value}))
        elif _KEY.fullmatch(term):
            tests.append(_absent(term[1:]) if term.startswith("!") else _present(term))
        elif term:
            raise bad_request(f'unable to parse requirement: found "{term}", expected: identifier')
    return lambda labels: all(test(labels) for test in tests)


def parse_fields(text: str, kind: Kind) -> Test:
    """The test a `fieldSelector` parameter stands for. Raises `ApiFailure` for fields the kind lacks."""
    wanted: list[tuple[list[str], bool, str]] = []
    for term in text.split(","):
        if not term:
            continue
        matched = _FIELD.fullmatch(term)
        if not matched:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{term}'")
        field, word, value = matched.groups()
        known = () if kind.custom is not None else _FIELDS.get(kind.plural, ())
        if field not in _EVERY_KIND and field not in known:
            raise bad_request(f"field label not supported: {field}")
        wanted.append((field.split("."), word == "!=", value))
    return lambda obj: all((_field(obj, path) == value) != negated for path, negated, value in wanted)


def matcher(selector: Manifest | None) -> LabelTest:
    """The test a LabelSelector object stands for; an empty one matches everything, None nothing."""
    if selector is None:
        return lambda labels: False
    tests = [_within(key, {value}) for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or []:
        key, values = expression["key"], set(expression.get("values") or [])
        tests.append(
            {
                "In": _within(key, values),
                "NotIn": _without(key, values),
                "Exists": _present(key),
                "DoesNotExist": _absent(key),
            }[expression["operator"]]
        )
    return lambda labels: all(test(labels) for test in tests)


def selects(selector: Manifest | None, obj: Manifest) -> bool:
    return matcher(selector)(labels_of(obj))


def as_text(selector: Manifest | None) -> str:
    """A LabelSelector as it is printed in columns and in `scale`."""
    labels = (selector or {}).get("matchLabels") or {}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _field(obj: Manifest, path: list[str]) -> str:
    value = dig(obj, *path, default="")
    if isinstance(value, bool):
        return str(value).lower()
    return str(value.get("component", "") if isinstance(value, dict) else value)


def _within(key: str, values: set[str]) -> LabelTest:
    return lambda labels: labels.get(key) in values


def _without(key: str, values: set[str]) -> LabelTest:
    return lambda labels: labels.get(key) not in values


def _present(key: str) -> LabelTest:
    return lambda labels: key in labels


def _absent(key: str) -> LabelTest:
    return lambda labels: key not in labels
