"""Finding sessions and events by more than their words."""

from __future__ import annotations

from pathlib import Path

from memory import finding
from memory.envelope import Draft, Label, Touch
from memory.finding import Wanted
from memory.journal import Journal
from memory.sessions import Sessions
from tests.memory.scribes import draft


def marked(text: str, *, place: str = "", thing: str = "", **labels: str) -> Draft:
    return Draft(
        kind="note",
        version=1,
        body="{}",
        text=text,
        touches=(Touch(place=place, thing=thing, how="changed"),) if thing else (),
        labels=tuple(Label(name=name, value=value) for name, value in labels.items()),
    )


async def ids(sessions: Sessions, **wanted: object) -> list[str]:
    return [row.id for row in (await sessions.find(Wanted.model_validate(wanted))).rows]


async def test_labels_and_objects_and_words_must_all_hold(journal: Journal, sessions: Sessions) -> None:
    await journal.append(
        "a", marked("image pull", thing="deployment/cart in shop", context="eks-prod", person="anna")
    )
    await journal.append(
        "b", marked("image pull", thing="deployment/web in shop", context="staging", person="bob")
    )
    await journal.append("b", marked("and there", context="eks-prod", person="anna"))
    assert await ids(sessions, labels={"context": ("prod",)}) == ["b", "a"]
    assert await ids(sessions, labels={"context": ("prod",), "person": ("bob",)}) == ["b"]
    assert await ids(sessions, things=("deployment/cart",)) == ["a"]
    assert await ids(sessions, things=("cart", "web")) == ["b", "a"]
    assert await ids(sessions, things=("deployment/cart in shop",), text="image") == ["a"]
    assert await ids(sessions, things=("deployment/car",)) == []
    assert await ids(sessions, text="image", labels={"person": ("carla",)}) == []


async def test_a_search_keeps_to_sessions_that_are_so(journal: Journal, sessions: Sessions) -> None:
    for name in ("a", "b"):
        await journal.append(name, marked(f"restart of {name}", person=name))
    within = Wanted(labels={"person": ("b",)})
    assert [hit.session for hit in await sessions.search("restart", within=within)] == ["b"]
    assert await sessions.search("certificate", within=within) == []


async def test_pinned_sessions_stand_first_and_can_be_asked_for(journal: Journal, sessions: Sessions) -> None:
    for name in ("one", "two", "three"):
        await journal.append(name, draft(f"about {name}"))
    await sessions.pin("one", True)
    assert await ids(sessions) == ["one", "three", "two"]
    assert await ids(sessions, pinned=True) == ["one"]
    assert await ids(sessions, pinned=False, text="about") == ["three", "two"]
    await sessions.pin("one", False)
    assert await ids(sessions) == ["three", "two", "one"]


async def test_a_session_in_which_nothing_happened_can_be_left_out(
    journal: Journal, sessions: Sessions
) -> None:
    await journal.append("empty", draft(), draft())
    await journal.append("said", draft(), draft(), draft())
    assert await ids(sessions, busy=True) == ["said"]


async def test_it_is_said_when_a_word_is_too_common_to_find_every_session(
    journal: Journal, sessions: Sessions
) -> None:
    await journal.append("old", draft("the needle"))
    await journal.append("new", *(draft("the haystack") for _ in range(finding.DEPTH)))
    found = await sessions.find(Wanted(text="the"))
    assert ([row.id for row in found.rows], found.complete) == (["new"], False)
    # With a filter that leaves few, each of them is searched to its beginning.
    narrowed = await sessions.find(Wanted(text="the", until=(await sessions.get("old")).updated))
    assert ([row.id for row in narrowed.rows], narrowed.complete) == (["old"], True)
    assert [hit.session for hit in await sessions.search("the needle")] == ["old"]


async def test_the_newest_come_first_where_a_word_is_everywhere(journal: Journal, sessions: Sessions) -> None:
    await journal.append("s", *(draft(f"restart {n}") for n in range(finding.RARE + 1)))
    assert [hit.seq for hit in await sessions.search("restart", 2)] == [finding.RARE + 1, finding.RARE]


async def test_labels_go_with_a_deleted_session(journal: Journal, sessions: Sessions, path: Path) -> None:
    await journal.append("s", marked("x", person="zaphod-beeblebrox"))
    await sessions.delete("s")
    assert b"zaphod-beeblebrox" not in path.read_bytes()  # noqa: ASYNC240 - one small file
