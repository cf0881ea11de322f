"""The clusters a kubeconfig names, opened when first asked for. Light to import."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from tools.errors import NotConfigured
from tools.gate import Gate
from tools.kubernetes.connection.kubeconfig import ContextInfo, Kubeconfig
from tools.kubernetes.connection.login import log_in
from tools.kubernetes.connection.reading_as import ReadingAs

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Cluster
    from tools.kubernetes.connection.login import Login


class Clusters:
    """All contexts of one kubeconfig.

    Args:
        kubeconfig: the file, or None for KUBECONFIG and `~/.kube/config`.
        gate: judges every request of every cluster.
        environ: the environment, for KUBECONFIG and HOME.
        reading_as: by context, the lesser identity that reads go out under.
    """

    def __init__(
        self,
        kubeconfig: Path | None,
        gate: Gate,
        environ: Mapping[str, str],
        reading_as: Mapping[str, ReadingAs] = MappingProxyType({}),
    ) -> None:
        self._kubeconfig = Kubeconfig.locate(kubeconfig, environ)
        self._gate = gate
        self._reading_as = reading_as
        self._open: dict[str, Cluster] = {}
        self._logging_in = asyncio.Lock()

    @property
    def paths(self) -> tuple[Path, ...]:
        """Where we look for a kubeconfig."""
        return self._kubeconfig.paths

    def contexts(self) -> list[ContextInfo]:
        """The contexts, without any network. Raises `NotConfigured`."""
        return self._kubeconfig.contexts()

    async def cluster(self, context: str = "") -> Cluster:
        """The cluster of a context, the current one for an empty name; always the same object.

        Raises `NotConfigured` when the kubeconfig or the context is missing or broken. Nothing is sent yet.
        """
        if context in self._open:
            return self._open[context]
        info = await asyncio.to_thread(self._kubeconfig.context, context)
        if info.name not in self._open:
            module = await asyncio.to_thread(importlib.import_module, "tools.kubernetes.connection.cluster")
            reading_as = self._reading_as.get(info.name, ReadingAs())
            reader = await self._reader(info, reading_as)
            cluster = module.Cluster(
                info, lambda: self._log_in(info), self._gate, reading_as=reading_as, reader=reader
            )
            self._open.setdefault(info.name, cluster)
        return self._open[info.name]

    async def _reader(self, info: ContextInfo, reading_as: ReadingAs) -> Cluster | None:
        """The same cluster under another context's login. Raises `NotConfigured`."""
        if not reading_as.context:
            return None
        other = await asyncio.to_thread(self._kubeconfig.context, reading_as.context)
        if other.server.rstrip("/") != info.server.rstrip("/"):
            raise NotConfigured(
                f"Reads of {info.name} cannot go out as {reading_as}: that is {other.server}, not {info.server}.",
                hint="Name a context of the same server as reads_context in config.toml.",
            )
        module = importlib.import_module("tools.kubernetes.connection.cluster")
        named = other.model_copy(update={"name": info.name})
        reader: Cluster = module.Cluster(named, lambda: self._log_in(other), self._gate)
        return reader

    async def close(self) -> None:
        """Close every connection."""
        clusters, self._open = list(self._open.values()), {}
        for cluster in clusters:
            await cluster.close()

    async def _log_in(self, info: ContextInfo) -> Login:
        async with self._logging_in:  # the official loader keeps its temporary files in a global
            return await log_in(self._kubeconfig, info)
