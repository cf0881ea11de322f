"""Putting a recorded before-state back: what that would change, and whether it is still safe.

Three states count: what was *found* before our write, what we *made* of it, and what is there *now*.
Taking back is safe while now is what we made. Where somebody has changed it since, all three are said.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import JsonValue

from tools.tool import Change, Preview

_NAMED = 5
"""Paths that one sentence names."""


def backwards(original: Preview, rehearsed: Preview) -> Preview:
    """The preview of taking a write back, drawn up before the write has happened.

    Args:
        original: the preview of the write itself.
        rehearsed: a dry run of its undo, made while there is nothing to undo yet; it names the requests.
    """
    return rehearsed.model_copy(
        update={
            "changes": tuple(
                Change(path=change.path, before=change.after, after=change.before)
                for change in original.changes
                if not change.lost
            ),
            "observed": "",
            "objects": original.objects - sum(bool(change.lost) for change in original.changes),
            "warnings": (
                "Runs only if it is needed; it puts back what this plan changed.",
                *not_put_back(original),
            ),
        }
    )


def changed_since(original: Preview, undo: Preview) -> tuple[str, ...]:
    """A sentence for every field that is no longer what the write made it.

    Args:
        original: the preview of the write, from when it was approved.
        undo: a fresh preview of its undo: its `before` is what is there now.
    """
    made = {change.path: change for change in original.changes if not change.lost}
    said = []
    for change in undo.changes:
        ours = made.get(change.path)
        if ours is None:
            said.append(
                f"{change.path} was not changed by that plan; now it is {_word(change.before)},"
                f" and taking back makes it {_word(change.after)}."
            )
        elif change.before != ours.after:
            said.append(
                f"{change.path} was changed since by somebody else: found {_word(ours.before)},"
                f" made {_word(ours.after)}, now {_word(change.before)}."
            )
    now = {change.path for change in undo.changes}
    said += [
        f"{path} is {_word(change.before)} again already."
        for path, change in made.items()
        if path not in now and undo.changes
    ]
    return tuple(said)


def not_put_back(original: Preview) -> tuple[str, ...]:
    """A sentence for everything that taking a write back leaves as the write made it.

    Args:
        original: the preview of the write, from when it was approved.
    """
    by_reason: dict[str, list[Change]] = {}
    for change in original.changes:
        if change.lost:
            by_reason.setdefault(change.lost, []).append(change)
    return tuple(
        f"Not put back, as far as it was done: {_listed(changes)}; {why}."
        for why, changes in by_reason.items()
    )


def same_changes(one: Iterable[Change], other: Iterable[Change]) -> bool:
    """Whether two previews change the same fields in the same way, in whatever order."""
    return sorted(map(repr, one)) == sorted(map(repr, other))


def _listed(changes: list[Change]) -> str:
    names = [change.path for change in changes]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more} ({_word(changes[0].after)})"


def _word(value: JsonValue) -> str:
    return "absent" if value is None else str(value)
