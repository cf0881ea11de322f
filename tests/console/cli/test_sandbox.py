"""Plan, decide, apply, verify: end to end against the practice sandbox, by the exit codes of the contract."""

from __future__ import annotations

import base64
import json
import ssl
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.console.cli.forking import Forks
from tests.console.cli.running import Finished, Pilothouse, interrupt, read_document, read_until


@dataclass(frozen=True, slots=True)
class Practice:
    """A command line whose home has a sandbox running."""

    pilothouse: Pilothouse
    kubeconfig: Path

    def __call__(self, *words: str) -> Finished:
        return self.pilothouse("--sandbox", *words, "--json")

    def plan(self, *words: str) -> Any:
        """A plan that must come about."""
        done = self("plan", *words)
        assert done.code == 0, done.err
        return done.document

    def replicas(self, namespace: str, name: str, wanted: int | None = None) -> int:
        """Read the replicas of a deployment past Pilothouse, or set them as somebody else would."""
        config = yaml.safe_load(self.kubeconfig.read_text())
        server = config["clusters"][0]["cluster"]
        token = config["users"][0]["user"]["token"]
        authority = base64.b64decode(server["certificate-authority-data"]).decode()
        request = urllib.request.Request(
            f"{server['server']}/apis/apps/v1/namespaces/{namespace}/deployments/{name}",
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/merge-patch+json"},
        )
        if wanted is not None:
            request.method = "PATCH"
            request.data = json.dumps({"spec": {"replicas": wanted}}).encode()
        with urllib.request.urlopen(
            request, context=ssl.create_default_context(cadata=authority), timeout=10
        ) as answer:
            return int(json.load(answer)["spec"]["replicas"])


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Iterator[Practice]:
    pilothouse = Pilothouse(tmp_path_factory.mktemp("practice") / "home", forks)
    with pilothouse.started("sandbox", "up", "--json") as process:
        document = read_document(process)
        yield Practice(pilothouse, Path(document["kubeconfig"]))
        assert interrupt(process).code == 130
    assert not (pilothouse.home / "state" / "sandbox" / "sandbox.json").exists()


def test_a_plan_is_printed_applied_verified_and_found_again(practice: Practice) -> None:
    plan = practice.plan("scale checkout in staging to 3")
    [step] = plan["steps"]
    assert (plan["model_calls"], plan["scope"]["context"], plan["origin"]) == (
        0,
        "sandbox",
        "runbook:scale@1",
    )
    assert (step["tool"], step["effect"], step["depends_on"]) == ("kubernetes_scale@1", "write", [])
    assert step["args"]["replicas"] == 3
    assert step["diff"] == [{"path": "spec.replicas", "before": 2, "after": 3}]
    assert step["undo"]["args"]["replicas"] == 2
    assert step["policy"]["verdict"] == "ask"
    assert practice.replicas("shop-staging", "checkout") == 2

    done = practice("apply", plan["plan_id"], "--approve", plan["hash"])
    assert done.code == 0, done.err
    assert (done.document["plan_id"], done.document["status"]) == (plan["plan_id"], "succeeded")
    [outcome] = done.document["steps"]
    assert (outcome["state"], outcome["attempts"], outcome["cause"]) == ("succeeded", 1, "")
    assert "3 of 3" in outcome["observed"]
    assert "running" in done.err
    assert practice.replicas("shop-staging", "checkout") == 3

    entries = practice("audit", "show", "--plan", plan["plan_id"]).document["entries"]
    target = plan["steps"][0]["target"]
    named = practice("audit", "show", "--resource", target).document["entries"]
    assert {entry["row"] for entry in entries if entry["step"]} <= {entry["row"] for entry in named}
    assert practice("audit", "show", "--resource", "nothing-of-that-name").document["entries"] == []
    finished = entries[-1]
    assert finished["kind"] == "plan_finished"
    assert finished["approval"] == f"{plan['hash'][:12]} by ada (flag)"
    again = practice("apply", plan["plan_id"], "--approve", plan["hash"])
    assert (again.code, again.error["exit"]) == (4, 4)
    assert practice("audit", "verify").document["ok"]


