"""The last request for something else: “what about staging?”, “the other cluster”, “and payments?”."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.following.lookup import Lookup
from agent.following.meaning import Meaning
from agent.following.phrases import KINDS, Elsewhere
from agent.following.rephrasing import Change, filling, rephrased, slots, unchanged
from agent.following.things import Thing
from agent.known import Request
from agent.runbooks.library import Match
from agent.runbooks.resolution import Ambiguous
from agent.touching import kind_word
from tools.errors import NotFound
from tools.tool import Scope


@dataclass(frozen=True, slots=True)
class Fit:
    """One way to understand it; `what` says as what the name was taken."""

    what: str
    request: str


async def moved(to: Elsewhere, base: Request, lookup: Lookup, scope: Scope) -> Meaning:
    """The last request with a place, a cluster, a workload or a kind of it exchanged.

    Args:
        base: the request that is said again.
        scope: the session's.

    Raises:
        Ambiguous: the name fits in several ways.
        NotFound: it fits in none.
        ToolError: something cannot be looked up.
    """
    fits = await _fits(to, base, lookup, scope)
    name = to.name or "the other one"
    if not fits:
        if to.other and to.hint in ("", "context"):
            raise NotFound(
                "There is no other cluster: the kubeconfig has one context.",
                hint="`pilothouse locate` says which kubeconfig is read.",
            )
        raise NotFound(
            f"There is no {_sought(base)} called {name} here.",
            hint="Say the whole request, or choose with `:ns` and `:ctx`.",
        )
    if len(fits) > 1:
        raise Ambiguous(
            f"“{name}” could be meant in {len(fits)} ways. Which one?",
            tuple((fit.what, fit.request) for fit in fits),
        )
    return Meaning(fits[0].request, f"the last request, for {fits[0].what}")


async def other_places(base: Request, lookup: Lookup, scope: Scope) -> tuple[tuple[str, str], ...]:
    """The other namespaces in which the request's workload runs, each with the whole request for it."""
    there = scope.model_copy(update={"context": base.context or scope.context})
    return tuple((fit.what, fit.request) for fit in await _other_places(base, lookup, there, scope))


async def _fits(to: Elsewhere, base: Request, lookup: Lookup, scope: Scope) -> list[Fit]:
    there = scope.model_copy(update={"context": base.context or scope.context})

    def said(change: Change, context: str = "") -> str:
        return rephrased(base, change, here=scope.context, context=context)

    if to.other:
        if to.hint == "place":
            return await _other_places(base, lookup, there, scope)
        return [
            Fit(f"the context {one}", said(unchanged, one)) for one in lookup.other_contexts(there.context)
        ]
    fits: list[Fit] = []
    if to.hint in ("", "context"):
        called = [one for one in lookup.contexts_called(to.name) if one != there.context]
        fits += [Fit(f"the context {one}", said(unchanged, one)) for one in called]
    # What is called a cluster is often an environment; a context of that name comes first.
    placed = to.hint in ("", "place") or not fits
    if placed and slots(base, "place", "environment") and await lookup.is_place(to.name, there):
        change = await _placing(to.name, base, lookup, there)
        fits.append(Fit(f"the environment or namespace {to.name}", said(change)))
    if to.hint:
        return fits
    if slots(base, "workload") and (spaces := await lookup.places_of(to.name, there)):
        change = _for_workload(to.name, spaces, base)
        fits.append(Fit(f"the workload {to.name}", said(change)))
    if slots(base, "kind") and not fits and (_is_plain_kind(to.name) or await lookup.is_kind(to.name, there)):
        fits.append(Fit(f"the kind {to.name}", said(filling(to.name, "kind"))))
    return fits


async def _placing(name: str, base: Request, lookup: Lookup, scope: Scope) -> Change:
    """The place changes; a pod has no namesake elsewhere, its workload has."""
    workloads: dict[str, str] = {}
    for match in base.matches:
        for slot, parameter in match.runbook.parameters.items():
            kind, _, bare = match.words.get(slot, "").rpartition("/")
            if parameter.type == "workload" and kind_word(kind or "none") in ("pod", "replicaset"):
                space = match.words.get(parameter.within, "") or scope.namespace
                pod = Thing(kind=kind_word(kind), namespace=space, name=bare, context=scope.context)
                workloads[match.words[slot]] = (await lookup.workload_of(pod, scope)).bare

    def change(match: Match) -> Mapping[str, str]:
        changed = dict(filling(name, "place", "environment")(match))
        for slot, parameter in match.runbook.parameters.items():
            if parameter.type == "workload" and match.words.get(slot) in workloads:
                changed[slot] = workloads[match.words[slot]]
        return changed

    return change


def _for_workload(name: str, spaces: list[str], base: Request) -> Change:
    """Another workload, at the same place if it is one that was said, else wherever it runs."""

    def change(match: Match) -> Mapping[str, str]:
        changed = dict(filling(name, "workload")(match))
        if len(spaces) == 1:
            changed |= {
                parameter.within: spaces[0]
                for parameter in match.runbook.parameters.values()
                if parameter.type == "workload" and parameter.within
            }
        return changed

    return change


async def _other_places(base: Request, lookup: Lookup, there: Scope, scope: Scope) -> list[Fit]:
    """The other namespaces in which the request's workload runs."""
    names = [
        match.words.get(slot, "").rpartition("/")[2]
        for match in base.matches
        for slot, parameter in match.runbook.parameters.items()
        if parameter.type == "workload"
    ]
    spaces = await lookup.places_of(names[0], there) if names else []
    now = {match.words.get("place", "") for match in base.matches}
    return [
        Fit(f"the namespace {space}", rephrased(base, filling(space, "place"), here=scope.context))
        for space in spaces
        if not any(space == place or place in space.split("-") for place in now if place)
    ]


def _is_plain_kind(name: str) -> bool:
    return kind_word(name) in KINDS


def _sought(base: Request) -> str:
    sought = ["cluster"]
    if slots(base, "place", "environment"):
        sought += ["environment", "namespace"]
    if slots(base, "workload"):
        sought.append("workload")
    if slots(base, "kind"):
        sought.append("kind")
    return sought[0] if len(sought) == 1 else f"{', '.join(sought[:-1])} or {sought[-1]}"
