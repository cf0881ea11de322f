"""kubernetes_storage: claims, the volumes and classes behind them, who mounts them, and why one waits."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from tools.errors import ToolError
from tools.kubernetes.fields import Json, mapping, mappings, strings, text, value
from tools.kubernetes.finding import OnClusters, working_namespace
from tools.kubernetes.plain_text import plain
from tools.kubernetes.reads.events import Happening, read_events
from tools.kubernetes.reads.looking import Looking
from tools.tool import Arguments, OptionalNamespace, Scope, Tool

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
CLAIMS = "persistentvolumeclaims"
VOLUMES = "persistentvolumes"
CLASSES = "storageclasses.storage.k8s.io"
_SELECTED_NODE = "volume.kubernetes.io/selected-node"


class StorageArgs(Arguments):
    name: Annotated[
        str,
        Field(
            max_length=253,
            pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$",
            description="One PersistentVolumeClaim; empty for all of the namespace.",
        ),
    ] = ""
    namespace: OptionalNamespace = ""
    all_namespaces: bool = False
    pending_only: Annotated[bool, Field(description="Only claims that are not bound.")] = False
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class Claim(BaseModel):
    """One PersistentVolumeClaim and what stands behind it."""

    name: str
    namespace: str
    phase: str
    asked: str
    """Size asked for."""
    size: str = ""
    """Size it has; empty before it is bound."""
    modes: tuple[str, ...] = ()
    storage_class: str = ""
    provisioner: str = ""
    expandable: bool | None = None
    """Whether its class lets it grow; None when the class could not be read."""
    volume: str = ""
    volume_phase: str = ""
    reclaim: str = ""
    """What happens to the data when the claim goes: Delete or Retain."""
    mounted_by: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    """Why it waits, or what else is odd, in words."""


class StorageOutput(BaseModel):
    """Claims in trouble first."""

    context: str
    namespace: str
    claims: tuple[Claim, ...]
    left_out: int = 0
    unseen: tuple[str, ...] = ()


class KubernetesStorage(OnClusters, Tool[StorageArgs, StorageOutput]):
    """From claims down to volumes and classes, and up to the pods that mount them."""

    name = "kubernetes_storage"
    summary = (
        "PersistentVolumeClaims with their volume, class, size, who mounts them, and why one is pending."
    )
    Args = StorageArgs
    Output = StorageOutput

    async def run(self, args: StorageArgs, scope: Scope) -> StorageOutput:
        cluster = await self._clusters.cluster(scope.context)
        everywhere = args.all_namespaces and not args.name
        namespace = "" if everywhere else working_namespace(args.namespace, scope)
        looking = Looking(cluster)
        if args.name:
            target = await self.target(CLAIMS, args.name, args.namespace, scope)
            claims = [await target.read()]
        else:
            claims = await looking.objects(CLAIMS, namespace)
        stock = Stock(looking)
        await stock.read(namespace)
        found = [stock.claim(entry) for entry in claims]
        if args.pending_only:
            found = [entry for entry in found if entry.phase != "Bound"]
        found.sort(key=lambda entry: (not entry.problems, entry.namespace, entry.name))
        return StorageOutput(
            context=cluster.context,
            namespace=namespace,
            claims=tuple(found[: args.limit]),
            left_out=max(0, len(found) - args.limit),
            unseen=tuple(looking.unseen),
        )


class Stock:
    """Volumes, classes, pods and events as far as they can be seen, to explain claims with."""

    def __init__(self, looking: Looking) -> None:
        self._looking = looking
        self._volumes: dict[str, Json] = {}
        self._classes: dict[str, Json] = {}
        self._pods: list[Json] = []
        self._events: list[Happening] = []

    async def read(self, namespace: str) -> None:
        """Read what belongs to the claims of a namespace, or of all."""
        self._volumes = {_name(entry): entry for entry in await self._looking.objects(VOLUMES)}
        self._classes = {_name(entry): entry for entry in await self._looking.objects(CLASSES)}
        self._pods = await self._looking.objects("pods", namespace)
        try:
            self._events = await self._looking.patiently(
                lambda: read_events(self._looking.cluster, namespace, kind="PersistentVolumeClaim")
            )
        except ToolError as error:
            self._looking.unseen.append(f"events: {error.message}")

    def claim(self, claim: Json) -> Claim:
        spec = mapping(claim, "spec")
        volume = self._volumes.get(text(spec, "volumeName"), {})
        chosen = self._class_of(claim)
        known = self._classes.get(chosen, {})
        mounting = [_name(pod) for pod in self._pods if _mounts(pod, claim)]
        return Claim(
            name=_name(claim),
            namespace=text(claim, "metadata", "namespace"),
            phase=text(claim, "status", "phase") or "Pending",
            asked=text(spec, "resources", "requests", "storage"),
            size=text(claim, "status", "capacity", "storage"),
            modes=_listed(spec, "accessModes"),
            storage_class=chosen,
            provisioner=text(known, "provisioner"),
            expandable=known.get("allowVolumeExpansion") is True if known else None,
            volume=text(spec, "volumeName"),
            volume_phase=text(volume, "status", "phase"),
            reclaim=text(volume, "spec", "persistentVolumeReclaimPolicy"),
            mounted_by=tuple(f"pod/{name}" for name in mounting),
            problems=tuple(plain(entry) for entry in self._problems(claim, chosen, volume, mounting)),
        )

    def _class_of(self, claim: Json) -> str:
        named = value(claim, "spec", "storageClassName")
        if isinstance(named, str):
            return named
        defaults = [
            name
            for name, entry in self._classes.items()
            if strings(entry, "metadata", "annotations").get(DEFAULT_CLASS) == "true"
        ]
        return defaults[0] if defaults else ""

    def _problems(self, claim: Json, chosen: str, volume: Json, mounting: list[str]) -> list[str]:
        phase = text(claim, "status", "phase") or "Pending"
        found = []
        if text(claim, "metadata", "deletionTimestamp"):
            users = f" until {', '.join(mounting)} let go of it" if mounting else ""
            found.append(f"it is being deleted and stays{users}")
        if phase == "Lost":
            found.append(f"its volume {text(claim, 'spec', 'volumeName')} is gone")
        if phase == "Pending":
            found += self._waiting(claim, chosen, mounting)
        if text(volume, "status", "phase") in ("Failed", "Released"):
            found.append(
                f"its volume is {text(volume, 'status', 'phase')} {text(volume, 'status', 'message')}".strip()
            )
        for entry in mappings(claim, "status", "conditions"):
            if text(entry, "status") == "True":
                found.append(f"{text(entry, 'type')}: {text(entry, 'message')}".strip(": "))
        return found

    def _waiting(self, claim: Json, chosen: str, mounting: list[str]) -> list[str]:
        found = []
        known = self._classes.get(chosen, {})
        classes_seen = not self._looking.blind(CLASSES)
        if value(claim, "spec", "storageClassName") == "":
            found.append(self._no_volume(claim))
        elif not chosen and classes_seen:
            found.append("it names no storage class, and the cluster has no default one")
        elif chosen and not known and classes_seen:
            names = ", ".join(sorted(self._classes)) or "none"
            found.append(f"there is no storage class {chosen} (there are: {names})")
        elif text(known, "provisioner") == "kubernetes.io/no-provisioner":
            found.append(self._no_volume(claim))
        elif text(known, "volumeBindingMode") == "WaitForFirstConsumer" and (
            _SELECTED_NODE not in strings(claim, "metadata", "annotations")
        ):
            waits = f"the scheduler has no node yet for {mounting[0]}" if mounting else "no pod uses it yet"
            found.append(f"its class binds on first use, and {waits}")
        named = text(claim, "spec", "volumeName")
        if named and named not in self._volumes and not self._looking.blind(VOLUMES):
            found.append(f"it asks for the volume {named}, which does not exist")
        about = [
            entry for entry in self._events if entry.uid == text(claim, "metadata", "uid") and entry.warning
        ]
        found += [f"{entry.reason}: {entry.message}" for entry in about[:2]]
        return found or ["nothing says why; the provisioner may still be at work"]

    def _no_volume(self, claim: Json) -> str:
        free = [
            name for name, entry in self._volumes.items() if text(entry, "status", "phase") == "Available"
        ]
        size = text(claim, "spec", "resources", "requests", "storage")
        words = f"free are: {', '.join(sorted(free)[:5])}" if free else "no volume is free"
        return f"nobody provisions volumes for it, and no volume fits {size} with its modes ({words})"


def _mounts(pod: Json, claim: Json) -> bool:
    same = text(pod, "metadata", "namespace") == text(claim, "metadata", "namespace")
    if not same or text(pod, "status", "phase") in ("Succeeded", "Failed"):
        return False
    for volume in mappings(pod, "spec", "volumes"):
        if text(volume, "persistentVolumeClaim", "claimName") == _name(claim):
            return True
        if "ephemeral" in volume and f"{_name(pod)}-{text(volume, 'name')}" == _name(claim):
            return True
    return False


def _listed(source: Json, key: str) -> tuple[str, ...]:
    found = source.get(key)
    return tuple(entry for entry in found if isinstance(entry, str)) if isinstance(found, list) else ()


def _name(obj: Json) -> str:
    return text(obj, "metadata", "name")
