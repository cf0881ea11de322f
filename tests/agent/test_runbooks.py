"""Known requests: the same words mean the same thing, and only the whole sentence counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.runbooks.library import Library, fill, instantiate
from agent.runbooks.resolution import Resolver, say
from agent.runbooks.runbook import RunbookError, builtin, from_folder, parse
from agent.runbooks.triggers import TriggerError, compile_trigger
from tools.aws.registry import aws_tools
from tools.kubernetes.registry import kubernetes_tools
from tools.tool import Scope

LIBRARY = Library(builtin())

UNDERSTOOD = [
    ("Scale checkout in staging to 3", "scale", {"workload": "checkout", "place": "staging", "count": "3"}),
    ("please scale the checkout deployment to three replicas", "scale", {"workload": "checkout", "count": "three"}),
    ("scale checkout to 3 in staging", "scale", {"workload": "checkout", "place": "staging", "count": "3"}),
    ("restart payments", "restart", {"workload": "payments"}),
    ("could you restart deployment/payments in production?", "restart",
     {"workload": "deployment/payments", "place": "production"}),
    ("set image of checkout in staging to shop/checkout:1.2@sha256:ab12", "set-image",
     {"workload": "checkout", "place": "staging", "image": "shop/checkout:1.2@sha256:ab12"}),
    ("roll back search to revision 2", "roll-back", {"workload": "search", "revision": "2"}),
    ("stop all dev environments", "stop-environment", {"environment": "dev"}),
    ("start the dev environment", "start-environment", {"environment": "dev"}),
    ("why is payments crashing?", "diagnose", {"workload": "payments"}),
    ("what's wrong in staging?", "unhealthy", {"place": "staging"}),
    ("show pods in staging", "show", {"kind": "pods", "place": "staging"}),
    ("show logs of payments", "logs", {"workload": "payments"}),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "runbook", "words"), UNDERSTOOD)
def test_a_known_request_is_understood(request_: str, runbook: str, words: dict[str, str]) -> None:
    match = LIBRARY.match(request_)
    assert match is not None
    assert (match.runbook.name, match.words) == (runbook, words)


@pytest.mark.parametrize(
    "request_",
    [
        "scale checkout in staging to 3 and restart payments",
        "scale checkout in staging to 3 if the error rate stays below 1 %",
        "stop all dev environments after 6pm",
        "scale checkout to many",
        "restart everything that is broken and tell me",
        "why",
        "",
        "do not restart payments",
    ],
)
def test_a_request_that_asks_for_more_is_left_to_the_model(request_: str) -> None:
    assert LIBRARY.match(request_) is None


@given(st.text(max_size=200))
def test_no_words_break_the_matcher(words: str) -> None:
    match = LIBRARY.match(words)
    assert match is None or match.words.keys() <= match.runbook.parameters.keys()


def test_a_canonical_phrase_is_understood_as_its_own_runbook() -> None:
    examples = {
        "workload": "checkout", "place": "staging", "count": "3", "image": "shop/x:1", "revision": "2",
        "environment": "dev", "kind": "pods", "node": "node-a", "job": "report", "service": "web", "verb": "delete",
    }  # fmt: skip
    for runbook in LIBRARY:
        match = LIBRARY.match(say(runbook.phrase, examples))
        assert match is not None and match.runbook.name == runbook.name, runbook.phrase


def test_optional_parts_of_a_phrase_go_when_their_words_are_missing() -> None:
    assert say("scale {workload} [in {place}] to {count}", {"workload": "a", "count": "2"}) == "scale a to 2"


@pytest.mark.parametrize("trigger", ["scale {nothing}", "scale [the", "scale the]", "{count} and {count}"])
def test_a_trigger_that_is_written_wrongly_says_so(trigger: str) -> None:
    with pytest.raises(TriggerError):
        compile_trigger(trigger, (("count", "count"),))


def test_a_runbook_with_mistakes_is_named_and_the_others_load(tmp_path: Path) -> None:
    good = next(runbook for runbook in builtin() if runbook.name == "restart")
    (tmp_path / "good.yaml").write_text(
        "name: bounce-it\nsummary: s\ntriggers: ['bounce it']\nphrase: bounce it\ngoal: g\n"
        "steps: [{id: a, title: t, tool: kubernetes_list, args: {kind: pods}}]\n"
    )
    (tmp_path / "bad.yaml").write_text("name: Bad Name\n")
    (tmp_path / "broken.yaml").write_text("a: [")
    found, problems = from_folder(tmp_path)
    assert [runbook.name for runbook in found] == ["bounce-it"] and good.name == "restart"
    assert len(problems) == 2 and any("bad.yaml" in problem for problem in problems)


def test_an_unknown_field_in_a_runbook_is_an_error() -> None:
    with pytest.raises(RunbookError, match="colour"):
        parse("name: a\ncolour: red\n", "a.yaml")


def test_filling_keeps_types_and_never_invents_values() -> None:
    values = {"count": 3, "workload": {"name": "checkout"}}
    assert fill("{count}", values) == 3
    assert fill("Scale {workload.name} to {count}", values) == "Scale checkout to 3"
    assert fill("{workload.colour}", values) is None


def test_one_step_per_item_of_a_list() -> None:
    stop = next(runbook for runbook in builtin() if runbook.name == "stop-environment")
    items = [{"kind": "Deployment", "name": name, "namespace": "shop-dev", "replicas": 2} for name in "ab"]
    draft = instantiate(stop, {"environment": {"name": "dev", "running": items, "machines_running": []}})
    assert [step.id for step in draft.steps] == ["stop-1", "stop-2"]
    assert draft.steps[0].args == {"kind": "Deployment", "name": "a", "namespace": "shop-dev", "replicas": 0}


@pytest.mark.parametrize(
    ("request_", "runbook"),
    [
        ("drain node-a", "drain"),
        ("cordon the node node-a", "cordon"),
        ("uncordon node-a", "uncordon"),
        ("pause checkout in staging", "pause"),
        ("resume the rollout of checkout in staging", "resume-rollout"),
        ("suspend cronjob report in payments", "suspend-cronjob"),
        ("resume cronjob report", "resume-cronjob"),
        ("run cronjob report in payments now", "trigger-cronjob"),
        ("history of checkout in staging", "history"),
        ("what changed in checkout in staging", "history"),
        ("what changed lately in payments", "recent-changes"),
        ("top nodes", "top"),
        ("top pods in staging", "top-pods"),
        ("what can I do in staging", "rights"),
        ("who can delete pods in payments", "who-can"),
        ("trace service checkout in staging", "service-path"),
        ("show storage in payments", "storage"),
        ("quotas", "quotas"),
        ("show autoscalers", "autoscaling"),
        ("are the nodes healthy?", "node-health"),
        ("show events in payments", "events"),
        ("show pods in payments", "show"),
    ],
)
def test_an_ordinary_days_requests_are_known(request_: str, runbook: str) -> None:
    match = Library(builtin()).match(request_)
    assert match is not None and match.runbook.name == runbook


def test_every_built_in_runbook_fits_its_tools() -> None:
    tools = {tool.name: tool for tool in [*kubernetes_tools(None), *aws_tools(None)]}  # type: ignore[arg-type]
    for runbook in builtin():
        for step in runbook.steps:
            known = tools[step.tool].Args.model_fields
            assert set(step.args) <= set(known), f"{runbook.name}: {step.tool} takes {sorted(known)}"


def test_a_runbook_may_ask_first_check_afterwards_and_put_back() -> None:
    runbook = parse(
        """
