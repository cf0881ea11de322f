"""Everything the operator can do, in one list.

Bindings, the palette, the footer, the `?` help and the words of `:` are all made from it. An action
is carried out by the method `action_<id>` of the screen, widget or app it belongs to (`where`), and
whether it works at the moment is that object's `check_action`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding


class Where(StrEnum):
    """Where an action works; also the heading it stands under in the help."""

    ANYWHERE = "Anywhere"
    MAIN = "In the console"
    PROMPT = "In the prompt"
    RESOURCES = "In the resources"
    SESSIONS = "In the list of sessions"
    MEMORIES = "In the memory"
    REPLAY = "In a replay"
    DETAIL = "In a detail"
    OBJECT = "In an object's detail"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing the operator can do.

    Attributes:
        id: its name; the method that does it is `action_<id>`.
        title: what it does, as a short sentence without a full stop.
        where: the screen or widget that does it.
        keys: Textual's names of its keys, with commas between; empty for none.
        hint: one word for the footer; empty keeps it out of there.
        words: what it is called after `:`.
        takes: what stands after the word, for the help; empty for nothing.
        first: the key counts even while something is being typed.
    """

    id: str
    title: str
    where: Where
    keys: str = ""
    hint: str = ""
    words: tuple[str, ...] = ()
    takes: str = ""
    first: bool = False

    def shown_keys(self, keymap: dict[str, str] | None = None) -> str:
        """Its keys as an operator reads them: `ctrl+p`, `?`, `shift+enter`."""
        keys = (keymap or {}).get(self.id, self.keys)
        return " or ".join(shown_key(key.strip()) for key in keys.split(",") if key.strip())


