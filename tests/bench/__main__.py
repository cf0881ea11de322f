"""Runs the measurements: `python -m tests.bench [NAME…] [--json]`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path

from tests.bench import (
    caching,
    chat,
    execution,
    gate,
    intents,
    learning,
    live,
    past,
    redaction,
    startup,
    streaming,
    width,
)
from tests.bench.row import Bench, Row

os.environ["PILOTHOUSE_NO_REAL_MODEL"] = "1"

BENCHES: dict[str, Bench] = {
    "gate": gate.gate,
    "known-intent": intents.known_intent_to_plan,
    "first-step": streaming.first_step_of_a_plan,
    "wide-plan": width.sixteen_steps,
    "executor-overhead": execution.executor_overhead,
    "first-paint": startup.first_paint,
    "version": startup.version,
    "installed-size": startup.installed_size,
    "transcript": chat.stream_a_list,
    "large-cluster": live.rows_of_a_large_cluster,
    "keys-under-changes": live.keys_under_changes,
    "idle": live.idle,
    "filter": live.filtering,
    "contexts": live.many_contexts,
    "learning": learning.planning,
    "recall": learning.recall,
    "open-session": past.open_a_long_session,
    "search": past.search_a_million,
    "hiding-secrets": redaction.hiding,
    "prompt-cache": caching.long_turn,
}


async def measure(names: list[str]) -> list[Row]:
    rows: list[Row] = []
    for name in names:
        with tempfile.TemporaryDirectory(prefix="pilothouse-bench-") as folder:
            rows += await BENCHES[name](Path(folder))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHES, []], help="which to run; all by default")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    chosen = parser.parse_args()
    rows = asyncio.run(measure(chosen.names or list(BENCHES)))
    if chosen.json:
        json.dump([row.model_dump() for row in rows], sys.stdout, indent=1)
        print()
    else:
        for row in rows:
            mark = "ok  " if row.holds else "MISS"
            print(f"{mark} {row.name}: {row.value:g} {row.unit}, {row.ratio:g}× {row.against} ({row.goal})")
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
