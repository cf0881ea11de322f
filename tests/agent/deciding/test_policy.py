"""What the built-in rules say of what a write touches beside its target."""

from __future__ import annotations

from agent.deciding.policy import Policy, Question
from agent.plan import Verdict
from agent.settings import Settings
from tools.gate import Permit
from tools.tool import Effect, Preview, Scope


def draining(*, environments: tuple[str, ...] = (), namespace: str = "shop") -> Question:
    evictions = Permit(
        system="kubernetes",
        place="lab",
        verb="create",
        resource="pods/eviction",
        namespace=namespace,
        name="web-1",
    )
    cordon = Permit(system="kubernetes", place="lab", verb="patch", resource="nodes", name="node-a")
    preview = Preview(
        target="node/node-a", name="node-a", permits=(cordon, evictions), environments=environments
    )
    return Question("kubernetes_drain@1", Effect.WRITE, Scope(), preview, undoable=True)


def test_a_node_with_production_pods_is_production() -> None:
    policy = Policy(Settings())
    assert policy.rule(draining(environments=("dev",))).verdict is Verdict.ASK
    ruling = policy.rule(draining(environments=("dev", "production")))
    assert (ruling.verdict, ruling.rule) == (Verdict.CONFIRM, "production-needs-name")


def test_evicting_a_pod_of_the_cluster_itself_is_part_of_draining() -> None:
    assert Policy(Settings()).rule(draining(namespace="kube-system")).verdict is Verdict.ASK
