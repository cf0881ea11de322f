"""Which contexts a kubeconfig names. Reads YAML alone: no client library, no network."""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

import msgspec
import yaml
from pydantic import BaseModel, ConfigDict, JsonValue

from tools.errors import NotConfigured


class ContextInfo(BaseModel):
    """One context: a name the operator uses for a cluster, a user and a default namespace."""

    model_config = ConfigDict(frozen=True)

    name: str
    cluster: str
    server: str
    namespace: str
    current: bool


class Kubeconfig:
    """One or several kubeconfig files, merged as kubectl does: the first mention of a name wins.

    Args:
        paths: the files, existing or not.
    """

    def __init__(self, paths: tuple[Path, ...]) -> None:
        self.paths = paths

    @classmethod
    def locate(cls, explicit: Path | None, environ: Mapping[str, str]) -> Kubeconfig:
        """The file given, else those in KUBECONFIG, else `~/.kube/config`."""
        if explicit is not None:
            return cls((explicit,))
        home = Path(environ.get("HOME", "/"))
        listed = [entry for entry in environ.get("KUBECONFIG", "").split(os.pathsep) if entry]
        if not listed:
            return cls((home / ".kube" / "config",))
        return cls(tuple(_expand(entry, home) for entry in listed))

    @property
    def existing(self) -> tuple[Path, ...]:
        return tuple(path for path in self.paths if path.is_file())

    def contexts(self) -> list[ContextInfo]:
        """All contexts, in the order of the files. Raises `NotConfigured` when none can be read."""
        files = [_read(path) for path in self.existing]
        if not files:
            where = ", ".join(str(path) for path in self.paths)
            raise NotConfigured(
                f"There is no kubeconfig at {where}.",
                hint="Set KUBECONFIG, or try the practice cluster with --sandbox.",
            )
        servers: dict[str, str] = {}
        found: dict[str, _NamedContext] = {}
        current = ""
        for file in files:
            for cluster in file.clusters or ():
                servers.setdefault(cluster.name, cluster.cluster.server)
            for context in file.contexts or ():
                found.setdefault(context.name, context)
            current = current or file.current_context or ""
        return [
            ContextInfo(
                name=name,
                cluster=entry.context.cluster,
                server=servers.get(entry.context.cluster, ""),
                namespace=entry.context.namespace or "",
                current=name == current,
            )
            for name, entry in found.items()
        ]

    def alone(self, name: str) -> tuple[dict[str, JsonValue], Path] | None:
        """A kubeconfig with this context, its cluster and its user only, and the folder its paths rest on.

        None where they are spread over several files: then the files have to be merged.
        """
        for path in self.existing:
            loaded = _loaded(path)
            context = _named(loaded, "contexts", name)
            inner = context.get("context") if isinstance(context, dict) else None
            if not isinstance(inner, dict):
                continue
            cluster = _named(loaded, "clusters", str(inner.get("cluster", "")))
            user = _named(loaded, "users", str(inner.get("user", "")))
            if cluster is None or user is None:
                return None
            parts: dict[str, JsonValue] = {"contexts": [context], "clusters": [cluster], "users": [user]}
            return {**parts, "current-context": name}, path.parent
        return None

    def context(self, name: str) -> ContextInfo:
        """The context of that name, or the current one for an empty name.

        Raises `NotConfigured` with near names when there is none.
        """
        contexts = self.contexts()
        for info in contexts:
            if info.name == name or (not name and info.current):
                if not info.server:
                    raise NotConfigured(
                        f"Context {info.name} speaks of the cluster {info.cluster or '(none)'},"
                        " for which the kubeconfig has no server."
                    )
                return info
        names = [info.name for info in contexts]
        if not name:
            raise NotConfigured(
                "The kubeconfig has no current context.",
                hint=f"Choose one with --context: {', '.join(names) or 'it names none'}.",
            )
        near = get_close_matches(name, names, n=3, cutoff=0.6)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"It has: {', '.join(names) or 'none'}."
        raise NotConfigured(f"The kubeconfig has no context called {name}.", hint=hint)


def _expand(entry: str, home: Path) -> Path:
    return home / entry[2:] if entry.startswith("~/") else Path(entry)


class _ClusterEntry(msgspec.Struct):
    server: str = ""


class _NamedCluster(msgspec.Struct):
    name: str
    cluster: _ClusterEntry


class _ContextEntry(msgspec.Struct):
    cluster: str = ""
    namespace: str | None = ""


class _NamedContext(msgspec.Struct):
    name: str
    context: _ContextEntry


class _File(msgspec.Struct, rename="kebab"):
    clusters: list[_NamedCluster] | None = None
    contexts: list[_NamedContext] | None = None
    current_context: str | None = ""


def _read(path: Path) -> _File:
    return _as_file(path, _loaded(path))


def _loaded(path: Path) -> dict[str, JsonValue]:
    """The file as it is; parsed anew only if it was written to since."""
    try:
        state = path.stat()
        return _parsed(path, state.st_mtime_ns, state.st_size)
    except OSError as error:
        raise NotConfigured(f"The kubeconfig {path} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" at line {where.line + 1}" if where is not None else ""
        raise NotConfigured(
            f"The kubeconfig {path} is not valid YAML{line}.", hint="Mend it, or point KUBECONFIG elsewhere."
        ) from error


@lru_cache(maxsize=16)
def _parsed(path: Path, written: int, size: int) -> dict[str, JsonValue]:
    loaded = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
    return loaded if loaded is not None else {}


_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _as_file(path: Path, loaded: dict[str, JsonValue]) -> _File:
    try:
        return msgspec.convert(loaded, _File)
    except msgspec.ValidationError as error:
        raise NotConfigured(f"The kubeconfig {path} is not a kubeconfig: {error}.") from error


def _named(loaded: dict[str, JsonValue], part: str, name: str) -> JsonValue:
    entries = loaded.get(part)
    found = (
        entry
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and entry.get("name") == name
    )
    return next(found, None)
