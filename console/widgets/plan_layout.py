"""How the steps of a plan stand under each other: chains straight down, branches indented.

A plan is a graph. A step that alone continues another stands right below it; where several follow from
one they become branches; a step that waits for several stands at the level those branches left from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from agent.plan import DraftStep, PlanProblem, Step, order

S = TypeVar("S", Step, DraftStep)


@dataclass(frozen=True, slots=True)
class Place(Generic[S]):
    """A step and where it stands. `levels` tells for each level around it whether a branch goes on
    below; `opens` whether it is the first of its branch. `after` names what it waits for, where that is
    not simply the row above."""

    step: S
    levels: tuple[bool, ...]
    opens: bool
    after: tuple[str, ...]


@dataclass
class _Branch(Generic[S]):
    steps: list[S] = field(default_factory=list)
    below: dict[str, list[_Branch[S]]] = field(default_factory=dict)


def arrange(steps: Sequence[S]) -> list[Place[S]]:
    """The steps in the order they are shown. A plan that is still being written may refer to steps that
    are not there yet; it is then shown as written."""
    try:
        ordered = order(steps)
    except PlanProblem:
        return [Place(step, (), False, step.after) for step in steps]
    heirs: dict[str, list[str]] = {}
    for step in ordered:
        if len(step.after) == 1:
            heirs.setdefault(step.after[0], []).append(step.id)
    roots = [step for step in ordered if not step.after]
    trunk: _Branch[S] = _Branch()
    homes: dict[str, tuple[_Branch[S], ...]] = {}
    for step in ordered:
        home: tuple[_Branch[S], ...]
        if not step.after:
            home = (trunk,) if len(roots) == 1 else (trunk, _sprout(trunk, ""))
        elif len(step.after) == 1:
            parent = step.after[0]
            home = homes[parent]
            if len(heirs[parent]) > 1:
                home = home + (_sprout(home[-1], parent),)  # noqa: RUF005 - keeps the element type
        else:
            home = _shared([homes[dependency] for dependency in step.after])
        home[-1].steps.append(step)
        homes[step.id] = home
    places: list[Place[S]] = []
    _lay(trunk, (), False, places)
    return places


def _sprout(branch: _Branch[S], step_id: str) -> _Branch[S]:
    fresh: _Branch[S] = _Branch()
    branch.below.setdefault(step_id, []).append(fresh)
    return fresh


def _shared(homes: list[tuple[_Branch[S], ...]]) -> tuple[_Branch[S], ...]:
    depth = 0
    while all(len(home) > depth for home in homes) and len({id(home[depth]) for home in homes}) == 1:
        depth += 1
    return homes[0][: max(depth, 1)]


def _lay(branch: _Branch[S], levels: tuple[bool, ...], opens: bool, places: list[Place[S]]) -> None:
    _lay_below(branch, "", levels, places)
    for step in branch.steps:
        above = places[-1].step.id if places else ""
        after = () if step.after in ((above,), ()) else step.after
        if opens:
            # The guide of the branch itself says where its first step comes from.
            after = after if len(after) > 1 else ()
        places.append(Place(step, levels, opens, after))
        opens = False
        _lay_below(branch, step.id, levels, places)


def _lay_below(branch: _Branch[S], step_id: str, levels: tuple[bool, ...], places: list[Place[S]]) -> None:
    twigs = branch.below.get(step_id, [])
    for nth, twig in enumerate(twigs):
        _lay(twig, (*levels, nth < len(twigs) - 1), True, places)
