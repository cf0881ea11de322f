"""Where everything of ours lives on disk.

Either one folder holds all (``--home DIR``, ``PILOTHOUSE_HOME``), or the platform's own places do, with
configuration, data, state and cache apart (XDG on Linux). Folders are 0700, files 0600.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from platformdirs import PlatformDirs

from memory.errors import HomeUnusable

_NAME = "pilothouse"


@dataclass(frozen=True, slots=True)
class Place:
    """One line of `Home.locate`."""

    name: str
    path: Path
    what: str


class Home:
    """Names every folder and file. Asking for a path makes nothing; `prepare` makes the folders.

    Args:
        root: the one folder that holds all; None for the platform's own places.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root.expanduser().absolute() if root is not None else None
        if self.root is not None:
            self.config = self.root / "config"
            self.data = self.root / "data"
            self.state = self.root / "state"
            self.cache = self.root / "cache"
        else:
            platform = PlatformDirs(_NAME, appauthor=False)
            self.config = platform.user_config_path
            self.data = platform.user_data_path
            self.state = platform.user_state_path
            self.cache = platform.user_cache_path

    @classmethod
    def find(cls, environ: Mapping[str, str], root: Path | None = None) -> Home:
        """The home an operator means: ``--home`` first, then ``PILOTHOUSE_HOME``, then the platform's."""
        named = environ.get("PILOTHOUSE_HOME", "")
        return cls(root or (Path(named) if named else None))

    @property
    def journal(self) -> Path:
        return self.data / "journal.db"

    @property
    def knowledge(self) -> Path:
        return self.data / "knowledge.db"

    @property
    def redaction_key(self) -> Path:
        return self.data / "redaction.key"

    @property
    def spill(self) -> Path:
        return self.data / "spill"

    @property
    def runbooks(self) -> Path:
        return self.config / "runbooks"

    @property
    def settings(self) -> Path:
        return self.config / "config.toml"

    @property
    def policy(self) -> Path:
        return self.config / "policy.yaml"

    @property
    def keymap(self) -> Path:
        return self.config / "keys.toml"

    @property
    def themes(self) -> Path:
        return self.config / "themes"

    @property
    def leases(self) -> Path:
        return self.state / "leases"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def sandbox(self) -> Path:
        return self.state / "sandbox"

    def locate(self) -> list[Place]:
        """Every place with a word about it, for ``pilothouse locate``."""
        return [
            Place(name="config", path=self.settings, what="settings"),
            Place(name="policy", path=self.policy, what="what may be done, asked for, never done"),
            Place(name="keys", path=self.keymap, what="your keys"),
            Place(name="themes", path=self.themes, what="your colour themes"),
            Place(name="runbooks", path=self.runbooks, what="your runbooks"),
            Place(name="journal", path=self.journal, what="everything that happened, in every session"),
            Place(name="knowledge", path=self.knowledge, what="what is remembered across sessions"),
            Place(
                name="redaction key",
                path=self.redaction_key,
                what="makes the tokens for secrets; keep it here",
            ),
            Place(name="spill", path=self.spill, what="tool output too long for the journal"),
            Place(name="leases", path=self.leases, what="which console works on which session"),
            Place(name="logs", path=self.logs, what="the program's own log"),
            Place(name="sandbox", path=self.sandbox, what="the practice cluster and account"),
            Place(name="cache", path=self.cache, what="may be deleted at any time"),
        ]

    def prepare(self) -> Home:
        """Make the folders that are missing, closed to everybody else, and close those that were open.

        Raises:
            HomeUnusable: one of them cannot be made.
        """
        parents = [self.root] if self.root is not None else []
        own = [self.config, self.data, self.state, self.cache]
        inner = [self.spill, self.leases, self.logs, self.sandbox]
        for folder in (*parents, *own, *inner):
            make_private(folder)
        return self


def make_private(folder: Path) -> None:
    """Make `folder` and its parents; only its owner may look into it.

    Raises:
        HomeUnusable: it cannot be made, is something else, or belongs to another user.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise HomeUnusable(
            f"The folder {folder} cannot be used: {error.strerror or error}.",
            hint="Choose another one with --home or PILOTHOUSE_HOME.",
        ) from error