def test_what_apply_prints_can_be_read(practice: Practice) -> None:
    text = practice.pilothouse("--sandbox", "plan", "scale", "frontend", "in", "staging", "to", "1").out
    command = next(line.split() for line in text.splitlines() if "pilothouse apply" in line)
    assert "--sandbox" in command
    applied = practice.pilothouse(*command[1:])
    assert applied.code == 0
    assert applied.out.startswith("ok ")
    assert "succeeded." in applied.out.splitlines()[-1]
    assert "\x1b" not in text + applied.out


def test_without_an_approval_the_plan_is_shown_again(practice: Practice) -> None:
    plan = practice.plan("scale cart in staging to 2")
    shown = practice("apply", plan["plan_id"])
    assert shown.code == 4
    assert shown.document["hash"] == plan["hash"]
    assert shown.document["steps"] == plan["steps"]
    assert practice.replicas("shop-staging", "cart") == 1


@pytest.mark.parametrize("approval", ["0" * 64, "00", "f" * 12])
def test_another_hash_approves_nothing(practice: Practice, approval: str) -> None:
    plan = practice.plan("scale cart in staging to 2")
    done = practice("apply", plan["plan_id"], "--approve", approval)
    assert (done.code, done.error["exit"]) == (4, 4)
    assert practice.replicas("shop-staging", "cart") == 1


def test_what_changed_since_the_approval_is_refused(practice: Practice) -> None:
    plan = practice.plan("scale catalog in staging to 2")
    practice.replicas("shop-staging", "catalog", 5)
    done = practice("apply", plan["plan_id"], "--approve", plan["hash"])
    assert done.code == 4
    [step] = done.document["steps"]
    assert (step["state"], step["failure"], step["attempts"], step["applied"]) == (
        "failed",
        "drift",
        0,
        False,
    )
    assert "changed since it was approved" in step["cause"]
    assert practice.replicas("shop-staging", "catalog") == 5


def test_read_only_carries_nothing_out(practice: Practice) -> None:
    plan = practice.plan("scale cart in staging to 2")
    done = practice("apply", plan["plan_id"], "--approve", plan["hash"], "--read-only")
    assert (done.code, done.error["exit"]) == (3, 3)
    assert practice.replicas("shop-staging", "cart") == 1


def test_a_plan_of_the_sandbox_is_not_carried_out_elsewhere(practice: Practice) -> None:
    plan = practice.plan("scale cart in staging to 2")
    done = practice.pilothouse("apply", plan["plan_id"], "--approve", plan["hash"], "--json")
    assert (done.code, done.error["hint"]) == (2, "Add --sandbox.")


def test_production_needs_its_name_typed(practice: Practice) -> None:
    # Not frontend: its autoscaler keeps at least two replicas and takes such a change back.
    plan = practice.plan("scale cart in production to 3")
    assert plan["steps"][0]["confirm"] == "cart"
    approved = ("apply", plan["plan_id"], "--approve", plan["hash"])
    refused = practice(*approved)
    assert (refused.code, refused.error["exit"]) == (4, 4)
    assert "--confirm" in refused.error["hint"]
    assert practice(*approved, "--confirm", "checkout").error["exit"] == 4
    assert practice.replicas("shop-production", "cart") == 2
    assert practice(*approved, "--confirm", "cart").code == 0
    assert practice.replicas("shop-production", "cart") == 3


def test_policy_refuses_with_its_rule(practice: Practice) -> None:
    done = practice("plan", "scale coredns in kube-system to 1")
    assert (done.code, done.error["exit"]) == (3, 3)
    assert "system-namespaces-are-denied" in done.error["hint"]


def test_a_pinned_context_refuses_even_what_was_planned_before(practice: Practice) -> None:
    plan = practice.plan("scale cart in staging to 2")
    settings = practice.pilothouse.home / "config" / "config.toml"
    settings.write_text("[contexts.sandbox]\nread_only = true\n")
    try:
        done = practice("apply", plan["plan_id"], "--approve", plan["hash"])
        assert (done.code, done.error["exit"]) == (3, 3)
        assert "pinned" in done.error["sentence"]
        assert practice("plan", "scale cart in staging to 2").error["exit"] == 3
    finally:
        settings.unlink()
    assert practice.replicas("shop-staging", "cart") == 1


