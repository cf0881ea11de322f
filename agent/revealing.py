"""Reveals: an operator's own act of looking at something secret, once.

*policy → confirmation → journal → grant → one request → sealed value → screen.* There is no tool for it, so no
plan, runbook or model can ask for it; and what came back goes nowhere but into the one sealed event.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from agent import events as e
from agent.checking import fill
from agent.commands import Reveal
from agent.decisions import CommandRefused, Why
from agent.logbook import Logbook
from agent.plan import Ruling, Verdict
from agent.policy import Policy, Question
from agent.recovery import classify
from agent.sealed import Sealed
from tools.errors import Invalid, ToolError
from tools.gate import Mint
from tools.redaction.redactor import TOKEN
from tools.tool import Effect, Preview

if TYPE_CHECKING:
    from tools.kubernetes.connection.clusters import Clusters
    from tools.kubernetes.revealing import Revealing

GRANT_SECONDS = 10.0
"""How long a reveal's grant lives; the request leaves at once or never."""

SHOWN_SECONDS = 30.0
"""How long a value may stay on a screen."""

UNOPENED_SECONDS = 5.0
"""How long a value waits to be taken by the screen that asked for it."""


class Revealer:
    """Carries out reveals.

    Args:
        clusters: where there is something to reveal; None where there are none.
        mint: issues the grant for each single request.
        policy: may deny it, or demand a typed name.
        operator: who decides here.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        clusters: Clusters | None,
        mint: Mint,
        policy: Policy,
        operator: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clusters = clusters
        self._mint = mint
        self._policy = policy
        self._operator = operator
        self._clock = clock

    async def begin(self, command: Reveal, log: Logbook) -> Coroutine[Any, Any, None]:
        """Decide whether it may be, and record that; what is returned carries it out.

        Raises:
            CommandRefused: policy denies it, a name has to be typed, or there is nothing to reveal.
        """
        try:
            wanted = await self._meant(command, log)
            ruling = await self._ruling(command, wanted, log)
        except ToolError as error:
            raise self._unable(command, log, error) from error
        if ruling.verdict is Verdict.DENY:
            await self._refused(command, log, wanted, ruling)
        name = wanted.target.name
        if (ruling.verdict is Verdict.CONFIRM or command.how == "flag") and command.confirmed != name:
            reason = ruling.reason if ruling.verdict is Verdict.CONFIRM else "It reveals a secret."
            log.show(e.Revealed(request=command.request, what=wanted.what, needs_name=name, failure=reason))
            if command.how == "key":
                return _nothing()
            raise CommandRefused(
                Why.DECISION, f"{reason} The name has to be typed to confirm.", f"Add --confirm {name}."
            )
        await log.record(
            e.RevealGranted(
                request=command.request,
                what=wanted.what,
                target=str(wanted.target),
                scope=fill(command.scope, log.state.scope),
                key=command.key,
                command=command.command,
                why=command.why,
                by=self._operator,
                how=command.how,
                rule=ruling.rule,
                permit=wanted.permit,
                seconds=GRANT_SECONDS,
            )
        )
        return self._show(command, log, wanted)

    # --- details -----------------------------------------------------------------------------------

    async def _meant(self, command: Reveal, log: Logbook) -> Revealing:
        from tools.kubernetes.revealing import revealing

        if self._clusters is None or ":" in command.what:
            raise Invalid(f"Of {command.what}/{command.name} nothing can be revealed here.")
        if any(TOKEN.search(word) for word in command.command):
            raise Invalid("The command holds a secret itself, and would be recorded.")
        return await revealing(
            self._clusters,
            command.what,
            command.name,
            fill(command.scope, log.state.scope),
            key=command.key,
            command=command.command,
            container=command.container,
        )

    async def _ruling(self, command: Reveal, wanted: Revealing, log: Logbook) -> Ruling:
        """Policy's word on the reveal; on what a command may do beside printing, too."""
        permit = wanted.permit
        preview = Preview(
            target=str(wanted.target), name=permit.name, labels=await wanted.labels(), permits=(permit,)
        )
        effects = (Effect.SENSITIVE_READ, Effect.DESTRUCTIVE) if wanted.runs else (Effect.SENSITIVE_READ,)
        scope = fill(command.scope, log.state.scope)
        rulings = [
            self._policy.rule(Question(wanted.word, effect, scope, preview, False, self._operator, log.now()))
            for effect in effects
        ]
        if wanted.runs:
            rulings.append(_read_only(self._policy, log, permit.place))
        return max(rulings, key=lambda ruling: list(Verdict).index(ruling.verdict))

    async def _show(self, command: Reveal, log: Logbook, wanted: Revealing) -> None:
        """Send the one request, and hand over what comes back."""
        about = {"request": command.request, "what": wanted.what}
        try:
            with self._mint.grant("reveal", (), seconds=GRANT_SECONDS, reveals=[wanted.permit]):
                values = await wanted.fetch()
        except Exception as caught:
            error = classify(caught, f"Revealing {wanted.what}")
            ended = e.RevealEnded(**about, by=self._operator, outcome="failed", cause=error.message)
            await log.record(ended)
            log.show(e.Revealed(**about, failure=str(error)))
            return
        await log.record(e.RevealEnded(**about, by=self._operator, outcome="shown"))
        sealed = Sealed(values, self._clock() + UNOPENED_SECONDS, self._clock)
        log.show(e.Revealed(**about, sealed=sealed, seconds=SHOWN_SECONDS))

    async def _refused(self, command: Reveal, log: Logbook, wanted: Revealing, ruling: Ruling) -> None:
        cause = f"Policy rule {ruling.rule} denies it. {ruling.reason}".rstrip()
        await log.record(
            e.RevealEnded(
                request=command.request, what=wanted.what, by=self._operator, outcome="refused", cause=cause
            )
        )
        log.show(e.Revealed(request=command.request, what=wanted.what, failure=cause))
        raise CommandRefused(Why.POLICY, cause)

    @staticmethod
    def _unable(command: Reveal, log: Logbook, error: ToolError) -> CommandRefused:
        log.show(e.Revealed(request=command.request, failure=str(error)))
        return CommandRefused(Why.UNKNOWN, error.message, error.hint)


def _read_only(policy: Policy, log: Logbook, place: str) -> Ruling:
    """A command may change anything, so it runs only where the operator left read-only."""
    why = policy.settings.why_closed(place)
    if not why and place not in log.state.writable:
        why = f"A command can change things, and this session is read-only in {place}."
    verdict = Verdict.DENY if why else Verdict.CONFIRM
    return Ruling(verdict=verdict, rule="commands-need-writes", reason=why or "A command can change things.")


async def _nothing() -> None:
    """Nothing is left to do."""
