"""Tags as operators mean them."""

from hypothesis import given
from hypothesis import strategies as st

from tools.aws.tags import environment, fits, shared

words = st.text("abcXYZ-", min_size=1, max_size=6)
tag_sets = st.dictionaries(words, words, max_size=4)


@given(tag_sets)
def test_a_resource_fits_its_own_tags(tags: dict[str, str]) -> None:
    own = {
        key: value for key, value in tags.items() if sum(key.casefold() == k.casefold() for k in tags) == 1
    }
    assert fits(tags, own)


@given(tag_sets)
def test_everything_fits_no_wish(tags: dict[str, str]) -> None:
    assert fits(tags, {})


@given(st.lists(tag_sets, min_size=1, max_size=4))
def test_shared_tags_are_everybody_s(sets: list[dict[str, str]]) -> None:
    assert all(tags[key] == value for key, value in shared(sets).items() for tags in sets)


def test_a_wanted_tag_that_is_missing_or_different_does_not_fit() -> None:
    assert not fits({"team": "shop"}, {"environment": "dev"})
    assert not fits({"team": "shop"}, {"team": "data"})
    assert not fits({"environment": "production"}, {"environment": "prod"})


def test_the_environment_is_read_from_either_key() -> None:
    assert environment({"ENV": "dev"}) == "dev"
    assert environment({"Environment": "Staging", "env": "dev"}) == "Staging"
    assert environment({"team": "shop"}) == ""


def test_different_environments_share_none() -> None:
    assert "environment" not in shared([{"env": "dev"}, {"env": "production"}])
    assert shared([{"env": "dev"}, {"Environment": "dev"}]) == {"environment": "dev"}
