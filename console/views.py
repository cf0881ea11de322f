"""The views of the resource sidebar: what `:` calls them and what is asked of the agent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class View:
    """One view. `what` is a Kubernetes kind as `kubectl` would take it, or a cloud view (`aws:ec2`)."""

    what: str
    title: str
    words: tuple[str, ...] = ()

    @property
    def cloud(self) -> bool:
        return self.what.startswith("aws:")


TABS: tuple[View, ...] = (
    View("pods", "pods", ("po", "pod")),
    View("deployments", "deployments", ("deploy", "dp", "deployment")),
    View("nodes", "nodes", ("no", "node")),
    View("events", "events", ("ev", "event")),
    View("aws:ec2", "ec2", ("instances",)),
    View("aws:ecs", "ecs", ()),
)
"""The views that have a tab from the start."""

MORE: tuple[View, ...] = (
    View("unhealthy", "unhealthy", ("sick", "bad")),
    View("workloads", "workloads", ("wl", "all")),
    View("batch", "batch", ()),
    View("network", "network", ("net",)),
    View("config", "config", ()),
    View("storage", "storage", ()),
    View("statefulsets", "statefulsets", ("sts", "statefulset")),
    View("daemonsets", "daemonsets", ("ds", "daemonset")),
    View("replicasets", "replicasets", ("rs", "replicaset")),
    View("jobs", "jobs", ("job",)),
    View("cronjobs", "cronjobs", ("cj", "cronjob")),
    View("services", "services", ("svc", "service")),
    View("ingresses", "ingresses", ("ing", "ingress")),
    View("configmaps", "configmaps", ("cm", "configmap")),
    View("namespaces", "namespaces", ("namespaces",)),
    View("persistentvolumeclaims", "pvc", ("pvcs", "persistentvolumeclaims")),
    View("horizontalpodautoscalers", "hpa", ("hpas", "horizontalpodautoscalers")),
)
"""Views that get a tab when they are asked for."""


def find(word: str) -> View | None:
    """The view that `word` names, by its title, its kind or one of its short forms."""
    return next(
        (view for view in (*TABS, *MORE) if word in (view.title, view.what) or word in view.words), None
    )


def of_kind(word: str) -> View:
    """A view for `word`, known or not: an unknown word is taken for a kind the cluster may know."""
    return find(word) or View(word, word.split(".")[0])
