"""The help: every action with its keys and its word, made from the list of actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from console.actions import ACTIONS, Where, shown_key
from console.widgets.text_view import TextView

Keys = Sequence[tuple[str, str]]
"""Pairs of keys and what they do, as an operator reads them."""


class HelpScreen(ModalScreen[None]):
    """Everything at once; what works in the focused pane stands first.

    Args:
        here: the keys of what has the focus, under its name.
        others: the keys of the other panes, by name.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,f1", "close", "Close")]

    def __init__(self, here: tuple[str, Keys] | None, others: Mapping[str, Keys]) -> None:
        super().__init__()
        self._here, self._others = here, others

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet"):
            yield Static("Keys and commands", classes="dialog-title", markup=False)
            yield TextView(id="help-text")
            yield Static("j k  move     esc  close", classes="dialog-keys", markup=False)

    def on_mount(self) -> None:
        view = self.query_one(TextView)
        view.show(help_lines(self._here, self._others))
        view.focus()

    def action_close(self) -> None:
        self.dismiss(None)


def help_of(focused: Widget | None) -> tuple[tuple[str, Keys] | None, dict[str, Keys]]:
    """The keys of the panes' own widgets: those of the focused one, and the others' by name."""
    from console.widgets.approval import Approval
    from console.widgets.plan_tree import PlanTree
    from console.widgets.resources import ResourceTable
    from console.widgets.transcript import Transcript

    here: tuple[str, Keys] | None = None
    others: dict[str, Keys] = {}
    for kind in (Transcript, PlanTree, Approval, ResourceTable):
        name = kind.BINDING_GROUP_TITLE or kind.__name__
        if isinstance(focused, kind):
            here = (name, widget_keys(kind.BINDINGS))
        else:
            others[name] = widget_keys(kind.BINDINGS)
    return here, others


def help_lines(here: tuple[str, Keys] | None, others: Mapping[str, Keys]) -> list[Content]:
    """The help's text."""
    lines: list[Content] = []
    if here is not None:
        lines += _section(f"Here: {here[0]}", here[1])
    for place in (Where.ANYWHERE, Where.MAIN, Where.PROMPT, Where.RESOURCES):
        lines += _section(place.value, _actions(place))
    for name, keys in others.items():
        lines += _section(name, keys)
    for place in (Where.SESSIONS, Where.MEMORIES, Where.REPLAY, Where.DETAIL, Where.OBJECT):
        lines += _section(place.value, _actions(place))
    return lines


def widget_keys(bindings: Sequence[BindingType]) -> Keys:
    """The keys of a widget as an operator reads them."""
    found = []
    for binding in bindings:
        made = binding if isinstance(binding, Binding) else Binding(*binding)
        keys = " or ".join(shown_key(key) for key in made.key.split(","))
        found.append((keys, made.description))
    return found


def _actions(place: Where) -> Keys:
    rows = []
    for action in ACTIONS:
        if action.where is place:
            words = f":{action.words[0]}{f' {action.takes}' if action.takes else ''}" if action.words else ""
            keys = "  ".join(part for part in (action.shown_keys(), words) if part)
            rows.append((keys, action.title))
    return rows


def _section(title: str, keys: Keys) -> list[Content]:
    rows = [Content.assemble((f"  {key:24} ", "bold $text-accent"), words) for key, words in keys]
    return [Content.styled(title, "bold $text-primary"), *rows, Content("")]
