"""The objects that an answer has shown, in the order they stand on the screen.

They are taken from what the tools returned and never from prose, so that “the second” is an object with
a kind, a name and a place, and not a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pydantic import JsonValue

from agent.answers import LONGEST_TABLE
from agent.touching import kind_word
from tools.tool import Call, Frozen, Scope

_OBJECT = re.compile(
    r"(?P<kind>[a-z][a-z.-]*)/(?P<name>[A-Za-z0-9][A-Za-z0-9._:-]*)(?: in (?P<namespace>[a-z0-9-]+))?"
)
_INSTANCE = re.compile(r"\bi-[0-9a-f]{6,}\b")
_TABLES = {"nodes": "node", "instances": "instance", "autoscalers": "horizontalpodautoscaler"}
"""What the lists of an output hold, where neither the row nor the call says it."""
_NAMELESS_KINDS = {"kubernetes_service_path": "service", "kubernetes_nodes": "node"}


class Thing(Frozen):
    """One object. `kind` is the word an operator has for it; `name` is the id of what has no better name."""

    kind: str
    namespace: str
    name: str
    context: str = ""
    profile: str = ""
    region: str = ""
    label: str = ""
    """A name beside the id, for machines."""

    @property
    def words(self) -> str:
        """As the known requests are phrased: `pod/shop-1 in checkout`."""
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.bare}{where}"

    @property
    def bare(self) -> str:
        """Without its place: `pod/shop-1`."""
        return f"{self.kind}/{self.name}"

    @property
    def full(self) -> str:
        """With everything that tells it from others: context, or profile and region."""
        place = self.context or "/".join(part for part in (self.profile, self.region) if part)
        label = f" ({self.label})" if self.label else ""
        return f"{self.words}{label}{f' on {place}' if place else ''}"


def listed(call: Call, scope: Scope, output: JsonValue) -> tuple[Thing, ...]:
    """Every object a read has shown, each once, in displayed order.

    Args:
        call, scope: what was asked, and where.
        output: what came back, as it is kept.
    """
    if not isinstance(output, dict):
        return ()
    tool = call.tool.partition("@")[0]
    return tuple(
        dict.fromkeys(_placed(thing, tool, scope, output) for thing in _shown(tool, call.args, output))
    )


def named(call: Call, scope: Scope) -> Thing | None:
    """The one object that a call is about, if it names one."""
    tool, args = call.tool.partition("@")[0], call.args
    name = args.get("name")
    if isinstance(ids := args.get("instance_ids"), list):
        return _instance(str(ids[0]), scope) if len(ids) == 1 else None
    kind = str(args.get("kind") or _NAMELESS_KINDS.get(tool, ""))
    if not isinstance(name, str) or not name or not kind or not tool.startswith("kubernetes_"):
        return None
    word = kind_word(kind)
    namespace = "" if word in ("node", "namespace") else str(args.get("namespace") or scope.namespace)
    return Thing(kind=word, namespace=namespace, name=name, context=scope.context)


def target(words: str, tool: str, scope: Scope) -> Thing | None:
    """The object that a preview's target names: `deployment/checkout in shop-staging`."""
    if found := _INSTANCE.search(words):
        return _instance(found[0], scope)
    if not tool.startswith("kubernetes_") or not (match := _OBJECT.fullmatch(words)):
        return None
    return Thing(
        kind=kind_word(match["kind"]),
        namespace=match["namespace"] or "",
        name=match["name"],
        context=scope.context,
    )


def mentioned(things: Sequence[Thing], text: str) -> tuple[Thing, ...]:
    """Those that a text speaks of by name, in the order of the text."""
    places = [(found.start(), thing) for thing in things if (found := _word(thing.name).search(text))]
    return tuple(thing for _, thing in sorted(places, key=lambda item: item[0]))


# --- details ---------------------------------------------------------------------------------------


def _instance(identity: str, scope: Scope) -> Thing:
    return Thing(kind="instance", namespace="", name=identity, profile=scope.profile, region=scope.region)


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])")


def _placed(thing: Thing, tool: str, scope: Scope, output: Mapping[str, JsonValue]) -> Thing:
    if not tool.startswith("kubernetes_"):
        return thing.model_copy(update={"profile": scope.profile, "region": scope.region})
    namespace = thing.namespace
    if not namespace and thing.kind not in ("node", "namespace", "persistentvolume", "storageclass"):
        namespace = str(output.get("namespace") or "")
    return thing.model_copy(
        update={"context": str(output.get("context") or scope.context), "namespace": namespace}
    )


def _shown(tool: str, args: Mapping[str, JsonValue], output: Mapping[str, JsonValue]) -> Iterator[Thing]:
    columns, rows = output.get("columns"), output.get("rows")
    if isinstance(columns, list) and isinstance(rows, list):
        yield from _table(str(output.get("resource") or ""), columns, rows)
        return
    if isinstance(findings := output.get("findings"), list):
        here = str(args.get("namespace") or "")
        for finding in findings:
            if isinstance(finding, dict) and (match := _OBJECT.fullmatch(str(finding.get("object")))):
                namespace = str(finding.get("namespace") or here)
                yield Thing(kind=kind_word(match["kind"]), namespace=namespace, name=match["name"])
        return
    for key, items in output.items():
        if isinstance(items, list):
            for item in items[:LONGEST_TABLE]:
                if isinstance(item, dict) and (thing := _row(key, args, item)):
                    yield thing


def _table(resource: str, columns: list[JsonValue], rows: list[JsonValue]) -> Iterator[Thing]:
    heads = [str(column).lower() for column in columns]
    if "name" not in heads or not resource:
        return
    for row in rows[:LONGEST_TABLE]:
        if isinstance(row, list) and len(row) == len(heads):
            cells = dict(zip(heads, map(str, row), strict=True))
            yield Thing(kind=kind_word(resource), namespace=cells.get("namespace", ""), name=cells["name"])


def _row(key: str, args: Mapping[str, JsonValue], row: Mapping[str, JsonValue]) -> Thing | None:
    namespace = str(row.get("namespace") or "")
    if match := _OBJECT.fullmatch(str(row.get("object") or "")):
        return Thing(kind=kind_word(match["kind"]), namespace=namespace, name=match["name"])
    name, kind = str(row.get("name") or ""), str(row.get("kind") or _TABLES.get(key) or "")
    if identity := str(row.get("id") or ""):
        return Thing(kind=kind_word(kind or key), namespace="", name=identity, label=name)
    kind = kind or (str(args.get("kind") or "") if key == "rows" else "")
    return Thing(kind=kind_word(kind), namespace=namespace, name=name) if name and kind else None
