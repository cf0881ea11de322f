"""Reads go out under the lesser identity, everything else under the full one, on a practice cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from agent.settings import Settings, SettingsError
from tests.tools.sandbox.conftest import EMPTY, deployment
from tools.errors import Forbidden, GateRefused, NotConfigured
from tools.gate import Gate, Mint
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.connection.reading_as import ReadingAs
from tools.kubernetes.registry import kubernetes_tools
from tools.sandbox.access import VIEWER_TOKEN, Deed, User
from tools.sandbox.cluster import PracticeCluster
from tools.sandbox.kind import Kind
from tools.tool import Registry, Scope

VIEWER = ReadingAs("jane", ("sandbox:viewers",))
SCALE = {"name": "web", "namespace": "lab", "replicas": 3}
WEB = "/apis/apps/v1/namespaces/lab/deployments/web"


@asynccontextmanager
async def world(
    folder: Path, reading_as: ReadingAs
) -> AsyncIterator[tuple[PracticeCluster, Clusters, Mint, Scope]]:
    async with PracticeCluster(world=EMPTY) as practice:
        plane = practice.plane
        plane.create(plane.kinds.named("apps", "Deployment"), deployment())
        path = practice.kubeconfig(folder / "kubeconfig")
        document = yaml.safe_load(path.read_text())
        first = document["contexts"][0]
        document["users"].append({"name": "viewer", "user": {"token": VIEWER_TOKEN}})
        document["contexts"].append(
            {"name": "viewing", "context": {"cluster": first["context"]["cluster"], "user": "viewer"}}
        )
        document["clusters"].append({"name": "far", "cluster": {"server": "https://far.example"}})
        document["contexts"].append({"name": "elsewhere", "context": {"cluster": "far", "user": "viewer"}})
        path.write_text(yaml.safe_dump(document))
        gate, mint = Gate.build()
        clusters = Clusters(path, gate, {}, {first["name"]: reading_as})
        try:
            yield practice, clusters, mint, Scope(context=first["name"], namespace="lab")
        finally:
            await clusters.close()


def overheard(practice: PracticeCluster) -> list[tuple[str, str]]:
    """From now on, who asks for which verb; whatever the server lets happen."""
    assert practice._server is not None
    heard: list[tuple[str, str]] = []
    access = practice._server._access
    allowed = access.check

    def check(user: User, kind: Kind, deed: Deed) -> None:
        heard.append((user.name, deed.verb))
        allowed(user, kind, deed)

    access.check = check  # type: ignore[method-assign]
    return heard


@pytest.mark.parametrize(
    ("reading_as", "name"),
    [(VIEWER, "jane"), (ReadingAs(context="viewing"), "sandbox-viewer")],
    ids=["impersonated", "another context's user"],
)
async def test_a_write_with_all_its_reads_uses_each_identity_for_what_it_is_for(
    tmp_path: Path, reading_as: ReadingAs, name: str
) -> None:
    async with world(tmp_path, reading_as) as (practice, clusters, mint, scope):
        heard = overheard(practice)
        tool = Registry(kubernetes_tools(clusters)).write("kubernetes_scale")
        args = tool.parse(SCALE)
        preview = await tool.preview(args, scope)
        with mint.grant("s", preview.permits, seconds=10):
            await tool.run(args, scope)
        await tool.observe(args, scope, preview)
        assert {who for who, verb in heard if verb in ("get", "list", "watch")} == {name}
        assert {who for who, verb in heard if verb == "patch"} == {"sandbox-admin"}
        written = [(asked.user, asked.dry_run) for asked in practice.faults.asked]
        assert written == [("sandbox-admin", True), ("sandbox-admin", False)]


async def test_a_right_that_the_reader_lacks_is_missing(tmp_path: Path) -> None:
    async with world(tmp_path, ReadingAs("nobody")) as (_, clusters, _mint, scope):
        cluster = await clusters.cluster(scope.context)
        with pytest.raises(Forbidden, match="nobody"):
            await cluster.json("GET", WEB)


@pytest.mark.parametrize("reading_as", [VIEWER, ReadingAs(context="viewing")])
async def test_no_tool_reads_under_the_full_identity_or_poses_as_somebody_else(
    tmp_path: Path, reading_as: ReadingAs
) -> None:
    async with world(tmp_path, reading_as) as (practice, clusters, mint, scope):
        cluster = await clusters.cluster(scope.context)
        preview_tool = Registry(kubernetes_tools(clusters)).write("kubernetes_scale")
        preview = await preview_tool.preview(preview_tool.parse(SCALE), scope)
        heard = overheard(practice)
        bare, login = await cluster._session("GET")
        url = cluster.server + WEB
        for headers in (
            {},
            {"Impersonate-User": "admin"},
            {"Impersonate-User": "jane"},
            {"Impersonate-User": "jane", "Impersonate-Group": "system:masters"},
        ):
            with pytest.raises(GateRefused):
                await bare.get(url, headers={**login.headers, **headers})
        with mint.grant("s", preview.permits, seconds=10):
            for method in ("PATCH", "DELETE"):
                with pytest.raises(GateRefused):
                    await bare.request(method, url, headers=dict(VIEWER.headers), json={})
        assert heard == []


async def test_what_can_i_says_both_identities(tmp_path: Path) -> None:
    async with world(tmp_path, VIEWER) as (_, clusters, _mint, scope):
        tool = Registry(kubernetes_tools(clusters)).get("kubernetes_what_can_i")
        found = (await tool.run(tool.parse({}), scope)).model_dump()
        assert found["user"] == "sandbox-admin"
        assert found["reads_as"] == "jane in sandbox:viewers"


async def test_a_reader_of_another_server_is_refused(tmp_path: Path) -> None:
    async with world(tmp_path, ReadingAs(context="elsewhere")) as (practice, clusters, _, scope):
        heard = overheard(practice)
        with pytest.raises(NotConfigured, match=r"far\.example"):
            await clusters.cluster(scope.context)
        assert heard == []


def test_settings_say_who_reads_where(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        '[contexts.prod]\nreads_as = "viewer"\nreads_as_groups = ["viewers"]\n'
        '[contexts."shop/eu-central-1"]\nreads_profile = "shop-readonly"\n'
    )
    settings = Settings.load(path)
    assert settings.reading_as() == {"prod": ReadingAs("viewer", ("viewers",))}
    assert settings.reads_profiles() == {"shop/eu-central-1": "shop-readonly"}
    path.write_text('[contexts.prod]\nreads_as = "viewer"\nreads_context = "other"\n')
    with pytest.raises(SettingsError, match="exclude each other"):
        Settings.load(path)
    path.write_text('[contexts.prod]\nreads_as_groups = ["viewers"]\n')
    with pytest.raises(SettingsError, match="needs reads_as"):
        Settings.load(path)
