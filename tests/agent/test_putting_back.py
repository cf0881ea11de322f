"""What taking a write back does and does not restore is said before anybody decides on it."""

from __future__ import annotations

from agent.putting_back import backwards, changed_since, not_put_back
from tools.tool import Change, Preview

AWAY = "uncordoning brings no pod back"


def drained(*pods: str) -> Preview:
    cordon = Change(path="spec.unschedulable", before=None, after=True)
    going = (Change(path=f"pod {name}", before="here", after="evicted", lost=AWAY) for name in pods)
    return Preview(target="node/a", name="a", objects=1 + len(pods), changes=(cordon, *going))


UNCORDON = Preview(
    target="node/a", name="a", changes=(Change(path="spec.unschedulable", before=True, after=None),)
)


def test_pods_that_were_evicted_are_not_said_to_be_here_again() -> None:
    assert changed_since(drained("shop/web-1", "shop/web-2"), UNCORDON) == ()


def test_what_stays_gone_is_named_with_the_reason() -> None:
    assert not_put_back(drained("shop/web-1", "shop/web-2")) == (
        f"Not put back, as far as it was done: pod shop/web-1, pod shop/web-2 (evicted); {AWAY}.",
    )
    (many,) = not_put_back(drained(*(f"shop/web-{number}" for number in range(9))))
    assert "and 4 more (evicted)" in many


def test_what_undo_restores_needs_no_such_sentence() -> None:
    assert not_put_back(UNCORDON) == ()


def test_a_way_back_within_the_plan_promises_only_what_it_restores() -> None:
    way = backwards(drained("shop/web-1"), UNCORDON)
    assert [(change.path, change.before, change.after) for change in way.changes] == [
        ("spec.unschedulable", True, None)
    ]
    assert way.objects == 1
    assert any("shop/web-1" in warning for warning in way.warnings)


def test_a_field_that_has_its_old_value_again_is_still_said_so() -> None:
    both = Preview(
        target="deployment/web",
        name="web",
        changes=(Change(path="a", before="1", after="2"), Change(path="b", before="3", after="4")),
    )
    undo = Preview(target="deployment/web", name="web", changes=(Change(path="a", before="2", after="1"),))
    assert changed_since(both, undo) == ("b is 3 again already.",)
