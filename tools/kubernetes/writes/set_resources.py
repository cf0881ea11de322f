"""kubernetes_set_resources: what a container asks for, and what it may use at most."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue

from tools.errors import Invalid
from tools.kubernetes.fields import Json, mapping, text
from tools.kubernetes.finding import Target
from tools.kubernetes.quantity import amount
from tools.kubernetes.writes.container_change import ContainerArgs, ContainerChange
from tools.kubernetes.writes.containers import Container
from tools.tool import Call, Preview

Resource = Annotated[str, Field(max_length=253, pattern=r"^[a-z0-9]([a-z0-9./-]*[a-z0-9])?$")]
Quantity = Annotated[
    str, Field(max_length=40, pattern=r"^[0-9]+(\.[0-9]+)?([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?$")
]
Amounts = Annotated[
    dict[Resource, Quantity | None],
    Field(description="Such as cpu: 250m, memory: 512Mi; null removes one. Those not named stay."),
]


class SetResourcesArgs(ContainerArgs):
    requests: Amounts = {}
    limits: Amounts = {}


class KubernetesSetResources(ContainerChange[SetResourcesArgs]):
    """Sets and removes single requests and limits, which starts a rollout."""

    name = "kubernetes_set_resources"
    summary = "Set the resource requests and limits of a container and roll it out."
    Args = SetResourcesArgs

    def check(self, args: SetResourcesArgs, target: Target) -> None:
        if not args.requests and not args.limits:
            raise Invalid(f"It is not said which requests or limits of {target} to set.")

    def patch(self, container: Container, args: SetResourcesArgs) -> list[JsonValue]:
        resources = mapping(container.spec, "resources")
        for side, asked in _sides(args):
            merged: Json = {**mapping(resources, side), **asked}
            kept: Json = {name: entry for name, entry in merged.items() if entry is not None}
            resources = {key: entry for key, entry in resources.items() if key != side}
            if kept:
                resources[side] = kept
        return container.replacing("resources", resources)

    def recorded(self, container: Container, args: SetResourcesArgs) -> tuple[Json, tuple[str, ...]]:
        before: Json = {}
        for side, asked in _sides(args):
            present = mapping(container.spec, "resources", side)
            before[side] = {name: text(present, name) or None for name in asked}
        return before, ()

    def wrong(self, container: Container, args: SetResourcesArgs) -> list[str]:
        return [
            f"{side}.{name}"
            for side, asked in _sides(args)
            for name, wanted in asked.items()
            # The server writes amounts in its own way: 1000m becomes 1.
            if amount(mapping(container.spec, "resources", side).get(name)) != amount(wanted)
        ]

    def undo(self, args: SetResourcesArgs, preview: Preview) -> Call | None:
        if not preview.changes:
            return None
        return Call(tool=self.id, args={"kind": args.kind, "name": args.name, **preview.before})


def _sides(args: SetResourcesArgs) -> tuple[tuple[str, dict[str, str | None]], ...]:
    return ("requests", args.requests), ("limits", args.limits)
