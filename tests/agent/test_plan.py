"""Plans as data: order, hash, references, policy, fold."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import events as e
from agent.deciding.policy import Policy, Question
from agent.logbook import draft as stored
from agent.plan import DraftStep, Plan, PlanProblem, PlanStatus, Ruling, Step, Verdict, order
from agent.planning.references import Reference, ReferenceProblem, check_path, resolve
from agent.settings import ConsoleSettings, PlaceSettings, Settings, SettingsError
from agent.state import SessionState, fold
from tests.standins.shelf import Looked
from tools.gate import Permit
from tools.tool import Change, Effect, Preview, Scope

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def a_preview(**more: object) -> Preview:
    fields = {
        "target": "deployment/checkout in shop", "name": "checkout", "observed": "uid:1",
        "changes": (Change(path="spec.replicas", before=2, after=3),),
        "permits": (Permit(system="kubernetes", place="c", verb="patch", namespace="shop", name="checkout"),),
    }  # fmt: skip
    return Preview.model_validate({**fields, **more})


def a_step(**more: object) -> Step:
    fields = {
        "id": "s1", "title": "Scale", "tool": "kubernetes_scale@1", "args": {"replicas": 3}, "scope": Scope(),
        "effect": Effect.WRITE, "preview": a_preview(), "ruling": Ruling(verdict=Verdict.ASK, rule="r"),
    }  # fmt: skip
    return Step.model_validate({**fields, **more})


def a_plan(*steps: Step, **more: object) -> Plan:
    return Plan.model_validate(
        {"id": "p.1", "goal": "g", "steps": steps or (a_step(),), "scope": Scope(), "origin": "o", **more}
    )


def test_a_plan_has_the_same_hash_whoever_made_it_and_whatever_it_is_called() -> None:
    assert a_plan().hash == a_plan(id="p.2", origin="somebody else").hash


@pytest.mark.parametrize(
    "changed",
    [
        {"tool": "kubernetes_scale@2"},
        {"args": {"replicas": 4}},
        {"scope": Scope(context="other")},
        {"depends_on": ("s0",)},
        {"preview": a_preview(observed="uid:2")},
        {"preview": a_preview(changes=(Change(path="spec.replicas", before=2, after=4),))},
        {"ruling": Ruling(verdict=Verdict.CONFIRM, rule="r")},
    ],
)
def test_whatever_was_on_the_screen_changes_the_hash(changed: dict[str, object]) -> None:
    assert a_plan(a_step(**changed)).hash != a_plan().hash


def test_an_approval_needs_at_least_twelve_characters_of_the_hash() -> None:
    plan = a_plan()
    assert plan.matches(plan.hash) and plan.matches(plan.hash[:12])
    assert not plan.matches(plan.hash[:11]) and not plan.matches("")


@given(st.lists(st.integers(0, 7), max_size=8), st.randoms())
def test_order_puts_every_dependency_first(edges: list[int], chance: object) -> None:
    steps = [
        DraftStep(id=f"s{n}", tool="t", depends_on=(f"s{back}",) if back < n else ())
        for n, back in enumerate(edges)
    ]
    shuffled = list(steps)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    placed: set[str] = set()
    for step in order(shuffled):
        assert placed.issuperset(step.depends_on)
        placed.add(step.id)
    assert placed == {step.id for step in steps}


def test_a_circle_is_named() -> None:
    with pytest.raises(PlanProblem, match="circle"):
        order(
            [DraftStep(id="a", tool="t", depends_on=("b",)), DraftStep(id="b", tool="t", depends_on=("a",))]
        )


@pytest.mark.parametrize(
    ("path", "fits"), [("name", True), ("rows.0", True), ("rows[0]", True), ("colour", False)]
)
def test_a_reference_is_checked_against_the_output_schema(path: str, fits: bool) -> None:
    reference, schema = Reference(step="s1", path=path), Looked.model_json_schema()
    if fits:
        check_path(reference, schema)
    else:
        with pytest.raises(ReferenceProblem, match="colour"):
            check_path(reference, schema)


def test_a_reference_that_leads_nowhere_says_where_it_ended() -> None:
    with pytest.raises(ReferenceProblem, match="at 5 there is 1 items"):
        resolve({"$from": "s1", "path": "rows.5"}, {"s1": {"rows": ["a"]}})
    with pytest.raises(ReferenceProblem, match="no output yet"):
        resolve([{"$from": "s2"}], {})


@pytest.mark.parametrize(
    ("question", "verdict", "rule"),
    [
        (Question("t", Effect.READ, Scope()), Verdict.ALLOW, "reads-are-free"),
        (Question("t", Effect.SENSITIVE_READ, Scope()), Verdict.ASK, "secrets-are-asked-for"),
        (Question("t", Effect.WRITE, Scope(), a_preview(), True), Verdict.ASK, "writes-ask"),
        (Question("t", Effect.WRITE, Scope(), a_preview(), False), Verdict.CONFIRM, "irreversible-needs-name"),
        (Question("t", Effect.DESTRUCTIVE, Scope(), a_preview(), True), Verdict.CONFIRM, "irreversible-needs-name"),
        (Question("t", Effect.WRITE, Scope(), a_preview(labels={"environment": "Production"}), True),
         Verdict.CONFIRM, "production-needs-name"),
        (Question("t", Effect.WRITE, Scope(),
                  a_preview(permits=(Permit(system="k", place="c", verb="patch", namespace="kube-system"),)), True),
         Verdict.DENY, "system-namespaces-are-denied"),
    ],
)  # fmt: skip
def test_the_strictest_rule_wins_and_is_named(question: Question, verdict: Verdict, rule: str) -> None:
    ruling = Policy(Settings()).rule(question)
    assert (ruling.verdict, ruling.rule) == (verdict, rule)


def test_a_pinned_context_denies_every_write() -> None:
    settings = Settings(contexts={"c": PlaceSettings(read_only=True)})
    ruling = Policy(settings).rule(Question("t", Effect.WRITE, Scope(), a_preview(), True))
    assert (ruling.verdict, ruling.rule) == (Verdict.DENY, "pinned-places-are-denied")


def test_settings_name_the_field_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    assert Settings.load(path).console == ConsoleSettings()
    path.write_text('[console]\ncolour = "red"\n')
    with pytest.raises(SettingsError, match=r"console\.colour"):
        Settings.load(path)
    path.write_text("not toml")
    with pytest.raises(SettingsError, match="not valid TOML"):
        Settings.load(path)


def story(plan: Plan) -> list[e.DurableEvent]:
    return [
        e.SessionStarted(operator="o", scope=Scope(context="c")),
        e.Said(turn=1, text="scale it"),
        e.PlanOffered(turn=1, plan=plan),
        e.TurnEnded(turn=1, outcome="planned"),
        e.PlanApproved(plan_id=plan.id, hash=plan.hash, steps=("s1",), by="o", how="key"),
        e.StepIntended(plan_id=plan.id, step_id="s1", attempt=1, attempts=4, key="k", call=plan.steps[0].call,
                       scope=Scope(), effect=Effect.WRITE),
        e.StepSucceeded(plan_id=plan.id, step_id="s1", attempt=1, observed="3 of 3"),
        e.PlanFinished(plan_id=plan.id, status=PlanStatus.SUCCEEDED, summary="done"),
    ]  # fmt: skip


def test_the_fold_is_pure_and_every_event_survives_storage() -> None:
    plan = a_plan()
    state, again = SessionState(), SessionState()
    for seq, event in enumerate(story(plan), start=1):
        before = state
        recorded = e.Recorded(seq, AT, event)
        state = fold(state, recorded)
        assert fold(before, recorded) == state
        again = fold(again, e.Recorded(seq, AT, e.DURABLE.validate_json(stored(event).body)))
    assert state == again
    assert state.plans[plan.id].status is PlanStatus.SUCCEEDED


def test_resuming_returns_to_read_only_and_marks_what_was_cut_off() -> None:
    plan = a_plan()
    state = SessionState()
    events = [*story(plan)[:6], e.ModeChanged(place="c", writes=True, by="o", how="key")]
    for seq, event in enumerate(events, start=1):
        state = fold(state, e.Recorded(seq, AT, event))
    assert state.writable == {"c"}
    state = fold(state, e.Recorded(9, AT, e.SessionResumed(operator="o")))
    assert state.writable == frozenset()
    assert state.plans[plan.id].status is PlanStatus.INTERRUPTED
