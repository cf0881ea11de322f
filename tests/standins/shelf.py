"""A small world for tests of the agent alone: a shelf of values, one file each, behind the real gate.

It is on disk so that it survives a killed process. Every write that arrives leaves a line in
`arrived.log`, which is how a test sees that none arrived twice.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

from tools.errors import ToolError
from tools.gate import Access, Gate, Permit
from tools.tool import (
    Arguments,
    Call,
    Change,
    Name,
    Observation,
    Preview,
    Registry,
    Scope,
    Tool,
    Verdict,
    WriteTool,
)  # fmt: skip


@dataclass
class Shelf:
    """The world. Faults are raised one by one by the next calls of that verb; None lets one pass."""

    folder: Path
    gate: Gate
    pause: float = 0.0
    faults: dict[str, list[ToolError | None]] = field(default_factory=dict)
    lie: bool = False
    """Answer a put with success and do nothing."""
    lose_answer: ToolError | None = None
    """Do what a put asks and then raise this."""
    landmark: Callable[[str], None] = lambda where: None
    """Called inside a put, before and after its effect."""
    calls: list[str] = field(default_factory=list)

    def value(self, name: str) -> str | None:
        path = self.folder / name
        return path.read_text() if path.exists() else None

    def set(self, name: str, value: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(value)

    @property
    def arrived(self) -> list[str]:
        path = self.folder / "arrived.log"
        return path.read_text().splitlines() if path.exists() else []

    def fault(self, verb: str) -> None:
        self.calls.append(verb)
        waiting = self.faults.get(verb)
        if waiting and (error := waiting.pop(0)) is not None:
            raise error

    def put(self, name: str, value: str) -> None:
        self.gate.judge(Access.WRITE, permit(name))
        self.landmark("before effect")
        if not self.lie:
            self.set(name, value)
            with (self.folder / "arrived.log").open("a") as log:
                log.write(f"{name}={value}\n")
                log.flush()
                os.fsync(log.fileno())
        self.landmark("after effect")
        if self.lose_answer is not None:
            raise self.lose_answer


def permit(name: str) -> Permit:
    return Permit(system="shelf", place="shelf", verb="put", resource="values", name=name)


class PutArgs(Arguments):
    name: Name
    value: str


class LookArgs(Arguments):
    name: Name


class Looked(BaseModel):
    name: str
    value: str
    rows: tuple[str, ...] = ()


class ShelfPut(WriteTool[PutArgs, Looked]):
    name = "shelf_put"
    summary = "Put a value on the shelf."
    Args = PutArgs
    Output = Looked
    timeout = 2.0
    settle = 1.0

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def run(self, args: PutArgs, scope: Scope) -> Looked:
        self._shelf.fault("put")
        if self._shelf.pause:
            await asyncio.sleep(self._shelf.pause)
        self._shelf.put(args.name, args.value)
        return Looked(name=args.name, value=args.value)

    async def preview(self, args: PutArgs, scope: Scope) -> Preview:
        self._shelf.fault("preview")
        before = self._shelf.value(args.name)
        return Preview(
            target=f"value/{args.name} on the shelf",
            name=args.name,
            changes=(Change(path="value", before=before, after=args.value),),
            before={"value": before},
            observed=f"{args.name}={before}",
            labels={"environment": "production"} if args.name.startswith("prod") else {},
            permits=(permit(args.name),),
        )

    async def observe(self, args: PutArgs, scope: Scope, preview: Preview) -> Observation:
        self._shelf.fault("observe")
        there = self._shelf.value(args.name)
        if there == args.value:
            return Observation(verdict=Verdict.HOLDS, detail=f"{args.name} is {there}", applied=True)
        arrived = None if there != preview.before["value"] else False
        return Observation(verdict=Verdict.NOT_YET, detail=f"{args.name} is {there}", applied=arrived)

    def undo(self, args: PutArgs, preview: Preview) -> Call | None:
        before = preview.before["value"]
        return None if before is None else Call(tool=self.id, args={"name": args.name, "value": before})


class ShelfLook(Tool[LookArgs, Looked]):
    name = "shelf_look"
    summary = "Look at a value on the shelf."
    Args = LookArgs
    Output = Looked
    timeout = 5.0

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def run(self, args: LookArgs, scope: Scope) -> Looked:
        self._shelf.fault("look")
        if self._shelf.pause:
            await asyncio.sleep(self._shelf.pause)
        value = self._shelf.value(args.name) or ""
        return Looked(name=args.name, value=value, rows=(value,))


def shelf_registry(shelf: Shelf) -> Registry:
    return Registry([ShelfPut(shelf), ShelfLook(shelf)])  # type: ignore[list-item]
