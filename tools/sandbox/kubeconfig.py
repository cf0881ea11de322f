"""The kubeconfig of the practice cluster: an administrator, and a viewer who may change nothing."""

from __future__ import annotations

import base64
from pathlib import Path

import yaml

from tools.sandbox.access import ADMIN_TOKEN, VIEWER_TOKEN
from tools.sandbox.manifest import Manifest

ADMIN_CONTEXT = "sandbox"
VIEWER_CONTEXT = "sandbox-viewer"


def write_kubeconfig(path: Path, url: str, authority: bytes | None, namespace: str) -> Path:
    """Write a kubeconfig that only its owner can read.

    Args:
        path: the file; its folder must exist.
        url: of the server.
        authority: the certificate to trust, PEM; None for plain HTTP.
        namespace: the working namespace of both contexts.
    """
    cluster: Manifest = {"server": url}
    if authority is not None:
        cluster["certificate-authority-data"] = base64.b64encode(authority).decode()
    people = {ADMIN_CONTEXT: ADMIN_TOKEN, VIEWER_CONTEXT: VIEWER_TOKEN}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "current-context": ADMIN_CONTEXT,
        "clusters": [{"name": "sandbox", "cluster": cluster}],
        "users": [{"name": name, "user": {"token": token}} for name, token in people.items()],
        "contexts": [
            {"name": name, "context": {"cluster": "sandbox", "user": name, "namespace": namespace}}
            for name in people
        ],
    }
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
    return path
