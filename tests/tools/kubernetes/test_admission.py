"""What admission, quotas and other owners say no with is a sentence, and knows a way out."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.tools.kubernetes.api_server import ApiServer, api_server, connected
from tests.tools.kubernetes.lab import Lab, deployment
from tools import errors
from tools.gate import Permit

CONFIG: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "new"}}
POD = "/api/v1/namespaces/shop/pods/web-1"


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    async with api_server() as running:
        yield running


async def refused(server: ApiServer, folder: Path) -> errors.ToolError:
    async with connected(server.url, folder) as (cluster, _):
        with pytest.raises(errors.ToolError) as caught:
            await cluster.request("GET", POD)
    return caught.value


@pytest.mark.parametrize(
    ("code", "reason", "message", "kind", "way"),
    [
        (
            403,
            "Forbidden",
            'pods "web-1" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=4, limited: pods=4',
            errors.Forbidden,
            "The quota compute is used up",
        ),
        (
            403,
            "Forbidden",
            'pods "web-1" is forbidden: failed quota: compute: must specify limits.cpu for: app',
            errors.Forbidden,
            "has to say its limits",
        ),
        (
            403,
            "Forbidden",
            'pods "web-1" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi',
            errors.Forbidden,
            "LimitRange",
        ),
        (
            403,
            "Forbidden",
            'pods "web-1" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true',
            errors.Forbidden,
            "pod security level restricted:latest",
        ),
        (
            400,
            "",
            'admission webhook "policy.example.com" denied the request: images need a digest',
            errors.Invalid,
            "The webhook policy.example.com checks",
        ),
        (
            422,
            "Invalid",
            "pods \"web-1\" is forbidden: ValidatingAdmissionPolicy 'owners' with binding 'all' denied request: no",
            errors.Invalid,
            "The policy owners is a rule",
        ),
        (
            500,
            "InternalError",
            'Internal error occurred: failed calling webhook "policy.example.com": context deadline exceeded',
            errors.ServerFailed,
            "The webhook policy.example.com does not answer",
        ),
    ],
)
async def test_each_refusal_of_admission_keeps_its_words_and_names_its_own_way_out(
    server: ApiServer,
    tmp_path: Path,
    code: int,
    reason: str,
    message: str,
    kind: type[errors.ToolError],
    way: str,
) -> None:
    server.fails(POD, code, reason, message)
    error = await refused(server, tmp_path)
    assert type(error) is kind
    assert message in error.message
    assert way in error.hint
    assert "can-i" not in error.hint


async def test_a_missing_right_still_says_how_to_check_it(server: ApiServer, tmp_path: Path) -> None:
    server.fails(POD, 403, "Forbidden", 'pods "web-1" is forbidden: User "ann" cannot get resource "pods"')
    assert "can-i get pods" in (await refused(server, tmp_path)).hint


async def test_conflicts_of_an_apply_list_each_field_with_its_owner(
    server: ApiServer, tmp_path: Path
) -> None:
    message = 'Apply failed with 2 conflicts: conflicts with "kubectl" using apps/v1:\n- .spec.replicas'
    causes = (
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "kubectl" using v1',
            "field": ".spec.replicas",
        },
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "argocd"',
            "field": ".spec.paused",
        },
    )
    server.fails(POD, 409, "Conflict", message, causes)
    error = await refused(server, tmp_path)
    assert isinstance(error, errors.Conflict)
    assert "spec.replicas (kubectl), spec.paused (argocd)" in error.message
    assert "\n" not in error.message


async def test_what_the_causes_know_and_the_message_does_not_is_said_too(
    server: ApiServer, tmp_path: Path
) -> None:
    cause = "The disruption budget web needs 2 healthy pods and has 2 currently"
    server.fails(
        POD, 429, "TooManyRequests", "Cannot evict pod.", ({"reason": "DisruptionBudget", "message": cause},)
    )
    error = await refused(server, tmp_path)
    assert isinstance(error, errors.Throttled)
    assert error.message.endswith(f"Cannot evict pod: {cause}.")


async def test_all_invalid_fields_are_named_with_their_paths(lab: Lab) -> None:
    manifest = deployment("web")
    container = manifest["spec"]["template"]["spec"]["containers"][0]
    container["ports"] = [{"containerPort": 99999}]
    container["imagePullPolicy"] = "Sometimes"
    with pytest.raises(errors.Invalid) as caught:
        await lab.preview("kubernetes_apply", manifest=manifest)
    for path in ("containers[0].ports[0].containerPort", "containers[0].imagePullPolicy"):
        assert path in caught.value.message


WRITES: list[tuple[str, dict[str, Any]]] = [
    ("kubernetes_scale", {"name": "web", "replicas": 3}),
    ("kubernetes_restart", {"name": "web"}),
    ("kubernetes_set_image", {"name": "web", "image": "web:2"}),
    ("kubernetes_set_env", {"name": "web", "set": {"COLOUR": "red"}}),
    ("kubernetes_set_resources", {"name": "web", "requests": {"cpu": "100m"}}),
    ("kubernetes_pause", {"name": "web"}),
    ("kubernetes_resume", {"name": "web"}),
    ("kubernetes_apply", {"manifest": CONFIG}),
    ("kubernetes_apply_all", {"manifests": [CONFIG]}),
    ("kubernetes_create", {"manifest": CONFIG}),
    ("kubernetes_restore", {"apply": [CONFIG]}),
    ("kubernetes_delete", {"kind": "deployment", "name": "web"}),
    ("kubernetes_patch", {"kind": "deployment", "name": "web", "patch": {"spec": {"replicas": 3}}}),
    ("kubernetes_label", {"kind": "deployment", "name": "web", "set": {"tier": "web"}}),
    ("kubernetes_annotate", {"kind": "deployment", "name": "web", "set": {"note": "web"}}),
    ("kubernetes_suspend_cronjob", {"name": "nightly"}),
    ("kubernetes_resume_cronjob", {"name": "nightly"}),
    ("kubernetes_trigger_cronjob", {"name": "nightly"}),
    ("kubernetes_cordon", {}),
    ("kubernetes_uncordon", {}),
    ("kubernetes_taint", {"add": [{"key": "a", "effect": "NoSchedule"}]}),
    ("kubernetes_drain", {}),
]


@pytest.mark.parametrize(("tool", "args"), WRITES, ids=[tool for tool, _ in WRITES])
async def test_every_write_shows_the_warnings_of_admission_in_its_preview(
    practice: Lab, tool: str, args: dict[str, Any]
) -> None:
    await practice.deployment("web", replicas=0)
    await practice.cron_job("nightly")
    args = args or {}
    if tool in ("kubernetes_cordon", "kubernetes_uncordon", "kubernetes_taint", "kubernetes_drain"):
        args = {**args, "name": await practice.node()}
    text = f"this field is old, says {practice.namespace}"
    place = {"name": args["name"]} if "node" in str(args.get("name")) else {"namespace": practice.namespace}
    await _fault(practice, {"match": {**place, "dry_run": True}, "warning": text})
    preview = await practice.preview(tool, **args)
    assert any(text in warning for warning in preview.warnings)


async def test_the_table_above_has_every_write(practice: Lab) -> None:
    writes = {tool.name for tool in practice.registry if tool.effect.writes}
    # A rollback needs revisions to go back to; its warnings travel the same way.
    assert writes - {tool for tool, _ in WRITES} == {"kubernetes_roll_back"}


async def _fault(lab: Lab, fault: dict[str, Any]) -> None:
    """Make trouble on the practice cluster; it is for this test's own objects alone."""
    permit = Permit(system="kubernetes", place=lab.cluster.context, verb="post", resource="/sandbox/faults")
    with lab.mint.grant("setup", [permit], seconds=30):
        await lab.cluster.request("POST", "/sandbox/faults", body=fault)
