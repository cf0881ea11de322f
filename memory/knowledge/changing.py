"""What happens to the rows of memory inside one transaction."""

from __future__ import annotations

from datetime import datetime

from aiosqlite import Connection

from memory.database import Value
from memory.errors import KnowledgeRefused, KnowledgeUnknown
from memory.knowledge.entry import Fresh, Remembered, Status
from memory.knowledge.rows import ALL, Conditions, moment, remembered

_DOUBT = 0.7
"""What is left of the confidence in a memory after something that rested on it failed."""


async def rows_of(connection: Connection, chosen: Conditions) -> list[Remembered]:
    rows = await connection.execute_fetchall(
        f"SELECT {ALL} FROM memories WHERE {chosen} ORDER BY id DESC", chosen.values
    )
    return [remembered(row) for row in rows]


async def one(connection: Connection, memory: int) -> Remembered:
    found = await rows_of(connection, Conditions().also("id = ?", memory))
    if not found:
        raise unknown(memory)
    return found[0]


async def insert(connection: Connection, values: dict[str, Value]) -> int:
    names = ", ".join(values)
    marks = ", ".join("?" * len(values))
    await connection.execute_fetchall(
        f"INSERT INTO memories ({names}) VALUES ({marks})", list(values.values())
    )
    [(number,)] = await connection.execute_fetchall("SELECT last_insert_rowid()")
    await connection.execute_fetchall(
        "INSERT INTO words (rowid, subject, body) VALUES (?, ?, ?)",
        (number, values["subject"], values["body"]),
    )
    return int(number)


async def change(connection: Connection, memory: int, changes: dict[str, Value]) -> None:
    names = ", ".join(f"{name} = ?" for name in changes)
    await connection.execute_fetchall(
        f"UPDATE memories SET {names} WHERE id = ?", [*changes.values(), memory]
    )


async def close_contradicted(connection: Connection, fresh: Fresh, at: datetime) -> int:
    """Close the active memory that says otherwise on the same topic in the same place; returns its id or 0."""
    if not fresh.topic:
        return 0
    chosen = Conditions().exactly(fresh.where).statuses([Status.ACTIVE]).kinds([fresh.kind])
    contradicted = await rows_of(connection, chosen.also("topic = ?", fresh.topic))
    for memory in contradicted:
        await change(connection, memory.id, closed(at, "contradicted"))
    return contradicted[0].id if contradicted else 0


def closed(at: datetime, reason: str) -> dict[str, Value]:
    return {"status": Status.SUPERSEDED.value, "valid_to": moment(at), "reason": reason}


def outcome(found: Remembered, at: datetime, *, well: bool) -> dict[str, Value]:
    """What an outcome changes in the record of a memory that something rested on."""
    if well:
        return {"successes": found.successes + 1, "verified": moment(at), "confidence": surer(found)}
    return {"failures": found.failures + 1, "confidence": round(found.confidence * 100 * _DOUBT)}


def surer(found: Remembered) -> int:
    """Confidence in per cent once a memory was found true: half of the doubt is gone."""
    return round(100 - (100 - found.confidence * 100) / 2)


async def erase(connection: Connection, memories: list[int]) -> None:
    """Leave nothing of them but that there was something of this id."""
    for memory in memories:
        await connection.execute_fetchall(
            "UPDATE memories SET status = 'forgotten', subject = '', body = '', topic = '', content = '{}',"
            " user = '', account = '', cluster = '', namespace = '', session = '', seq = NULL, by = '',"
            " reason = '', replaces = 0 WHERE id = ?",
            (memory,),
        )
        await connection.execute_fetchall("DELETE FROM words WHERE rowid = ?", (memory,))
    # A deleted row's words stay in the index until its segments are merged.
    await connection.execute_fetchall("INSERT INTO words (words) VALUES ('optimize')")


def demand(found: Remembered, *statuses: Status) -> None:
    if found.status not in statuses:
        raise KnowledgeRefused(f"Memory {found.id} is {found.status}, not {' or '.join(statuses)}.")


def unknown(memory: int) -> KnowledgeUnknown:
    return KnowledgeUnknown(f"There is no memory {memory}.", hint="See `pilothouse memory`.")
