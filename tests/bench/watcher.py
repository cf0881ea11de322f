"""Only the way of a live view, in a process of its own: `python -m tests.bench.watcher KUBECONFIG`.

Prints one JSON object: seconds from opening the view to the first rows and to everything live, the
number of rows, and the peak of its memory in MB.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from pathlib import Path

from tools.gate import Gate
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.live.watching import watch
from tools.rows import FeedState, Row


async def main(kubeconfig: Path) -> dict[str, float]:
    clusters = Clusters(kubeconfig, Gate.build()[0], os.environ)
    cluster = await clusters.cluster()
    kind = await cluster.kinds.resolve("pods")  # as in a console that is connected
    rows: dict[str, Row] = {}
    first = live = 0.0
    began = time.perf_counter()
    async for change in watch(cluster, kind):
        rows |= {row.uid: row for row in change.upserts}
        if rows and not first:
            first = time.perf_counter() - began
        if change.state is FeedState.LIVE:
            live = time.perf_counter() - began
            break
    await clusters.close()
    return {"first": first, "live": live, "rows": len(rows), "peak": _peak()}


def _peak() -> float:
    """This program's highest resident memory so far, in MB.

    Linux carries `ru_maxrss` over from the process that started this one; `VmHWM` begins with the program.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(Path(sys.argv[1])))))
