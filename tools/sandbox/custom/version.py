"""What one version of a custom kind brings along that built-in kinds have in code."""

from __future__ import annotations

from dataclasses import dataclass

from tools.sandbox.custom.printing import PrinterColumn
from tools.sandbox.manifest import Manifest, MergeKeys


@dataclass(frozen=True, slots=True)
class CustomVersion:
    """One served version, as its definition describes it."""

    definition: str
    """The name of the CustomResourceDefinition."""
    stored_as: str
    """The API version objects are written in."""
    schema: Manifest
    """Its OpenAPI v3 schema."""
    printed: tuple[PrinterColumn, ...]
    """The Table's columns after the name."""
    status_apart: bool
    """Whether status is a subresource, out of reach of an ordinary write."""
    merge_keys: MergeKeys
    """The lists of the schema that are merged by a key."""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    list_name: str = ""
    webhook: str = ""
    """The address that converts between versions; empty when nothing but the version's name changes."""
    webhook_service: str = ""
    """The Service behind that address; empty for an address outside the cluster."""
