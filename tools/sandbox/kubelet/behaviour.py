"""How a container behaves: worked out from its image, environment, limits and surroundings."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict

from tools.sandbox.manifest import Manifest, dig, namespace_of
from tools.sandbox.plane import ControlPlane
from tools.sandbox.quantity import mebibytes

ANNOTATION = "sandbox.pilothouse/behaviour"


class Traits(BaseModel):
    """What is known about an image. See `behaviours.yaml` for the units."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    memory: float = 30
    cpu: float = 5
    starts_in: float = 1
    runs_for: float | None = None
    needs: list[str] = []
    connects_to: list[str] = []
    serves: dict[int, list[str]] | None = None
    unready: str = ""
    startup: list[str] = ["started"]
    lines: list[str] = ["INFO  idle"]
    closing: list[str] = []
    interval: float = 4


class _Image(Traits):
    tags: dict[str, dict[str, object]] | None = None
    pattern: str = ""

    def has(self, tag: str) -> bool:
        if self.tags is not None:
            return tag in self.tags
        return not self.pattern or re.fullmatch(self.pattern, tag) is not None

    def traits(self, tag: str) -> Traits:
        own = self.model_dump(exclude={"tags", "pattern"})
        return Traits.model_validate({**own, **((self.tags or {}).get(tag) or {})})


class _Catalogue(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    complete_registries: list[str]
    images: dict[str, _Image]


class ConfigMissing(Exception):
    """The container cannot be created: a ConfigMap, a Secret or a key of it does not exist."""


@dataclass(frozen=True, slots=True)
class Course:
    """What a start of a container will lead to.

    `end` says how it ends, after `seconds`; `runs` means never. `unready` is why its readiness probe
    fails, or "". `closing` are its last log lines.
    """

    traits: Traits
    tag: str
    end: Literal["runs", "exits", "out of memory"] = "runs"
    seconds: float = 0.0
    exit_code: int = 0
    unready: str = ""
    closing: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)


def split_image(reference: str) -> tuple[str, str]:
    """Repository and tag (or digest) of an image reference; the tag defaults to `latest`."""
    if "@" in reference:
        repository, _, digest = reference.partition("@")
        return repository, digest
    path, slash, last = reference.rpartition("/")
    name, _, tag = last.partition(":")
    return f"{path}{slash}{name}", tag or "latest"


def full_reference(reference: str) -> str:
    """An image reference with its registry and tag written out, as container runtimes print it."""
    repository, tag = split_image(reference)
    first = repository.partition("/")[0]
    if "." not in first and ":" not in first and first != "localhost":
        repository = f"docker.io/{repository}" if "/" in repository else f"docker.io/library/{repository}"
    return f"{repository}@{tag}" if ":" in tag else f"{repository}:{tag}"


def image_exists(reference: str) -> bool:
    """Whether an image can be pulled. Unknown repositories of other registries are taken to exist."""
    repository, tag = split_image(reference)
    catalogue = _catalogue()
    known = catalogue.images.get(repository)
    if known is not None:
        return known.has(tag)
    return repository.partition("/")[0] not in catalogue.complete_registries


def traits_of(reference: str) -> Traits:
    """What is known about an image."""
    repository, tag = split_image(reference)
    known = _catalogue().images.get(repository)
    return known.traits(tag) if known else Traits()


def course_of(plane: ControlPlane, pod: Manifest, container: Manifest) -> Course:
    """What starting a container now leads to. Raises `ConfigMissing`."""
    traits, tag = traits_of(container["image"]), split_image(container["image"])[1]
    environment = environment_of(plane, pod, container)
    base = Course(traits, tag, environment=environment)
    override = dig(pod, "metadata", "annotations", ANNOTATION)
    if override:
        return _overridden(base, str(override))
    for name in traits.needs:
        if not environment.get(name):
            line = f"FATAL {name} is not set: refusing to start"
            return _exit(base, 1.2, [line])
    for name in traits.connects_to:
        problem = _connection_problem(plane, pod, environment.get(name, ""))
        if problem:
            return _exit(
                base, 4.0, [f"ERROR cannot reach {name}: {problem}", "FATAL giving up after 3 attempts"]
            )
    limit = dig(container, "resources", "limits", "memory")
    if limit is not None and mebibytes(limit) < traits.memory:
        return Course(traits, tag, "out of memory", 25.0, 137, environment=environment)
    if traits.runs_for is not None or _command_ends(container):
        seconds = traits.runs_for or 2.0
        return Course(traits, tag, "exits", seconds, 0, closing=traits.closing, environment=environment)
    return Course(
        traits, tag, unready=traits.unready or _probe_problem(traits, container), environment=environment
    )


