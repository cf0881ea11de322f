"""Plans hold no secrets: they are shown, kept, and carried out from what is kept.

A step with a secret in its arguments would be recorded with a token in the secret's place, and the token
would be what is carried out. So such a step is refused, and an undo that needs a secret is not offered.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from agent.plan import DraftStep
from tools.redaction.redactor import Redactor
from tools.tool import Call, Preview

NO_UNDO = "It cannot be undone by Pilothouse: that would take a secret, and plans hold none."


def exposures(step: DraftStep, args: dict[str, JsonValue], redactor: Redactor) -> Iterator[str]:
    """A sentence for each argument that holds a secret, or the token that stands for one.

    Args:
        args: the step's arguments, references resolved or not.
    """
    for path, token in redactor.places(args).items():
        yield (
            f"Step {step.id}: the argument {path} holds a secret ({token}). Plans and the journal hold none,"
            " so it cannot be carried out. Put the value into a Secret yourself, and refer to it by name and"
            " key (`from_secret`, `valueFrom.secretKeyRef`)."
        )
    for check in step.checks:
        if redactor.places(check.model_dump(mode="json")):
            yield f"Step {step.id}, check “{check.says}”: it compares with a secret. Plans hold none."


def without_secrets(preview: Preview, undo: Call | None, redactor: Redactor) -> tuple[Preview, Call | None]:
    """The preview as it is shown and kept, and its undo unless that would take a secret."""
    clean = redactor.model(preview)
    if undo is None or not redactor.places(undo.args):
        return clean, undo
    return clean.model_copy(update={"warnings": (*clean.warnings, NO_UNDO)}), None
