"""What a kind is: its names, its columns, and where its objects are stored."""

from __future__ import annotations

from dataclasses import dataclass

from tools.sandbox.custom.version import CustomVersion
from tools.sandbox.manifest import Manifest

StorageKey = tuple[str, str]
GroupVersion = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind in one version."""

    group: str
    version: str
    plural: str
    name: str
    singular: str
    namespaced: bool
    verbs: frozenset[str]
    columns: tuple[Manifest, ...]
    storage: StorageKey
    custom: CustomVersion | None = None
    """What a definition says about it; None for the kinds that are built in."""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """`deployments.apps`, or `pods` for the core group."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def kind(self) -> str:
        """`Deployment.apps`, or `Pod`: how validation errors call it."""
        return f"{self.name}.{self.group}" if self.group else self.name
