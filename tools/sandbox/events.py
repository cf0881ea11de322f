"""Events: what the controllers say about the objects they work on."""

from __future__ import annotations

import hashlib

from tools.sandbox.kind import Kind
from tools.sandbox.kinds import Kinds
from tools.sandbox.manifest import Manifest, moment_of, name_of, namespace_of, stamp, uid_of
from tools.sandbox.store import ObjectStore
from tools.sandbox.timeline import Timeline

KEPT_SECONDS = 3600.0
"""An API server forgets an event an hour after it last happened."""


class EventRecorder:
    """Records events; the same thing happening again counts up the event that is there."""

    def __init__(self, store: ObjectStore, kinds: Kinds, timeline: Timeline) -> None:
        self._store = store
        self._kind: Kind = kinds.named("", "Event")
        self._timeline = timeline

    def record(
        self, obj: Manifest, type_: str, reason: str, message: str, component: str, field: str = ""
    ) -> None:
        """Say something about an object.

        Args:
            obj: the object it is about.
            type_: Normal or Warning.
            reason: one CamelCase word.
            message: the sentence.
            component: who says it.
            field: the part of the object, such as `spec.containers{web}`.
        """
        now = stamp(self._timeline.now())
        namespace = namespace_of(obj) or "default"
        digest = hashlib.sha256(f"{uid_of(obj)}{reason}{message}{field}".encode()).hexdigest()[:16]
        name = f"{name_of(obj)}.{digest}"
        old = self._store.get(self._kind, namespace, name)
        if old is not None:
            self._store.put(self._kind, {**old, "count": old["count"] + 1, "lastTimestamp": now})
            return
        about = {
            "kind": obj["kind"],
            "namespace": namespace_of(obj),
            "name": name_of(obj),
            "uid": uid_of(obj),
            "apiVersion": obj["apiVersion"],
            "resourceVersion": obj["metadata"].get("resourceVersion", ""),
            "fieldPath": field,
        }
        node = obj.get("spec", {}).get("nodeName", "") if component == "kubelet" else ""
        self._store.put(
            self._kind,
            {
                "kind": "Event",
                "apiVersion": "v1",
                "metadata": {
                    "name": name,
                    "namespace": namespace,
                    "uid": f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-8000-{digest[:12]}",
                    "creationTimestamp": now,
                },
                "involvedObject": {key: value for key, value in about.items() if value},
                "reason": reason,
                "message": message,
                "source": {"component": component, **({"host": node} if node else {})},
                "firstTimestamp": now,
                "lastTimestamp": now,
                "count": 1,
                "type": type_,
                "eventTime": None,
                "reportingComponent": component,
                "reportingInstance": node,
            },
        )

    def expire(self) -> None:
        """Drop events that last happened more than an hour ago."""
        now = self._timeline.now()
        for event in list(self._store.all(self._kind)):
            last = event.get("lastTimestamp") or event["metadata"]["creationTimestamp"]
            if (now - moment_of(last)).total_seconds() > KEPT_SECONDS:
                self._store.remove(self._kind, namespace_of(event), name_of(event))
