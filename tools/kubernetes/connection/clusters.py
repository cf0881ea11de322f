"""The clusters a kubeconfig names, opened when first asked for. Light to import."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tools.gate import Gate
from tools.kubernetes.connection.kubeconfig import ContextInfo, Kubeconfig
from tools.kubernetes.connection.login import log_in

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Cluster
    from tools.kubernetes.connection.login import Login


class Clusters:
    """All contexts of one kubeconfig.

    Args:
        kubeconfig: the file, or None for KUBECONFIG and `~/.kube/config`.
        gate: judges every request of every cluster.
        environ: the environment, for KUBECONFIG and HOME.
    """

    def __init__(self, kubeconfig: Path | None, gate: Gate, environ: Mapping[str, str]) -> None:
        self._kubeconfig = Kubeconfig.locate(kubeconfig, environ)
        self._gate = gate
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
            self._open.setdefault(info.name, module.Cluster(info, lambda: self._log_in(info), self._gate))
        return self._open[info.name]

    async def close(self) -> None:
        """Close every connection."""
        clusters, self._open = list(self._open.values()), {}
        for cluster in clusters:
            await cluster.close()

    async def _log_in(self, info: ContextInfo) -> Login:
        async with self._logging_in:  # the official loader keeps its temporary files in a global
            return await log_in(self._kubeconfig, info)
