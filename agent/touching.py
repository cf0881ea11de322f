"""Which objects an event has to do with, so that an object can later be asked for its past."""

from __future__ import annotations

from agent import events as e
from agent.state import SessionState
from memory.envelope import Touch
from tools.tool import Call, Scope

LOOKED, PLANNED, CHANGED = "looked", "planned", "changed"

_WORDS = {
    "cm": "configmap",
    "cj": "cronjob",
    "deploy": "deployment",
    "dp": "deployment",
    "ds": "daemonset",
    "hpa": "horizontalpodautoscaler",
    "ing": "ingress",
    "ingresses": "ingress",
    "no": "node",
    "ns": "namespace",
    "po": "pod",
    "pv": "persistentvolume",
    "pvc": "persistentvolumeclaim",
    "rs": "replicaset",
    "sa": "serviceaccount",
    "sc": "storageclass",
    "storageclasses": "storageclass",
    "sts": "statefulset",
    "svc": "service",
}


def touched(event: e.DurableEvent, state: SessionState) -> tuple[Touch, ...]:
    """The objects of one event, each once.

    Args:
        state: the session's before the event.
    """
    match event:
        case e.PlanOffered(plan=plan):
            return tuple(
                dict.fromkeys(
                    Touch(place=_place(step.tool, step.scope), thing=step.preview.target, how=PLANNED)
                    for step in plan.steps
                    if step.preview is not None
                )
            )
        case e.StepSucceeded(plan_id=plan_id, step_id=step_id) if plan_id in state.plans:
            done = next((step for step in state.plans[plan_id].plan.steps if step.id == step_id), None)
            if done is None or done.preview is None or not done.effect.writes:
                return ()
            return (Touch(place=_place(done.tool, done.scope), thing=done.preview.target, how=CHANGED),)
        case e.RevealGranted(scope=scope, target=target):
            return (Touch(place=scope.context, thing=target, how=LOOKED),)
        case e.ToolCalled(call=call, scope=scope):
            thing = _subject(call, scope)
            # A look at several contexts at once is a look at each.
            places = dict.fromkeys(_place(call.tool, scope).split(","))
            return tuple(Touch(place=place, thing=thing, how=LOOKED) for place in places) if thing else ()
    return ()


def kind_word(kind: str) -> str:
    """A kind in the word a cluster has for it, whichever way it was spelled: `deployment`."""
    word = kind.lower().partition(".")[0]
    return _WORDS.get(word) or _WORDS.get(word.removesuffix("s"), word.removesuffix("s"))


def _subject(call: Call, scope: Scope) -> str:
    """The one object that a read is about, or nothing."""
    kind, name = call.args.get("kind"), call.args.get("name")
    if not call.tool.startswith("kubernetes_") or not isinstance(kind, str) or not isinstance(name, str):
        return ""
    if not kind or not name:
        return ""
    word = kind_word(kind)
    if word in ("node", "namespace", "persistentvolume", "storageclass"):
        return f"{word}/{name}"
    return f"{word}/{name} in {call.args.get('namespace') or scope.namespace or 'default'}"


def _place(tool: str, scope: Scope) -> str:
    return scope.context if tool.startswith("kubernetes_") else f"{scope.profile}/{scope.region}"
