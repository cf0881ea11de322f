"""What of an event is hidden before it is kept or shown.

Durable events are redacted whole. Of ephemeral ones everything is but the cells of live tables, which
are names and numbers and come by the ten thousand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import TypeVar

from pydantic import BaseModel

from agent import events as e
from agent.model import Block, Message, OpaqueBlock, ThinkingBlock
from tools.kubernetes.live.workload_logs import LogBatch
from tools.redaction.growing import GrowingText
from tools.redaction.redactor import Redactor

T = TypeVar("T")

_BEGIN = "-----BEGIN PRIVATE KEY-----"


class Redaction:
    """The redaction of one session's events; it remembers what arrives in pieces."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._text = GrowingText(redactor)
        self._thoughts = GrowingText(redactor)
        self._turn = 0
        self._within_key: set[tuple[str, int]] = set()
        """Logs (by request and source) that broke off within a private key."""

    def stored(self, event: e.DurableEvent) -> e.DurableEvent:
        """The event as it is kept."""
        clean = self._redactor.model(event)
        if isinstance(event, e.ModelReplied) and isinstance(clean, e.ModelReplied) and clean is not event:
            return clean.model_copy(update={"message": _sealed(event.message, clean.message)})
        return clean

    def shown(self, event: e.EphemeralEvent) -> Iterator[e.EphemeralEvent]:
        """The event as it is shown; growing text comes a word later than it was written."""
        match event:
            case e.TextGrew():
                self._turn = event.turn
                if text := self._text.feed(event.text):
                    yield event.model_copy(update={"text": text})
            case e.ThinkingGrew():
                self._turn = event.turn
                if text := self._thoughts.feed(event.text):
                    yield event.model_copy(update={"text": text})
            case e.ViewChanged():
                detail = self._redactor.text(event.rows.detail)
                same = detail is event.rows.detail
                rows = event.rows if same else replace(event.rows, detail=detail)
                yield event if same else event.model_copy(update={"rows": rows})
            case e.LogGrew() if event.batch is not None:
                yield event.model_copy(update={"batch": self._lines(event.request, event.batch)})
            case _:
                clean = {name: self._clean(getattr(event, name)) for name in type(event).model_fields}
                changed = {name: new for name, new in clean.items() if new is not getattr(event, name)}
                yield event.model_copy(update=changed) if changed else event

    def held(self) -> Iterator[e.EphemeralEvent]:
        """The words that were held back, once the text they belong to is over."""
        if thought := self._thoughts.rest():
            yield e.ThinkingGrew(turn=self._turn, text=thought)
        if text := self._text.rest():
            yield e.TextGrew(turn=self._turn, text=text)

    # --- details -----------------------------------------------------------------------------------

    def _clean(self, found: T) -> T:
        """The value with its texts redacted; the same object where nothing is to be hidden."""
        clean: object = found
        if isinstance(found, Enum):
            return found
        if isinstance(found, str):
            clean = self._redactor.text(found)
        elif isinstance(found, BaseModel):
            clean = self._redactor.model(found)
        elif isinstance(found, tuple):
            clean = self._several(found)
        elif is_dataclass(found) and not isinstance(found, type):
            entries = {field.name: getattr(found, field.name) for field in fields(found)}
            new = {name: self._clean(entry) for name, entry in entries.items()}
            changed = {name: entry for name, entry in new.items() if entry is not entries[name]}
            clean = replace(found, **changed) if changed else found
        return clean  # type: ignore[return-value]

    def _several(self, found: tuple[object, ...]) -> tuple[object, ...]:
        texts = [entry for entry in found if isinstance(entry, str) and not isinstance(entry, Enum)]
        if texts and len(texts) == len(found):
            lines = self._redactor.lines(texts)
            return found if lines is texts else tuple(lines)
        entries = [self._clean(entry) for entry in found]
        same = all(one is other for one, other in zip(entries, found, strict=True))
        return found if same else tuple(entries)

    def _lines(self, request: str, batch: LogBatch) -> LogBatch:
        """A batch of log lines, each source's read as one text."""
        lines = list(batch.lines)
        for source in {line.source for line in lines}:
            places = [at for at, line in enumerate(lines) if line.source == source]
            texts = [lines[at].text for at in places]
            for at, clean in zip(places, self._of_source((request, source), texts), strict=True):
                if clean != lines[at].text:
                    lines[at] = replace(lines[at], text=clean)
        return batch if lines == list(batch.lines) else replace(batch, lines=tuple(lines))

    def _of_source(self, key: tuple[str, int], texts: Sequence[str]) -> Sequence[str]:
        """A key that a batch broke off goes on in the next."""
        if key not in self._within_key and not any("PRIVATE KEY" in text for text in texts):
            return self._redactor.lines(texts)
        lead = [_BEGIN] if key in self._within_key else []
        clean = list(self._redactor.lines([*lead, *texts]))[len(lead) :]
        last = next((at for at in reversed(range(len(texts))) if texts[at].strip()), -1)
        open_end = last >= 0 and "-----END" not in texts[last]
        if open_end and (not clean[last].strip() or "-----BEGIN" in texts[last]):
            self._within_key.add(key)
        else:
            self._within_key.discard(key)
        return clean


def _sealed(before: Message, after: Message) -> Message:
    """The redacted message with what the model's server sealed as it came.

    An altered thought loses its seal, and with it is not sent back.
    """
    pairs = zip(before.content, after.content, strict=True)
    return after.model_copy(update={"content": tuple(_block(old, new) for old, new in pairs)})


def _block(old: Block, new: Block) -> Block:
    if isinstance(old, OpaqueBlock):
        return old
    if isinstance(old, ThinkingBlock) and isinstance(new, ThinkingBlock):
        return old if old.text == new.text else ThinkingBlock(text=new.text)
    return new
