"""The decision on a plan. Nothing happens without a key, and no key means no.

Keys that decide are deaf for half a second after a plan appears, so that what was typed ahead for
something else cannot approve it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from pydantic import JsonValue, TypeAdapter, ValidationError
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from agent.commands import AllowWrites, Approve, EditStep, Reject, StrikeStep
from agent.deciding.second_person import waiting_words
from agent.deciding.waivers import waivable
from agent.plan import Plan, Step
from agent.state import PlanProgress
from console.widgets import approval_facts as facts
from console.widgets.approval_sheet import ApprovalSheet, Offer
from console.widgets.decision_keys import DecisionKeys
from console.widgets.glyphs import UNICODE, Glyphs
from console.widgets.safe_text import safe_line

GRACE = 0.5
"""Seconds after a plan appears in which no key decides."""

_ARGUMENTS: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


class Approval(Widget, can_focus=True):
    """Shows an offered plan and turns keys into commands."""

    BINDING_GROUP_TITLE = "Decision"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "approve", "Approve all"),
        Binding("s", "approve_marked", "Approve marked"),
        Binding("A", "approve_and_waive", "Approve, stop asking for these", show=False),
        Binding("w", "allow_writes", "Allow writes"),
        Binding("space", "mark", "Mark"),
        Binding("e", "edit", "Edit"),
        Binding("x", "strike", "Strike"),
        Binding("r", "reject", "Reject"),
        Binding("escape", "back", "Reject", show=False),
        Binding("enter", "nothing", "Nothing", show=False),
        Binding("j,down", "step(1)", "Next write", show=False),
        Binding("k,up", "step(-1)", "Previous write", show=False),
        Binding("ctrl+d,pagedown", "scroll_sheet(1)", "Scroll down", show=False),
        Binding("ctrl+u,pageup", "scroll_sheet(-1)", "Scroll up", show=False),
        Binding("g,home", "scroll_sheet(-1000)", "To the top", show=False),
        Binding("G,end", "scroll_sheet(1000)", "To the end", show=False),
        Binding("ctrl+s", "send_edit", "Send the edit", show=False),
    ]

    DEFAULT_CSS = """
    Approval { layout: vertical; height: 2fr; min-height: 6; }
    Approval ApprovalSheet { height: 1fr; }
    Approval Input, Approval TextArea { display: none; }
    Approval.typing DecisionKeys, Approval.editing DecisionKeys { display: none; }
    Approval Input, Approval TextArea { padding: 0 0 0 2; }
    Approval.typing Input { display: block; }
    Approval.editing TextArea { display: block; height: 1fr; }
    Approval .word { height: auto; padding: 0 0 0 2; }
    """

    class Left(Message):
        """The operator turns away from the plan; nothing is decided."""

    @dataclass
    class Decided(Message):
        """The operator decided something about the plan, with a key."""

        command: Approve | Reject | EditStep | StrikeStep | AllowWrites

    @dataclass
    class MarksChanged(Message):
        """Steps, in plan order, that approving what is marked would run."""

        step_ids: tuple[str, ...]

    def __init__(
        self,
        *,
        glyphs: Glyphs = UNICODE,
        monotonic: Callable[[], float] = time.monotonic,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.glyphs = glyphs
        self._monotonic = monotonic
        self._progress: PlanProgress | None = None
        self._writable: frozenset[str] = frozenset()
        self._marked: frozenset[str] = frozenset()
        self._cursor = ""
        self._appeared = 0.0
        self._typing: _Typing | None = None
        self._sheet = ApprovalSheet(glyphs)
        self._word = Static(classes="word", markup=False)
        self._keys = DecisionKeys()
        self._input = Input(compact=True)
        self._editor = TextArea(language="json", compact=True, soft_wrap=True)

    def compose(self) -> ComposeResult:
        yield self._sheet
        yield self._word
        yield self._input
        yield self._editor
        yield self._keys

    # --- what the console calls ---------------------------------------------------------------------

    def ask(self, progress: PlanProgress, writable: frozenset[str]) -> None:
        """Show an offered plan. Asking again about the same plan keeps marks, cursor and what is being
        typed; a plan with another hash starts over, grace included."""
        known = self._progress
        self._progress, self._writable = progress, writable
        if known is None or known.plan.hash != progress.plan.hash or known.plan.id != progress.plan.id:
            self._marked = frozenset(step.id for step in progress.plan.steps)
            self._cursor = next((step.id for step in progress.plan.writes), "")
            self._appeared = self._monotonic()
            self._leave_typing()
            self._say("")
        if known is None or known.given != progress.given:
            self._say(waiting_words(progress))
        self._show()

    def mark(self, step_ids: tuple[str, ...]) -> None:
        """Take over marks that were set elsewhere, in the plan tree."""
        self._marked = frozenset(step_ids)
        self._show()

    @property
    def plan(self) -> Plan | None:
        return self._progress.plan if self._progress else None

    @property
    def cursor(self) -> str:
        """Id of the write that `e`, `x` and space mean."""
        return self._cursor

    @property
    def marks(self) -> tuple[str, ...]:
        """Marked steps in plan order."""
        return tuple(step.id for step in self.plan.steps if step.id in self._marked) if self.plan else ()

    # --- deciding -----------------------------------------------------------------------------------

    def action_approve(self) -> None:
        if self.plan is not None and self._awake():
            self._approve(self.plan, self.plan.steps, None)

    def action_approve_and_waive(self) -> None:
        """Approve all, and the same kinds of writes from now on, in this session."""
        if self.plan is not None and self._awake():
            if not any(waivable(step) for step in self.plan.writes):
                self._say("These writes are always asked about: production, deletion, what has no undo.")
                return
            self._approve(self.plan, self.plan.steps, None, waive=True)

    def action_approve_marked(self) -> None:
        plan = self.plan
        if plan is None or not self._awake():
            return
        chosen = tuple(step for step in plan.steps if step.id in self._marked)
        if not chosen:
            self._say("Nothing is marked. Space marks a step; r rejects the plan.")
            return
        self._approve(plan, chosen, self.marks)

    def action_allow_writes(self) -> None:
        if self.plan is None or not self._awake():
            return
        locked = facts.locked_places(self.plan.steps, self._writable)
        if not locked:
            self._say("Writes are already allowed where this plan writes.")
        for place in locked:
            self.post_message(self.Decided(AllowWrites(place=place, writes=True, how="key")))

    def action_strike(self) -> None:
        if self.plan is not None and self._cursor and self._awake():
            self.post_message(self.Decided(StrikeStep(plan_id=self.plan.id, step_id=self._cursor)))

    def action_reject(self) -> None:
        plan = self.plan
        if plan is None or not self._awake():
            return

        def reject(comment: str) -> None:
            self.post_message(self.Decided(Reject(plan_id=plan.id, comment=comment.strip())))

        self._type(_Typing("Reject this plan? Enter rejects, a reason is welcome, escape goes back.", reject))

    def action_back(self) -> None:
        """Out of what is being typed; from the plan itself, back to the prompt. The plan goes on waiting."""
        if self._typing is not None or self.has_class("editing"):
            self._leave_typing()
            self._say("")
        else:
            self.post_message(self.Left())

    def action_nothing(self) -> None:
        self._say("Enter decides nothing here: a approves, r rejects.")

    def action_edit(self) -> None:
        step = self._step()
        if step is None or not self._awake():
            return
        self._editor.text = json.dumps(step.args, indent=2, ensure_ascii=False)
        self.add_class("editing")
        self._editor.focus()
        self._say(f"Arguments of {step.id}, {step.tool}. Ctrl+s sends them to be checked, escape goes back.")

    def action_send_edit(self) -> None:
        step = self._step()
        if self.plan is None or step is None or not self.has_class("editing"):
            return
        try:
            args = _ARGUMENTS.validate_json(self._editor.text)
        except ValidationError as error:
            self._say(f"This is not a JSON object yet: {error.errors()[0]['msg']}.")
            return
        if args == step.args:
            self._leave_typing()
            self._say("Nothing was changed.")
            return
        self._leave_typing()
        self._say("Sent; the plan is checked again and offered anew.")
        self.post_message(self.Decided(EditStep(plan_id=self.plan.id, step_id=step.id, args=args)))

    def _approve(
        self,
        plan: Plan,
        chosen: tuple[Step, ...],
        step_ids: tuple[str, ...] | None,
        *,
        waive: bool = False,
    ) -> None:
        if forbidden := facts.denied(chosen):
            rules = ", ".join(f"{step.id} by {step.ruling.rule}" for step in forbidden)
            self._say(f"Policy denies {rules}. Strike it with x, or approve the rest with s.")
            return
        if locked := facts.locked_places(chosen, self._writable):
            self._say(f"Still read-only in {' and '.join(locked)}: press w first, then approve again.")
            return
        command = Approve(plan_id=plan.id, hash=plan.hash, how="key", steps=step_ids, waive=waive)
        self._ask_names(command, facts.names_to_type(chosen), ())

    def _ask_names(self, command: Approve, names: tuple[str, ...], typed: tuple[str, ...]) -> None:
        """Have each name typed, then approve."""
        if len(typed) == len(names):
            self.post_message(self.Decided(command.model_copy(update={"confirmed": typed})))
            return
        name = names[len(typed)]

        def confirm(text: str) -> None:
            if text.strip() == name:
                self._ask_names(command, names, (*typed, name))
            else:
                # The field stays: letters typed again must never reach the keys behind it.
                self._ask_names(command, names, typed)
                self._say(f"That is not {name}. Nothing was approved.")

        self._type(_Typing(f"Type {name} to confirm; escape goes back.", confirm))

    def _awake(self) -> bool:
        if self._monotonic() - self._appeared >= GRACE:
            return True
        self._say("This plan has only just appeared; press the key again.")
        return False

    # --- moving, marking, typing ----------------------------------------------------------------------

    def action_step(self, count: int) -> None:
        writes = [step.id for step in self.plan.writes] if self.plan else []
        if self._cursor in writes:
            position = min(max(writes.index(self._cursor) + count, 0), len(writes) - 1)
            if writes[position] == self._cursor:
                self._sheet.scroll_relative(y=2 * count, animate=False)
            self._cursor = writes[position]
            self._show()

    def action_scroll_sheet(self, direction: int) -> None:
        half = max(self._sheet.scrollable_content_region.height // 2, 1)
        self._sheet.scroll_relative(y=direction * half, animate=False)

    def action_mark(self) -> None:
        if self.plan is None or not self._cursor:
            return
        if self._cursor in self._marked:
            self._marked -= facts.with_dependents(self.plan, self._cursor)
        else:
            self._marked |= facts.with_foundations(self.plan, self._cursor)
        self._show()
        self.post_message(self.MarksChanged(self.marks))

    def on_approval_sheet_step_pointed(self, event: ApprovalSheet.StepPointed) -> None:
        event.stop()
        self.focus()
        self._cursor = event.step_id
        self._show()
        if event.mark:
            self.action_mark()

    async def on_decision_keys_pressed(self, event: DecisionKeys.Pressed) -> None:
        event.stop()
        self.focus()
        await self.run_action(event.action)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        typing = self._typing
        if typing is not None:
            text = event.value
            self._leave_typing()
            typing.done(text)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()

    def on_mount(self) -> None:
        self._show()

    def _step(self) -> Step | None:
        return self.plan.step(self._cursor) if self.plan is not None and self._cursor else None

    def _type(self, typing: _Typing) -> None:
        self._typing = typing
        self.add_class("typing")
        self._input.value = ""
        self._input.focus()
        self._say(typing.prompt)

    def _leave_typing(self) -> None:
        inside = self._input.has_focus or self._editor.has_focus
        self._typing = None
        self.remove_class("typing", "editing")
        if inside:
            self.focus()

    def _say(self, words: str) -> None:
        self._word.update(Content.styled(safe_line(words), "bold $text-accent"))
        self._word.display = bool(words)

    def _show(self) -> None:
        if self._progress is None or not self.is_attached:
            return
        self._sheet.show(Offer(self._progress, self._writable, self._marked, self._cursor))
        locked = facts.locked_places(self._progress.plan.steps, self._writable)
        can_waive = any(waivable(step) for step in self._progress.plan.writes)
        self._keys.offer(locked=bool(locked), waivable=can_waive)


@dataclass(frozen=True, slots=True)
class _Typing:
    prompt: str
    done: Callable[[str], None]
