"""Suspending a CronJob, and letting it follow its schedule again."""

import pytest

from tests.tools.kubernetes.lab import Lab, bystander
from tools.errors import Forbidden, GateRefused, NotFound
from tools.tool import Call, Scope, Verdict


async def suspended(lab: Lab, name: str = "nightly") -> bool:
    found = await lab.read("kubernetes_get", kind="cronjob", name=name)
    return found.object["spec"]["suspend"] is True


async def test_suspending_shows_its_one_field_and_resuming_takes_it_back(lab: Lab) -> None:
    await lab.cron_job("nightly")
    preview = await lab.carry_out("kubernetes_suspend_cronjob", name="nightly")
    (change,) = preview.changes
    assert (change.path, change.before, change.after) == ("spec.suspend", False, True)
    seen = await lab.observe("kubernetes_suspend_cronjob", preview, name="nightly")
    assert (seen.verdict, seen.applied) == (Verdict.HOLDS, True)
    assert await suspended(lab)
    undo = lab.undo("kubernetes_suspend_cronjob", preview, name="nightly")
    args = {"name": "nightly", "namespace": lab.namespace}
    assert undo == Call(tool="kubernetes_resume_cronjob@1", args=args)
    await lab.carry_out(undo.tool, **undo.args)
    assert not await suspended(lab)


async def test_resuming_warns_of_runs_that_were_missed_and_start_at_once(lab: Lab) -> None:
    await lab.cron_job("nightly", suspended=True)
    preview = await lab.preview("kubernetes_resume_cronjob", name="nightly")
    assert any("startingDeadlineSeconds" in warning for warning in preview.warnings)


async def test_a_suspended_cronjob_has_nothing_to_suspend(lab: Lab) -> None:
    await lab.cron_job("nightly", suspended=True)
    preview = await lab.preview("kubernetes_suspend_cronjob", name="nightly")
    assert preview.changes == ()
    assert lab.undo("kubernetes_suspend_cronjob", preview, name="nightly") is None


async def test_without_a_grant_no_cronjob_is_suspended(lab: Lab) -> None:
    await lab.cron_job("nightly")
    preview = await lab.preview("kubernetes_suspend_cronjob", name="nightly")
    tool = lab.registry.write("kubernetes_suspend_cronjob")
    with pytest.raises(GateRefused):
        await tool.run(tool.parse({"name": "nightly"}), lab.scope)
    seen = await lab.observe("kubernetes_suspend_cronjob", preview, name="nightly")
    assert (seen.verdict, seen.applied) == (Verdict.DOES_NOT_HOLD, False)


async def test_a_mistyped_cronjob_is_answered_with_near_names(lab: Lab) -> None:
    await lab.cron_job("nightly")
    with pytest.raises(NotFound) as caught:
        await lab.preview("kubernetes_resume_cronjob", name="nightli")
    assert "nightly" in caught.value.hint


async def test_a_viewer_may_not_suspend(practice: Lab) -> None:
    await practice.cron_job("nightly")
    tool = practice.registry.write("kubernetes_suspend_cronjob")
    with pytest.raises(Forbidden, match=r"patch cronjobs\.batch nightly"):
        scope = Scope(context=bystander(practice), namespace=practice.namespace)
        await tool.preview(tool.parse({"name": "nightly"}), scope)
