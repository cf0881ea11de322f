"""What an object's metadata tells of its past: its creation, and each field manager's last write."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, JsonValue

from tools.kubernetes.fields import Json, mapping, mappings, number, text
from tools.kubernetes.plain_text import plain
from tools.kubernetes.reads.events import moment

_MOST_FIELDS = 12


class RecentChange(BaseModel):
    """One thing that happened to one object."""

    at: datetime
    object: str
    namespace: str
    what: str
    """In words: created, update, apply, a new revision, scaled."""
    who: str = ""
    """The field manager or reporter: `kubectl-client-side-apply`, `helm`, `argocd`."""
    fields: tuple[str, ...] = ()
    """What that manager owns now, of which at least something changed then."""
    generation: int = 0
    """How often the object's intent has changed in all; 0 where the cluster does not count."""


def object_changes(obj: Json, *, controllers: bool) -> list[RecentChange]:
    """What an object's metadata tells of its past.

    Args:
        obj: the object, its kind included.
        controllers: also what is written to subresources such as `status`, and the making of objects that
            a controller makes for others, such as the Jobs of a CronJob.
    """
    metadata = mapping(obj, "metadata")
    made = any(owner.get("controller") is True for owner in mappings(metadata, "ownerReferences"))
    generation = number(metadata, "generation")
    created = moment(text(metadata, "creationTimestamp"))
    found: list[RecentChange] = []
    if created is not None and (controllers or not made):
        found.append(told(obj, created, "created"))
    if leaving := moment(text(metadata, "deletionTimestamp")):
        found.append(told(obj, leaving, "marked for deletion, not gone yet"))
    for owner in mappings(metadata, "managedFields"):
        at = moment(text(owner, "time"))
        sub = text(owner, "subresource")
        if at is None or (created is not None and at <= created and not sub):
            if at is not None and found and found[0].what == "created":  # it tells by whom
                found[0] = found[0].model_copy(update={"who": plain(text(owner, "manager"))})
            continue
        by_controller = sub == "status" or "controller" in text(owner, "manager")
        if by_controller and not controllers:
            continue
        fields = owned_fields(mapping(owner, "fieldsV1"))
        shown = tuple(fields[:_MOST_FIELDS])
        more = (f"and {len(fields) - _MOST_FIELDS} more",) if len(fields) > _MOST_FIELDS else ()
        change = told(obj, at, f"{text(owner, 'operation').lower() or 'change'}{f' of {sub}' if sub else ''}")
        found.append(
            change.model_copy(
                update={
                    "who": plain(text(owner, "manager")),
                    "fields": shown + more,
                    "generation": generation,
                }
            )
        )
    return found


def owned_fields(fields: Json) -> list[str]:
    """The paths in a `fieldsV1` set, such as `spec.template.spec.containers[app].image`; leaves only.

    What the object means comes before what is written about it.
    """
    found: list[str] = []
    _descend("", fields, found)
    return sorted(found, key=lambda path: (path.startswith("metadata"), path))


def _descend(path: str, inside: JsonValue, found: list[str]) -> None:
    below = [key for key in inside if key != "."] if isinstance(inside, dict) else []
    if not below and path:
        found.append(plain(path))
        return
    for key in below:
        mark, _, name = key.partition(":")
        if mark == "f":
            odd = "." in name or "/" in name
            step = f"[{name}]" if odd else f".{name}" if path else name
        elif mark == "k":
            step = f"[{_key_words(name)}]"
        else:
            step = f"[{name}]"
        _descend(path + step, inside.get(key) if isinstance(inside, dict) else None, found)


def _key_words(key: str) -> str:
    """`{"name":"app"}` as `app`, several keys joined."""
    pairs = [part.partition(":")[2].strip('"') for part in key.strip("{}").split(",")]
    return "/".join(pairs)


def told(obj: Json, at: datetime, what: str) -> RecentChange:
    """A change of an object, in words."""
    return RecentChange(
        at=at,
        object=f"{text(obj, 'kind').lower()}/{text(obj, 'metadata', 'name')}",
        namespace=text(obj, "metadata", "namespace"),
        what=what,
        generation=number(obj, "metadata", "generation"),
    )
