"""Requests of several clauses become structure, and what is no clause stays as it was said."""

from __future__ import annotations

import pytest

from agent.plan import Draft, DraftStep
from agent.runbooks.clauses import combine, split


@pytest.mark.parametrize(
    ("request_", "texts", "back"),
    [
        ("scale web to 3", ["scale web to 3"], False),
        ("restart a, then restart b", ["restart a", "restart b"], False),
        ("restart a and then restart b; then restart c", ["restart a", "restart b", "restart c"], False),
        ("scale web to 3; if it fails, roll back and tell me", ["scale web to 3"], True),
        ("scale web to 3 and if anything goes wrong undo it", ["scale web to 3"], True),
        ("restart then-web", ["restart then-web"], False),
    ],
)
def test_a_request_is_cut_where_its_clauses_end(request_: str, texts: list[str], back: bool) -> None:
    found = split(request_)
    assert ([part.text for part in found.parts], found.take_back) == (texts, back)


def test_waiting_for_me_is_a_gate_of_what_follows() -> None:
    for words in (
        "restart a, wait for me, then restart b",
        "restart a, then wait for me before restart b",
        "restart a; ask me; restart b",
    ):
        first, second = split(words).parts
        assert (first.gate, second.text) == ("", "restart b")
        assert second.gate == "Go on with: restart b?"


def test_watching_lasts_as_long_as_was_said() -> None:
    [part] = split("scale web to 3 and watch it for five minutes").parts
    assert (part.text, part.watch) == ("scale web to 3", 300.0)
    [part] = split("scale web to 3, then watch it for 90 seconds").parts
    assert part.watch == 90.0


def test_clauses_run_one_after_the_other_and_are_put_back_newest_first() -> None:
    drafts = [Draft(goal=name, steps=(DraftStep(id="put", tool="put"),)) for name in "ab"]
    whole = combine(drafts, split("do a, wait for me, then do b; if it fails roll back"), lambda step: True)
    by_id = {step.id: step for step in whole.steps}
    assert list(by_id) == ["1-put", "2-put", "back-2-put", "back-1-put"]
    assert by_id["2-put"].depends_on == ("1-put",) and by_id["2-put"].gate
    assert by_id["back-1-put"].depends_on == ("back-2-put",)
    assert by_id["back-1-put"].if_failed == ("1-put", "2-put")


def test_what_leaves_nothing_different_has_no_way_back() -> None:
    draft = Draft(goal="a", steps=(DraftStep(id="restart", tool="restart"),))
    whole = combine([draft], split("restart a; if it fails roll back"), lambda step: False)
    assert [step.id for step in whole.steps] == ["restart"]
