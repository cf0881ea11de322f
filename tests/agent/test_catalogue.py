"""What is said of requests that are not understood."""

import pytest

from agent.runbooks.catalogue import catalogue, near, unknown
from agent.runbooks.library import Library
from agent.runbooks.runbook import builtin

LIBRARY = Library(builtin())


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("scal checkout to 3", "scale"),
        ("restrat payments", "restart"),
        ("drian node-1", "drain"),
        ("whats wrong in staging", "what is wrong [in {place}]"),
    ],
)
def test_a_slip_of_the_pen_is_answered_with_what_was_meant(said: str, meant: str) -> None:
    assert near(LIBRARY, said)[0].phrase.startswith(meant)
    assert "Did you mean" in unknown(LIBRARY, said)


def test_what_is_like_nothing_known_gets_no_guess() -> None:
    assert near(LIBRARY, "sing me a song about lighthouses") == []
    assert "`help`" in unknown(LIBRARY, "sing me a song about lighthouses")


def test_the_catalogue_lists_every_request_once() -> None:
    listed = catalogue(LIBRARY)
    assert all(listed.count(f"- `{runbook.phrase}`:") == 1 for runbook in LIBRARY)
