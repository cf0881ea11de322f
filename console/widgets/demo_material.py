"""Believable plans, sessions and pods for looking at the widgets and for testing them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from agent import events as e
from agent.model import Message, TextBlock, ThinkingBlock, Usage
from agent.plan import DraftStep, Plan, Ruling, Step, StepState, Verdict
from agent.state import PlanProgress, SessionState, StepProgress, fold
from tools.errors import FailureClass
from tools.gate import Permit
from tools.rows import FeedState, Health, Row, RowsChanged
from tools.tool import Call, Change, Effect, Preview, Scope

START = datetime(2026, 11, 20, 12, 3, 10, tzinfo=UTC)
STAGING = Scope(context="shop-staging", namespace="shop")
PRODUCTION = Scope(context="shop-prod", namespace="payments")

ANSWER = """## Why `payments` keeps restarting

The container **exits with code 1** eleven seconds after it starts. Its last words:

```text
2026-11-20T12:01:44Z ERROR db: connect payments-db:5432: password authentication failed for user "payments"
2026-11-20T12:01:44Z FATAL giving up after 5 attempts
```

What I looked at:

1. The three pods of `deployment/payments`: all in *CrashLoopBackOff*, 14 restarts on average
2. Events of the last hour
   - `BackOff` 42 times
   - no image or scheduling problems
3. `secret/payments-db`: changed 26 minutes ago, the Deployment still mounts revision 7

| pod | restarts | last exit | reason |
|:----|---------:|----------:|:-------|
| payments-6f9c5d7b8-2xk4q | 14 | 1 | password authentication failed |
| payments-6f9c5d7b8-9hnqp | 14 | 1 | password authentication failed |
| payments-6f9c5d7b8-zz7wd | 13 | 1 | connection refused, then password authentication failed |

> The password was rotated, the pods were not restarted.

