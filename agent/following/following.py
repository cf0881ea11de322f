"""Follow-ups, resolved against what the session holds and without a model.

What comes out is a whole request in words, so that everything after it is as if the operator had said
that: a write is drawn up as a plan, previewed and decided on like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

from agent.following import phrases
from agent.following.elsewhere import moved, other_places
from agent.following.lookup import Lookup
from agent.following.meaning import CHOSEN, Meaning
from agent.following.phrases import Pointer
from agent.following.pointing import Unclear, pointed_at
from agent.following.recent import Exchange, Recent
from agent.following.rephrasing import filling, rephrased, slots, unchanged
from agent.following.things import Thing
from agent.following.undoing import last_change
from agent.known import Known, Request
from agent.logbook import Logbook
from agent.manner import elsewhere
from agent.remembering.statements import heard
from agent.runbooks.resolution import Ambiguous
from tools.errors import Invalid, NotFound
from tools.tool import Scope, WriteTool

MOST_CHOICES = 9
_WORKLOAD_ONLY = frozenset({"history"})
_STRONG = ("place", "other")
_DIAGNOSED = frozenset({"pod", "deployment", "statefulset", "daemonset", "job", "cronjob", "replicaset"})


@dataclass(frozen=True, slots=True)
class Following:
    """Args:
    known: the known requests that follow-ups are resolved to.
    has_model: whether somebody else could make sense of what this cannot.
    """

    known: Known
    log: Logbook
    lookup: Lookup
    has_model: Callable[[], bool]

    async def meaning(self, text: str, turn: int) -> Meaning | None:
        """What a text means as a follow-up, or None where it is a request of its own.

        Raises:
            Ambiguous: several things fit; the choices are whole requests.
            ToolError: what it points to is not there, or cannot be looked up.
        """
        follow_up = phrases.read(text)
        if follow_up is None or heard(text).statements:
            return None
        recent = Recent.of(self.log.history, turn)
        if isinstance(follow_up, phrases.Undo):
            return last_change(follow_up, self.log.state)
        if recent.last is None:
            return None
        if isinstance(follow_up, phrases.Correction):
            return await self._corrected(follow_up.rest, recent)
        return await self._resolved(follow_up, recent)

    def knows(self, request: str) -> bool:
        """Whether a request needs no model: a known one, or taking a plan of this session back."""
        return self.known.match(request) is not None or isinstance(phrases.read(request), phrases.Undo)

    @property
    def _scope(self) -> Scope:
        return self.log.state.scope

    async def _resolved(self, follow_up: phrases.FollowUp, recent: Recent) -> Meaning | None:
        match follow_up:
            case phrases.Pointing():
                return await self._pointing(follow_up, recent)
            case phrases.Elsewhere():
                return await self._moved(follow_up, self._base(recent))
            case phrases.There():
                return await self._there(follow_up, recent)
            case phrases.Again():
                return self._again(recent)
            case phrases.Counted(count=count):
                return self._counted(count, recent)
        return None

    # --- the last request, changed -------------------------------------------------------------------

    def _base(self, recent: Recent) -> Request | None:
        """The last request, if it is one that can be said again without a model."""
        for exchange in reversed(recent.exchanges):
            if exchange.known and (request := self.known.match(exchange.request)) is not None:
                return request
            if exchange.replies:
                return None  # what was talked about since is the model's to know
        return None

    async def _moved(self, to: phrases.Elsewhere, base: Request | None) -> Meaning | None:
        if base is None:
            return None
        try:
            return await moved(to, base, self.lookup, self._scope)
        except NotFound:
            if self.has_model():
                return None
            raise

    async def _there(self, follow_up: phrases.There, recent: Recent) -> Meaning | None:
        """What was to be done last, at the place spoken of since."""
        done = recent.planned or (recent.exchanges[-2] if len(recent.exchanges) > 1 else recent.last)
        base = self.known.match(done.request) if done is not None else None
        if base is None or done is None:
            return None
        if follow_up.at is not None:
            return await self._moved(follow_up.at, base)
        spoken = next((one for one in reversed(recent.exchanges) if one.place or one.context), None)
        if spoken is None or spoken.turn <= done.turn:
            return await self._moved(phrases.Elsewhere("", "place", other=True), base)
        other = spoken.context if spoken.context != (done.context or self._scope.context) else ""
        place = spoken.place if spoken.place != done.place else ""
        if other:
            said = rephrased(base, unchanged, here=self._scope.context, context=other)
            base = self.known.match(said) or base
        if place:
            meaning = await self._moved(phrases.Elsewhere(place, "place"), base)
        else:
            meaning = Meaning(rephrased(base, unchanged, here=self._scope.context), "") if other else None
        if meaning is None:
            return None
        return replace(meaning, because=f"“{done.said}”, where “{spoken.said}” was")

    def _again(self, recent: Recent) -> Meaning | None:
        last = recent.last
        if last is None:
            return None
        base = self._base(recent)
        if base is None:
            return Meaning(last.request, "the last request again") if last.request != last.said else None
        request = rephrased(base, unchanged, here=self._scope.context, fresh=True)
        return Meaning(request, "the last request again")

    def _counted(self, count: str, recent: Recent) -> Meaning | None:
        base = self._base(recent)
        if base is None or not slots(base, "count"):
            return None
        request = rephrased(base, filling(count, "count"), here=self._scope.context)
        return Meaning(request, f"the last request, with {count}")

    # --- pointers ------------------------------------------------------------------------------------

    async def _pointing(self, said: phrases.Pointing, recent: Recent) -> Meaning | None:
        if self._is_plain(said.text):
            return None
        try:
            found = [pointed_at(pointer, recent) for pointer in said.pointers]
        except Unclear as unclear:
            return await self._unclear(unclear, said)
        except NotFound:
            if self.known.match(said.text) is None and self.has_model():
                return None
            raise
        because = "; ".join(dict.fromkeys(why for _, why in found))
        requests = [await self._about(said, things) for things in product(*(things for things, _ in found))]
        whole = [(request, why) for one in requests if one is not None for request, why in [one]]
        if len(whole) == len(requests) and whole:
            text = ", then ".join(dict.fromkeys(request for request, _ in whole))
            climbed = "; ".join(dict.fromkeys(why for _, why in whole if why))
            return Meaning(text, f"{climbed}; {because}" if climbed else because)
        return self._for_the_model(said, [things for things, _ in found], because)

    def writes(self, request: str) -> bool:
        """Whether a request is a known one that changes something."""
        found = self.known.match(request)
        return found is not None and self._any_write(found)

    def _is_plain(self, text: str) -> bool:
        """Whether this is a known request none of whose slots holds a word that points back."""
        request = self.known.match(text)
        return request is not None and not any(
            word.lower() in phrases.POINTERS for match in request.matches for word in match.words.values()
        )

    async def _about(self, said: phrases.Pointing, things: tuple[Thing, ...]) -> tuple[str, str] | None:
        """The request about these objects, and what was put in their place; None where none is known."""
        if said.text == said.pointers[0].words:
            [thing] = things
            if thing.kind not in _DIAGNOSED:
                return None
            return self._at(f"diagnose {thing.words}", thing), ""
        for text in self._said(said, things):
            if (request := self.known.match(text)) is None:
                continue
            if not self._wants_workload(request):
                return self._at(text, things[0]), ""
            owners = tuple([await self.lookup.workload_of(thing, self._scope) for thing in things])
            why = ", ".join(
                f"{owner.kind} of {thing.bare}"
                for owner, thing in zip(owners, things, strict=True)
                if owner != thing
            )
            again = next(one for one in self._said(said, owners) if self.known.match(one) is not None)
            return self._at(again, things[0]), why
        return None

    def _said(self, said: phrases.Pointing, things: tuple[Thing, ...]) -> tuple[str, str]:
        """With the objects in the pointers' places: with where they are, and without, should that be said."""
        return (
            _replaced(said, tuple(thing.words for thing in things)),
            _replaced(said, tuple(thing.bare for thing in things)),
        )

    def _wants_workload(self, request: Request) -> bool:
        histories = any(match.runbook.name in _WORKLOAD_ONLY for match in request.matches)
        return histories or self._any_write(request)

    def _any_write(self, request: Request) -> bool:
        registry = self.known.registry
        tools = {step.tool for match in request.matches for step in match.runbook.steps}
        return any(tool in registry and isinstance(registry.get(tool), WriteTool) for tool in tools)

    def _at(self, text: str, thing: Thing) -> str:
        request = self.known.match(text)
        if request is None or request.context:
            return text
        return elsewhere(text, thing.context, self._scope.context)

    async def _unclear(self, unclear: Unclear, said: phrases.Pointing) -> Meaning | None:
        """Ask, with the objects as choices."""
        choices: dict[str, str] = {}
        for thing in unclear.things[:MOST_CHOICES]:
            about = await self._about(said, (thing,) * len(said.pointers))
            if about is None:
                if self.has_model():
                    return None
                raise Invalid(
                    f"“{said.text}” is not clear: {unclear.words} fits {len(unclear.things)} objects."
                )
            choices.setdefault(about[0], thing.full)
        more = len(unclear.things) - MOST_CHOICES
        raise Ambiguous(
            f"{len(unclear.things)} objects fit “{unclear.words}”. Which one?"
            + (f" The first {MOST_CHOICES} are here; name any other." if more > 0 else ""),
            tuple((label, request) for request, label in choices.items()),
        )

    def _for_the_model(
        self, said: phrases.Pointing, things: list[tuple[Thing, ...]], because: str
    ) -> Meaning | None:
        """What it is about, as context for a request that only a model can work off."""
        strong = any(pointer.which in _STRONG or pointer.kind for pointer in said.pointers)
        if not self.has_model() or not (strong or len(said.pointers) == 1):
            return None
        if any(pointer.words.lower() in ("that", "this") for pointer in said.pointers):
            return None
        return Meaning(_replaced(said, tuple(", ".join(t.full for t in group) for group in things)), because)

    # --- corrections ---------------------------------------------------------------------------------

    async def _corrected(self, rest: str, recent: Recent) -> Meaning | None:
        """What was meant instead of what was understood last."""
        wrong = recent.last
        if wrong is None:
            return None
        before = recent.until(wrong.turn)
        if not rest:
            return await self._alternatives(wrong, before)
        if self.known.match(rest) is not None and self._is_plain(rest):
            return Meaning(rest, "what you said instead")
        pointer, first = phrases.pointed(rest), phrases.read(wrong.said)
        if pointer is not None:
            if isinstance(first, phrases.Pointing):
                return await self._pointing(_repointed(first, pointer), before)
            return await self._other_object(pointer, wrong, before)
        base = self.known.match(wrong.request)
        if base is not None:
            counted = rest.isdigit() and slots(base, "count")
            if counted:
                return Meaning(
                    rephrased(base, filling(rest, "count"), here=self._scope.context),
                    f"the last request, with {rest}",
                )
            again = phrases.read(rest)
            to = again if isinstance(again, phrases.Elsewhere) else phrases.read(f"what about {rest}")
            return await self._moved(to, base) if isinstance(to, phrases.Elsewhere) else None
        follow_up = phrases.read(rest)
        return await self._resolved(follow_up, before) if follow_up is not None else None

    async def _other_object(self, pointer: Pointer, wrong: Exchange, before: Recent) -> Meaning | None:
        """The same request about another object of what was shown before it."""
        base = self.known.match(wrong.request)
        if base is None or not slots(base, "workload"):
            return None
        (thing, *_), because = pointed_at(pointer, before)
        if self._wants_workload(base):
            thing = await self.lookup.workload_of(thing, self._scope)
        request = rephrased(
            base,
            lambda match: {
                **filling(thing.bare, "workload")(match),
                **filling(thing.namespace, "place")(match),
            },
            here=self._scope.context,
            context=thing.context,
        )
        return Meaning(request, because)

    async def _alternatives(self, wrong: Exchange, before: Recent) -> Meaning | None:
        """Ask what else was meant: other objects that were shown before it, other places it could have been."""
        asked = before.last.question if before.last is not None and wrong.because == CHOSEN else None
        if asked is not None:
            left = [
                pair for pair in zip(asked.choices, asked.meanings, strict=True) if pair[1] != wrong.request
            ]
            raise Ambiguous(asked.question, tuple(left))
        said, shown, base = phrases.read(wrong.said), before.shown, self.known.match(wrong.request)
        if isinstance(said, phrases.Pointing) and shown is not None:
            others = [thing for thing in shown.results if thing not in wrong.subjects]
            if others:
                return await self._unclear(Unclear(said.pointers[0].words, others), said)
        if base is not None and wrong.known:
            elsewhere_too = await other_places(base, self.lookup, self._scope)
            if elsewhere_too:
                raise Ambiguous("What did you mean instead?", elsewhere_too)
        if self.has_model():
            return None
        raise Invalid(
            "It is not clear what you meant instead.",
            hint="Say “no, the second”, “no, staging”, or all of it.",
        )


def _replaced(said: phrases.Pointing, words: tuple[str, ...]) -> str:
    text = said.text
    for pointer, word in reversed(list(zip(said.pointers, words, strict=True))):
        text = text[: pointer.start] + word + text[pointer.end :]
    return text


def _repointed(said: phrases.Pointing, pointer: Pointer) -> phrases.Pointing:
    """The same text with its pointers meaning something else."""
    moved_there = tuple(
        replace(pointer, start=old.start, end=old.end, words=pointer.words) for old in said.pointers
    )
    return phrases.Pointing(said.text, moved_there)
