"""kubernetes_label and kubernetes_annotate: set and remove single keys of any object's metadata."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tools.errors import Invalid, NotFound
from tools.kubernetes.fields import Json, mapping, mappings, strings, text
from tools.kubernetes.finding import Kind, OnClusters, Target
from tools.kubernetes.objects import CONTROLLER_ANNOTATIONS, changes
from tools.kubernetes.writes.writing import (
    MERGE_PATCH,
    Written,
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
    Name,
    Observation,
    OptionalNamespace,
    Preview,
    Scope,
    Verdict,
    WriteTool,
)
from tools.tricks import FREE_TEXT

MetadataKey = Annotated[
    str, Field(max_length=317, pattern=r"^([a-z0-9.-]+/)?[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")
]
"""A qualified name: an optional DNS prefix with a slash, and up to 63 characters."""


class MetadataArgs(Arguments):
    kind: Kind
    name: Name
    namespace: OptionalNamespace = ""
    set: Annotated[dict[MetadataKey, str], Field(description="Keys and their new values."), FREE_TEXT] = {}
    remove: Annotated[tuple[MetadataKey, ...], Field(description="Keys to take away.")] = ()


class MetadataKeys(OnClusters, WriteTool[MetadataArgs, Written]):
    """Changes keys of one map in an object's metadata; all other keys stay."""

    part: ClassVar[Literal["labels", "annotations"]]
    Args = MetadataArgs
    Output = Written

    async def run(self, args: MetadataArgs, scope: Scope) -> Written:
        target = await self._marked(args, scope)
        current = await target.read()
        patch = self._patch(args)
        patch["metadata"] = {**mapping(pinned({}, current), "metadata"), **mapping(patch, "metadata")}
        return await perform(target, "PATCH", patch, content_type=MERGE_PATCH)

    async def preview(self, args: MetadataArgs, scope: Scope) -> Preview:
        target = await self._marked(args, scope)
        rehearsal = rehearse(target, "PATCH", self._patch(args), content_type=MERGE_PATCH)
        current, answer = await seen_and_rehearsed(target, rehearsal)
        present = strings(current, "metadata", self.part)
        before: Json = {"keys": {key: present.get(key) for key in (*args.set, *args.remove)}}
        changed = changes(current, answer.json())
        warnings = answer.warnings + (self.warnings(current) if changed else ())
        return await preview_of(
            target, current, changed, before=before, warnings=warnings, content=answer.content
        )

    async def observe(self, args: MetadataArgs, scope: Scope, preview: Preview) -> Observation:
        target = await self._marked(args, scope)
        try:
            present = strings(await target.read(), "metadata", self.part)
        except NotFound:
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=f"{target} is gone.", applied=False)
        wanted = {**args.set, **dict.fromkeys(args.remove)}
        wrong = [key for key, entry in wanted.items() if present.get(key) != entry]
        if wrong:
            detail = f"{target} does not have the {self.part} asked for: {', '.join(wrong)}."
            former = mapping(dict(preview.before), "keys")
            new = [key for key, entry in wanted.items() if former.get(key) != entry]
            arrived = any(key not in wrong for key in new)
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=detail, applied=arrived)
        return Observation(
            verdict=Verdict.HOLDS, detail=f"{target} has the {self.part} asked for.", applied=True
        )

    def undo(self, args: MetadataArgs, preview: Preview) -> Call | None:
        """The former values; keys that were not there are removed."""
        if not preview.changes:
            return None
        former = mapping(dict(preview.before), "keys")
        back: Json = {
            "kind": args.kind,
            "name": args.name,
            "namespace": preview.before.get("namespace", ""),
            "set": {key: entry for key, entry in former.items() if entry is not None},
            "remove": [key for key, entry in former.items() if entry is None],
        }
        return Call(tool=self.id, args=back)

    def warnings(self, current: Json) -> tuple[str, ...]:
        """What else may follow from other keys."""
        return ()

    def _patch(self, args: MetadataArgs) -> Json:
        keys: Json = {**args.set, **dict.fromkeys(args.remove)}
        return {"metadata": {self.part: keys}}

    async def _marked(self, args: MetadataArgs, scope: Scope) -> Target:
        target = await self.target(args.kind, args.name, args.namespace, scope)
        refuse_secret(target.kind, "change the metadata of")
        if not args.set and not args.remove:
            raise Invalid(f"It is not said which {self.part} of {target} to set or remove.")
        both = sorted(args.set.keys() & set(args.remove))
        if both:
            raise Invalid(f"{', '.join(both)} cannot be both set and removed.")
        return target


class KubernetesLabel(MetadataKeys):
    """Labels: what selectors see."""

    name = "kubernetes_label"
    summary = "Set or remove labels of one object of any kind."
    part = "labels"

    def warnings(self, current: Json) -> tuple[str, ...]:
        owners = [
            owner for owner in mappings(current, "metadata", "ownerReferences") if owner.get("controller")
        ]
        return tuple(
            f"It belongs to {text(owner, 'kind').lower()}/{text(owner, 'name')}, which lets go of it and makes"
            " another if its labels no longer match."
            for owner in owners
        )


class KubernetesAnnotate(MetadataKeys):
    """Annotations: notes for people and controllers."""

    name = "kubernetes_annotate"
    summary = "Set or remove annotations of one object of any kind."
    part = "annotations"

    async def _marked(self, args: MetadataArgs, scope: Scope) -> Target:
        target = await super()._marked(args, scope)
        for key in (*args.set, *args.remove):
            if key.startswith(CONTROLLER_ANNOTATIONS):
                raise Invalid(f"The annotation {key} is book-keeping of a controller or of kubectl.")
        return target
