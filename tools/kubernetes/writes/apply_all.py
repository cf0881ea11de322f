"""kubernetes_apply_all: several manifests as one step; and kubernetes_restore, which takes that back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Annotated

from pydantic import BaseModel, Field, JsonValue

from tools.errors import Invalid, NotFound, ToolError
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.fields import Json, mapping, mappings, text, value
from tools.kubernetes.finding import Kind
from tools.kubernetes.writes.apply import ApplyArgs, KubernetesApply
from tools.kubernetes.writes.delete import DeleteArgs, KubernetesDelete
from tools.kubernetes.writes.manifests import Manifest, deletion_of
from tools.kubernetes.writes.several import interrupted, together, verdict_of
from tools.kubernetes.writes.writing import Written
from tools.tool import (
    Arguments,
    Call,
    Effect,
    Name,
    Observation,
    OptionalNamespace,
    Preview,
    Scope,
    Verdict,
    WriteTool,
)
from tools.tricks import FREE_TEXT

_FIRST = (
    "Namespace",
    "CustomResourceDefinition",
    "ServiceAccount",
    "ConfigMap",
    "PersistentVolumeClaim",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "Service",
)
"""What others refer to is written before them."""


class SeveralWritten(BaseModel):
    """What writing several objects answers: one answer for each."""

    objects: tuple[Written, ...]


class ApplyAllArgs(Arguments):
    manifests: Annotated[tuple[Manifest, ...], Field(min_length=1, max_length=50), FREE_TEXT]
    namespace: OptionalNamespace = ""


class KubernetesApplyAll(WriteTool[ApplyAllArgs, SeveralWritten]):
    """Applies each manifest as `kubernetes_apply` does; a conflict over one refuses all of them."""

    name = "kubernetes_apply_all"
    summary = (
        "Apply several manifests in one step by server-side apply; conflicts with other owners are refused."
    )
    Args = ApplyAllArgs
    Output = SeveralWritten
    timeout = 120.0
    settle = 300.0

    def __init__(self, clusters: Clusters) -> None:
        self._apply = KubernetesApply(clusters)

    async def run(self, args: ApplyAllArgs, scope: Scope) -> SeveralWritten:
        done: list[Written] = []
        for each in _single(args):
            try:
                done.append(await self._apply.run(each, scope))
            except ToolError as error:
                raise interrupted(len(done), len(args.manifests), error) from error
        return SeveralWritten(objects=tuple(done))

    async def preview(self, args: ApplyAllArgs, scope: Scope) -> Preview:
        singles = _single(args)
        previews = await _all_or_problems([self._apply.preview(each, scope) for each in singles])
        recorded: list[JsonValue] = [
            {**each.before, "name": each.name, "changed": bool(each.changes)} for each in previews
        ]
        return together(previews, _name(previews), {"objects": recorded})

    async def observe(self, args: ApplyAllArgs, scope: Scope, preview: Preview) -> Observation:
        recorded = mappings(dict(preview.before), "objects")
        singles = [preview.model_copy(update={"before": entry, "changes": ()}) for entry in recorded]
        seen = await asyncio.gather(
            *(
                self._apply.observe(each, scope, single)
                for each, single in zip(_single(args), singles, strict=True)
            )
        )
        return verdict_of(seen, [value(entry, "changed") is True for entry in recorded])

    def undo(self, args: ApplyAllArgs, preview: Preview) -> Call | None:
        """Delete what was created, and apply what our fields of the others were before."""
        gone: list[JsonValue] = []
        back: list[JsonValue] = []
        recorded = mappings(dict(preview.before), "objects")
        for each, before in reversed(list(zip(_single(args), recorded, strict=True))):
            if value(before, "created") is True:
                call = deletion_of(each.manifest, text(before, "name"), text(before, "namespace"))
                gone.append({**call.args})
            elif value(before, "changed") is True and mapping(before, "manifest"):
                back.append(mapping(before, "manifest"))
        if not gone and not back:
            return None
        return Call(tool="kubernetes_restore@1", args={"apply": back, "delete": gone})


class ObjectName(Arguments):
    kind: Kind
    name: Name
    namespace: OptionalNamespace = ""


class RestoreArgs(Arguments):
    apply: Annotated[tuple[Manifest, ...], Field(max_length=50), FREE_TEXT] = ()
    delete: Annotated[tuple[ObjectName, ...], Field(max_length=50)] = ()


class KubernetesRestore(WriteTool[RestoreArgs, SeveralWritten]):
    """Applies some objects and deletes others, so that things are as they were before an apply of several."""

    name = "kubernetes_restore"
    effect = Effect.DESTRUCTIVE
    summary = "Take back an apply of several objects: apply these manifests, delete those objects."
    Args = RestoreArgs
    Output = SeveralWritten
    timeout = 120.0
    settle = 300.0

    def __init__(self, clusters: Clusters) -> None:
        self._apply = KubernetesApply(clusters)
        self._delete = KubernetesDelete(clusters)

    async def run(self, args: RestoreArgs, scope: Scope) -> SeveralWritten:
        done: list[Written] = []
        of = len(args.apply) + len(args.delete)
        try:
            for manifest in args.apply:
                done.append(await self._apply.run(ApplyArgs(manifest=manifest), scope))
            for each in args.delete:
                try:
                    done.append(await self._delete.run(_deletion(each), scope))
                except NotFound:
                    continue
        except ToolError as error:
            raise interrupted(len(done), of, error) from error
        return SeveralWritten(objects=tuple(done))

    async def preview(self, args: RestoreArgs, scope: Scope) -> Preview:
        if not args.apply and not args.delete:
            raise Invalid("It is not said what to restore.")
        applied = await _all_or_problems(
            [self._apply.preview(ApplyArgs(manifest=manifest), scope) for manifest in args.apply]
        )
        deleted = await asyncio.gather(*(self._deleted(each, scope) for each in args.delete))
        present = [preview for preview in deleted if preview is not None]
        before: Json = {
            "changed": [bool(each.changes) for each in applied],
            "uids": [text(dict(each.before), "uid") if each is not None else "" for each in deleted],
        }
        previews = [*applied, *present]
        if not previews:
            raise NotFound("Everything that was to be deleted is gone already.")
        return together(previews, _name(previews), before)

    async def observe(self, args: RestoreArgs, scope: Scope, preview: Preview) -> Observation:
        changed, uids = preview.before.get("changed"), preview.before.get("uids")
        alone = preview.model_copy(update={"before": {}, "changes": ()})
        seen = [
            await self._apply.observe(ApplyArgs(manifest=manifest), scope, alone) for manifest in args.apply
        ]
        telling = [entry is True for entry in changed] if isinstance(changed, list) else []
        for each, uid in zip(args.delete, uids if isinstance(uids, list) else [], strict=True):
            if uid:
                one = preview.model_copy(update={"before": {"uid": uid}})
                seen.append(await self._delete.observe(_deletion(each), scope, one))
                telling.append(True)
        found = verdict_of(seen, telling)
        if found.verdict is Verdict.HOLDS:
            return found.model_copy(update={"detail": "Everything is as it was before."})
        return found

    def undo(self, args: RestoreArgs, preview: Preview) -> Call | None:
        """It takes something back itself; the objects it deletes are not recorded once more."""
        return None

    async def _deleted(self, each: ObjectName, scope: Scope) -> Preview | None:
        try:
            return await self._delete.preview(_deletion(each), scope)
        except NotFound:
            return None


def _single(args: ApplyAllArgs) -> list[ApplyArgs]:
    """One call for each manifest, in the order in which they are written."""

    def place(manifest: Json) -> int:
        kind = text(manifest, "kind")
        return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)

    ordered = sorted(args.manifests, key=place)
    return [
        ApplyArgs(
            manifest=manifest,
            namespace="" if text(manifest, "metadata", "namespace") else args.namespace,
        )
        for manifest in ordered
    ]


async def _all_or_problems(previews: Sequence[Awaitable[Preview]]) -> list[Preview]:
    """The previews. Raises the one problem, or all of them in one error of the first one's class."""
    answers = await asyncio.gather(*previews, return_exceptions=True)
    problems = [answer for answer in answers if isinstance(answer, ToolError)]
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, ToolError):
            raise answer
    if len(problems) == 1:
        raise problems[0]
    if problems:
        said = " ".join(problem.message for problem in problems)
        raw = "\n".join(problem.raw for problem in problems)
        raise type(problems[0])(said, hint=problems[0].hint, raw=raw)
    return [answer for answer in answers if isinstance(answer, Preview)]


def _deletion(each: ObjectName) -> DeleteArgs:
    return DeleteArgs(kind=each.kind, name=each.name, namespace=each.namespace)


def _name(previews: list[Preview]) -> str:
    """What to type: the namespace where it is one, else the first object's name."""
    namespaces = {text(dict(each.before), "namespace") for each in previews} - {""}
    return namespaces.pop() if len(namespaces) == 1 else previews[0].name
