"""The profiles an operator has: read from AWS's own files, without any AWS library or network."""

from __future__ import annotations

import configparser
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.errors import NotConfigured
from tools.tool import Scope

ENVIRONMENT = "environment"
"""Name of the profile that stands for credentials in the environment's variables."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One identity. `region` is empty where none is configured."""

    name: str
    region: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call goes, complete."""

    profile: str
    region: str

    def __str__(self) -> str:
        return f"{self.profile}/{self.region}"


@dataclass(frozen=True, slots=True)
class Files:
    """AWS's two files."""

    config: Path
    credentials: Path

    @classmethod
    def locate(cls, environ: Mapping[str, str]) -> Files:
        """Where the environment says they are, else in `~/.aws`."""
        home = Path(environ.get("HOME") or "~").expanduser()

        def at(variable: str, name: str) -> Path:
            named = environ.get(variable, "")
            if named.startswith("~/"):
                return home / named[2:]
            return Path(named) if named else home / ".aws" / name

        return cls(at("AWS_CONFIG_FILE", "config"), at("AWS_SHARED_CREDENTIALS_FILE", "credentials"))


def read_profiles(files: Files, environ: Mapping[str, str]) -> list[Profile]:
    """All profiles by name. A file that is missing or cannot be read has none."""
    regions: dict[str, str] = {}
    for section, values in _sections(files.config).items():
        words = _words(section)
        if words == ["default"] or (len(words) == 2 and words[0] == "profile"):
            regions[words[-1]] = values.get("region", "")
    for section in _sections(files.credentials):
        regions.setdefault(section.strip(), "")
    if environ.get("AWS_ACCESS_KEY_ID") and environ.get("AWS_SECRET_ACCESS_KEY"):
        regions.setdefault(ENVIRONMENT, default_region(environ))
    return [Profile(name, region) for name, region in sorted(regions.items())]


def default_region(environ: Mapping[str, str]) -> str:
    """The environment's region, or ""."""
    return environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or ""


def place(scope: Scope, profiles: list[Profile], files: Files, environ: Mapping[str, str]) -> Place:
    """The profile and region a scope means. Raises `NotConfigured` when one of them is not known."""
    names = [profile.name for profile in profiles]
    known = f"The profiles are: {', '.join(names)}." if names else f"There are none in {files.config}."
    if not scope.profile:
        raise NotConfigured("No AWS profile is chosen.", hint=f"Choose one with --profile. {known}")
    if scope.profile not in names:
        raise NotConfigured(f"There is no AWS profile called {scope.profile}.", hint=known)
    own = next(profile.region for profile in profiles if profile.name == scope.profile)
    region = scope.region or own or default_region(environ)
    if not region:
        raise NotConfigured(
            f"No AWS region is chosen, and profile {scope.profile} has none.",
            hint=f"Choose one with --region, or set it: aws configure set region NAME --profile {scope.profile}.",
        )
    return Place(scope.profile, region)


def _sections(path: Path) -> dict[str, dict[str, str]]:
    # "DEFAULT" must stay a name like any other, and a per cent sign is part of a value.
    parser = configparser.RawConfigParser(strict=False, default_section="\0", allow_no_value=True)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, configparser.Error):
        return {}
    return {name: {key: value or "" for key, value in parser[name].items()} for name in parser.sections()}


def _words(section: str) -> list[str]:
    try:
        return shlex.split(section)
    except ValueError:
        return section.split()
