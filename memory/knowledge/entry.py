"""One memory: what it says, where it holds, who said so, and how it has fared.

Memory is something to read, never a permission. Who or what said it is kept with it, because a line that
came out of a log must not weigh the same as the operator's word.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

AT_MOST = 8
"""Memories that one recall gives."""


class Kind(StrEnum):
    """What sort of thing is remembered."""

    FACT = "fact"
    PREFERENCE = "preference"
    PROCEDURE = "procedure"
    INCIDENT = "incident"


class Status(StrEnum):
    """The life of a memory. Only an active one is ever recalled."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"
    FORGOTTEN = "forgotten"


class Source(StrEnum):
    """How it came to be known. Only what an operator said is active without being confirmed."""

    SAID = "said"
    OBSERVED = "observed"
    DERIVED = "derived"
    IMPORTED = "imported"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Where(_Value):
    """Where a memory holds; an empty field means everywhere.

    Written as ``cluster/namespace account:NAME user:NAME``, any part of it left out.
    """

    user: str = ""
    account: str = ""
    cluster: str = ""
    namespace: str = ""

    @classmethod
    def parse(cls, text: str) -> Where:
        """The place that these words name. Raises `ValueError` for a second cluster or an unknown part."""
        fields: dict[str, str] = {}
        for word in text.split():
            name, colon, value = word.partition(":")
            if colon and name in ("user", "account", "cluster", "namespace"):
                found = {name: value}
            else:
                cluster, _, namespace = word.rpartition("/") if "/" in word else (word, "", "")
                found = {"cluster": cluster, "namespace": namespace}
            for key, value in found.items():
                if value and fields.setdefault(key, value) != value:
                    raise ValueError(f"{text!r} names two places at once ({key}).")
        return cls(**fields)

    def __str__(self) -> str:
        place = f"cluster:{self.cluster}" if ":" in self.cluster or "/" in self.cluster else self.cluster
        if self.namespace:
            place = (
                f"{place} namespace:{self.namespace}"
                if place.startswith("cluster:")
                else f"{place}/{self.namespace}"
            )
        account = f"account:{self.account}" if self.account else ""
        user = f"user:{self.user}" if self.user else ""
        return " ".join(part for part in (place, account, user) if part)

    def holds(self, here: Where) -> bool:
        """Whether what holds in this place holds `here`."""
        mine, theirs = self.model_dump(), here.model_dump()
        return all(not value or value == theirs[key] for key, value in mine.items())

    @property
    def anywhere(self) -> bool:
        return self == Where()


class Reference(_Value):
    """The event a memory goes back to; empty when there was none."""

    session: str = ""
    seq: int | None = None

    def __str__(self) -> str:
        if not self.session:
            return ""
        return f"{self.session}, event {self.seq}" if self.seq is not None else self.session


class Fresh(_Value):
    """A memory about to be kept.

    Attributes:
        subject: what it is about, such as ``deployment/checkout``; for a procedure its name.
        body: the memory itself, in words.
        topic: what it settles, such as ``owner of checkout``: a later memory on the same topic in the same
            place closes this one. Empty when nothing contradicts it.
        content: the structured part of a procedure or an incident.
        by: who said it.
        ttl: seconds after which it should be checked again; None for never.
    """

    kind: Kind
    body: str = Field(min_length=1)
    subject: str = ""
    topic: str = ""
    content: dict[str, JsonValue] = {}
    where: Where = Where()
    source: Source = Source.SAID
    reference: Reference = Reference()
    by: str = ""
    confidence: float = Field(1.0, ge=0.0, le=1.0)
    ttl: int | None = Field(None, ge=1)

    @field_validator("subject", "body", "topic", "by")
    @classmethod
    def _plain(cls, text: str) -> str:
        return text.replace("\0", " ").strip()


class Remembered(Fresh):
    """A memory that is kept.

    Attributes:
        id: never given to another memory, not even after this one is forgotten.
        at: when it was written down, UTC.
        valid_from, valid_to: when it began and ceased to hold; None for the end of one that still does.
        verified: when somebody or something last found it true.
        replaces: id of the memory it closed; 0 for none.
        reason: why it was rejected or closed.
    """

    id: int
    status: Status
    at: datetime
    valid_from: datetime
    valid_to: datetime | None = None
    verified: datetime
    uses: int = 0
    successes: int = 0
    failures: int = 0
    replaces: int = 0
    reason: str = ""

    def stale(self, now: datetime) -> bool:
        """Whether its time to live has passed since it was last verified."""
        return self.ttl is not None and now > self.verified + timedelta(seconds=self.ttl)


class Recalled(_Value):
    """A memory that was recalled, and how well it fits: relevance × confidence × recency × success."""

    memory: Remembered
    score: float
