"""Quotas: how full they are, and what they forbid."""

from typing import Any

from tests.tools.kubernetes.lab import Lab, until
from tests.tools.kubernetes.scenery import change, forbidden, put
from tools.kubernetes.reads.quotas import QuotasOutput, quota_lines


async def read(lab: Lab) -> QuotasOutput:
    found = await lab.read("kubernetes_quotas")
    assert isinstance(found, QuotasOutput)
    return found


async def test_a_quota_shows_what_is_hard_and_that_pods_must_state_requests(lab: Lab) -> None:
    await put(lab, "v1", "ResourceQuota", "team", spec={"hard": {"requests.cpu": "4", "pods": "10"}})
    found = await read(lab)
    assert {(line.resource, line.hard) for line in found.quotas} == {("requests.cpu", "4"), ("pods", "10")}
    assert any("do not all state requests.cpu is refused" in note for note in found.notes)


async def test_a_limit_range_fills_in_what_a_quota_asks_for(lab: Lab) -> None:
    await put(lab, "v1", "ResourceQuota", "team", spec={"hard": {"requests.cpu": "4"}})
    limit = {
        "type": "Container",
        "defaultRequest": {"cpu": "100m"},
        "default": {"cpu": "1"},
        "max": {"cpu": "2"},
    }
    await put(lab, "v1", "LimitRange", "bounds", spec={"limits": [limit]})
    found = await read(lab)
    (line,) = found.ranges
    assert (line.default_request, line.default_limit, line.maximum) == ("100m", "1", "2")
    assert not any("is refused" in note for note in found.notes)


async def test_where_limit_ranges_may_not_be_read_nothing_is_concluded_from_them(practice: Lab) -> None:
    await put(practice, "v1", "ResourceQuota", "team", spec={"hard": {"requests.cpu": "4"}})
    async with forbidden(practice, "limitranges"):
        found = await read(practice)
    assert found.quotas
    assert found.notes == ()
    assert any(sentence.startswith("limitranges") for sentence in found.unseen)


async def test_the_fullest_quota_comes_first_and_is_said(practice: Lab) -> None:
    await put(practice, "v1", "ResourceQuota", "team", spec={"hard": {"pods": "10", "services": "4"}})
    used: Any = {"status": {"hard": {"pods": "10", "services": "4"}, "used": {"pods": "3", "services": "4"}}}
    await change(practice, "resourcequota", "team", used, status=True)

    async def counted() -> bool:
        return any("services is used up (4 of 4)" in note for note in (await read(practice)).notes)

    assert await until(counted)
    assert [(line.resource, line.percent) for line in (await read(practice)).quotas] == [
        ("services", 100),
        ("pods", 30),
    ]


def test_a_quota_of_nothing_is_used_up() -> None:
    quota: Any = {"metadata": {"name": "q", "namespace": "n"}, "spec": {"hard": {"pods": "0"}}}
    (line,) = quota_lines([quota])
    assert (line.used, line.hard, line.percent) == ("0", "0", None)
