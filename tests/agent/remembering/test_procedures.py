from __future__ import annotations

from pydantic import JsonValue

from agent.plan import Plan, Ruling, Step, Verdict
from agent.remembering.procedures import learn, resembling
from tools.tool import Effect, Scope

HERE = Scope(context="kind", profile="p")


def plan(*calls: tuple[str, dict[str, JsonValue]], scope: Scope = HERE, title: str = "Mend it") -> Plan:
    steps = tuple(
        Step(
            id=f"s{n}", title=title,  tool=f"{tool}@1", args=args, scope=scope, effect=Effect.WRITE,
            ruling=Ruling(verdict=Verdict.ASK, rule="r"),
        )
        for n, (tool, args) in enumerate(calls)
    )  # fmt: skip
    return Plan(id="p", goal="Mend it", steps=steps, scope=HERE, origin="model:m")


CART: dict[str, JsonValue] = {"kind": "deployment", "name": "cart", "namespace": "shop-staging"}


def test_what_the_words_name_becomes_a_parameter_and_the_rest_stays() -> None:
    worked = plan(
        ("kubernetes_scale", {**CART, "replicas": 3}),
        ("kubernetes_restart", {**CART}),
        ("kubernetes_scale", {**CART, "name": "redis", "replicas": 1}),
    )
    found = learn("Please bring cart in staging back to three, with its cache", worked)
    assert found is not None
    assert found.phrase == "bring {workload} in {place} back to {replicas} with its cache"
    assert {name: p.type for name, p in found.parameters.items()} == {
        "workload": "workload", "place": "place", "replicas": "count",
    }  # fmt: skip
    assert found.parameters["workload"].within == "place"
    own = {"kind": "{workload.kind}", "name": "{workload.name}", "namespace": "{workload.namespace}"}
    assert [step.args for step in found.steps] == [
        {**own, "replicas": "{replicas}"}, own,
        {"kind": "deployment", "name": "redis", "namespace": "shop-staging", "replicas": 1},
    ]  # fmt: skip
    assert found.name == "bring-back-cache"
    assert found.compiled[0].match("bring web in dev back to 2 with its cache") == {
        "workload": "web", "place": "dev", "replicas": "2",
    }  # fmt: skip


def test_a_plan_that_cannot_be_said_in_general_teaches_nothing() -> None:
    good = plan(("kubernetes_scale", {**CART, "replicas": 3}))
    assert learn("mend {cart}", good) is None
    assert learn("again", good) is None
    assert learn(" ".join(["mend"] * 40), good) is None
    assert learn("mend cart", plan(("kubernetes_patch", {**CART, "patch": "{x}"}))) is None
    assert learn("mend cart", plan(("kubernetes_restart", CART), scope=Scope(context="other"))) is None


def test_only_a_request_that_names_everything_resembles_a_procedure() -> None:
    found = learn("bring cart in staging back to 3", plan(("kubernetes_scale", {**CART, "replicas": 3})))
    assert found is not None
    assert resembling("could you bring the web back in dev, to 4?", found) == "bring web in dev back to 4"
    for other in ("bring it back", "bring web back in dev", "never bring web back in dev to 4", "show pods",
                  "bring web and cart back in dev to 4"):  # fmt: skip
        assert resembling(other, found) == "", other


def test_two_procedures_never_share_a_name() -> None:
    found = learn("mend cart", plan(("kubernetes_restart", CART)), taken=["mend"])
    assert found is not None and found.name == "mend-2"


def test_a_title_is_kept_in_general_or_not_at_all() -> None:
    for title, general in (
        ("Scale cart in shop-staging to 3", "Scale {workload.name} in {workload.namespace} to {replicas}"),
        ("Scale cart from 1 to 3", ""),
    ):
        found = learn(
            "bring cart back to 3", plan(("kubernetes_scale", {**CART, "replicas": 3}), title=title)
        )
        assert found is not None and found.steps[0].title == general
