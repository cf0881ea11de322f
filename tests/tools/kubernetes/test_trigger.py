"""Running a CronJob out of turn."""

import pytest

from tests.tools.kubernetes.lab import Lab, bystander
from tests.tools.kubernetes.test_trouble import BEHAVIOUR
from tools.errors import AlreadyExists, Forbidden, GateRefused, NotFound
from tools.tool import Scope, Verdict

TRIGGER = "kubernetes_trigger_cronjob"


async def test_a_job_is_made_from_the_template_owned_by_the_cronjob_and_marked_as_made_by_hand(
    lab: Lab,
) -> None:
    await lab.cron_job("nightly", suspended=True)
    preview = await lab.carry_out(TRIGGER, name="nightly")
    assert preview.target == f"job/nightly-manual-1 in {lab.namespace}"
    assert [(permit.verb, permit.resource, permit.name) for permit in preview.permits] == [
        ("create", "jobs.batch", "")
    ]
    assert any("suspended" in warning for warning in preview.warnings)
    job = (await lab.read("kubernetes_get", kind="job", name="nightly-manual-1")).object
    cron = (await lab.read("kubernetes_get", kind="cronjob", name="nightly")).object
    assert job["metadata"]["ownerReferences"][0]["uid"] == cron["metadata"]["uid"]
    assert job["metadata"]["annotations"]["cronjob.kubernetes.io/instantiate"] == "manual"
    assert job["metadata"]["labels"]["app"] == "nightly"


async def test_the_next_job_gets_the_next_number_and_the_preview_is_the_same_each_time(lab: Lab) -> None:
    await lab.cron_job("nightly", suspended=True)
    await lab.carry_out(TRIGGER, name="nightly")
    first, second = [await lab.preview(TRIGGER, name="nightly") for _ in range(2)]
    assert first.name == "nightly-manual-2"
    assert first.model_dump_json() == second.model_dump_json()


async def test_a_second_try_of_what_was_approved_makes_no_second_job(lab: Lab) -> None:
    await lab.cron_job("nightly", suspended=True)
    approved = await lab.preview(TRIGGER, name="nightly")
    settled = {"name": "nightly", **approved.chosen}
    await lab.run(TRIGGER, approved, **settled)
    with pytest.raises(AlreadyExists):
        await lab.run(TRIGGER, approved, **settled)


async def test_undo_deletes_the_job(lab: Lab) -> None:
    await lab.cron_job("nightly", suspended=True)
    preview = await lab.carry_out(TRIGGER, name="nightly", until="started")
    undo = lab.undo(TRIGGER, preview, name="nightly")
    assert undo is not None
    deletion = await lab.preview(undo.tool, **undo.args)
    await lab.run(undo.tool, deletion, **undo.args)
    assert (await lab.settled(undo.tool, deletion, **undo.args)).verdict is Verdict.HOLDS


async def test_a_job_that_completes_holds(practice: Lab) -> None:
    await practice.cron_job("nightly", **{BEHAVIOUR: "complete"})
    preview = await practice.carry_out(TRIGGER, name="nightly")
    seen = await practice.settled(TRIGGER, preview, name="nightly")
    assert (seen.verdict, seen.detail) == (
        Verdict.HOLDS,
        "Job nightly-manual-1 is complete: 1 succeeded.",
    )


async def test_a_job_that_fails_says_why_and_was_applied_all_the_same(practice: Lab) -> None:
    await practice.cron_job("nightly", **{BEHAVIOUR: "fail"})
    preview = await practice.carry_out(TRIGGER, name="nightly")
    seen = await practice.settled(TRIGGER, preview, name="nightly")
    assert (seen.verdict, seen.applied) == (Verdict.DOES_NOT_HOLD, True)
    assert "backoff limit" in seen.detail


async def test_a_job_that_runs_is_enough_when_only_its_start_is_awaited(practice: Lab) -> None:
    await practice.cron_job("endless", **{BEHAVIOUR: "run"})
    args = {"name": "endless", "until": "started"}
    preview = await practice.carry_out(TRIGGER, **args)
    assert (await practice.settled(TRIGGER, preview, **args)).verdict is Verdict.HOLDS
    finished = await practice.observe(TRIGGER, preview, name="endless")
    assert finished.verdict is Verdict.NOT_YET


async def test_a_name_that_is_taken_is_said_in_the_preview(lab: Lab) -> None:
    await lab.cron_job("nightly", suspended=True)
    await lab.carry_out(TRIGGER, name="nightly", job_name="again")
    with pytest.raises(AlreadyExists, match='"again" already exists'):
        await lab.preview(TRIGGER, name="nightly", job_name="again")


async def test_without_a_grant_there_is_no_job(lab: Lab) -> None:
    await lab.cron_job("nightly", suspended=True)
    preview = await lab.preview(TRIGGER, name="nightly")
    tool = lab.registry.write(TRIGGER)
    with pytest.raises(GateRefused):
        await tool.run(tool.parse({"name": "nightly"}), lab.scope)
    seen = await lab.observe(TRIGGER, preview, name="nightly")
    assert (seen.verdict, seen.applied) == (Verdict.DOES_NOT_HOLD, False)


async def test_a_mistyped_cronjob_is_answered_with_near_names(lab: Lab) -> None:
    await lab.cron_job("nightly", suspended=True)
    with pytest.raises(NotFound) as caught:
        await lab.preview(TRIGGER, name="nightley")
    assert "nightly" in caught.value.hint


async def test_who_may_not_create_jobs_hears_it_in_the_preview(practice: Lab) -> None:
    await practice.cron_job("nightly", suspended=True)
    tool = practice.registry.write(TRIGGER)
    with pytest.raises(Forbidden, match=r"create jobs\.batch"):
        scope = Scope(context=bystander(practice), namespace=practice.namespace)
        await tool.preview(tool.parse({"name": "nightly"}), scope)
