"""Which contexts there are, and what is said when there is none to be had."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.kubernetes.api_server import api_server, connected, kubeconfig
from tools.errors import NotConfigured
from tools.gate import Gate
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.connection.kubeconfig import Kubeconfig

TWO = """
apiVersion: v1
kind: Config
current-context: staging
clusters:
- {name: s, cluster: {server: "https://staging.example:6443"}}
- {name: p, cluster: {server: "https://prod.example:6443"}}
users: [{name: me, user: {token: t}}]
contexts:
- {name: staging, context: {cluster: s, user: me, namespace: shop}}
- {name: production, context: {cluster: p, user: me}}
- {name: broken, context: {cluster: nowhere, user: me}}
"""


def clusters(path: Path | None, **environ: str) -> Clusters:
    gate, _ = Gate.build()
    return Clusters(path, gate, environ)


def test_contexts_come_with_server_namespace_and_which_is_current(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(TWO)
    staging, production, _ = clusters(path).contexts()
    assert (staging.name, staging.server, staging.namespace, staging.current) == (
        "staging",
        "https://staging.example:6443",
        "shop",
        True,
    )
    assert (production.namespace, production.current) == ("", False)


def test_the_environment_names_files_which_are_merged(tmp_path: Path) -> None:
    first = kubeconfig(tmp_path / "first", "https://lab.example")
    second = tmp_path / "second"
    second.write_text(TWO)
    found = clusters(
        None, KUBECONFIG=f"{first}{os.pathsep}{tmp_path / 'absent'}{os.pathsep}{second}"
    ).contexts()
    assert [info.name for info in found] == ["lab", "staging", "production", "broken"]
    assert [info.name for info in found if info.current] == ["lab"]


def test_the_home_folder_is_the_last_resort(tmp_path: Path) -> None:
    (tmp_path / ".kube").mkdir()
    kubeconfig(tmp_path / ".kube" / "config", "https://lab.example")
    assert [info.name for info in clusters(None, HOME=str(tmp_path)).contexts()] == ["lab"]


def test_no_kubeconfig_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(NotConfigured, match=str(tmp_path / ".kube" / "config")):
        clusters(None, HOME=str(tmp_path)).contexts()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [1", "not valid YAML at line"),
        ("contexts: 3", "not a kubeconfig"),
        ("- 1", "not a kubeconfig"),
        ("contexts: [{name: x}]", "not a kubeconfig"),
    ],
)
def test_a_broken_kubeconfig_is_named_with_its_fault(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(NotConfigured, match=says):
        clusters(path).contexts()


async def test_an_unknown_context_is_answered_with_near_names(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(TWO)
    with pytest.raises(NotConfigured) as caught:
        await clusters(path).cluster("prodution")
    assert "Did you mean production?" in str(caught.value)


async def test_a_context_without_a_server_is_not_configured(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(TWO)
    with pytest.raises(NotConfigured, match="nowhere"):
        await clusters(path).cluster("broken")


async def test_a_context_is_opened_once(tmp_path: Path) -> None:
    found = clusters(kubeconfig(tmp_path / "config", "https://lab.example"))
    assert await found.cluster("lab") is await found.cluster("lab")
    await found.close()


def plugin(folder: Path, script: str) -> dict[str, object]:
    path = folder / "plugin"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(path)}}


async def test_a_failing_exec_plugin_is_quoted(tmp_path: Path) -> None:
    user = plugin(tmp_path, "echo 'session expired, run login' >&2; exit 3")
    async with connected("http://127.0.0.1:9", tmp_path, **user) as (cluster, _):
        with pytest.raises(NotConfigured, match="session expired, run login"):
            await cluster.request("GET", "/version")


async def test_an_exec_plugin_that_prompts_gets_no_terminal_and_is_quoted(tmp_path: Path) -> None:
    script = "printf 'Password: ' >&2; read secret || { echo 'no password given' >&2; exit 1; }"
    async with connected("http://127.0.0.1:9", tmp_path, **plugin(tmp_path, script)) as (cluster, _):
        with pytest.raises(NotConfigured, match="Password: no password given"):
            await cluster.request("GET", "/version")


async def test_an_exec_plugin_that_has_to_ask_is_not_started(tmp_path: Path) -> None:
    user = plugin(tmp_path, f"touch {tmp_path}/started")
    user["exec"]["interactiveMode"] = "Always"  # type: ignore[index]
    async with connected("http://127.0.0.1:9", tmp_path, **user) as (cluster, _):
        with pytest.raises(NotConfigured, match="asks questions in a terminal"):
            await cluster.request("GET", "/version")
    assert not (tmp_path / "started").exists()


async def test_an_exec_plugin_that_is_not_there_is_named(tmp_path: Path) -> None:
    user = plugin(tmp_path, "")
    (tmp_path / "plugin").unlink()
    async with connected("http://127.0.0.1:9", tmp_path, **user) as (cluster, _):
        with pytest.raises(NotConfigured, match="plugin: No such file"):
            await cluster.request("GET", "/version")


async def test_an_exec_plugins_token_is_used(tmp_path: Path) -> None:
    version, kind = "client.authentication.k8s.io/v1", "ExecCredential"
    body = f'{{"apiVersion": "{version}", "kind": "{kind}", "status": {{"token": "fresh"}}}}'
    user = plugin(tmp_path, f"echo '{body}'")
    async with api_server() as server, connected(server.url, tmp_path, **user) as (cluster, _):
        server.says("/version", 200, {})
        await cluster.request("GET", "/version")
        assert server.seen[0].headers["Authorization"] == "Bearer fresh"


def test_listing_the_tools_loads_no_client() -> None:
    code = (
        "import sys, tools.kubernetes.registry, tools.kubernetes.live.watching;"
        "print([name for name in ('aiohttp', 'kubernetes') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_one_context_is_taken_out_of_its_file_and_spread_ones_are_left_to_be_merged(tmp_path: Path) -> None:
    def named(part: str, name: str, **inner: str) -> str:
        fields = ", ".join(f"{key}: {value}" for key, value in inner.items())
        return f"{part}s: [{{name: {name}, {part}: {{{fields}}}}}]\n"

    whole = named("cluster", "c", server="https://a") + named("user", "u", token="x")
    (tmp_path / "one").write_text(whole + named("context", "k", cluster="c", user="u"))
    (tmp_path / "two").write_text(named("context", "far", cluster="c", user="u"))
    kubeconfig = Kubeconfig((tmp_path / "one", tmp_path / "two"))
    found = kubeconfig.alone("k")
    assert found is not None and found[1] == tmp_path
    assert [len(found[0][part]) for part in ("contexts", "clusters", "users")] == [1, 1, 1]  # type: ignore[arg-type]
    assert kubeconfig.alone("far") is None


def test_a_kubeconfig_that_was_written_to_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "config"
    for name in ("first", "second-one"):
        path.write_text(f"contexts: [{{name: {name}, context: {{cluster: c}}}}]\n")
        assert [info.name for info in Kubeconfig((path,)).contexts()] == [name]
