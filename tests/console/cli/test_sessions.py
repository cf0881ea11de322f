"""`sessions` and `audit`: what was said and done is found again, and cannot be changed unseen."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest

from agent.agent import Agent, Options
from agent.commands import Say
from memory.home import Home
from memory.lease import claim
from tests.console.cli.running import Pilothouse

WORDS = "what is the airspeed of a swallow"


@pytest.fixture
def session(pilothouse: Pilothouse) -> str:
    """A session in which something was asked that needs a model."""
    return str(pilothouse("ask", WORDS, "--json").document["session"])


def tamper(home: Path, sql: str) -> None:
    """Change the journal behind its back, as somebody with a text editor would."""
    with sqlite3.connect(home / "data" / "journal.db") as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(sql)
    connection.close()


def test_a_session_is_listed_and_shown(pilothouse: Pilothouse, session: str) -> None:
    [row] = pilothouse("sessions", "list", "--json").document["sessions"]
    assert (row["id"], row["title"], row["status"]) == (session, WORDS, "answered")
    assert pilothouse("sessions", "list", "penguin", "--json").document["sessions"] == []
    shown = pilothouse("sessions", "show", session, "--json").document
    kinds = [event["kind"] for event in shown["events"]]
    assert kinds[0] == "session_started"
    assert {"said", "answer_given", "turn_ended"} <= set(kinds)
    assert WORDS in pilothouse("sessions", "show", session).out


def test_words_are_found_in_all_sessions(pilothouse: Pilothouse, session: str) -> None:
    hits = pilothouse("sessions", "search", "airspeed", "swallow", "--json").document["hits"]
    assert {hit["session"] for hit in hits} == {session}
    assert all(ord(letter) >= 32 for hit in hits for letter in hit["snippet"])
    assert session in pilothouse("sessions", "search", "airspeed").out
    assert pilothouse("sessions", "search", "penguin", "--json").document["hits"] == []


def test_an_export_is_one_document_readable_by_its_owner_alone(
    pilothouse: Pilothouse, session: str, tmp_path: Path
) -> None:
    exported = pilothouse("sessions", "export", session, "--json").document
    assert exported["session"]["id"] == session
    assert [event["seq"] for event in exported["events"]] == list(range(1, len(exported["events"]) + 1))
    markdown = pilothouse("sessions", "export", session).out
    assert markdown.startswith(f"# {WORDS}\n")
    file = tmp_path / "export.json"
    done = pilothouse("sessions", "export", session, "--as", "json", "-o", str(file), "--json")
    assert done.document["file"] == str(file)
    assert json.loads(file.read_text()) == exported
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_deleted_session_is_gone_and_the_chain_still_fits(pilothouse: Pilothouse, session: str) -> None:
    assert pilothouse("sessions", "delete", session, "--json").document["deleted"]
    assert b"airspeed" not in (pilothouse.home / "data" / "journal.db").read_bytes()
    assert pilothouse("sessions", "show", session, "--json").error["exit"] == 1
    verified = pilothouse("audit", "verify", "--json").document
    assert verified["ok"]
    assert verified["erased"] == verified["rows"] > 0


def test_a_session_somebody_works_on_is_not_deleted(pilothouse: Pilothouse, session: str) -> None:
    lease = claim(Home(pilothouse.home), session)
    assert lease is not None
    with lease:
        done = pilothouse("sessions", "delete", session, "--json")
    assert done.code == 1
    assert "works on" in done.error["sentence"]
    assert pilothouse("sessions", "show", session).code == 0


def test_a_session_another_console_drives_is_followed_not_driven(
    pilothouse: Pilothouse, session: str
) -> None:
    async def drive() -> None:
        agent = await Agent.start(Options(home=Home(pilothouse.home)), pilothouse.environ())
        opened = await agent.open_session(session)
        done = await asyncio.to_thread(pilothouse, "ask", "more", "--session", session, "--json")
        assert (done.code, done.error["exit"]) == (1, 1)
        assert "drives this session" in done.error["sentence"]
        await opened.order(Say(text="still here"))
        await opened.idle()
        await agent.close()

    asyncio.run(drive())
    assert "still here" in pilothouse("sessions", "show", session).out


def test_a_conversation_goes_on_in_its_session(pilothouse: Pilothouse, session: str) -> None:
    assert pilothouse("ask", "and", "unladen?", "--session", session, "--json").document["session"] == session
    said = [
        event["text"]
        for event in pilothouse("sessions", "show", session, "--json").document["events"]
        if event["kind"] == "said"
    ]
    assert said == [WORDS, "and unladen?"]


def test_audit_shows_who_said_what_and_what_came_of_it(pilothouse: Pilothouse, session: str) -> None:
    entries = pilothouse("audit", "show", "--json").document["entries"]
    assert [entry["row"] for entry in entries] == sorted(entry["row"] for entry in entries)
    [said] = [entry for entry in entries if entry["kind"] == "said"]
    assert (said["who"], said["what"], said["session"]) == ("ada", f"said: {WORDS}", session)
    assert entries[-1]["result"] == "answered"
    assert len(pilothouse("audit", "show", session, "--limit", "2", "--json").document["entries"]) == 2
    assert pilothouse("audit", "show", "nobody", "--json").error["exit"] == 1


def test_verify_names_the_first_row_that_does_not_fit(pilothouse: Pilothouse, session: str) -> None:
    assert pilothouse("audit", "verify").code == 0
    tamper(pilothouse.home, "UPDATE events SET body = replace(body, 'airspeed', 'colour') WHERE row = 2")
    done = pilothouse("audit", "verify", "--json")
    assert done.code == 1
    assert (done.document["ok"], done.document["first_bad"]) == (False, 2)
    assert "row 2" in pilothouse("audit", "verify").out


def test_an_anchor_shows_that_rows_were_cut_off(pilothouse: Pilothouse, session: str, tmp_path: Path) -> None:
    anchor = tmp_path / "anchor"
    assert pilothouse("audit", "verify", "--anchor", str(anchor)).code == 0
    first = anchor.read_text()
    pilothouse("ask", "again", "--session", session)
    assert pilothouse("audit", "verify", "--anchor", str(anchor)).code == 0
    assert anchor.read_text() != first
    tamper(pilothouse.home, "DELETE FROM events WHERE row > 3")
    assert pilothouse("audit", "verify").code == 0
    cut = pilothouse("audit", "verify", "--anchor", str(anchor), "--json")
    assert cut.code == 1
    assert "cut off" in cut.document["why"]
    (pilothouse.home / "data" / "journal.db").unlink()
    assert pilothouse("audit", "verify", "--anchor", str(anchor)).code == 1


def test_an_anchor_that_is_none_is_a_sentence(pilothouse: Pilothouse, tmp_path: Path) -> None:
    anchor = tmp_path / "anchor"
    anchor.write_text("hello")
    assert "hello" in pilothouse("audit", "verify", "--anchor", str(anchor), "--json").error["sentence"]


def test_a_journal_of_a_newer_program_is_left_alone(pilothouse: Pilothouse, session: str) -> None:
    with sqlite3.connect(pilothouse.home / "data" / "journal.db") as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    before = (pilothouse.home / "data" / "journal.db").read_bytes()
    for words in (["sessions"], ["ask", "hello"], ["audit", "show"]):
        done = pilothouse(*words, "--json")
        assert (done.code, done.error["exit"]) == (1, 1)
        assert "newer" in done.error["sentence"]
    assert pilothouse("doctor", "--json").code == 1
    assert (pilothouse.home / "data" / "journal.db").read_bytes() == before


def test_a_journal_that_is_something_else_is_a_sentence(pilothouse: Pilothouse) -> None:
    data = pilothouse.home / "data"
    data.mkdir(parents=True)
    (data / "journal.db").write_text("not a database, " * 100)
    for words in (["sessions"], ["audit", "verify"]):
        done = pilothouse(*words, "--json")
        assert (done.code, done.error["exit"]) == (1, 1)
        assert "Traceback" not in done.err


def test_the_context_of_a_session_is_told_by_part(pilothouse: Pilothouse, session: str) -> None:
    use = pilothouse("sessions", "context", session, "--json").document
    parts = {part["name"]: part["tokens"] for part in use["parts"]}
    assert list(parts) == ["system", "tools", "memory", "in short", "conversation", "tool outputs"]
    assert parts["conversation"] > 0 and parts["tool outputs"] == 0
    assert use["total"] == sum(parts.values()) < use["window"] and use["shortened"] is None
    assert "Nothing was compacted" in pilothouse("sessions", "context", session).out


def test_filters_and_words_find_sessions_and_a_wrong_one_is_a_usage_error(
    pilothouse: Pilothouse, session: str
) -> None:
    def found(*query: str) -> list[str]:
        listed = pilothouse("sessions", "list", *query, "--json").document["sessions"]
        return [row["id"] for row in listed]

    assert found("by:ada", "status:answered", "since:1h", "airspeed") == [session]
    assert found("airspeed of a") == found("by:ada airspeed") == [session]
    assert found("of a airspeed", "what") == found("by:bob") == found("status:failed") == []
    wrong = pilothouse("sessions", "list", "status:splendid", "--json")
    assert (wrong.code, wrong.error["exit"]) == (2, 2)
    assert "status is one of" in wrong.error["sentence"]
    assert pilothouse("sessions", "search", "airspeed", "by:bob", "--json").document["hits"] == []


def test_a_session_is_renamed_pinned_and_let_go_of(pilothouse: Pilothouse, session: str) -> None:
    assert pilothouse("sessions", "rename", session, "Swallows", "again").code == 0
    assert pilothouse("sessions", "pin", session, "--json").document["pinned"]
    [row] = pilothouse("sessions", "list", "is:pinned", "--json").document["sessions"]
    assert (row["title"], row["pinned"]) == ("Swallows again", True)
    pilothouse("sessions", "unpin", session)
    assert pilothouse("sessions", "list", "is:pinned", "--json").document["sessions"] == []
    pilothouse("ask", "and", "unladen?", "--session", session)
    events = pilothouse("sessions", "show", session, "--json").document["events"]
    assert [event["title"] for event in events if event["kind"] == "title_changed"][-1] == "Swallows again"
    assert pilothouse("sessions", "pin", "nobody", "--json").error["exit"] == 1


def test_a_fork_goes_on_in_a_session_of_its_own(pilothouse: Pilothouse, session: str) -> None:
    forked = pilothouse("sessions", "fork", session, "--json").document
    assert forked["origin"] == session != forked["session"]
    done = pilothouse("ask", "and", "unladen?", "--session", forked["session"], "--json").document
    assert done["session"] == forked["session"]
    own = pilothouse("sessions", "show", forked["session"], "--json").document["events"]
    assert own[0]["kind"] == "session_forked"
    assert [event["text"] for event in own if event["kind"] == "said"] == ["and unladen?"]
    assert "Forked" in pilothouse("sessions", "show", forked["session"]).out
    assert pilothouse("sessions", "fork", session, "--at", "999", "--json").error["exit"] == 1
    assert pilothouse("audit", "verify").code == 0


def test_a_replay_prints_event_after_event(pilothouse: Pilothouse, session: str) -> None:
    out = pilothouse("sessions", "replay", session, "--speed", "1000").out
    assert out.index("Begun by ada") < out.index(WORDS)
    stepped = pilothouse("sessions", "replay", session, "--step", stdin="\n\n").out
    assert WORDS in stepped and "Answer" not in stepped
    part = pilothouse("sessions", "replay", session, "--from", "2", "--to", "3", "--json").document
    assert [event["seq"] for event in part["events"]] == [2, 3]


def test_exports_say_by_their_name_in_which_form(pilothouse: Pilothouse, tmp_path: Path) -> None:
    nasty = "look at <script>alert(1)</script> ![x](http://127.0.0.1/x.png) [y](javascript:alert(2))"
    session = str(pilothouse("ask", nasty, "--json").document["session"])
    page, lines = tmp_path / "s.html", tmp_path / "s.jsonl"
    assert pilothouse("sessions", "export", session, "-o", str(page)).code == 0
    html = page.read_text()
    assert html.startswith("<!doctype html>") and html.rstrip().endswith("</html>")
    assert "&lt;script&gt;" in html and "<script" not in html
    assert "<img" not in html and 'href="javascript' not in html
    assert "src=" not in html and "@import" not in html
    assert page.stat().st_mode & 0o777 == 0o600
    assert pilothouse("sessions", "export", session, "-o", str(lines)).code == 0
    head, *events = [json.loads(line) for line in lines.read_text().splitlines()]
    assert head["session"]["id"] == session
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))


def test_old_sessions_are_cleared_away_by_command_and_by_setting(
    pilothouse: Pilothouse, session: str
) -> None:
    assert pilothouse("sessions", "prune", "--json").error["exit"] == 2
    assert pilothouse("sessions", "prune", "--days", "1", "--json").document["sessions"] == []
    tamper(pilothouse.home, "UPDATE sessions SET updated = '2020-01-01T00:00:00.000000+00:00'")
    dry = pilothouse("sessions", "prune", "--days", "30", "--dry-run", "--json").document
    assert ([row["id"] for row in dry["sessions"]], dry["removed"]) == ([session], False)
    assert pilothouse("sessions", "show", session).code == 0
    config = Path(pilothouse("locate", "config").out.strip())
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text("[sessions]\nkeep_days = 30\n")
    assert f"“{WORDS}”" in pilothouse("ask", "hello").err
    assert b"airspeed" not in (pilothouse.home / "data" / "journal.db").read_bytes()
    assert pilothouse("audit", "verify").code == 0
