"""kubernetes_patch: any field of any object, by a merge patch or a JSON patch."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated

from pydantic import Field, JsonValue

from tools.errors import Invalid, NotFound
from tools.kubernetes.fields import Json, mapping, value
from tools.kubernetes.finding import Kind, OnClusters, Target
from tools.kubernetes.masking import shown
from tools.kubernetes.objects import changes, fingerprint, intent
from tools.kubernetes.writes.manifests import fulfilment
from tools.kubernetes.writes.writing import (
    JSON_PATCH,
    MERGE_PATCH,
    Written,
    at_version,
    perform,
    pinned,
    preview_of,
    refuse_secret,
    rehearse,
    seen_and_rehearsed,
)
from tools.tool import (
    Arguments,
    Call,
    Change,
    Name,
    Observation,
    OptionalNamespace,
    Preview,
    Scope,
    Verdict,
    WriteTool,
)
from tools.tricks import FREE_TEXT


class PatchArgs(Arguments):
    kind: Kind
    name: Name
    namespace: OptionalNamespace = ""
    patch: Annotated[
        dict[str, JsonValue] | list[dict[str, JsonValue]],
        Field(
            description="An object is a JSON merge patch (RFC 7396), a list of operations a JSON patch"
            " (RFC 6902)."
        ),
        FREE_TEXT,
    ]


class KubernetesPatch(OnClusters, WriteTool[PatchArgs, Written]):
    """Changes what the patch says and nothing else. Undo is the merge patch of the way back."""

    name = "kubernetes_patch"
    summary = "Patch one object of any kind with a JSON merge patch or a JSON patch."
    Args = PatchArgs
    Output = Written

    async def run(self, args: PatchArgs, scope: Scope) -> Written:
        target = await self._patchable(args, scope)
        current = await target.read()
        if isinstance(args.patch, list):
            operations = at_version([*args.patch], current)
            return await perform(target, "PATCH", operations, content_type=JSON_PATCH)
        version = mapping(pinned({}, current), "metadata")
        body: Json = {**args.patch, "metadata": {**mapping(args.patch, "metadata"), **version}}
        return await perform(target, "PATCH", body, content_type=MERGE_PATCH)

    async def preview(self, args: PatchArgs, scope: Scope) -> Preview:
        target = await self._patchable(args, scope)
        form = JSON_PATCH if isinstance(args.patch, list) else MERGE_PATCH
        body: JsonValue = [*args.patch] if isinstance(args.patch, list) else args.patch
        current, answer = await seen_and_rehearsed(target, rehearse(target, "PATCH", body, content_type=form))
        now, then = intent(current), intent(answer.json())
        back = _way(then, now)
        before: Json = {"marks": {**_marks(now, then)}}
        warnings = answer.warnings
        if shown(back) == back:
            before["patch"] = back
        else:
            warnings += ("Undo cannot restore it: a secret would have to be recorded.",)
        changed = changes(current, answer.json())
        return await preview_of(
            target,
            current,
            changed,
            before=before,
            warnings=warnings + _warnings(changed),
            content=answer.content,
        )

    async def observe(self, args: PatchArgs, scope: Scope, preview: Preview) -> Observation:
        target = await self._patchable(args, scope)
        try:
            current = await target.read()
        except NotFound:
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=f"{target} is gone.", applied=False)
        now, marks = intent(current), mapping(dict(preview.before), "marks")
        wrong = [path for path, mark in marks.items() if _mark(value(now, *path.split("\n"))) != mark]
        if not wrong:
            return await fulfilment(target, current)
        where = ", ".join(path.replace("\n", ".") for path in wrong[:3])
        # Unchanged: the patch never came. Changed otherwise: it may have come, and been overwritten.
        applied = False if fingerprint(current) == preview.observed else None
        return Observation(
            verdict=Verdict.DOES_NOT_HOLD,
            detail=f"{target} is not as the patch makes it in {where}.",
            applied=applied,
        )

    def undo(self, args: PatchArgs, preview: Preview) -> Call | None:
        if not preview.changes or "patch" not in preview.before:
            return None
        back = {"kind": args.kind, "name": args.name, "namespace": preview.before.get("namespace", "")}
        return Call(tool=self.id, args={**back, "patch": preview.before["patch"]})

    async def _patchable(self, args: PatchArgs, scope: Scope) -> Target:
        target = await self.target(args.kind, args.name, args.namespace, scope)
        refuse_secret(target.kind, "patch")
        if not args.patch:
            raise Invalid(f"The patch for {target} is empty.")
        return target


def _way(start: Json, goal: Json) -> Json:
    """The merge patch that turns one object into the other; lists are replaced as a whole."""
    patch: Json = {key: None for key in start if key not in goal}
    for key, entry in goal.items():
        present = start.get(key)
        if key in start and present == entry:
            continue
        both = isinstance(present, dict) and isinstance(entry, dict)
        patch[key] = _way(mapping(present), mapping(entry)) if both else entry
    return patch


def _marks(start: JsonValue, goal: JsonValue, path: str = "") -> dict[str, str]:
    """The places in which the goal differs, as lines of keys, each with the mark of what stands there."""
    if start == goal:
        return {}
    if not (isinstance(start, dict) and isinstance(goal, dict)):
        return {path: _mark(goal)}
    found: dict[str, str] = {}
    for key in sorted(start.keys() | goal.keys()):
        found |= _marks(start.get(key), goal.get(key), f"{path}\n{key}" if path else key)
    return found


def _mark(found: JsonValue) -> str:
    """Tells values apart without telling them."""
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:16]


def _warnings(changed: tuple[Change, ...]) -> tuple[str, ...]:
    if any(change.path.startswith("metadata.finalizers") for change in changed):
        return ("Taking a finalizer away by hand leaves undone the cleaning up it stands for.",)
    return ()
