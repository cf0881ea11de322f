"""What a session can be found by, besides its words and its objects: people and places."""

from __future__ import annotations

from agent import events as e
from memory.envelope import ORIGIN, Label
from tools.tool import Scope

PERSON, CONTEXT, NAMESPACE, PROFILE = "person", "context", "namespace", "profile"


def labels(event: e.DurableEvent) -> tuple[Label, ...]:
    """The labels that an event gives its session."""
    match event:
        case e.SessionStarted():
            return (*_person(event.operator), *_places(event.scope))
        case e.SessionResumed():
            return _person(event.operator)
        case e.SessionForked():
            return (Label(name=ORIGIN, value=event.session),)
        case e.ScopeChanged():
            return _places(event.scope)
        case e.PlanApproved() | e.PlanRejected():
            return _person(event.by)
    return ()


def _person(name: str) -> tuple[Label, ...]:
    return (Label(name=PERSON, value=name),) if name else ()


def _places(scope: Scope) -> tuple[Label, ...]:
    named = {CONTEXT: scope.context, NAMESPACE: scope.namespace, PROFILE: scope.profile}
    return tuple(
        Label(name=name, value=value)
        for name, values in named.items()
        for value in values.split(",")
        if value
    )
