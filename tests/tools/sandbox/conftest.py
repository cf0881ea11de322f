"""A small practice cluster over HTTP, and one whose time the test moves itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from tools.sandbox.cluster import PracticeCluster
from tools.sandbox.controllers.assembly import start_controllers
from tools.sandbox.kubelet.kubelet import Kubelet
from tools.sandbox.plane import ControlPlane
from tools.sandbox.timeline import Timeline
from tools.sandbox.world.model import Namespace, Node, World

ADMIN, VIEWER = "sandbox-admin", "sandbox-viewer"
START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
EMPTY = World(
    nodes=[Node(name=f"node-{letter}", zone="eu-central-1a", cpu="4", memory="8Gi") for letter in "ab"],
    namespaces=[Namespace(name="default"), Namespace(name="lab"), Namespace(name="other")],
    configmaps=[],
    secrets=[],
    stateful=[],
    daemons=[],
    deployments=[],
    cronjobs=[],
    budgets=[],
    autoscalers=[],
    ingresses=[],
)
FRONTEND = "registry.shop.example/shop/frontend"
"""An image that needs nothing, with the versions 5.0.0, 5.1.0, 5.1.1 and 5.2.0."""


def pod_spec(image: str = f"{FRONTEND}:5.0.0", **container: Any) -> dict[str, Any]:
    return {"containers": [{"name": "web", "image": image, **container}]}


def deployment(
    name: str = "web", replicas: int = 2, image: str = f"{FRONTEND}:5.0.0", **more: Any
) -> dict[str, Any]:
    container = more.pop("container", {})
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "lab", "labels": {"app": name}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod_spec(image, **container)},
            **more,
        },
    }


def config_map(name: str, **labels: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": labels},
        "data": {"key": "value"},
    }


@dataclass
class Answer:
    status: int
    body: Any
    headers: Any

    @property
    def message(self) -> str:
        return str(self.body["message"])


class Client:
    """Plain HTTP requests to a practice cluster."""

    def __init__(self, session: aiohttp.ClientSession, cluster: PracticeCluster) -> None:
        self.session = session
        self.cluster = cluster

    async def send(
        self, method: str, path: str, body: Any = None, *, token: str = ADMIN, type_: str = "", **headers: str
    ) -> Answer:
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        sent.update({key.replace("_", "-"): value for key, value in headers.items()})
        if body is not None:
            sent["Content-Type"] = type_ or "application/json"
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        async with self.session.request(method, self.cluster.url + path, data=data, headers=sent) as response:
            raw = await response.read()
            is_json = "json" in response.headers.get("Content-Type", "")
            return Answer(response.status, json.loads(raw) if is_json else raw.decode(), response.headers)

    async def get(self, path: str, **more: Any) -> Any:
        answer = await self.send("GET", path, **more)
        assert answer.status == 200, answer.body
        return answer.body

    async def make(self, path: str, body: Any) -> Any:
        answer = await self.send("POST", path, body)
        assert answer.status == 201, answer.body
        return answer.body

    async def merge(self, path: str, body: Any, **more: Any) -> Answer:
        return await self.send("PATCH", path, body, type_="application/merge-patch+json", **more)

    async def until(self, path: str, holds: Callable[[Any], bool]) -> Any:
        """The object once a condition holds; the test's own time limit ends a vain wait."""
        answer = await self.until_answer("GET", path, lambda found: found.status == 200 and holds(found.body))
        return answer.body

    async def until_answer(self, method: str, path: str, holds: Callable[[Answer], bool]) -> Answer:
        """The answer once a condition holds."""
        while True:
            answer = await self.send(method, path)
            if holds(answer):
                return answer
            await asyncio.sleep(0.02)


@pytest.fixture
async def cluster() -> AsyncIterator[PracticeCluster]:
    async with PracticeCluster(world=EMPTY, tls=False, speed=40) as running:
        yield running


@pytest.fixture
async def client(cluster: PracticeCluster) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        yield Client(session, cluster)


class Lab:
    """A control plane whose clock stands still until the test moves it."""

    def __init__(self) -> None:
        self.plane = ControlPlane(Timeline(START), seed=7)
        self.kubelet: Kubelet = start_controllers(self.plane)
        for name in ("lab", "other"):
            self.plane.create(self.plane.namespaces, {"metadata": {"name": name}})
        for name in ("node-a", "node-b"):
            self.add_node(name)
        self.wait(1)

    def add_node(self, name: str, cpu: str = "4", memory: str = "8Gi", **labels: str) -> None:
        sizes = {"cpu": cpu, "memory": memory, "pods": "20"}
        body = {"metadata": {"name": name, "labels": labels}, "spec": {}, "status": {"allocatable": sizes}}
        self.plane.create(self.plane.nodes, body)

    def wait(self, seconds: float) -> None:
        self.plane.timeline.advance(self.plane.timeline.now() + timedelta(seconds=seconds))

    def deploy(self, **wish: Any) -> dict[str, Any]:
        made = self.plane.create(self.plane.deployments, deployment(**wish))
        self.wait(60)
        return made

    def deployment(self, name: str = "web") -> dict[str, Any]:
        return self.plane.read(self.plane.deployments, "lab", name)

    def condition(self, type_: str, name: str = "web") -> dict[str, Any]:
        return next(c for c in self.deployment(name)["status"]["conditions"] if c["type"] == type_)

    def pods(self, namespace: str = "lab") -> list[dict[str, Any]]:
        return self.plane.store.sorted(self.plane.pods, namespace)

    def pod(self) -> dict[str, Any]:
        (only,) = self.pods()
        return only

    def container(self) -> dict[str, Any]:
        return dict(self.pod()["status"]["containerStatuses"][0])

    def change_template(self, name: str = "web", **fields: Any) -> None:
        def write(draft: dict[str, Any]) -> None:
            draft["spec"]["template"]["spec"]["containers"][0].update(fields)

        self.plane.change(self.plane.deployments, self.deployment(name), write)

    def events(self, reason: str) -> list[dict[str, Any]]:
        return [e for e in self.plane.store.sorted(self.plane.event_kind) if e["reason"] == reason]

    def log(self, pod: dict[str, Any], *, previous: bool = False) -> list[str]:
        present, earlier = self.kubelet.runs(pod, "web")
        run = earlier if previous else present
        assert run is not None
        return [line for _, line in run.lines(self.plane.timeline.now())]


@pytest.fixture
def lab() -> Lab:
    return Lab()