A restart should mend it; see [rolling restarts](https://kubernetes.io/docs/reference/kubectl/) or
https://runbooks.shop.example/payments. I would start with:

```yaml
spec:
  template:
    metadata:
      annotations:
        kubectl.kubernetes.io/restartedAt: "2026-11-20T12:04:00Z"  # forces new pods
```
"""


def write(step_id: str, title: str, scope: Scope, changes: tuple[Change, ...], **more: object) -> Step:
    """A write with a believable preview."""
    kind, _, _rest = title.partition(" ")
    name = str(more.get("name", "checkout"))
    confirm = bool(more.get("confirm"))
    after = more.get("after", ())
    assert isinstance(after, tuple)
    return Step(
        id=step_id,
        title=title,
        tool=f"kubernetes.{kind.lower()}@1",
        args={"kind": "deployment", "name": name, "replicas": 3},
        scope=scope,
        effect=Effect.DESTRUCTIVE if kind == "Delete" else Effect.WRITE,
        depends_on=after,
        preview=Preview(
            target=f"deployment/{name} in {scope.namespace}",
            name=name,
            objects=int(str(more.get("objects", 1))),
            changes=changes,
            labels={"env": "production" if scope is PRODUCTION else "staging"},
            permits=(
                Permit(
                    system="kubernetes",
                    place=scope.context,
                    verb="patch",
                    resource="deployments.apps",
                    namespace=scope.namespace,
                    name=name,
                ),
            ),
            warnings=(str(more["warning"]),) if "warning" in more else (),
        ),
        undo=None
        if kind == "Delete"
        else Call(tool=f"kubernetes.{kind.lower()}@1", args={"name": name, "replicas": 2}),
        ruling=Ruling(
            verdict=Verdict.CONFIRM if confirm else Verdict.ASK,
            rule="production-needs-name" if confirm else "writes-ask",
            reason="This is production." if confirm else "",
        ),
    )


def read(step_id: str, title: str, *after: str) -> Step:
    return Step(
        id=step_id,
        title=title,
        tool="kubernetes.list@1",
        args={"kind": "pods"},
        scope=PRODUCTION,
        effect=Effect.READ,
        depends_on=after,
        ruling=Ruling(verdict=Verdict.ALLOW, rule="reads-allowed"),
    )


def plan() -> Plan:
    """Six steps with a branch, a join, production and something that cannot be undone."""
    affinity = {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100}]}}
    return Plan(
        id="p-71",
        goal="Restart payments with the new password and give checkout a third replica",
        scope=PRODUCTION,
        origin="model:claude-opus-5-5",
        steps=(
            read("s1", "List the pods of payments"),
            write(
                "s2",
                "Restart deployment payments",
                PRODUCTION,
                (
                    Change(
                        path="spec.template.metadata.annotations.restartedAt", after="2026-11-20T12:04:00Z"
                    ),
                    Change(
                        path="spec.template.spec.affinity",
                        before=affinity,
                        after={**affinity, "nodeAffinity": {"requiredDuringScheduling": "zone in (a, b, c)"}},
                    ),
                ),
                name="payments",
                after=("s1",),
                objects=3,
                confirm=True,
                warning="The PodDisruptionBudget payments allows no disruption right now.",
            ),
            write(
                "s3",
                "Scale deployment checkout to 3",
                PRODUCTION,
                (Change(path="spec.replicas", before=2, after=3),),
                after=("s1",),
            ),
            read("s4", "Watch the rollout of payments", "s2"),
            read("s5", "Check the endpoints of checkout", "s3"),
            write(
                "s6",
                "Delete configmap payments-old",
                PRODUCTION,
                (Change(path="data.POOL_SIZE", before="20"), Change(path="data.TIMEOUT", before="30s")),
                name="payments-old",
                after=("s4", "s5"),
            ),
        ),
    )


def session() -> list[e.Recorded]:
    """The events of one sitting, everything a transcript can show."""
    offered = plan()
    call = Call(tool="kubernetes.list@1", args={"kind": "pods", "namespace": "payments", "selector": ""})
    logs = Call(tool="kubernetes.logs@1", args={"pod": "payments-6f9c5d7b8-2xk4q", "previous": True})
    happened: list[e.Event] = [
        e.SessionStarted(operator="anna", scope=PRODUCTION, model="claude-opus-5-5", sandbox=True),
        e.Said(turn=1, text="why is payments crashing?\nand what changed since yesterday?"),
        e.ToolCalled(turn=1, call_id="c1", call=call, scope=PRODUCTION),
        e.ToolReturned(
            turn=1, call_id="c1", tool=call.tool, summary="3 pods, none ready", seconds=0.31,
            output={"rows": [{"name": "payments-6f9c5d7b8-2xk4q", "ready": False, "restarts": 14}]},
        ),
        e.ToolCalled(turn=1, call_id="c2", call=logs, scope=PRODUCTION),
        e.ToolReturned(
            turn=1, call_id="c2", tool=logs.tool, summary="", seconds=2.0, failure=FailureClass.FORBIDDEN,
            cause="Reading logs in payments is forbidden for system:serviceaccount:ops:viewer.",
        ),
        e.ModelReplied(
            turn=1,
            message=Message(
                role="assistant",
                content=(
                    ThinkingBlock(text="The exit code and the events agree.\nThe secret changed first."),
                    TextBlock(text=ANSWER),
                ),
            ),
            stop_reason="end_turn", model="claude-opus-5-5", usage=Usage(), cost=Decimal("0.04"),
        ),
        e.TurnEnded(turn=1, outcome="answered", seconds=9.2),
        e.Said(turn=2, text="do it, and give checkout a third replica"),
        e.Understood(turn=2, runbook="restart@2", parameters={"workload": "payments", "namespace": "payments"}),
        e.PlanOffered(turn=2, plan=offered, model_calls=1, elapsed_ms=4120),
        e.ModeChanged(place="shop-prod", writes=True, by="anna", how="key"),
        e.PlanApproved(plan_id="p-71", hash=offered.hash, steps=("s1", "s2", "s3"), by="anna", how="key"),
        e.StepFailed(
            plan_id="p-71", step_id="s3", attempt=3, failure=FailureClass.FORBIDDEN,
            cause="Scaling deployment/checkout in shop-prod is forbidden for anna.",
            hint="Ask for the role deployment-scaler in namespace payments, or approve the rest.",
        ),
        e.PlanFinished(plan_id="p-71", status="failed", summary="2 of 3 steps done", seconds=74),
        e.Said(turn=3, text="scale checkout"),
        e.QuestionAsked(
            turn=3, question="Which checkout, and to how many?", choices=("shop-staging, 3", "shop-prod, 3")
        ),
        e.TurnFailed(
            turn=3,
            sentence="The model's server did not answer within 60 s.",
            hint="/model shows the models you can use; known requests work without one.",
        ),
        e.AnswerGiven(
            turn=4, rule="crash-loop@1",
            markdown="**payments** crashes because its database refuses the password.",
            evidence=(
                e.Evidence(call_id="c1", source="last log lines of payments-6f9c5d7b8-2xk4q",
                           quote='password authentication failed for user "payments"'),
                e.Evidence(call_id="c1", source="exit code", quote="1, eleven seconds after the start"),
            ),
            checked=("pods", "events", "last logs"), not_checked=("network policies",),
        ),
    ]  # fmt: skip
    return [
        e.Recorded(seq=number, at=START + timedelta(seconds=number), event=event)
        for number, event in enumerate(happened, 1)
    ]


def running(now: datetime) -> PlanProgress:
    """The plan half way: done, retrying, running, failed, waiting."""
    offered = plan()
    started = now - timedelta(seconds=74)
    at = {
        "s1": StepProgress(StepState.SUCCEEDED, 1, 1, started, started + timedelta(seconds=0.4), observed="3 pods"),
        "s2": StepProgress(StepState.CHECKING, 1, 3, started, observed="2 of 3 new pods are ready"),
        "s3": StepProgress(
            StepState.RETRYING, 2, 5, started, retry_at=now + timedelta(seconds=8),
            failure=FailureClass.THROTTLED, cause="The API server asks for patience (429).",
        ),
        "s5": StepProgress(
            StepState.FAILED, 3, 3, started, now, failure=FailureClass.NOT_FOUND,
            cause="There is no Endpoints object called checkout in payments.",
        ),
    }  # fmt: skip
    state = fold(SessionState(), e.Recorded(1, started, e.PlanOffered(turn=1, plan=offered, model_calls=1)))
    approval = e.PlanApproved(
        plan_id=offered.id, hash=offered.hash, steps=tuple(s.id for s in offered.steps), by="anna", how="key"
    )
    progress = fold(state, e.Recorded(2, started, approval)).plans[offered.id]
    progress.steps.update(at)
    return progress


def waiting() -> PlanProgress:
    """The plan as it is offered."""
    offered = e.Recorded(1, START, e.PlanOffered(turn=1, plan=plan(), model_calls=1))
    return fold(SessionState(), offered).plans["p-71"]


def drafts() -> tuple[DraftStep, ...]:
    return tuple(
        DraftStep(id=step.id, title=step.title, tool=step.tool, depends_on=step.depends_on)
        for step in plan().steps[:4]
    )


COLUMNS = ("NAME", "READY", "STATUS", "RESTARTS", "CPU", "MEMORY", "AGE", "NODE")


def pods(count: int, seed: int = 7) -> RowsChanged:
    """A cluster full of pods, most of them well."""
    dice = random.Random(seed)
    looks = [("Running", Health.OK)] * 12 + [
        ("CrashLoopBackOff", Health.BAD), ("Pending", Health.WARN), ("Completed", Health.IDLE),
        ("ImagePullBackOff", Health.BAD),
    ]  # fmt: skip
    rows = []
    for number in range(count):
        status, health = dice.choice(looks)
        app = dice.choice(("payments", "checkout", "catalog", "search", "mail-gateway", "recommendations"))
        name = f"{app}-{dice.randrange(16**9):09x}-{dice.randrange(36**4):05}"
        ready = "1/1" if health is Health.OK else "0/1"
        cells = (name, ready, status, str(dice.choice((0, 0, 0, 1, 14))), f"{dice.randrange(900)}m",
                 f"{dice.randrange(40, 2_000)}Mi", "", f"ip-10-0-{number % 40}-17")  # fmt: skip
        created = datetime.now(UTC) - timedelta(seconds=dice.randrange(9_000_000))
        rows.append(Row(f"uid-{number}", "shop-prod", "payments", name, "pods", cells, health, created))
    return RowsChanged(COLUMNS, tuple(rows), reset=True, state=FeedState.LIVE)
