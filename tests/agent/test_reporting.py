"""Outputs of any shape read well: sentences, then lists and tables, and nothing that says nothing."""

from __future__ import annotations

from agent.reporting import report


def test_a_list_of_objects_is_a_table_of_what_says_something() -> None:
    rows = [
        {"name": "a", "uid": "1", "left": 0, "ready": True},
        {"name": "b", "uid": "2", "left": 0, "ready": False},
    ]
    assert report("Pods", {"context": "lab", "rows": rows}) == (
        "**Pods**\n\nRows (2):\n\n| name | ready |\n| --- | --- |\n| a | yes |\n| b | no |"
    )


def test_nested_values_become_columns_or_phrases() -> None:
    rows = [
        {
            "name": "a",
            "cpu": {"used": "1", "requests": "2", "limits": "3"},
            "by": {"kind": "Group", "name": "ops"},
            "changes": [{"path": "x", "before": 1, "after": None}],
        }
    ]
    text = report("Pods", {"rows": rows})
    assert "| name | cpu used | cpu requests | by | changes |" in text
    assert "| a | 1 | 2 | Group ops | x: 1 → absent |" in text


def test_a_long_table_says_how_much_more_there_is() -> None:
    text = report("Pods", {"rows": [{"name": str(n)} for n in range(100)]})
    assert text.count("\n| ") == 42 and text.endswith("… and 60 more.")


def test_text_of_the_world_cannot_break_the_table() -> None:
    text = report("Pods", {"rows": [{"name": "a|b\nc", "at": "2026-11-23T03:51:18.123Z"}]})
    assert "| a\\|b c | 2026-11-23 03:51:18 |" in text


def test_nothing_is_said_to_be_nothing() -> None:
    assert report("Quotas", {"context": "lab", "quotas": []}) == "**Quotas**\n\nNothing there."


def test_plain_findings_are_a_list() -> None:
    text = report(
        "Service", {"summary": "It is broken.", "findings": ["No pod matches.", "Port 80 leads nowhere."]}
    )
    assert "It is broken." in text and "- No pod matches.\n- Port 80 leads nowhere." in text


def test_how_full_something_is_gets_a_column_for_each_resource() -> None:
    room = [
        {"resource": "cpu", "allocatable": "8", "requested": "1670m", "percent": 21},
        {"resource": "memory", "allocatable": "32Gi", "requested": "0", "percent": None},
    ]
    text = report("Nodes", {"nodes": [{"name": "a", "room": room}]})
    assert "| name | cpu asked for | memory asked for |" in text
    assert "| a | 1670m of 8 (21 %) | 0 of 32Gi |" in text


def test_a_note_is_a_paragraph_at_the_end_and_whole() -> None:
    note = (
        "Members of system:masters may do everything whatever RBAC says, and webhooks cannot be looked into."
    )
    assert report("Rights", {"asked": "get pods", "note": note, "unseen": ["roles"]}).endswith(f"\n\n{note}")
