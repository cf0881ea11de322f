"""The grammar of the command line: what can be asked, with which options, and who carries it out.

Global options stand before or after the subcommand. Nothing here imports what it names.
"""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from console import __version__
from console.cli.exits import Exit, Problem
from console.cli.session_grammar import add_sessions

if TYPE_CHECKING:
    from console.cli.output import Output


@dataclass(frozen=True, slots=True)
class Choices:
    """The global options. Empty means: not chosen."""

    sandbox: bool = False
    context: str = ""
    namespace: str = ""
    profile: str = ""
    region: str = ""
    read_only: bool = False
    model: str = ""
    home: Path | None = None
    json: bool = False
    ascii: bool = False
    no_mouse: bool = False
    theme: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A subcommand as it was typed.

    `target` is `module:function`; the function takes the choices, the output, and `arguments` by name.
    """

    choices: Choices
    target: str
    arguments: dict[str, Any]

    def run(self, out: Output) -> int:
        """Import what carries the subcommand out, and do it. Returns the exit code."""
        from importlib import import_module

        module, _, name = self.target.partition(":")
        function: Callable[..., int | Coroutine[Any, Any, int]] = getattr(import_module(module), name)
        result = function(self.choices, out, **self.arguments)
        if isinstance(result, int):
            return result
        import asyncio

        return asyncio.run(result)


@dataclass(frozen=True, slots=True)
class Shown:
    """Something the grammar answers by itself: help, or the version."""

    text: str
    document: dict[str, Any]


class _Help(Exception):
    pass


class _Parser(ArgumentParser):
    """An argparse parser that neither prints nor exits by itself."""

    def error(self, message: str) -> NoReturn:
        raise Problem(Exit.USAGE, f"{message[:1].upper()}{message[1:]}.", f"See `{self.prog} --help`.")

    def print_help(self, file: Any = None) -> None:
        raise _Help(self.format_help().rstrip())


def parse(words: Sequence[str]) -> Asked | Shown:
    """What the line asks for.

    Raises:
        Problem: the line does not follow the grammar (exit code 2).
    """
    try:
        given = vars(_grammar().parse_args(words))
    except _Help as wanted:
        return Shown(str(wanted), {"help": str(wanted)})
    if given.pop("version", False):
        return Shown(f"pilothouse {__version__}", {"version": __version__})
    names = {field.name for field in fields(Choices)}
    choices = Choices(**{name: given.pop(name) for name in list(given) if name in names})
    target = given.pop("target", "")
    if missing := given.pop("missing", ""):
        raise Problem(Exit.USAGE, f"Say what to do: {missing}.", "Add --help to see what each does.")
    return Asked(choices, target or "console.cli.console:run", given)


# --- details -------------------------------------------------------------------------------------------


def _global_options() -> _Parser:
    options = _Parser(add_help=False, argument_default=SUPPRESS)
    group = options.add_argument_group("options of every command")
    group.add_argument("--sandbox", action="store_true", help="work in the practice sandbox")
    group.add_argument("--context", metavar="NAME", help="kubeconfig context")
    group.add_argument("--namespace", "-n", metavar="NAME", help="Kubernetes namespace")
    group.add_argument("--profile", metavar="NAME", help="AWS profile")
    group.add_argument("--region", metavar="NAME", help="AWS region")
    group.add_argument("--read-only", action="store_true", help="nothing can be changed in this run")
    group.add_argument("--model", metavar="NAME", help="the model to ask")
    group.add_argument("--home", metavar="DIR", type=_folder, help="keep everything in this one folder")
    group.add_argument("--json", action="store_true", help="one JSON document on stdout")
    return options


def _grammar() -> _Parser:
    common = _global_options()
    grammar = _Parser(
        prog="pilothouse",
        description="Steer Kubernetes clusters and AWS accounts. Without a command the console opens.",
        epilog="exit codes: 0 done, 1 failed, 2 usage, 3 refused by policy or gate, 4 a decision is needed,\n"
        "            5 unreachable or no credentials, 130 interrupted",
        formatter_class=RawDescriptionHelpFormatter,
        parents=[common],
        argument_default=SUPPRESS,
        allow_abbrev=False,
    )
    grammar.add_argument("--version", action="store_true", help="say the version")
    screen = grammar.add_argument_group("options of the console")
    screen.add_argument("--ascii", action="store_true", help="draw with plain ASCII signs")
    screen.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal")
    screen.add_argument("--theme", metavar="NAME", help="colour theme")
    commands = grammar.add_subparsers(title="commands", metavar="COMMAND", parser_class=_Parser)

    def add(into: Any, name: str, summary: str, target: str = "", *, missing: str = "") -> _Parser:
        parser: _Parser = into.add_parser(
            name,
            help=summary,
            description=f"{summary[:1].upper()}{summary[1:]}.",
            parents=[common],
            argument_default=SUPPRESS,
            allow_abbrev=False,
        )
        parser.set_defaults(**({"target": f"console.cli.{target}"} if target else {}), missing=missing)
        return parser

    def group(name: str, summary: str, target: str = "", *, missing: str = "") -> Any:
        parser = add(commands, name, summary, target, missing=missing)
        return parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=_Parser)

    ask = add(commands, "ask", "ask a question, or order something, and print the answer", "ask:run")
    ask.add_argument("words", nargs="+", metavar="TEXT", help="the request; - reads it from stdin")
    ask.add_argument("--session", metavar="ID", help="go on in this session")

    plan = add(commands, "plan", "print the checked plan for a request, with its diffs", "plan:run")
    plan.add_argument("words", nargs="+", metavar="TEXT", help="the request; - reads it from stdin")
    plan.add_argument("--session", metavar="ID", help="go on in this session")

    apply = add(commands, "apply", "carry out a plan that was printed before", "apply:run")
    apply.add_argument("plan_id", metavar="PLAN_ID", help="the plan's id")
    apply.add_argument("--approve", metavar="HASH", help="the plan's hash: you decide for exactly this")
    apply.add_argument(
        "--step", metavar="ID", dest="steps", action="append", help="only this step (may repeat)"
    )
    apply.add_argument(
        "--confirm", metavar="NAME", dest="confirmed", action="append",
        help="the name of what cannot be undone, or is production (may repeat)",
    )  # fmt: skip
    apply.add_argument(
        "--pass-gates", action="store_true", help="say yes beforehand wherever the plan waits for you"
    )

    apply.add_argument(
        "--doubt", metavar="STEP=WORD", dest="doubts", action="append",
        help="what became of a step in doubt: there, not-there or unknown (may repeat)",
    )  # fmt: skip

    second = add(commands, "approve", "approve a plan as its second person; it runs elsewhere", "approve:run")
    second.add_argument("plan_id", metavar="PLAN_ID", help="the plan's id")
    second.add_argument("--approve", metavar="HASH", help="the plan's hash: you decide for exactly this")
    second.add_argument(
        "--confirm", metavar="NAME", dest="confirmed", action="append", help="a name that has to be typed"
    )
    _add_reveal(add, commands)
    add_sessions(add, group, _number, _folder)
    _add_memory(add, group)

    _add_audit(add, group)
    policy = group("policy", "what may be done, and how loudly you are asked", "policy:show")
    add(policy, "show", "the rules in force, each tested against its examples", "policy:show")
    testing = add(
        policy, "test", "what the rules say of an action, such as: TOOL in NAMESPACE", "policy:test"
    )
    testing.add_argument("words", nargs="+", metavar="WORD", help="kubernetes_scale in shop on prod at 23:30")

    tools = group("tools", "the tools there are", "tools_list:run")
    add(tools, "list", "the tools with their versions and effects", "tools_list:run")

    auth = group("auth", "credentials in the system's keyring", "auth:list_names")
    login = add(auth, "login", "store a credential; it is asked for, or read from stdin", "auth:login")
    login.add_argument("name", nargs="?", metavar="NAME", help="which one (anthropic-api-key)")
    add(auth, "list", "the names of what is stored or found, never a value", "auth:list_names")
    logout = add(auth, "logout", "remove a credential from the keyring", "auth:logout")
    logout.add_argument("name", nargs="?", metavar="NAME", help="which one (anthropic-api-key)")

    add(commands, "doctor", "look whether everything needed is there and works", "doctor:run")
    locate = add(commands, "locate", "where everything is kept", "locate:run")
    locate.add_argument("name", nargs="?", metavar="NAME", help="print only this path")

    sandbox = group("sandbox", "the practice sandbox", missing="sandbox up")
    add(sandbox, "up", "run the sandbox here until ctrl+c, for kubectl and the aws CLI", "sandbox:up")
    return grammar


def _add_reveal(add: Callable[..., _Parser], commands: Any) -> None:
    reveal = add(
        commands,
        "reveal",
        "show a secret once; who, what and why is recorded, the value is not",
        "reveal:run",
    )
    reveal.add_argument("thing", metavar="KIND/NAME", help="secret/NAME, serviceaccount/NAME, pod/NAME")
    reveal.add_argument("--key", metavar="KEY", help="only this key of the Secret")
    reveal.add_argument(
        "--run", dest="command", metavar="COMMAND", help="run this in the pod, and show its output"
    )
    reveal.add_argument("--container", metavar="NAME", help="the pod's container to run it in")
    reveal.add_argument("--why", metavar="WORDS", help="the reason, for the audit log")
    reveal.add_argument("--confirm", metavar="NAME", help="the name once more: you decide to see it")
    reveal.add_argument(
        "--allow-writes", action="store_true", help="leave read-only, since a command can change things"
    )


def _add_audit(add: Callable[..., _Parser], group: Callable[..., Any]) -> None:
    audit = group("audit", "check and read the audit log", missing="audit verify, or audit show")
    verify = add(audit, "verify", "walk the chain and name the first row that does not fit", "audit:verify")
    verify.add_argument(
        "--anchor", metavar="FILE", type=_folder, help="compare with the anchor in FILE, then move it on"
    )
    verify.add_argument(
        "--checkpoints",
        metavar="FILE",
        type=_folder,
        help="compare with the checkpoints in FILE, signatures too",
    )
    show = add(audit, "show", "who did what, when, by which plan and approval", "audit:show")
    show.add_argument("session", nargs="?", metavar="SESSION", help="only this session")
    show.add_argument("--plan", metavar="ID", help="only this plan")
    show.add_argument("--by", metavar="NAME", help="only what this person, model or runbook did")
    show.add_argument("--resource", metavar="WORDS", help="only what has to do with this object")
    show.add_argument(
        "--since", type=_moment, metavar="WHEN", help="from then on: 2026-03-02, 2026-03-02T10:30, 2h"
    )
    show.add_argument("--until", type=_moment, metavar="WHEN", help="up to then")
    show.add_argument("--limit", type=_number, metavar="N", help="the last N lines (200)")

    export = add(audit, "export", "every row as JSON Lines, verifiable by anybody", "audit:export")
    export.add_argument("--jsonl", action="store_true", help="JSON Lines, the only form there is")
    checkpoint = add(
        audit, "checkpoint", "one line to keep elsewhere: how far the log goes", "audit:checkpoint"
    )
    checkpoint.add_argument("--sign", action="store_true", help="with the key in the keyring")


def _add_memory(add: Callable[..., _Parser], group: Callable[..., Any]) -> None:
    kinds = ["fact", "preference", "procedure", "incident"]
    memory = group("memory", "what is remembered across sessions", "memory:list_all")
    listing = add(memory, "list", "what is remembered, the newest first", "memory:list_all")
    listing.add_argument("text", nargs="*", metavar="TEXT", help="only what has these words")
    listing.add_argument("--kind", choices=kinds)
    listing.add_argument("--scope", metavar="PLACE", help="what holds in this place, or everywhere")
    listing.add_argument(
        "--status", choices=["proposed", "active", "superseded", "rejected", "all"],
        help="proposed and active, unless said otherwise",
    )  # fmt: skip
    listing.add_argument("--limit", type=_number, metavar="N", help="at most N (100)")
    search = add(memory, "search", "what is remembered with these words, the best first", "memory:list_all")
    search.add_argument("text", nargs="+", metavar="TEXT")
    search.add_argument("--limit", type=_number, metavar="N", help="at most N (100)")
    adding = add(memory, "add", "remember something", "memory:add")
    adding.add_argument("text", nargs="+", metavar="TEXT")
    adding.add_argument("--subject", metavar="WORDS", help="what it is about, such as deployment/checkout")
    adding.add_argument("--kind", choices=kinds, help="fact, unless said otherwise")
    adding.add_argument("--scope", metavar="PLACE", help="where it holds; everywhere, unless said otherwise")
    place = "CLUSTER/NAMESPACE account:NAME user:NAME, any part of it"
    for verb, words in (
        ("show", "all of a memory, where it comes from and what it replaced"),
        ("why", "why a memory is known: who said it, in which words, and how it fared"),
    ):
        showing = add(memory, verb, words, f"memory:{verb}")
        showing.add_argument("number", type=_number, metavar="ID")
    edit = add(
        memory, "edit", "put other words in place of a memory; the old ones stay as history", "memory:edit"
    )
    edit.add_argument("number", type=_number, metavar="ID")
    edit.add_argument("text", nargs="*", metavar="TEXT")
    edit.add_argument("--subject", metavar="WORDS", help="what it is about")
    edit.add_argument("--scope", metavar="PLACE", help=f"where it holds: {place}")
    confirm = add(memory, "confirm", "make proposed memories active", "memory:confirm")
    confirm.add_argument("numbers", nargs="+", type=_number, metavar="ID")
    reject = add(memory, "reject", "say that memories are wrong; they are never used again", "memory:reject")
    reject.add_argument("numbers", nargs="+", type=_number, metavar="ID")
    reject.add_argument("--reason", metavar="WORDS", help="why")
    forget = add(memory, "forget", "remove a memory, or all of a place, for good", "memory:forget")
    forget.add_argument("number", nargs="?", type=_number, default=None, metavar="ID")
    forget.add_argument("--scope", metavar="PLACE", help=f"all that was said of this place: {place}")
    export = add(
        memory, "export", "memories as one document, or a procedure as a runbook", "memory_files:export"
    )
    export.add_argument("number", nargs="?", type=_number, default=None, metavar="ID", help="only this one")
    export.add_argument("--scope", metavar="PLACE", help="only what was said of this place")
    export.add_argument("--as", dest="form", choices=["json", "runbook"], help="json, unless said otherwise")
    export.add_argument("--output", "-o", metavar="FILE", type=_folder, help="write to FILE, not to stdout")
    bring = add(
        memory,
        "import",
        "propose the memories of a document, or a runbook as a procedure",
        "memory_files:bring",
    )
    bring.add_argument(
        "file",
        type=_folder,
        metavar="FILE",
        help="a document (- for stdin), or a .yaml runbook",
    )


def _folder(text: str) -> Path:
    if not text:
        raise ValueError
    return Path(text)


def _moment(text: str) -> datetime:
    """A date, a date and a time, or how long ago: `90m`, `2h`, `7d`. Local time unless a zone is named."""
    if text[-1:] in _AGO and text[:-1].isdigit():
        return datetime.now(UTC) - timedelta(**{_AGO[text[-1]]: int(text[:-1])})
    return datetime.fromisoformat(text).astimezone()


_AGO = {"m": "minutes", "h": "hours", "d": "days"}


def _number(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


_folder.__name__ = "path"
_number.__name__ = "number"
