"""Writes that turn one boolean field of an object on or off; each has an opposite that takes it back."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, TypeVar

from tools.errors import NotFound
from tools.kubernetes.fields import Json, value
from tools.kubernetes.finding import OnClusters, Target
from tools.kubernetes.objects import changes
from tools.kubernetes.writes.writing import (
    MERGE_PATCH,
    Written,
    perform,
    pinned,
    preview_of,
    rehearse,
    seen_and_rehearsed,
)
from tools.tool import Arguments, Call, Observation, Preview, Scope, Verdict, WriteTool

A = TypeVar("A", bound=Arguments)


class Switch(OnClusters, WriteTool[A, Written]):
    """Sets `spec.<field>` to `turned`. Subclasses say on what, and what to call the two states."""

    field: ClassVar[str]
    turned: ClassVar[bool]
    opposite: ClassVar[str]
    """The id of the tool that turns it back."""
    done: ClassVar[str]
    """The state in words, after the object's name: `is cordoned`."""
    missing: ClassVar[str]
    """The other state: `is not cordoned`."""
    Output = Written

    @abstractmethod
    async def switched(self, args: A, scope: Scope) -> Target:
        """The object the arguments mean. Raises `Invalid` for a kind that has no such field."""

    async def run(self, args: A, scope: Scope) -> Written:
        target = await self.switched(args, scope)
        current = await target.read()
        return await perform(target, "PATCH", pinned(self._patch(), current), content_type=MERGE_PATCH)

    async def preview(self, args: A, scope: Scope) -> Preview:
        target = await self.switched(args, scope)
        rehearsal = rehearse(target, "PATCH", self._patch(), content_type=MERGE_PATCH)
        current, answer = await seen_and_rehearsed(target, rehearsal)
        before: Json = {self.field: self._is_on(current)}
        # The server leaves out a field that is false; only a change of meaning is one.
        changed = changes(current, answer.json()) if self._is_on(current) is not self.turned else ()
        warnings = answer.warnings + (await self.warnings(target, current) if changed else ())
        return await preview_of(
            target, current, changed, before=before, warnings=warnings, content=answer.content
        )

    async def observe(self, args: A, scope: Scope, preview: Preview) -> Observation:
        target = await self.switched(args, scope)
        try:
            current = await target.read()
        except NotFound:
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=f"{target} is gone.", applied=False)
        if self._is_on(current) is not self.turned:
            return Observation(
                verdict=Verdict.DOES_NOT_HOLD, detail=f"{target} {self.missing}.", applied=False
            )
        return (await self.purpose(target, current)).model_copy(update={"applied": True})

    def undo(self, args: A, preview: Preview) -> Call | None:
        """The opposite, unless it was so already."""
        if preview.before.get(self.field) is self.turned:
            return None
        back = args.model_dump()
        if "namespace" in back:
            back["namespace"] = preview.before.get("namespace", "")
        return Call(tool=self.opposite, args=back)

    async def purpose(self, target: Target, current: Json) -> Observation:
        """Whether what the switch was turned for has happened; usually turning it is all."""
        return Observation(verdict=Verdict.HOLDS, detail=f"{target} {self.done}.")

    async def warnings(self, target: Target, current: Json) -> tuple[str, ...]:
        """What else is to know before turning it."""
        return ()

    def _is_on(self, obj: Json) -> bool:
        return value(obj, "spec", self.field) is True

    def _patch(self) -> Json:
        return {"spec": {self.field: self.turned}}
