"""A practice cluster with ten thousand pods as heavy as real ones: `python -m tests.bench.crowd FOLDER CHANGES`.

It writes `kubeconfig` and then `ready` into the folder, makes that many changes a second, and ends when
its stdin closes.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

PODS = 10_000
_TURNS = 20
"""Batches of changes in a second."""


@asynccontextmanager
async def crowd(folder: Path, *, changes: int = 0) -> AsyncIterator[Path]:
    """The cluster in a process of its own; gives its kubeconfig. Args: changes: to pods, in a second."""
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240 - one folder, once
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.crowd", str(folder), str(changes), stdin=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(120):
            while not (folder / "ready").exists():
                if process.returncode is not None:
                    raise RuntimeError("The practice cluster did not start.")
                await asyncio.sleep(0.05)
        yield folder / "kubeconfig"
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def field_owners(pod: dict[str, Any]) -> list[dict[str, Any]]:
    """What a real API server records on a pod: who set which field. Two thirds of its metadata's weight."""
    container = {f"f:{name}": {} for name in ("image", "imagePullPolicy", "name", "terminationMessagePath")}
    container["f:resources"] = {".": {}, "f:limits": {".": {}, "f:memory": {}}, "f:requests": {".": {}}}
    conditions = {
        f'k:{{"type":"{kind}"}}': {
            ".": {},
            **{f"f:{name}": {} for name in ("lastProbeTime", "lastTransitionTime", "status", "type")},
        }
        for kind in ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    }
    spec = {f"f:{name}": {} for name in ("affinity", "dnsPolicy", "enableServiceLinks", "restartPolicy",
            "schedulerName", "securityContext", "serviceAccount", "terminationGracePeriodSeconds")}  # fmt: skip
    made = {
        "f:metadata": {
            "f:generateName": {},
            "f:labels": {".": {}, **{f"f:{name}": {} for name in pod["metadata"].get("labels") or {}}},
            "f:ownerReferences": {".": {}, f'k:{{"uid":"{pod["metadata"]["uid"]}"}}': {}},
        },
        "f:spec": {"f:containers": {'k:{"name":"idle"}': {".": {}, **container}}, **spec},
    }
    ran = {
        "f:status": {
            "f:conditions": conditions,
            **{f"f:{name}": {} for name in ("containerStatuses", "hostIP", "hostIPs", "phase", "podIP")},
            "f:podIPs": {".": {}, 'k:{"ip":"10.0.0.1"}': {".": {}, "f:ip": {}}},
        }
    }
    common = {"operation": "Update", "apiVersion": "v1", "time": pod["metadata"]["creationTimestamp"]}
    return [
        {"manager": "kube-controller-manager", **common, "fieldsType": "FieldsV1", "fieldsV1": made},
        {"manager": "kubelet", **common, "fieldsType": "FieldsV1", "fieldsV1": ran, "subresource": "status"},
    ]


async def serve(folder: Path, changes: int) -> None:
    from tools.sandbox.cluster import PracticeCluster

    async with PracticeCluster(pods=PODS) as cluster:
        plane = cluster.plane
        for pod in plane.store.sorted(plane.pods, ""):
            metadata = {**pod["metadata"], "managedFields": field_owners(pod)}
            plane.store.put(plane.pods, {**pod, "metadata": metadata})
        cluster.kubeconfig(folder / "kubeconfig")
        (folder / "ready").touch()
        ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
        names = [
            (pod["metadata"]["namespace"], pod["metadata"]["name"])
            for pod in plane.store.sorted(plane.pods, "")
            if pod["metadata"]["namespace"].startswith("crowd-")
        ]
        turns = itertools.cycle(names[::7] + names[3::7])
        restarts = itertools.count(1)
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not ended.done():
            for namespace, name in itertools.islice(turns, changes // _TURNS):
                pod = plane.store.get(plane.pods, namespace, name)
                if pod is not None:
                    status = dict(pod["status"])
                    first, *others = status["containerStatuses"]
                    status["containerStatuses"] = [{**first, "restartCount": next(restarts)}, *others]
                    plane.store.put(plane.pods, {**pod, "status": status})
            due += 1 / _TURNS
            await asyncio.sleep(max(due - loop.time(), 0))


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
