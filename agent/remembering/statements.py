"""What an operator asks to be remembered, in their own words.

    remember that checkout is owned by payments
    from now on answer in German

Only sentences of the operator's own that begin so count. Text that was pasted (in a fence, in quotes, or as a
block of many lines) is never read for them: it may come from anywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from memory.knowledge import Kind

LONGEST_OWN = 4
"""Lines of a message up to which it is taken for typed; of a longer one only the first line counts."""

_REMEMBER = re.compile(
    r"^(?:(?:please|also|and|ok|oh)[ ,]+)*(?:remember|keep in mind|note|don't forget|do not forget)"
    r"(?:\s+for (?:later|next time|the future))?(?:\s*[:,]\s*|\s+(?:that\s+)?)(?P<body>\S.*)$",
    re.IGNORECASE,
)
_FROM_NOW_ON = re.compile(
    r"^(?:(?:please|also|and|ok)[ ,]+)*(?:from now on|in future|in the future)[ ,]+(?P<body>\S.*)$",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"^(?:what|how|why|when|where|which|who|to|me|if|whether|last|the last time)\b", re.IGNORECASE
)
_WISH = re.compile(
    r"^(?:i (?:prefer|like|want|would like|do not like|don't like)|always|never|prefer|answer|keep (?:it|answers))\b",
    re.IGNORECASE,
)
_EVERYWHERE = re.compile(r"^(?:everywhere|in all clusters|for all clusters)[ ,:]+", re.IGNORECASE)
_PERMISSION = re.compile(
    r"\b(?:without (?:asking|an? approval|approval|confirm\w*|preview\w*|a dry.?run|checks?)"
    r"|(?:do not|don't|never|no need to|stop) (?:ask|asking|confirm\w*|preview\w*|check\w*)\b(?! in\b)"
    r"|auto(?:matically)?[- ]?(?:approv|confirm|appl|execut)\w*"
    r"|(?:is|are|be|was|were) (?:\w+ )?(?:pre-?)?(?:approved|allowed|permitted|authori[sz]ed)"
    r"|(?:approve|confirm|allow|permit|grant)\b.*\b(?:all|any|every\w*|writes?|plans?|changes?|deletions?|access)"
    r"|(?:skip|bypass|ignore|disable|override)\b.*\b(?:approv|confirm|polic|preview|check|gate|read-only|rule)\w*)",
    re.IGNORECASE,
)

_OWNER_OF = re.compile(r"^(?P<whose>\S+)'s (?P<what>.+)$")
"""“checkout's quota” is what “the quota of checkout” is."""

_SENTENCES = re.compile(r"(?<=[.!?;])\s+(?=\S)|\n+")


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing to remember. `refused` is the sentence why it will not be."""

    kind: Kind
    body: str
    subject: str = ""
    topic: str = ""
    everywhere: bool = False
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said: the statements in it, and the rest, which is a request of its own."""

    statements: tuple[Statement, ...]
    rest: str


def heard(text: str) -> Heard:
    """Take the statements out of the operator's words."""
    lines = text.strip().splitlines()
    if "```" in text or text.lstrip()[:1] in "\"'>“" or not lines:
        return Heard((), text)
    typed, pasted = text.strip(), ""
    if len(lines) > LONGEST_OWN:
        typed, pasted = lines[0], "\n".join(lines[1:])
    found, rest = [], []
    for sentence in _SENTENCES.split(typed):
        statement = _statement(sentence)
        if statement is not None:
            found.append(statement)
        else:
            rest.append(sentence)
    if not found:
        return Heard((), text)
    return Heard(tuple(found), "\n".join(part for part in (" ".join(rest).strip(), pasted) if part))


def topic_of(body: str) -> tuple[str, str]:
    """(subject, topic) of a sentence that settles one thing; the topic is empty where it may be one of many.

    "The owner of checkout is payments" settles it; "checkout is slow on Mondays" does not.
    """
    tidy = " ".join(body.lower().rstrip(" .!").split())
    for verb in (
        " is owned by ",
        " belongs to ",
        " is maintained by ",
        " lives in ",
        " runs in ",
        " listens on ",
    ):
        before, found, _ = tidy.partition(verb)
        if found:
            subject = _bare(before)
            return (
                subject,
                f"{subject} {'is owned by' if 'own' in verb or 'belong' in verb else verb.strip()}",
            )
    before, found, _ = tidy.partition(" is ")
    if found and (re.match(r"(?:the|our|my) ", before) or " of " in before or "'s " in before):
        subject = _OWNER_OF.sub(r"\g<what> of \g<whose>", _bare(before))
        return subject, f"{subject} is"
    wish = re.match(
        r"(?:always |please |never )?(answer|write|speak|reply|use|show|call|sort|format|keep)\b(.*)", tidy
    )
    if wish:
        verb, tail = wish.groups()
        hinge = re.search(r"\b(in|with|as|for|by)\b(.*)", tail)
        if hinge and hinge[1] == "for":
            return "", f"{verb} for{hinge[2]}"
        return "", f"{verb} {hinge[1]}" if hinge else ""
    named = re.match(r"((?:deployment|statefulset|service|pod|node|namespace|cronjob)/[\w.-]+)", tidy)
    return (named[1] if named else ""), ""


def granting(body: str) -> str:
    """Why a sentence is not kept that would decide what may be done or is asked about; empty for all others."""
    if not _PERMISSION.search(body):
        return ""
    return (
        "Memory never decides what may be done or what is asked about, so I did not keep this. "
        "Such rules belong into policy.yaml."
    )


def _statement(sentence: str) -> Statement | None:
    wish = _FROM_NOW_ON.match(sentence.strip())
    said = wish or _REMEMBER.match(sentence.strip())
    if said is None:
        return None
    body = said["body"].strip()
    everywhere = _EVERYWHERE.match(body)
    if everywhere:
        body = body[everywhere.end() :].strip()
        body = re.sub(r"^that\s+", "", body)
    if not wish and _QUESTION.match(body):
        return None
    kind = Kind.PREFERENCE if wish or _WISH.match(body) else Kind.FACT
    subject, topic = topic_of(body)
    refused = granting(body)
    return Statement(kind, body.rstrip(" ;"), subject, topic, everywhere is not None, refused)


def _bare(words: str) -> str:
    return re.sub(r"^(?:the|our|my|a|an) ", "", words.strip())