def test_a_viewer_is_told_which_right_is_missing(practice: Practice) -> None:
    done = practice("plan", "scale cart in staging to 2", "--context", "sandbox-viewer")
    assert (done.code, done.error["exit"]) == (1, 1)
    assert "forbidden" in done.error["hint"]
    assert practice("ask", "show pods in staging", "--context", "sandbox-viewer").code == 0


def test_a_question_is_answered_in_its_session(practice: Practice) -> None:
    asked = practice("plan", "scale checkout to 3")
    assert asked.code == 4
    assert any("shop-dev" in choice for choice in asked.document["question"]["choices"])
    plan = practice("plan", "dev", "--session", asked.document["session"])
    assert plan.code == 0
    assert plan.document["target"] == ["deployment/checkout in shop-dev"]


def test_ask_answers_with_evidence_and_offers_plans_for_a_decision(practice: Practice) -> None:
    done = practice("ask", "why is payments crashing?")
    assert done.code == 0
    assert "DATABASE_URL" in done.document["answer"]
    assert done.document["evidence"] and done.document["reads"]
    offered = practice("ask", "scale cart in staging to 2")
    assert (offered.code, offered.document["outcome"]) == (4, "planned")
    assert offered.document["plan"]["steps"]


def test_only_the_chosen_steps_are_carried_out(practice: Practice) -> None:
    plan = practice.plan("stop the dev environment")
    [cart] = [step["id"] for step in plan["steps"] if step["target"] == "deployment/cart in shop-dev"]
    approved = ("apply", plan["plan_id"], "--approve", plan["hash"])
    assert practice(*approved, "--step", "nonsense").error["exit"] == 2
    done = practice(*approved, "--step", cart)
    assert done.code == 0
    states = {step["id"]: step["state"] for step in done.document["steps"]}
    assert states.pop(cart) == "succeeded"
    assert set(states.values()) == {"skipped"}
    assert practice.replicas("shop-dev", "cart") == 0
    assert practice.replicas("shop-dev", "catalog") == 1


def test_ctrl_c_stops_the_plan_and_says_what_was_done(practice: Practice) -> None:
    plan = practice.plan("scale redis in staging to 4")
    words = ("--sandbox", "apply", plan["plan_id"], "--approve", plan["hash"], "--json")
    with practice.pilothouse.started(*words) as process:
        read_until(process, "replicas ready")
        done = interrupt(process)
    assert done.code == 130
    assert "Traceback" not in done.err
    assert done.document["status"] == "stopped"
    [step] = done.document["steps"]
    assert (step["state"], step["applied"]) == ("stopped", True)


def test_a_killed_apply_is_taken_up_again_without_a_second_write(practice: Practice) -> None:
    plan = practice.plan("scale cart in production to 1")
    words = ("apply", plan["plan_id"], "--approve", plan["hash"], "--confirm", "cart")
    with practice.pilothouse.started("--sandbox", *words, "--json") as process:
        read_until(process, "running")
        process.kill()
        process.wait()
    practice.replicas("shop-production", "cart", 1)
    done = practice(*words)
    assert done.document["plan_id"] == plan["plan_id"]
    assert [step["attempts"] for step in done.document["steps"]] == [1]
    entries = practice("audit", "show", "--plan", plan["plan_id"]).document["entries"]
    assert [entry["kind"] for entry in entries].count("plan_approved") == 1
    assert [entry["kind"] for entry in entries].count("step_intended") == 1


def test_a_second_sandbox_joins_the_first(practice: Practice) -> None:
    done = practice.pilothouse("sandbox", "up", "--json")
    assert (done.code, done.document["joined"]) == (0, True)
    assert done.document["kubeconfig"] == str(practice.kubeconfig)
    text = practice.pilothouse("sandbox", "up").out
    assert f"export KUBECONFIG={practice.kubeconfig}" in text


def test_without_a_running_sandbox_each_command_starts_its_own(pilothouse: Pilothouse) -> None:
    planned = pilothouse("--sandbox", "--json", "plan", "scale cart in staging to 0")
    assert planned.code == 0, planned.err
    plan = planned.document
    done = pilothouse("--sandbox", "--json", "apply", plan["plan_id"], "--approve", plan["hash"])
    assert (done.code, done.document["status"]) == (0, "succeeded")
    assert not (pilothouse.home / "state" / "sandbox" / "sandbox.json").exists()
