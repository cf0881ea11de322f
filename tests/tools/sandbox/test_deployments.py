from __future__ import annotations

from tests.tools.sandbox.conftest import FRONTEND, Lab
from tools.sandbox.manifest import name_of

PROBE = {"readinessProbe": {"httpGet": {"path": "/healthz", "port": 3000}}}
NEW, BROKEN = f"{FRONTEND}:5.1.0", f"{FRONTEND}:9.9.9"


def replica_sets(lab: Lab) -> dict[str, int]:
    """Wanted replicas by image."""
    return {
        entry["spec"]["template"]["spec"]["containers"][0]["image"]: entry["spec"]["replicas"]
        for entry in lab.plane.store.sorted(lab.plane.replicasets, "lab")
    }


def test_a_deployment_comes_up_and_says_so(lab: Lab) -> None:
    lab.deploy(replicas=3, container=PROBE)
    status = lab.deployment()["status"]
    assert (status["readyReplicas"], status["updatedReplicas"], status["observedGeneration"]) == (3, 3, 1)
    assert lab.condition("Available")["status"] == "True"
    assert lab.condition("Progressing")["reason"] == "NewReplicaSetAvailable"


def test_a_rolling_update_never_leaves_too_few_or_too_many_pods(lab: Lab) -> None:
    lab.deploy(replicas=4, container=PROBE)
    lab.change_template(image=NEW)
    seen: set[tuple[int, int]] = set()
    for _ in range(300):
        lab.wait(0.2)
        status = lab.deployment()["status"]
        seen.add((status["availableReplicas"], sum(replica_sets(lab).values())))
    assert min(available for available, _ in seen) >= 3
    assert max(wanted for _, wanted in seen) == 5
    assert replica_sets(lab) == {f"{FRONTEND}:5.0.0": 0, NEW: 4}


def test_a_rollout_that_cannot_finish_exceeds_its_deadline_while_old_pods_serve(lab: Lab) -> None:
    lab.deploy(replicas=3, container=PROBE, progressDeadlineSeconds=120)
    lab.change_template(image=BROKEN)
    lab.wait(90)
    assert lab.condition("Progressing")["reason"] == "ReplicaSetUpdated"
    lab.wait(60)
    assert lab.condition("Progressing")["reason"] == "ProgressDeadlineExceeded"
    assert lab.condition("Progressing")["status"] == "False"
    assert lab.deployment()["status"]["availableReplicas"] == 3


def test_going_back_to_an_old_template_makes_it_the_newest_revision(lab: Lab) -> None:
    lab.deploy(container=PROBE)
    old = lab.deployment()["spec"]["template"]["spec"]["containers"][0]["image"]
    lab.change_template(image=NEW)
    lab.wait(60)
    lab.change_template(image=old)
    lab.wait(60)
    assert lab.deployment()["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
    assert len(replica_sets(lab)) == 2
    assert replica_sets(lab)[old] == 2


def test_a_paused_deployment_scales_and_does_not_roll(lab: Lab) -> None:
    lab.deploy()
    lab.plane.change(lab.plane.deployments, lab.deployment(), lambda d: d["spec"].update(paused=True))
    lab.change_template(image=NEW)
    lab.plane.change(lab.plane.deployments, lab.deployment(), lambda d: d["spec"].update(replicas=4))
    lab.wait(60)
    assert replica_sets(lab) == {f"{FRONTEND}:5.0.0": 4}
    lab.plane.change(lab.plane.deployments, lab.deployment(), lambda d: d["spec"].pop("paused"))
    lab.wait(60)
    assert replica_sets(lab)[NEW] == 4


def test_scaling_during_a_stuck_rollout_shares_the_pods_out(lab: Lab) -> None:
    lab.deploy(replicas=4, container=PROBE)
    lab.change_template(image=BROKEN)
    lab.wait(30)
    before = replica_sets(lab)
    lab.plane.change(lab.plane.deployments, lab.deployment(), lambda d: d["spec"].update(replicas=8))
    lab.wait(60)
    after = replica_sets(lab)
    assert all(after[image] > before[image] for image in before)
    assert sum(after.values()) == 10


def test_recreate_ends_every_old_pod_before_the_first_new_one(lab: Lab) -> None:
    lab.deploy(strategy={"type": "Recreate"})
    lab.change_template(image=NEW)
    images: set[frozenset[str]] = set()
    for _ in range(100):
        lab.wait(0.2)
        images.add(frozenset(pod["spec"]["containers"][0]["image"] for pod in lab.pods()))
    old, new = frozenset({f"{FRONTEND}:5.0.0"}), frozenset({NEW})
    assert {old, new} <= images and old | new not in images
    assert lab.deployment()["status"]["readyReplicas"] == 2


def test_only_as_many_old_revisions_are_kept_as_asked(lab: Lab) -> None:
    lab.deploy(revisionHistoryLimit=1)
    for tag in ("5.1.0", "5.1.1", "5.2.0"):
        lab.change_template(image=f"{FRONTEND}:{tag}")
        lab.wait(60)
    assert set(replica_sets(lab)) == {f"{FRONTEND}:5.1.1", f"{FRONTEND}:5.2.0"}


def test_a_deleted_pod_is_replaced_and_the_broken_one_goes_first_when_shrinking(lab: Lab) -> None:
    lab.deploy(replicas=2)
    victim = lab.pods()[0]
    lab.plane.delete(lab.plane.pods, victim)
    lab.wait(30)
    assert len(lab.pods()) == 2
    assert name_of(victim) not in {name_of(pod) for pod in lab.pods()}
    lab.plane.change(lab.plane.deployments, lab.deployment(), lambda d: d["spec"].update(replicas=0))
    lab.wait(30)
    assert lab.pods() == []


def test_what_a_deployment_owns_goes_with_it(lab: Lab) -> None:
    lab.deploy()
    lab.plane.delete(lab.plane.deployments, lab.deployment())
    lab.wait(30)
    assert lab.pods() == [] and replica_sets(lab) == {}


def test_orphaned_replica_sets_stay(lab: Lab) -> None:
    lab.deploy()
    lab.plane.delete(lab.plane.deployments, lab.deployment(), propagation="Orphan")
    lab.wait(30)
    assert len(lab.pods()) == 2
    (left,) = lab.plane.store.sorted(lab.plane.replicasets, "lab")
    assert "ownerReferences" not in left["metadata"]


def test_a_foreground_deletion_waits_for_the_dependents(lab: Lab) -> None:
    lab.deploy()
    lab.plane.delete(lab.plane.deployments, lab.deployment(), propagation="Foreground")
    lab.wait(0.5)
    assert "deletionTimestamp" in lab.deployment()["metadata"]
    lab.wait(30)
    assert lab.plane.store.get(lab.plane.deployments, "lab", "web") is None
    assert lab.pods() == []


def test_a_namespace_is_emptied_before_it_goes(lab: Lab) -> None:
    lab.deploy()
    space = lab.plane.read(lab.plane.namespaces, "", "lab")
    lab.plane.delete(lab.plane.namespaces, space)
    assert lab.plane.read(lab.plane.namespaces, "", "lab")["status"]["phase"] == "Terminating"
    lab.wait(30)
    assert lab.plane.store.get(lab.plane.namespaces, "", "lab") is None
    assert not lab.pods() and not lab.plane.store.sorted(lab.plane.event_kind, "lab")
