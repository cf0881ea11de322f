"""kubernetes_taint: which pods a node keeps away."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tools.errors import Invalid, NotFound, ToolError
from tools.kubernetes.fields import Json, mappings, text
from tools.kubernetes.finding import OnClusters, Target
from tools.kubernetes.objects import changes
from tools.kubernetes.writes.labels import MetadataKey
from tools.kubernetes.writes.node_pods import pod_name, pods_on, tolerates
from tools.kubernetes.writes.writing import MERGE_PATCH, Written, perform, pinned, preview_of, rehearse
from tools.tool import Arguments, Call, Name, Observation, Preview, Scope, Verdict, WriteTool

Effect = Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]

_NAMED_AT_MOST = 10


class Taint(Arguments):
    key: MetadataKey
    value: Annotated[str, Field(max_length=63, pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$")] = ""
    effect: Effect


class TaintRemoval(Arguments):
    key: MetadataKey
    effect: Annotated[Effect | None, Field(description="Which of the key's taints; null for all.")] = None


class TaintArgs(Arguments):
    name: Name
    add: Annotated[
        tuple[Taint, ...], Field(description="Taints to set; one of the same key and effect is replaced.")
    ] = ()
    remove: tuple[TaintRemoval, ...] = ()


class KubernetesTaint(OnClusters, WriteTool[TaintArgs, Written]):
    """Adds and removes single taints of a node; the others stay."""

    name = "kubernetes_taint"
    summary = "Add or remove taints of a node; with NoExecute, pods that do not tolerate it have to leave."
    Args = TaintArgs
    Output = Written

    async def run(self, args: TaintArgs, scope: Scope) -> Written:
        node = await self._node(args, scope)
        current = await node.read()
        # The whole list is sent: only the version we saw may be replaced by it.
        return await perform(node, "PATCH", pinned(_patch(current, args), current), content_type=MERGE_PATCH)

    async def preview(self, args: TaintArgs, scope: Scope) -> Preview:
        node = await self._node(args, scope)
        current = await node.read()
        answer = await rehearse(node, "PATCH", _patch(current, args), content_type=MERGE_PATCH)
        changed = changes(current, answer.json())
        leaving, more = await _leaving(node, args) if changed else ([], ())
        preview = await preview_of(
            node,
            current,
            changed,
            before={"taints": [*_taints(current)]},
            warnings=answer.warnings + more,
            content=answer.content,
        )
        return preview.model_copy(update={"objects": 1 + len(leaving)})

    async def observe(self, args: TaintArgs, scope: Scope, preview: Preview) -> Observation:
        node = await self._node(args, scope)
        try:
            current = await node.read()
        except NotFound:
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=f"{node} is gone.", applied=False)
        present = _taints(current)
        missing = [_said(taint) for taint in _wanted(args) if taint not in present]
        lasting = [_said(taint) for taint in present if _removed(taint, args) and taint not in _wanted(args)]
        if missing or lasting:
            words = [f"lacks {', '.join(missing)}"] if missing else []
            words += [f"still has {', '.join(lasting)}"] if lasting else []
            detail = f"{node} {' and '.join(words)}."
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=detail, applied=False)
        listed = ", ".join(_said(taint) for taint in present) or "none"
        return Observation(verdict=Verdict.HOLDS, detail=f"Taints of {node}: {listed}.", applied=True)

    def undo(self, args: TaintArgs, preview: Preview) -> Call | None:
        """What was removed or replaced comes back, what was added goes. Pods that left do not return."""
        if not preview.changes:
            return None
        former = mappings(dict(preview.before), "taints")
        kept = {(text(taint, "key"), text(taint, "effect")) for taint in former}
        back = [taint for taint in former if _removed(taint, args) or _replaced(taint, args)]
        gone = [taint for taint in args.add if (taint.key, taint.effect) not in kept]
        again: Json = {
            "name": args.name,
            "add": [*back],
            "remove": [{"key": taint.key, "effect": taint.effect} for taint in gone],
        }
        return Call(tool=self.id, args=again)

    async def _node(self, args: TaintArgs, scope: Scope) -> Target:
        node = await self.target("nodes", args.name, "", scope)
        if not args.add and not args.remove:
            raise Invalid(f"It is not said which taints of {node} to add or remove.")
        return node


def _taints(node: Json) -> list[Json]:
    return [
        {"key": text(taint, "key"), "value": text(taint, "value"), "effect": text(taint, "effect")}
        for taint in mappings(node, "spec", "taints")
    ]


def _wanted(args: TaintArgs) -> list[Json]:
    return [{"key": taint.key, "value": taint.value, "effect": taint.effect} for taint in args.add]


def _removed(taint: Json, args: TaintArgs) -> bool:
    return any(entry.key == taint["key"] and entry.effect in (None, taint["effect"]) for entry in args.remove)


def _replaced(taint: Json, args: TaintArgs) -> bool:
    return any((entry.key, entry.effect) == (taint["key"], taint["effect"]) for entry in args.add)


def _patch(current: Json, args: TaintArgs) -> Json:
    raw = mappings(current, "spec", "taints")
    kept = [
        taint
        for taint, plain in zip(raw, _taints(current), strict=True)
        if plain in _wanted(args) or not (_removed(plain, args) or _replaced(plain, args))
    ]
    present = _taints({"spec": {"taints": [*kept]}})
    added = [taint for taint in _wanted(args) if taint not in present]
    return {"spec": {"taints": [*kept, *added] or None}}


def _said(taint: Json) -> str:
    worth = text(taint, "value")
    return f"{text(taint, 'key')}{'=' if worth else ''}{worth}:{text(taint, 'effect')}"


async def _leaving(node: Target, args: TaintArgs) -> tuple[list[str], tuple[str, ...]]:
    """The pods that would have to leave, and what to say of them."""
    driving = [taint for taint in args.add if taint.effect == "NoExecute"]
    if not driving:
        return [], ()
    try:
        pods = await pods_on(node)
    except ToolError as error:
        return [], (f"Which pods would have to leave could not be seen: {error.message}",)
    leaving = [
        pod_name(pod)
        for pod in pods
        if not all(tolerates(pod, taint.key, taint.value, taint.effect) for taint in driving)
    ]
    if not leaving:
        return [], ()
    more = len(leaving) - _NAMED_AT_MOST
    listed = ", ".join(leaving[:_NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
    return leaving, (f"Pods that do not tolerate it are deleted, disruption budgets or not: {listed}.",)
