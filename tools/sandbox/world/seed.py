"""Brings a world about: simulates its past, release by release, up to the present."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from importlib.resources import files

import yaml

from tools.sandbox.access import seed_roles
from tools.sandbox.controllers.cronjob import next_run
from tools.sandbox.field_owners import record_update
from tools.sandbox.kind import Kind
from tools.sandbox.manifest import Manifest, stamp
from tools.sandbox.plane import ControlPlane
from tools.sandbox.world import manifests
from tools.sandbox.world.custom import CustomPast, define, span
from tools.sandbox.world.model import App, Cron, Release, World

MANAGER = "shop-deploy"
"""The field manager of everything the company's own pipeline applied."""

_PAST = timedelta(days=42)
_FILES = ("shop.yaml", "operators.yaml")
_CRON_RUNS = 3
_Step = tuple[timedelta, int, Callable[[], None]]


def beginning(now: datetime) -> datetime:
    """When the simulated past begins."""
    return (now - _PAST).replace(microsecond=0)


def shop() -> World:
    """The shop company. Raises `pydantic.ValidationError` when one of its files is wrong."""
    parts = (yaml.safe_load((files(__package__) / name).read_text("utf-8")) for name in _FILES)
    return World.model_validate({field: entry for part in parts for field, entry in part.items()})


class Seeder:
    """Plays a world's past on a control plane whose timeline is still simulated.

    Args:
        plane: the control plane, with its controllers running.
        world: what happened.
        now: the present.
    """

    def __init__(self, plane: ControlPlane, world: World, now: datetime) -> None:
        self._plane = plane
        self._world = world
        self._now = now
        self._environments = {entry.name: entry.environment for entry in world.namespaces}
        self._steps: list[_Step] = []

    def play(self) -> None:
        """Simulate everything up to the present."""
        self._foundations()
        self._plan()
        for ago, _, step in sorted(self._steps, key=lambda entry: (-entry[0], entry[1])):
            self._plane.timeline.advance(self._now - ago)
            step()
        self._plane.timeline.advance(self._now)

    def _foundations(self) -> None:
        plane = self._plane
        for entry in self._world.namespaces:
            words = {"team": entry.team, "environment": entry.environment}
            found = {key: value for key, value in words.items() if value}
            plane.create(plane.namespaces, {"metadata": {"name": entry.name, "labels": found}})
        define(plane, self._world.definitions)
        seed_roles(plane)
        for number, node in enumerate(self._world.nodes):
            body = manifests.node(node, number)
            body["status"]["conditions"] = manifests.node_conditions(plane.stamp())
            plane.create(plane.nodes, body)
        storage = plane.kinds.named("storage.k8s.io", "StorageClass")
        plane.create(storage, {"metadata": {"name": "standard"}, "provisioner": "ebs.csi.aws.com"})
        for data in self._world.configmaps:
            for namespace in data.namespaces:
                self._apply(plane.configmaps, manifests.config_map(data, namespace))
        for data in self._world.secrets:
            for namespace in data.namespaces:
                self._apply(plane.secrets, manifests.secret(data, namespace))

    def _plan(self) -> None:
        plane = self._plane
        for entry in self._world.daemons:
            body = manifests.daemon_set(entry, self._environments[entry.namespace])
            self._at(entry.ago, plane.daemonsets, body)
        for app in self._world.stateful:
            self._plan_app(app, plane.statefulsets)
        for app in self._world.deployments:
            self._plan_app(app, plane.deployments)
        for budget in self._world.budgets:
            self._at("30d", plane.budgets, manifests.budget(budget))
        ingresses = plane.kinds.named("networking.k8s.io", "Ingress")
        for entry_ in self._world.ingresses:
            self._at(entry_.ago, ingresses, manifests.ingress(entry_))
        for scaler in self._world.autoscalers:  # made late, so that its past costs nothing, but dated back
            body = manifests.autoscaler(scaler, stamp(self._now - span(scaler.ago)))
            self._at("10m", plane.autoscalers, body)
        for cron in self._world.cronjobs:
            self._plan_cron(cron)
        for custom in self._world.custom:
            for ago, step in CustomPast(plane, custom, MANAGER, self._now).steps():
                self._steps.append((ago, len(self._steps), step))

    def _plan_app(self, app: App, kind: Kind) -> None:
        plane = self._plane
        first = app.history[0]
        for namespace in app.places:
            environment = self._environments[namespace]
            make = manifests.stateful_set if kind is plane.statefulsets else manifests.deployment
            if app.port:
                self._at(first.ago, plane.services, manifests.service(app, namespace, environment))
            self._at(first.ago, kind, make(app, namespace, environment, first))
            for release in app.history[1:]:
                self._later(release.ago, partial(self._roll, kind, namespace, app, release))

    def _plan_cron(self, cron: Cron) -> None:
        """A CronJob is made just before its last few runs, and dated back."""
        plane = self._plane
        body = manifests.cron_job(cron, self._environments[cron.namespace])
        body["metadata"]["creationTimestamp"] = stamp(self._now - span(cron.ago))
        start = self._now - timedelta(days=_CRON_RUNS + 1)
        runs: list[datetime] = []
        due = next_run(body, start)
        while due is not None and due < self._now - timedelta(minutes=1):
            runs.append(due)
            due = next_run(body, due)
        since = runs[-_CRON_RUNS] - timedelta(seconds=1) if len(runs) >= _CRON_RUNS else self._now
        self._steps.append((self._now - since, len(self._steps), lambda: self._apply(plane.cronjobs, body)))

    def _roll(self, kind: Kind, namespace: str, app: App, release: Release) -> None:
        old = self._plane.read(kind, namespace, app.name)

        def write(draft: Manifest) -> None:
            draft["spec"]["template"]["spec"]["containers"][0]["image"] = release.image
            annotations = draft["metadata"].setdefault("annotations", {})
            annotations.pop(manifests.CHANGE_CAUSE, None)
            if release.why:
                annotations[manifests.CHANGE_CAUSE] = release.why
            owned = record_update(old, draft, MANAGER, "", self._plane.stamp(), self._plane.kinds.merge_keys)
            draft["metadata"] = owned["metadata"]

        self._plane.change(kind, old, write)

    def _apply(self, kind: Kind, body: Manifest) -> None:
        obj = self._plane.prepare(kind, body)
        time, keys = self._plane.stamp(), self._plane.kinds.merge_keys
        self._plane.store.put(kind, record_update(None, obj, MANAGER, "", time, keys))

    def _at(self, ago: str, kind: Kind, body: Manifest) -> None:
        self._later(ago, lambda: self._apply(kind, body))

    def _later(self, ago: str, step: Callable[[], None]) -> None:
        self._steps.append((span(ago), len(self._steps), step))