ACTIONS: tuple[Action, ...] = (
    Action("help", "Show every key and command", Where.ANYWHERE, "question_mark,f1", "help", ("help", "?")),
    Action(
        "palette", "Find any action by name", Where.ANYWHERE, "ctrl+p", "actions", ("actions",), first=True
    ),
    Action("jump", "Jump to a view, a place, a theme", Where.ANYWHERE, "colon", "jump", first=True),
    Action("interrupt", "Copy the selection; twice quits", Where.ANYWHERE, "ctrl+c", first=True),
    Action("leave", "Quit", Where.ANYWHERE, "ctrl+q", words=("q", "quit"), first=True),
    Action("theme", "Change the colours", Where.ANYWHERE, words=("theme",), takes="NAME"),
    Action("connect", "Try to connect again", Where.ANYWHERE, words=("connect",)),
    Action("notices", "Show the last notices again", Where.ANYWHERE, words=("notices",)),
    # the console
    Action("back", "One step back; twice stops the agent", Where.MAIN, "escape", "back"),
    Action("stop", "Stop the agent's turn or the running plan", Where.MAIN, words=("stop",)),
    Action("next_pane", "Next pane", Where.MAIN, "tab", "pane"),
    Action("previous_pane", "Previous pane", Where.MAIN, "shift+tab"),
    Action("write", "Write to the agent", Where.MAIN, "i,1", "write", first=True),
    Action("read", "Read the conversation", Where.MAIN, "2"),
    Action("plan", "Go to the plan", Where.MAIN, "3", words=("plan",)),
    Action("resources", "Go to the resources", Where.MAIN, "4"),
    Action("zoom", "Enlarge this pane, or make it small again", Where.MAIN, "z", "enlarge"),
    Action("hide", "Hide this pane", Where.MAIN, "Z"),
    Action("grow", "Make this pane larger", Where.MAIN, "plus,equals_sign"),
    Action("shrink", "Make this pane smaller", Where.MAIN, "minus"),
    Action("show_all", "Show all panes, in their first sizes", Where.MAIN, "0"),
    Action("allow_writes", "Allow writes here, or shut them off", Where.MAIN, "w", "writes", ("writes",)),
    Action("waived", "What is no longer asked about here, and taking it back", Where.MAIN, words=("waived",)),
    Action("undo", "Draw up a plan that takes the last one back", Where.MAIN, "u", "undo", ("undo",)),
    Action(
        "resume",
        "Go on with an interrupted plan; plan the rest of a failed one again",
        Where.MAIN,
        "R",
        "resume",
        ("resume",),
    ),
    Action("pass_gate", "Let the plan go on that waits for you", Where.MAIN, "a", "go on", ("go",)),
    Action(
        "settle_doubt",
        "Say what became of a step that nobody could look up",
        Where.MAIN,
        "D",
        "in doubt",
        ("doubt",),
    ),
    Action("sessions", "Browse, search and replay sessions", Where.MAIN, "ctrl+o", "sessions", ("sessions",)),
    Action("memories", "What is remembered: confirm, edit, forget", Where.MAIN, "m", "memory", ("memory",)),
    Action("new_session", "Begin a new session", Where.MAIN, words=("new",)),
    Action(
        "context_use",
        "What the model is told, in tokens by part (/context)",
        Where.MAIN,
        words=("tokens", "window"),
    ),
    Action("rename", "Give this session a title", Where.MAIN, words=("rename",), takes="TITLE"),
    Action("scope", "Choose context, namespace, profile", Where.MAIN, "c", "scope", ("scope",)),
    Action(
        "ctx",
        "Work in another context; look into several at once",
        Where.MAIN,
        words=("ctx", "context"),
        takes="NAME[,NAME…]",
    ),
    Action(
        "ns",
        "Work in another namespace; look into several at once",
        Where.MAIN,
        words=("ns", "namespace"),
        takes="NAME[,NAME…]",
    ),
    Action("profile", "Use another AWS profile", Where.MAIN, words=("profile",), takes="NAME"),
    Action("region", "Work in another AWS region", Where.MAIN, words=("region",), takes="NAME"),
    Action(
        "model",
        "Use another model; `none` for known intents only",
        Where.MAIN,
        words=("model",),
        takes="NAME",
    ),
    # the prompt
    Action("send", "Send", Where.PROMPT, "enter", "send"),
    Action("newline", "New line", Where.PROMPT, "ctrl+j,shift+enter", "new line"),
    Action("older", "What was said before", Where.PROMPT, "up,ctrl+up", "history"),
    Action("newer", "What was said after that", Where.PROMPT, "down,ctrl+down"),
    Action("editor", "Write in your own editor", Where.PROMPT, "ctrl+g", "editor"),
    Action("mention", "Mention a resource that the sidebar has shown", Where.PROMPT, "at", "mention"),
    # the resources
    Action(
        "filter",
        "Filter as you type; ! inverts, -l k=v by label",
        Where.RESOURCES,
        "slash",
        "filter",
        first=True,
    ),
    Action("next_view", "Next view", Where.RESOURCES, "right_square_bracket", "view"),
    Action("previous_view", "Previous view", Where.RESOURCES, "left_square_bracket"),
    Action("all_namespaces", "All namespaces, or only the working one", Where.RESOURCES, "A", "all ns"),
    Action("copy_name", "Copy the name", Where.RESOURCES, "Y"),
    Action(
        "reveal_row", "Reveal a Secret's values, a token, a command's output", Where.RESOURCES, "X", "reveal"
    ),
    # sessions
    Action("continue_session", "Go on in it", Where.SESSIONS, "enter", "go on", first=True),
    Action("view_session", "Read it", Where.SESSIONS, "f2", "read"),
    Action("replay_session", "Replay it from the start", Where.SESSIONS, "f3", "replay"),
    Action("rename_session", "Rename it", Where.SESSIONS, "f4", "rename"),
    Action("fork_session", "Begin a new one that goes on from its end", Where.SESSIONS, "f6", "fork"),
    Action("pin_session", "Pin it, or let go of it", Where.SESSIONS, "f7", "pin"),
    Action("delete_session", "Delete it for good", Where.SESSIONS, "f8,delete", "delete"),
    Action("export_session", "Write it to a file", Where.SESSIONS, "f9", "export"),
    Action("begin_session", "Begin a new one", Where.SESSIONS, "f5", "new"),
    Action("close_sessions", "Back to the console", Where.SESSIONS, "escape", "back"),
    # memory
    Action("confirm_memory", "Confirm what is proposed", Where.MEMORIES, "y", "confirm"),
    Action("reject_memory", "Reject it; it is never used again", Where.MEMORIES, "n", "reject"),
    Action("close_memories", "One step back", Where.MEMORIES, "escape", "back"),
    Action("edit_memory", "Put it in other words", Where.MEMORIES, "e", "edit"),
    Action("why_memory", "Read the session it comes from", Where.MEMORIES, "w", "why"),
    Action("forget_memory", "Forget it for good", Where.MEMORIES, "f8,delete", "forget"),
    Action("forget_place", "Forget all of its place for good", Where.MEMORIES, "F", "forget place"),
    Action(
        "export_memories",
        "Write the list, or a procedure as a runbook, to a file",
        Where.MEMORIES,
        "x",
        "export",
    ),
    Action("closed_too", "Show closed and rejected ones too, or not", Where.MEMORIES, "c", "closed too"),
    Action("search_memories", "Search", Where.MEMORIES, "slash", "search"),
    # replay
    Action("play", "Play, or hold", Where.REPLAY, "p", "play/hold"),
    Action("step_on", "One event on", Where.REPLAY, "right,full_stop", "step"),
    Action("step_back", "One event back", Where.REPLAY, "left,comma", "back one"),
    Action("faster", "Faster", Where.REPLAY, "plus,equals_sign", "faster"),
    Action("slower", "Slower", Where.REPLAY, "minus", "slower"),
    Action("to_end", "To the end", Where.REPLAY, "e", "end"),
    Action("to_start", "To the start", Where.REPLAY, "b", "start"),
    Action("fork_here", "Begin a new session that goes on from here", Where.REPLAY, "f", "fork here"),
    Action("switch_pane", "The other pane", Where.REPLAY, "tab", "pane"),
    Action("close_replay", "Back to the list", Where.REPLAY, "escape", "close"),
    # details
    Action("next_tab", "Next tab", Where.DETAIL, "tab,right_square_bracket", "tab"),
    Action("previous_tab", "Previous tab", Where.DETAIL, "shift+tab,left_square_bracket"),
    Action("copy_tab", "Copy what is shown", Where.DETAIL, "y", "copy"),
    Action("reload", "Look again", Where.DETAIL, "r", "look again"),
    Action("ask_detail", "Ask the agent about this", Where.DETAIL, "a", "ask"),
    Action("close_detail", "Close", Where.DETAIL, "escape,q", "close"),
    # an object from all sides; the letters of the sides stand in its tabs, not in the footer
    Action("close_object", "One step back", Where.OBJECT, "escape,q", "back"),
    Action("see_summary", "What it is and how it is doing", Where.OBJECT, "d"),
    Action("see_yaml", "Its YAML", Where.OBJECT, "y"),
    Action("see_events", "Its events", Where.OBJECT, "e"),
    Action("see_logs", "Its logs, live", Where.OBJECT, "l"),
    Action("see_related", "What belongs to it; enter opens that", Where.OBJECT, "o"),
    Action("see_sessions", "Past sessions that touched it; enter reads one", Where.OBJECT, "s"),
    Action("next_side", "The next side of it", Where.OBJECT, "tab,right_square_bracket"),
    Action("previous_side", "The side before", Where.OBJECT, "shift+tab,left_square_bracket"),
    Action("follow", "Go to the log's end and stay there, or stay here", Where.OBJECT, "f", "follow"),
    Action("pause", "Hold the lines that come, or let them in", Where.OBJECT, "p", "pause"),
    Action("previous_log", "The instance before the last restart", Where.OBJECT, "P", "previous"),
    Action("container", "One container alone, the next, all", Where.OBJECT, "C", "container"),
    Action("stamps", "Times of the lines", Where.OBJECT, "t", "times"),
    Action("search", "Search; capitals count if there are some", Where.OBJECT, "slash", "search"),
    Action("next_match", "Next match", Where.OBJECT, "n", "next"),
    Action("previous_match", "Match before", Where.OBJECT, "N"),
    Action("wrap", "Wrap long lines, or move sideways with the arrow keys", Where.OBJECT, "w", "wrap"),
    Action("folds", "Show what is folded away, or fold it again", Where.OBJECT, "x", "unfold"),
    Action("copy_side", "Copy all of what is shown", Where.OBJECT, "c", "copy"),
    Action("look_again", "Look again", Where.OBJECT, "r", "look again"),
    Action("reveal_object", "Reveal what is secret about it, once", Where.OBJECT, "X", "reveal"),
    Action("ask_object", "Ask the agent about it", Where.OBJECT, "a", "ask"),
)


def bindings(where: Where) -> list[Binding]:
    """The key bindings of one place, for a `BINDINGS` class variable."""
    return [
        Binding(
            action.keys,
            action.id,
            action.hint or action.title,
            show=bool(action.hint),
            priority=action.first,
            id=action.id,
        )
        for action in of(where)
        if action.keys
    ]


def of(*places: Where) -> Iterable[Action]:
    """The actions of these places, in the order of the list."""
    return (action for action in ACTIONS if action.where in places)


def by_word(word: str) -> Action | None:
    """The action that `:word` means."""
    return next((action for action in ACTIONS if word in action.words), None)


def shown_key(key: str) -> str:
    """A key of Textual's as an operator reads it."""
    return _SIGNS.get(key, key)


_SIGNS = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "at": "@",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "full_stop": ".",
    "comma": ",",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "escape": "esc",
    "pagedown": "pgdn",
    "pageup": "pgup",
}
