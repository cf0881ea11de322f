"""CustomResourceDefinitions of a test's own: no other test, and nobody else on the cluster, has their group."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.tools.kubernetes.lab import Lab, until
from tests.tools.kubernetes.scenery import put, remove
from tools.errors import NotFound, ServerFailed, ToolError

CRDS = "apiextensions.k8s.io/v1"
_OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "required": ["size"],
            "properties": {
                "size": {"type": "integer", "minimum": 0},
                "colour": {"type": "string", "default": "red"},
                "configMapName": {"type": "string"},
                "parts": {"type": "array", "items": _OPEN},
            },
        },
        "status": _OPEN,
    },
}


def version(name: str, *, storage: bool) -> dict[str, Any]:
    """One version of a definition, with a column of its own for the size and one for the Ready condition."""
    columns = [
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
        {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
        {"name": "Colour", "type": "string", "jsonPath": ".spec.colour", "priority": 1},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]
    return {
        "name": name,
        "served": True,
        "storage": storage,
        "schema": {"openAPIV3Schema": SCHEMA},
        "subresources": {"status": {}},
        "additionalPrinterColumns": columns,
    }


@dataclass(frozen=True)
class Gadgets:
    """A kind that was added to the cluster. Its words are nobody else's."""

    lab: Lab
    group: str
    kind: str
    short: str

    @property
    def plural(self) -> str:
        return f"{self.kind.lower()}s"

    @property
    def definition(self) -> str:
        return f"{self.plural}.{self.group}"

    @property
    def api_version(self) -> str:
        return f"{self.group}/v1"

    def manifest(self, name: str, **spec: Any) -> dict[str, Any]:
        metadata = {"name": name}
        return {"apiVersion": self.api_version, "kind": self.kind, "metadata": metadata, "spec": spec}

    async def make(self, name: str, **spec: Any) -> None:
        await put(self.lab, self.api_version, self.kind, name, spec=spec)


@asynccontextmanager
async def gadgets(lab: Lab, versions: list[dict[str, Any]] | None = None) -> AsyncIterator[Gadgets]:
    """Add a kind, wait until it is served, and take it away with all its objects."""
    mark = lab.namespace.rpartition("-")[2]
    found = Gadgets(lab, f"g{mark}.example.com", f"Gadget{mark}".replace("-", ""), f"gd{mark}")
    names = {
        "plural": found.plural,
        "singular": found.kind.lower(),
        "kind": found.kind,
        "listKind": f"{found.kind}List",
        "shortNames": [found.short],
    }
    spec = {
        "group": found.group,
        "scope": "Namespaced",
        "names": names,
        "versions": versions or [version("v1", storage=True)],
    }
    await put(lab, CRDS, "CustomResourceDefinition", found.definition, cluster_wide=True, spec=spec)

    async def served() -> bool:
        try:
            kind = await lab.cluster.kinds.resolve(found.plural)
            await lab.cluster.json("GET", kind.path(lab.namespace))
        except (NotFound, ServerFailed):
            return False
        return True

    try:
        await until(served)
        yield found
    finally:
        await remove(lab, "customresourcedefinitions", found.definition, cluster_wide=True)
        await until(lambda: _gone(lab, found))


async def _gone(lab: Lab, found: Gadgets) -> bool:
    crds = await lab.cluster.kinds.resolve("customresourcedefinitions")
    try:
        await lab.cluster.json("GET", crds.path("", found.definition))
    except NotFound:
        return True
    except ToolError:
        return False
    return False
