"""Which profiles there are, and where a scope leads."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.aws.accounts import Accounts
from tools.aws.profiles import Place, Profile
from tools.errors import NotConfigured
from tools.gate import Gate
from tools.tool import Scope


def accounts(folder: Path, config: str = "", credentials: str = "", **environ: str) -> Accounts:
    aws = folder / ".aws"
    aws.mkdir(exist_ok=True)
    if config:
        (aws / "config").write_text(config)
    if credentials:
        (aws / "credentials").write_text(credentials)
    return Accounts(Gate.build()[0], {"HOME": str(folder), **environ})


def test_profiles_come_from_both_files_and_only_profiles_do(tmp_path: Path) -> None:
    found = accounts(
        tmp_path,
        "[default]\nregion = eu-west-1\n[profile shop]\nregion=eu-central-1\n[sso-session main]\nsso_region=x\n"
        '[profile "two words"]\n[services local]\n',
        "[shop]\naws_access_key_id=a\n[keys only]\naws_secret_access_key = 50%secret\n",
    ).profiles()
    assert found == [
        Profile("default", "eu-west-1"),
        Profile("keys only", ""),
        Profile("shop", "eu-central-1"),
        Profile("two words", ""),
    ]


def test_files_named_by_the_environment_are_used_instead(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("[profile other]\n")
    found = accounts(tmp_path, "[profile shop]\n", AWS_CONFIG_FILE="~/elsewhere")
    assert [profile.name for profile in found.profiles()] == ["other"]


def test_credentials_in_the_environment_are_a_profile_of_their_own(tmp_path: Path) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}
    assert accounts(tmp_path, **keys).profiles() == [Profile("environment", "us-east-1")]


def test_half_a_pair_of_keys_is_no_profile(tmp_path: Path) -> None:
    assert accounts(tmp_path, AWS_ACCESS_KEY_ID="a").profiles() == []


@pytest.mark.parametrize("broken", ["no section\n", "[profile shop\n", "\x00\x01", "[profile 'open]\n"])
def test_a_broken_file_never_stops_the_start(tmp_path: Path, broken: str) -> None:
    found = accounts(tmp_path, broken, "[keys]\naws_access_key_id=a\n").profiles()
    assert "keys" in [profile.name for profile in found]


def test_a_region_named_in_the_scope_goes_before_the_profile_s_and_that_before_the_environment_s(
    tmp_path: Path,
) -> None:
    found = accounts(tmp_path, "[profile a]\nregion = eu-west-1\n[profile b]\n", AWS_REGION="us-east-1")
    assert found.place(Scope(profile="a", region="eu-north-1")) == Place("a", "eu-north-1")
    assert found.place(Scope(profile="a")) == Place("a", "eu-west-1")
    assert found.place(Scope(profile="b")) == Place("b", "us-east-1")


def test_an_unknown_profile_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    found = accounts(tmp_path, "[profile shop]\n[profile test]\n")
    with pytest.raises(NotConfigured) as refused:
        found.place(Scope(profile="prod"))
    assert refused.value.message == "There is no AWS profile called prod."
    assert refused.value.hint == "The profiles are: shop, test."


def test_without_any_profile_the_file_to_look_at_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotConfigured) as refused:
        accounts(tmp_path).place(Scope())
    assert str(tmp_path / ".aws" / "config") in refused.value.hint


def test_without_a_region_the_way_to_set_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotConfigured) as refused:
        accounts(tmp_path, "[profile shop]\n").place(Scope(profile="shop"))
    assert "aws configure set region" in refused.value.hint
