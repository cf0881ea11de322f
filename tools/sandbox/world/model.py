"""What a world file may say."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from tools.sandbox.manifest import Manifest


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Node(_Entry):
    name: str
    zone: str
    cpu: str
    memory: str


class Namespace(_Entry):
    name: str
    team: str = ""
    environment: str = ""


class Data(_Entry):
    """A ConfigMap or a Secret in several namespaces."""

    name: str
    namespaces: list[str]
    data: dict[str, str]


class Release(_Entry):
    """One rollout: how long ago (d, h or m), which image, and its change cause."""

    ago: str
    image: str
    why: str = ""


class App(_Entry):
    """A Deployment or a StatefulSet in several namespaces, with replicas for each.

    An environment variable is a literal, or `secret/NAME/KEY`. Without a port there is no Service.
    """

    name: str
    team: str
    places: dict[str, int]
    history: list[Release]
    port: int | None = None
    probe: str = ""
    settings: list[str] = []
    environment: dict[str, str] = {}
    strategy: str = "RollingUpdate"
    cpu: str
    memory: str
    memory_limit: str = ""
    storage: str = ""


class Daemon(_Entry):
    name: str
    namespace: str
    team: str
    image: str
    cpu: str
    memory: str
    ago: str


class Cron(_Entry):
    name: str
    namespace: str
    team: str
    schedule: str
    image: str
    environment: dict[str, str] = {}
    ago: str


class Budget(_Entry):
    name: str
    namespace: str
    min_available: int


class Autoscaler(_Entry):
    name: str
    namespace: str
    minimum: int
    maximum: int
    cpu: int
    ago: str


class Ingress(_Entry):
    name: str
    namespace: str
    host: str
    service: str
    port: int
    ago: str


class CustomEvent(_Entry):
    """Something an operator said about a custom object, each time it said it."""

    ago: list[str]
    type: str
    reason: str
    source: str = Field(alias="from")
    message: str


class Custom(_Entry):
    """An object of a kind that a definition of the world adds.

    `kind`, `owner` and `owns` are written as `Kind.group` and `Kind.group/name`; times in spec and status as
    `ago 3d` and `in 20d`.
    """

    kind: str
    name: str
    namespace: str
    ago: str
    spec: Manifest
    controller: str
    """Who writes its status."""
    status: Manifest
    status_ago: str
    owner: str = ""
    owns: list[str] = []
    events: list[CustomEvent] = []


class World(_Entry):
    """A whole cluster and its past."""

    nodes: list[Node]
    namespaces: list[Namespace]
    configmaps: list[Data]
    secrets: list[Data]
    stateful: list[App]
    daemons: list[Daemon]
    deployments: list[App]
    cronjobs: list[Cron]
    budgets: list[Budget]
    autoscalers: list[Autoscaler]
    ingresses: list[Ingress]
    definitions: list[Manifest] = []
    """CustomResourceDefinitions."""
    custom: list[Custom] = []