name: careful
summary: Careful
triggers: ["carefully scale {name} to {count}"]
phrase: carefully scale {name} to {count}
parameters: {name: {type: name}, count: {type: count}}
goal: Scale {name}
steps:
  - id: scale
    title: Scale {name}
    tool: kubernetes_scale
    args: {name: "{name}", replicas: "{count}"}
    gate: Scale {name} now?
    checks:
      - says: "{name} is well"
        call: {tool: kubernetes_diagnose, args: {name: "{name}"}}
        path: findings
        must: <=
        than: 0
        lasts: 60
  - {id: back, undoes: scale}
""",
        "careful.yaml",
    )
    scale, back = instantiate(runbook, {"name": "web", "count": 3}).steps
    assert (scale.gate, scale.checks[0].says, scale.checks[0].lasts) == ("Scale web now?", "web is well", 60)
    assert scale.checks[0].call is not None and scale.checks[0].call.args == {"name": "web"}
    assert back.undoes == "scale"


@pytest.mark.parametrize(
    ("request_", "namespace", "title", "where"),
    [
        ("who can delete pods", "", "Who may delete pods in all namespaces", {"all_namespaces": True}),
        ("who can delete pods", "shop", "Who may delete pods in shop", {"namespace": "shop"}),
        ("what can I do", "", "What we may do in default", {}),
        ("what can I do", "shop", "What we may do in shop", {"namespace": "shop"}),
    ],
)
async def test_what_a_title_says_is_where_is_asked(
    request_: str, namespace: str, title: str, where: dict[str, object]
) -> None:
    match = LIBRARY.match(request_)
    assert match is not None
    scope = Scope(context="lab", namespace=namespace)
    resolver = Resolver(None, scope, frozenset(), None)  # type: ignore[arg-type]  # nothing is looked up
    (step,) = instantiate(match.runbook, await resolver.resolve(match.runbook, match.words)).steps
    assert step.title == title
    asked = {key: step.args[key] for key in ("namespace", "all_namespaces") if step.args.get(key)}
    assert asked == where


def test_kinds_of_any_group_can_be_named() -> None:
    match = LIBRARY.match("show gateways.gateway.networking.k8s.io in payments")
    assert match is not None and match.words["kind"] == "gateways.gateway.networking.k8s.io"
    match = LIBRARY.match("what is wrong with postgresql.acid.zalan.do/ledger in payments")
    assert match is not None and match.words["workload"] == "postgresql.acid.zalan.do/ledger"
