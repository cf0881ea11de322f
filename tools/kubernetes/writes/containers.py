"""One container of a workload's pod template: which one is meant, and how a field of it is replaced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, JsonValue

from tools.errors import Invalid
from tools.kubernetes.fields import Json, mappings, text
from tools.kubernetes.finding import Target

ContainerName = Annotated[
    str,
    Field(
        max_length=63,
        pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?$",
        description="Container; empty when there is just one.",
    ),
]

ROLLED_OUT = ("Deployment", "StatefulSet", "DaemonSet")
"""Kinds whose pods follow a change of their template by themselves."""


@dataclass(frozen=True)
class Container:
    """Where a container stands in a pod template, and what it is now."""

    part: str
    """`containers` or `initContainers`."""
    index: int
    spec: Json

    @property
    def name(self) -> str:
        return text(self.spec, "name")

    def replacing(self, field: str, entry: JsonValue) -> list[JsonValue]:
        """The JSON patch that puts the entry into the field, whatever was there before.

        It counts on the container's place in the list, so it is only sent `at_version`.
        """
        path = f"/spec/template/spec/{self.part}/{self.index}/{field}"
        return [{"op": "add", "path": path, "value": entry}]


def container_of(target: Target, workload: Json, name: str) -> Container:
    """The container of that name; without a name the only one. Raises `Invalid` naming those there are."""
    found = [
        Container(part, index, entry)
        for part in ("containers", "initContainers")
        for index, entry in enumerate(mappings(workload, "spec", "template", "spec", part))
    ]
    named = [entry for entry in found if entry.name == name]
    if not name:
        named = [entry for entry in found if entry.part == "containers"]
    if len(named) == 1:
        return named[0]
    names = ", ".join(entry.name for entry in found)
    problem = f"has no container called {name}" if name else "has several containers"
    raise Invalid(f"{target} {problem}.", hint=f"Its containers are: {names}.")