def environment_of(plane: ControlPlane, pod: Manifest, container: Manifest) -> dict[str, str]:
    """The environment a container gets. Raises `ConfigMissing` for a reference that leads nowhere."""
    environment: dict[str, str] = {}
    for source in container.get("envFrom") or []:
        for field_name, secret in (("configMapRef", False), ("secretRef", True)):
            if reference := source.get(field_name):
                found = _data(plane, pod, reference, secret)
                environment.update({source.get("prefix", "") + key: value for key, value in found.items()})
    for entry in container.get("env") or []:
        source = entry.get("valueFrom") or {}
        for field_name, secret in (("configMapKeyRef", False), ("secretKeyRef", True)):
            if reference := source.get(field_name):
                found = _data(plane, pod, reference, secret)
                if reference["key"] in found:
                    environment[entry["name"]] = found[reference["key"]]
                elif not reference.get("optional"):
                    what = "Secret" if secret else "ConfigMap"
                    where = f"{namespace_of(pod)}/{reference['name']}"
                    raise ConfigMissing(f"couldn't find key {reference['key']} in {what} {where}")
        if path := dig(source, "fieldRef", "fieldPath"):
            environment[entry["name"]] = str(dig(pod, *path.split("."), default=""))
        elif "value" in entry:
            environment[entry["name"]] = str(entry["value"])
    return environment


def _data(plane: ControlPlane, pod: Manifest, reference: Manifest, secret: bool) -> dict[str, str]:
    kind = plane.secrets if secret else plane.configmaps
    found = plane.store.get(kind, namespace_of(pod), reference.get("name", ""))
    if found is None:
        if reference.get("optional"):
            return {}
        raise ConfigMissing(f'{kind.singular} "{reference.get("name", "")}" not found')
    data = found.get("data") or {}
    return (
        {key: base64.b64decode(value).decode("utf-8", "replace") for key, value in data.items()}
        if secret
        else data
    )


def _connection_problem(plane: ControlPlane, pod: Manifest, url: str) -> str:
    host = urlsplit(url).hostname or ""
    if not host:
        return f"{url!r} is not a URL"
    service, _, rest = host.partition(".")
    namespace = rest.partition(".")[0] or namespace_of(pod)
    if plane.store.get(plane.services, namespace, service) is None:
        return f"lookup {host}: no such host"
    endpoints = plane.store.get(plane.endpoints, namespace, service) or {}
    if not any(subset.get("addresses") for subset in endpoints.get("subsets") or []):
        port = urlsplit(url).port
        return f"dial tcp {host}{f':{port}' if port else ''}: connect: connection refused"
    return ""


def _probe_problem(traits: Traits, container: Manifest) -> str:
    probe = dig(container, "readinessProbe", "httpGet")
    if not probe or traits.serves is None:
        return ""
    port = probe.get("port")
    if isinstance(port, str):
        ports = {entry.get("name"): entry.get("containerPort") for entry in container.get("ports") or []}
        port = ports.get(port)
    if port not in traits.serves:
        return (
            f'Get "http://10.244.0.1:{port}{probe.get("path", "/")}": dial tcp: connect: connection refused'
        )
    if probe.get("path", "/") not in traits.serves[port]:
        return "HTTP probe failed with statuscode: 404"
    return ""


def _command_ends(container: Manifest) -> bool:
    """Whether a command is one that ends by itself, such as `echo` or `sh -c "sleep 5"`."""
    words = [*(container.get("command") or []), *(container.get("args") or [])]
    if not words:
        return split_image(container["image"])[0] == "busybox"
    return bool(re.search(r"\b(echo|true|date|printenv|env|ls|migrate)\b", " ".join(map(str, words))))


def _overridden(base: Course, word: str) -> Course:
    courses = {
        "crash": _exit(base, 2.0, ["FATAL told to crash by annotation"]),
        "fail": _exit(base, 2.0, ["FATAL told to fail by annotation"]),
        "oom": Course(base.traits, base.tag, "out of memory", 5.0, 137),
        "unready": Course(base.traits, base.tag, unready="HTTP probe failed with statuscode: 503"),
        "complete": Course(base.traits, base.tag, "exits", 2.0, 0, closing=["INFO  done"]),
    }
    return courses.get(word, base)


def _exit(base: Course, seconds: float, closing: list[str]) -> Course:
    return Course(base.traits, base.tag, "exits", seconds, 1, closing=closing, environment=base.environment)


@cache
def _catalogue() -> _Catalogue:
    text = (files(__package__) / "behaviours.yaml").read_text("utf-8")
    return _Catalogue.model_validate(yaml.safe_load(text))
