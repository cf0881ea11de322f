"""The operator's own rules: read, tested against their examples, and never laxer than what is built in."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from agent.deciding.decisions import CommandRefused, Why
from agent.deciding.policy import Policy
from agent.deciding.policy_file import FileRule, load
from agent.deciding.policy_sentence import SentenceError, question
from agent.plan import Verdict
from agent.planning.checking import Denied
from agent.settings import Settings, SettingsError
from tests.standins.crew import approve, crew, offer, put, shelf_crew
from tests.standins.shelf import Shelf
from tools.gate import Gate
from tools.tool import Effect

EFFECTS = {
    "kubernetes_list": Effect.READ,
    "kubernetes_scale": Effect.WRITE,
    "kubernetes_delete": Effect.DESTRUCTIVE,
}
NIGHT = """
rules:
  - name: payments-rests-at-night
    verdict: deny
    reason: Nobody is there to look.
    tools: ["kubernetes_*"]
    effects: [write, destructive]
    namespaces: [payments]
    hours: 22:00-06:00
    match: [kubernetes_scale in payments at 23:30, kubernetes_delete pod/x in payments at 05:59]
    not_match: [kubernetes_scale in payments at 12:00, kubernetes_list in payments at 23:30]
"""


def loaded(tmp_path: Path, text: str) -> Policy:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    return Policy(Settings(), load(path, EFFECTS))


def test_no_file_means_the_rules_that_are_built_in(tmp_path: Path) -> None:
    assert load(tmp_path / "policy.yaml", EFFECTS) == ()


@pytest.mark.parametrize(
    ("sentence", "verdict", "rule"),
    [
        ("kubernetes_scale in payments at 23:30", Verdict.DENY, "payments-rests-at-night"),
        ("kubernetes_scale in payments at 06:00", Verdict.ASK, "writes-ask"),
        ("kubernetes_scale in shop at 23:30", Verdict.ASK, "writes-ask"),
        ("kubernetes_list in payments at 23:30", Verdict.ALLOW, "reads-are-free"),
        ("kubernetes_delete pod/x in shop", Verdict.CONFIRM, "irreversible-needs-name"),
        ("kubernetes_scale in shop with environment=production", Verdict.CONFIRM, "production-needs-name"),
        ("kubernetes_scale in kube-system", Verdict.DENY, "system-namespaces-are-denied"),
    ],
)
def test_the_strictest_rule_counts_and_is_named(
    tmp_path: Path, sentence: str, verdict: Verdict, rule: str
) -> None:
    ruling = loaded(tmp_path, NIGHT).rule(question(sentence, EFFECTS))
    assert (ruling.verdict, ruling.rule) == (verdict, rule)


def test_a_file_cannot_make_a_write_go_unasked(tmp_path: Path) -> None:
    text = """
rules:
  - name: everything-goes
    verdict: allow
    effects: [write]
    match: [kubernetes_scale in a]
    not_match: [kubernetes_list in b]
"""
    assert loaded(tmp_path, text).rule(question("kubernetes_scale in a", EFFECTS)).verdict is Verdict.ASK


@pytest.mark.parametrize(
    ("more", "yes", "no"),
    [
        ("objects_over: 5", "kubernetes_scale touching 6", "kubernetes_scale touching 5"),
        ("users: ['intern-*']", "kubernetes_scale as intern-7", "kubernetes_scale as anna"),
        ("contexts: ['prod-*']", "kubernetes_scale on prod-eu", "kubernetes_scale on staging"),
        ("labels: {team: 'pay*'}", "kubernetes_scale with team=payments", "kubernetes_scale with team=shop"),
        ("environments: [dev]", "kubernetes_scale with env=dev", "kubernetes_scale with env=prod"),
        ("days: [fri]", "kubernetes_scale day fri", "kubernetes_scale day mon"),
        ("hours: 09:00-17:00", "kubernetes_scale at 09:00", "kubernetes_scale at 17:00"),
    ],
)
def test_each_condition_of_a_rule_narrows_it(tmp_path: Path, more: str, yes: str, no: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(
        f"rules:\n  - name: r\n    verdict: deny\n    {more}\n    match: ['{yes}']\n    not_match: ['{no}']\n"
    )
    [rule] = load(path, EFFECTS)
    assert isinstance(rule, FileRule)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (NIGHT.replace("at 12:00", "at 22:00"), "matches, but it is listed under not_match"),
        (NIGHT.replace("at 23:30, kubernetes_delete", "at 12:30, kubernetes_delete"), "does not match"),
        (NIGHT.replace("22:00-06:00", "late"), "hours are written like"),
        (NIGHT.replace("verdict: deny", "verdict: maybe"), "verdict"),
        (
            NIGHT.replace("[kubernetes_scale in payments at 23:30", "[kubernetes_fly at 23:30"),
            "no tool called",
        ),
        (NIGHT + NIGHT.removeprefix("\nrules:\n"), "two rules are called"),
        (
            NIGHT.replace(
                "match: [kubernetes_scale in payments at 23:30, kubernetes_delete pod/x in payments at 05:59]",
                "match: []",
            ),
            "match",
        ),
        ("rules: [", "not valid YAML"),
        (NIGHT.replace("reason:", "becuase:"), "becuase"),
    ],
)
def test_a_file_that_does_not_do_what_it_says_is_refused_with_its_place(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(SettingsError, match=words) as error:
        loaded(tmp_path, text)
    assert "policy.yaml" in str(error.value)


@pytest.mark.parametrize(
    "sentence", ["", "kubernetes_scale in", "kubernetes_scale touching many", "fly 'away"]
)
def test_a_sentence_that_cannot_be_read_says_why(sentence: str) -> None:
    with pytest.raises(SentenceError):
        question(sentence, EFFECTS)


async def test_what_was_offered_by_day_is_refused_by_night(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf", Gate.build()[0])
    shelf.set("a", "0")
    clock = [datetime(2026, 11, 20, 12, 0).astimezone()]
    rule = FileRule.model_validate(
        {
            "name": "night", "verdict": "deny", "hours": "22:00-06:00",
            "match": ["kubernetes_scale at 23:00"], "not_match": ["kubernetes_scale at 12:00"],
        }
    )  # fmt: skip
    policy = Policy(Settings(), (rule,))
    async with crew(tmp_path / "home", shelf_crew(shelf), policy=policy) as aboard:
        session = await aboard.open()
        session._staff.known.checker._now = lambda: clock[0]
        plan = await offer(session, put("a"))
        clock[0] = clock[0].replace(hour=23)
        with pytest.raises(CommandRefused) as refusal:
            await session.order(approve(plan))
        assert refusal.value.why is Why.POLICY and "night" in str(refusal.value)
        with pytest.raises(Denied):
            await offer(session, put("a"))
        assert shelf.arrived == []
