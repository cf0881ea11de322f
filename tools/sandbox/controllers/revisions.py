"""ControllerRevisions: the template history of StatefulSets and DaemonSets."""

from __future__ import annotations

from tools.sandbox.identities import safe_hash
from tools.sandbox.manifest import Manifest, canonical, name_of, namespace_of, owner_reference, uid_of
from tools.sandbox.plane import ControlPlane

LABEL = "controller-revision-hash"


def current_revision(plane: ControlPlane, owner: Manifest) -> str:
    """The hash of the present template; its revision is recorded, and old ones beyond the limit dropped."""
    template = owner["spec"]["template"]
    digest = safe_hash(canonical(template))
    name = f"{name_of(owner)}-{digest}"
    known = sorted(plane.store.children(uid_of(owner), plane.revisions), key=lambda entry: entry["revision"])
    newest = known[-1]["revision"] if known else 0
    found = next((entry for entry in known if name_of(entry) == name), None)
    if found is None:
        plane.create(
            plane.revisions,
            {
                "metadata": {
                    "name": name,
                    "namespace": namespace_of(owner),
                    "labels": {**(owner["spec"]["selector"].get("matchLabels") or {}), LABEL: digest},
                    "ownerReferences": [owner_reference(owner)],
                },
                "data": {"spec": {"template": {**template, "$patch": "replace"}}},
                "revision": newest + 1,
            },
        )
    elif found["revision"] < newest:
        plane.change(plane.revisions, found, lambda draft: draft.update(revision=newest + 1))
    limit = owner["spec"].get("revisionHistoryLimit", 10)
    for entry in known[: max(0, len(known) - limit - 1)]:
        if name_of(entry) != name:
            plane.delete(plane.revisions, entry)
    return digest
