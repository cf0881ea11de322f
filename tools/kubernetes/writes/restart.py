"""kubernetes_restart: new pods from the same template."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from tools.errors import Invalid, NotFound
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.connection.content import RESTARTED_AT
from tools.kubernetes.fields import Json, strings, text, value
from tools.kubernetes.finding import Kind, OnClusters, Target
from tools.kubernetes.rollout import progress
from tools.kubernetes.writes.writing import (
    MERGE_PATCH,
    Written,
    perform,
    pinned,
    preview_of,
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

_REHEARSAL_TIME = "1970-01-01T00:00:00Z"


class RestartArgs(Arguments):
    kind: Kind = "deployment"
    name: Name
    namespace: OptionalNamespace = ""


class KubernetesRestart(OnClusters, WriteTool[RestartArgs, Written]):
    """Replaces all pods of a workload, following its update strategy.

    Args:
        clusters: all contexts.
        now: the wall clock in UTC, written into the annotation.
    """

    name = "kubernetes_restart"
    summary = "Restart a Deployment, StatefulSet or DaemonSet: replace its pods one after another."
    Args = RestartArgs
    Output = Written
    lasting = False

    def __init__(self, clusters: Clusters, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(clusters)
        self._now = now

    async def run(self, args: RestartArgs, scope: Scope) -> Written:
        target = await self._restartable(args, scope)
        current = await target.read()
        moment = self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return await perform(target, "PATCH", pinned(_patch(moment), current), content_type=MERGE_PATCH)

    async def preview(self, args: RestartArgs, scope: Scope) -> Preview:
        target = await self._restartable(args, scope)
        rehearsal = rehearse(target, "PATCH", _patch(_REHEARSAL_TIME), content_type=MERGE_PATCH)
        current, answer = await seen_and_rehearsed(target, rehearsal)
        if value(current, "spec", "paused") is True:
            raise Invalid(
                f"{target} is paused, so a restart would do nothing.", hint="Resume its rollout first."
            )
        before = _restarted_at(current)
        path = f"spec.template.metadata.annotations[{RESTARTED_AT}]"
        change = Change(path=path, before=before or None, after="time of execution")
        warnings = answer.warnings
        if text(current, "spec", "updateStrategy", "type") == "OnDelete":
            warnings += (
                "Its update strategy is OnDelete: pods are replaced only when somebody deletes them.",
            )
        return await preview_of(
            target,
            current,
            (change,),
            before={"restartedAt": before},
            warnings=warnings,
            content=answer.content,
        )

    async def observe(self, args: RestartArgs, scope: Scope, preview: Preview) -> Observation:
        target = await self._restartable(args, scope)
        try:
            current = await target.read()
        except NotFound:
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=f"{target} is gone.", applied=False)
        before, now = str(preview.before.get("restartedAt") or ""), _restarted_at(current)
        if now == before:
            detail = f"{target} has not been told to restart."
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=detail, applied=False)
        earlier, later = _moment(before), _moment(now)
        if later is None or (earlier is not None and later < earlier):
            # Older or gone: rolled back, or another object of that name. It says nothing of our call.
            detail = f"The restart mark of {target} is {now or 'gone'}; before it was {before or 'absent'}."
            return Observation(verdict=Verdict.UNKNOWN, detail=detail)
        return (await progress(target.cluster, current)).model_copy(update={"applied": True})

    def undo(self, args: RestartArgs, preview: Preview) -> Call | None:
        """Nothing brings the old pods back."""
        return None

    async def _restartable(self, args: RestartArgs, scope: Scope) -> Target:
        target = await self.target(args.kind, args.name, args.namespace, scope)
        target.must_allow("Deployment", "StatefulSet", "DaemonSet")
        return target


def _restarted_at(workload: Json) -> str:
    return strings(workload, "spec", "template", "metadata", "annotations").get(RESTARTED_AT, "")


def _moment(mark: str) -> datetime | None:
    """The time a restart mark names (RFC 3339), or None when it names none."""
    try:
        moment = datetime.fromisoformat(mark)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _patch(moment: str) -> Json:
    return {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: moment}}}}}
