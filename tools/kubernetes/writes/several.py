"""Several writes as one: their previews put together, and what their observations come to."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from tools.errors import Invalid, TimedOut, ToolError
from tools.kubernetes.fields import Json
from tools.tool import Observation, Preview, Verdict

_ENVIRONMENTS = ("environment", "env", "Environment", "Env")
_WORST_FIRST = (Verdict.DOES_NOT_HOLD, Verdict.UNKNOWN, Verdict.NOT_YET, Verdict.HOLDS)
_SAID_AT_MOST = 5


def together(previews: Sequence[Preview], name: str, before: Json) -> Preview:
    """One preview of several objects; each change and warning says whose it is.

    Args:
        previews: of the single objects.
        name: what the operator types to confirm.
        before: what undo needs.

    Raises:
        Invalid: an object is named twice, or they belong to different environments.
    """
    twice = [target for target, count in Counter(each.target for each in previews).items() if count > 1]
    if twice:
        raise Invalid(f"{', '.join(twice)} is named more than once.")
    listed = ", ".join(each.target for each in previews[:_SAID_AT_MOST])
    more = len(previews) - _SAID_AT_MOST
    words = "\n".join(each.observed for each in previews)
    return Preview(
        target=f"{listed} and {more} more" if more > 0 else listed,
        name=name,
        objects=sum(each.objects for each in previews),
        changes=tuple(
            change.model_copy(update={"path": f"{each.target}: {change.path}"})
            for each in previews
            for change in each.changes
        ),
        before=before,
        observed=hashlib.sha256(words.encode()).hexdigest()[:16],
        server=" ".join(dict.fromkeys(each.server for each in previews)),
        cluster=" ".join(dict.fromkeys(each.cluster for each in previews)),
        labels=_labels(previews),
        permits=tuple(permit for each in previews for permit in each.permits),
        warnings=tuple(f"{each.target}: {warning}" for each in previews for warning in each.warnings),
    )


def verdict_of(seen: Sequence[Observation], changed: Sequence[bool]) -> Observation:
    """What several observations come to: the worst of them.

    Args:
        seen: one for each object.
        changed: whether its write was to change anything; what was so before proves nothing.
    """
    worst = min((entry.verdict for entry in seen), key=_WORST_FIRST.index, default=Verdict.HOLDS)
    telling = [entry for entry in seen if entry.verdict is worst]
    applied = [entry.applied for entry, new in zip(seen, changed, strict=True) if new]
    arrived = any(applied) or not applied
    doubtful = not arrived and None in applied
    return Observation(
        verdict=worst,
        detail=" ".join(entry.detail for entry in telling[:_SAID_AT_MOST]),
        applied=None if doubtful else arrived,
    )


def interrupted(done: int, of: int, error: ToolError) -> ToolError:
    """The error when one of several writes failed: as it is if it was the first.

    After that something has been changed, so it counts as in doubt: the world is looked at, not the call repeated.
    """
    if not done:
        return error
    return TimedOut(
        f"{done} of {of} objects were written, then: {error.message}", hint=error.hint, raw=error.raw
    )


def _labels(previews: Sequence[Preview]) -> dict[str, str]:
    """All labels; policy must not mistake the environment of one object for that of another."""
    found: dict[str, str] = {}
    for each in previews:
        for key, entry in each.labels.items():
            if key in _ENVIRONMENTS and found.get(key, entry) != entry:
                raise Invalid(
                    f"{each.target} belongs to {key} {entry}, another object to {found[key]}.",
                    hint="Write objects of different environments in steps of their own.",
                )
            found[key] = entry
    return found
