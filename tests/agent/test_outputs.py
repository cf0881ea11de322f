"""Large outputs: told in part, read on by id, hidden like everything else, gone with their session."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import events as e
from agent.commands import Say
from agent.conversation.outputs import Output, Outputs, digest
from memory.sessions import Sessions
from tests.agent.test_conversation import of, talking
from tests.standins.crew import carry_out
from tests.standins.script import Json, Turn, text, tool, tool_results
from tests.standins.shelf import Shelf
from tools.errors import Invalid, NotFound
from tools.gate import Gate

ROWS = [[f"pod-{n}", "shop" if n % 2 else "payments", "Running" if n % 9 else "Failed"] for n in range(900)]
TABLE = Output("out-7", "kubernetes_list@1", {"columns": ["Name", "Namespace", "Status"], "rows": ROWS})  # type: ignore[dict-item]
NESTED = Output(
    "out-8", "t@1", {"findings": [{"object": {"name": f"n{n}"}, "cause": "c" * 30} for n in range(400)]}
)  # type: ignore[dict-item,misc]
KEPT = Outputs([TABLE, NESTED])


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "shelf", Gate.build()[0])


def test_a_large_output_is_told_by_shape_head_and_tail() -> None:
    told = digest(TABLE)
    assert "out-7: 900 rows; columns Name, Namespace, Status; 901 lines" in told
    assert "pod-0" in told and "pod-899" in told and "pod-450" not in told
    assert len(told) < 5_000 < len(TABLE.text)


def test_every_line_is_reached_by_paging() -> None:
    seen, first = [], 1
    while True:
        page = KEPT.read("output_page", {"id": "out-7", "first": first, "lines": 1000})
        seen += [line.partition(": ")[2] for line in page.splitlines() if ": " in line]
        if "go on with first=" not in page:
            break
        first = int(page.rpartition("first=")[2].rstrip("."))
    assert seen == list(TABLE.lines)


def test_lines_are_found_by_words_with_alternatives_and_stars() -> None:
    found = KEPT.read("output_search", {"id": "out-7", "words": "pod-9 *failed | POD-777"})
    assert found.startswith("2 lines hold")
    assert "11: pod-9 | shop | Failed" in found and "779: pod-777 | shop | Running" in found
    assert KEPT.read("output_search", {"id": "out-7", "words": "(a+)+$"}) == "No line holds that."


@given(st.text(min_size=1, max_size=200))
def test_no_words_are_read_as_a_regular_expression(words: str) -> None:
    line = Output("out-1", "t@1", "a" * 5_000 + words.replace("\n", " "))
    assert Outputs([line]).read("output_search", {"id": "out-1", "words": words})


def test_rows_and_items_are_projected_to_the_fields_that_matter() -> None:
    chosen = KEPT.read("output_project", {"id": "out-7", "fields": ["status", "name"], "first": 900})
    assert chosen.splitlines()[:2] == ["status | name", "900: Running | pod-899"]
    inner = KEPT.read("output_project", {"id": "out-8", "path": "findings", "fields": ["object.name"]})
    assert "1: n0" in inner and "400: n399" in inner
    with pytest.raises(Invalid, match="columns Name"):
        KEPT.read("output_project", {"id": "out-7", "fields": ["colour"]})


def test_what_is_not_there_is_a_sentence() -> None:
    with pytest.raises(NotFound, match="no output out-9"):
        KEPT.read("output_page", {"id": "out-9"})
    with pytest.raises(Invalid, match="output_page does not accept"):
        KEPT.read("output_page", {"id": "out-7", "first": 0})


async def test_the_model_reads_on_in_what_was_left_out(tmp_path: Path, shelf: Shelf) -> None:
    shelf.set("b", "\n".join(f"line {n}" for n in range(3_000)))
    known: dict[str, str] = {}

    def search(request: Json) -> Turn:
        [result] = tool_results(request)
        known["id"] = result.partition("kept as ")[2].partition(":")[0]
        assert "line 1500" not in result
        return Turn(tool("output_search", {"id": known["id"], "words": "line 1500"}))

    def answer(request: Json) -> Turn:
        [result] = tool_results(request)
        return Turn(text("It is there." if "line 1500" in result else "It is not."))

    turns = (Turn(tool("shelf_look", {"name": "b"})), search, answer)
    async with talking(tmp_path, shelf, *turns) as (session, _):
        await carry_out(session, Say(text="is line fifteen hundred anywhere on b, friend?"))
        *_, reply = of(session, e.ModelReplied)
        assert isinstance(reply, e.ModelReplied) and reply.text == "It is there."
        assert shelf.calls.count("look") == 1, "reading on asks the world nothing"


async def test_what_is_hidden_stays_hidden_in_a_page_and_nothing_else_gets_hidden(
    tmp_path: Path, shelf: Shelf
) -> None:
    secret = "AKIAIOSFODNN7EXAMPLE"
    lines = [
        f"row {n} aws_access_key_id={secret} done" if n == 700 else f"row {n} fine" for n in range(1_500)
    ]
    shelf.set("b", "\n".join(lines))

    def page(request: Json) -> Turn:
        [result] = tool_results(request)
        known = result.partition("kept as ")[2].partition(":")[0]
        return Turn(tool("output_search", {"id": known, "words": "row 700", "around": 1}))

    turns = (Turn(tool("shelf_look", {"name": "b"})), page, Turn(text("Seen.")))
    async with talking(tmp_path, shelf, *turns) as (session, server):
        await carry_out(session, Say(text="look for row seven hundred on b, friend"))
        assert all(secret not in str(request.body) for request in server.requests)
        returned = [event for event in of(session, e.ToolReturned) if isinstance(event, e.ToolReturned)]
        whole = Outputs.of(session._log.history).get(next(iter(Outputs.of(session._log.history))).id)
        line, *_ = [line for line in whole.text.split("\\n") if "row 700 " in line]
        assert line in str(returned[-1].output), "the token that stands for it is the same"
        assert "row 699 fine" in str(returned[-1].output)


async def test_the_bytes_of_an_output_go_with_its_session(tmp_path: Path, shelf: Shelf) -> None:
    shelf.set("b", "\n".join(f"unmistakable {n}" for n in range(2_000)))
    turns = (Turn(tool("shelf_look", {"name": "b"})), Turn(text("Seen.")))
    async with talking(tmp_path, shelf, *turns) as (session, _):
        await carry_out(session, Say(text="look at b for me, friend"))
        path = session._staff.journal.database.path
        assert b"unmistakable 1999" in b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))
        await session.close()
        await Sessions(session._staff.journal).delete(session.id)
        left = b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))
        assert b"unmistakable" not in left
        with sqlite3.connect(path) as file:
            assert file.execute("SELECT count(*) FROM events WHERE body IS NOT NULL").fetchone() == (0,)
        file.close()
