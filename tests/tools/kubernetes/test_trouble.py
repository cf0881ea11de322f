"""Broken workloads, which only the practice cluster breaks on demand: seen, explained, not waited for."""

import pytest

from tests.tools.kubernetes.lab import Lab, until
from tools.errors import Forbidden
from tools.kubernetes.reads.diagnose import DiagnoseOutput
from tools.tool import Scope, Verdict

MISSING = "registry.shop.example/shop/no-such-program:1"
BEHAVIOUR = "sandbox.pilothouse/behaviour"


async def explained(lab: Lab, name: str, words: str) -> DiagnoseOutput:
    """Ask until a finding of high confidence says these words."""

    async def found() -> DiagnoseOutput | None:
        answer = await lab.read("kubernetes_diagnose", name=name)
        assert isinstance(answer, DiagnoseOutput)
        sure = [entry for entry in answer.findings if entry.confidence == "high" and words in entry.cause]
        return answer if sure else None

    return await until(found)


async def test_a_crash_is_explained_by_its_exit_code_and_its_log(practice: Lab) -> None:
    await practice.deployment("payments", replicas=1, **{BEHAVIOUR: "crash"})
    answer = await explained(practice, "payments", "exits with code")
    evidence = answer.findings[0].evidence
    assert any("exit code" in entry.quote for entry in evidence)
    assert any(entry.what.startswith("log of container") and entry.quote for entry in evidence)


async def test_running_out_of_memory_is_explained(practice: Lab) -> None:
    await practice.deployment("payments", replicas=1, **{BEHAVIOUR: "oom"})
    answer = await explained(practice, "payments", "more memory")
    assert any("OOMKilled" in entry.quote for entry in answer.findings[0].evidence)


async def test_an_image_that_is_not_there_is_explained_and_not_waited_for(practice: Lab) -> None:
    await practice.deployment("web", replicas=1)
    args = {"name": "web", "image": MISSING}
    preview = await practice.carry_out("kubernetes_set_image", **args)
    seen = await practice.settled("kubernetes_set_image", preview, **args)
    assert seen.verdict is Verdict.DOES_NOT_HOLD
    assert seen.applied is True
    assert "ImagePullBackOff" in seen.detail
    await explained(practice, "web", "the registry has no such image")


async def test_a_namespace_is_searched_for_everything_that_is_broken(practice: Lab) -> None:
    await practice.deployment("good", replicas=1)
    await practice.deployment("bad", image=MISSING, replicas=1)

    async def found() -> bool:
        answer = await practice.read("kubernetes_diagnose")
        return any("no such image" in entry.cause for entry in answer.findings)

    assert await until(found)
    answer = await practice.read("kubernetes_diagnose")
    assert not any(entry.object.startswith("pod/good-") for entry in answer.findings)


async def test_a_viewer_may_look_but_not_change_even_with_a_grant(practice: Lab) -> None:
    await practice.deployment("web", replicas=1)
    viewer = next(info.name for info in practice.clusters.contexts() if "viewer" in info.name)
    scope = Scope(context=viewer, namespace=practice.namespace)
    scale = practice.registry.write("kubernetes_scale")
    args = scale.parse({"name": "web", "replicas": 2})
    listing = practice.registry.get("kubernetes_list")
    listed = await listing.run(listing.parse({"kind": "deploy"}), scope)
    assert "web" in listed.model_dump_json()
    with pytest.raises(Forbidden, match="scale"):
        await scale.preview(args, scope)
