"""Tags, as the services write them and as operators mean them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field

ENVIRONMENT = ("environment", "env")
"""Tag keys, in any case, that say which environment a resource belongs to."""

TagFilter = Annotated[
    dict[str, str],
    Field(
        max_length=20,
        description="Only those that carry all these tags, whatever the case of letters; `environment` also"
        " means `env`. An empty value accepts any.",
    ),
]


def fits(tags: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether a resource carries all wanted tags.

    AWS compares tags letter by letter, while people tag `Environment: Staging` here and
    `env: staging` there; a search for an environment must not miss half of it for that.
    """
    have = {key.casefold(): value.casefold() for key, value in tags.items()}
    for key, value in wanted.items():
        names = ENVIRONMENT if key.casefold() in ENVIRONMENT else (key.casefold(),)
        values = {have[name] for name in names if name in have}
        if not values or (value and value.casefold() not in values):
            return False
    return True


def environment(tags: Mapping[str, str]) -> str:
    """The environment that a resource's tags name, or an empty string."""
    have = {key.casefold(): value for key, value in tags.items()}
    return next((have[name] for name in ENVIRONMENT if name in have), "")


def shared(all_tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The tags that all of these agree on, and `environment` under that very name."""
    found = list(all_tags)
    if not found:
        return {}
    same = {
        key: value for key, value in found[0].items() if all(tags.get(key) == value for tags in found[1:])
    }
    named = {environment(tags) for tags in found}
    return {**same, "environment": named.pop()} if len(named) == 1 and named != {""} else same
