"""Between the versions of a custom kind: the version's name changes, or a webhook that nobody can reach is asked."""

from __future__ import annotations

from tools.sandbox.custom.version import CustomVersion
from tools.sandbox.failure import ApiFailure
from tools.sandbox.kind import Kind
from tools.sandbox.manifest import Manifest


def converted(kind: Kind, custom: CustomVersion, obj: Manifest, wanted: str) -> Manifest:
    """The object in another API version.

    Raises: `ApiFailure` (500) where a webhook would have to convert it. No process runs in this cluster,
    so none ever answers.
    """
    if obj.get("apiVersion") == wanted:
        return obj
    if custom.webhook:
        raise _unanswered(kind, custom, str(obj.get("apiVersion")))
    return {**obj, "apiVersion": wanted}


def _unanswered(kind: Kind, custom: CustomVersion, held_as: str) -> ApiFailure:
    why = "dial tcp: connect: connection refused"
    if custom.webhook_service:
        why = f'no endpoints available for service "{custom.webhook_service}"'
    return ApiFailure(
        500, "", f'conversion webhook for {held_as}, Kind={kind.name} failed: Post "{custom.webhook}": {why}'
    )
