"""The official client's asyncio half, alone.

Importing anything below `kubernetes` first runs that package's `__init__`, which brings in the whole
synchronous client with requests, oauthlib and google-auth: 17 MB and a third of a second that nothing
here uses. The package is therefore put in place without running it, unless somebody already has.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from threading import Lock
from types import ModuleType

_PACKAGE = "kubernetes"
_importing = Lock()


def load() -> tuple[ModuleType, ModuleType]:
    """`kubernetes.aio.client` and `kubernetes.aio.config.kube_config`. Slow at first: call it in a thread."""
    with _importing:
        if _PACKAGE not in sys.modules:
            spec = importlib.util.find_spec(_PACKAGE)
            if spec is None:
                raise ModuleNotFoundError(f"The package {_PACKAGE} is not installed.")
            sys.modules[_PACKAGE] = importlib.util.module_from_spec(spec)
        client = importlib.import_module("kubernetes.aio.client")
        return client, importlib.import_module("kubernetes.aio.config.kube_config")
