"""Which names stand before a secret, and which values beside such a name are none."""

from __future__ import annotations

import re
from functools import lru_cache

KEYWORDS = (
    *("pass", "pwd", "secret", "token", "credential", "key", "conn", "auth", "dsn", "salt", "jwt"),
    *("cookie", "bearer", "_pat", "-pat", "pw", "sas", "otp"),
)
"""One of these, in lower case, is in every name that `secret_name` accepts."""

_SECRET = re.compile(
    r"passw(or)?d|passphrase|passwort|secret|token|credential"
    r"|(api|access|private|signing|encryption|account|master|shared|client|license|webhook|session|auth|app)"
    r"[_.-]?key|key[_.-]data|conn(ection)?[_.-]?str(ing)?|set-cookie"
    r"|(^|[_.-])(pass|pwd|pw|pat|dsn|salt|auth|bearer|jwt|cookie|sas|otp)($|[_.-])"
    r"|(?-i:[a-z](Pass|Pwd|Jwt|Dsn|Pat)($|[A-Z_]))",
    re.I,
)
# Names that only point at a secret, say how one is used, or count tokens of another sort.
_POINTER = re.compile(
    r"(name|ref|path|file|dir|mount|type|mode|policy|namespace|seconds|selector|class|provider|arn|id|count"
    r"|version|ttl|expiry|expiration|expires?([_.-]?(at|in))?|lifetime|length|size|limit|enabled|required"
    r"|algorithm|alg|rotation|field|header|url|uri|endpoint|host|port|status|review|manager|store|engine"
    r"|issuer|audience|prefix|suffix|format|kind|rate|budget|usage|used|method|strategy|last[_.-]?used"
    r"|changed|updated|created|spec|date|time|timestamp)s?$"
    r"|checksum|fingerprint"
    # Places in a long answer, and marks of a request that must not be carried out twice.
    r"|(next|prev|previous|page|paging|pagination|continuation|continue|starting|resume|sequence|sync|lock"
    r"|change|creation|purchase|idempotency|dkim)[_.-]?tokens?$|^(client|request|clientrequest)tokens?$"
    r"|^(max|min|num|total|input|output|prompt|completion|cached?)[_.-]?\w*tokens?$"
)
_WHOLE = re.compile(r"conn(ection)?[_.-]?str(ing)?|(^|[_.-])dsn($|[_.-])|Dsn", re.I)
_REFERENCE = frozenset({"secret", "secrets", "credential", "credentials", "auth"})
_PLACEHOLDER = ("$(", "${", "{{", "<")
_RESOURCE = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*(?:/[a-z0-9]+(?:[-.][a-z0-9]+)*)?")

_HARMLESS = re.compile(
    r"""(?ix)
    true | false | null | none | nil | yes | no | on | off | enabled | disabled | undefined | unset | empty
    | n/a | \||>|\|-|>-|\{\}|\[\]
    | \(hidden.* | <[^<>]*> | \*+ | x{3,} | [.…•-]+ | \[?redacted\]? | opaque
    | \$\{[^}]*\} | \$\([^)]*\) | \$[a-z_]\w* | \{\{.*\}\} | %\w+% | \$\{\{.*\}\}
    | arn:[\w-]+:.* | ref\+\w+:.* | (?:vault|sm|gsm|ssm|op|awssm|secretsmanager):/?/?[\w./:#-]+
    | kubernetes\.io/.* | helm\.sh/.*
    | (?:/(?:var|etc|run|secrets?|mnt|tmp|opt|home|root|usr|proc|dev|vault|app|data|srv|keys?|certs?))(?:/[\w.@-]+)+/?
    | \d{4}-\d\d-\d\d(?:[t ][\d:.,]+(?:z|[+-][\d:]+)?)?
    | \d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d|w|y)(?:\d+(?:\.\d+)?(?:ms|s|m|h))*
    """
)
_TOKENS = re.compile(r"(?:‹secret:[a-z0-9]+›\s*)+")
_SAID = re.compile(
    r"(?i)expired|invalid|missing|required|unknown|denied|incorrect|wrong|valid|ok|changed|rotated|created"
    r"|deleted|updated|set|mounted|optional|present|absent|accepted|rejected|refreshed|revoked|not|is|was|for"
    r"|from|and|or|the|a|an|in|error|failed|unauthorized|forbidden|found|basic|bearer|oidc|oauth2?|ldap|saml"
    r"|string|number|boolean|object|jwt|eof|https?:|connection"
)
_PLACE = re.compile(
    r"[/.@‹]|\w[\w+.-]*://|\d+(?:\.\d+){2,3}(?::\d+)?$|[\w.-]+:\d+$|[\w.-]+\.(?:io|com|net|org|local|svc)\b"
)
_SYMBOL = re.compile(r"[!@#$%^&*+=~?]")


@lru_cache(maxsize=8192)
def secret_name(name: str) -> bool:
    """Whether what stands beside this name is probably a secret, and not a pointer to one."""
    return bool(_SECRET.search(name)) and not _POINTER.search(name.lower())


@lru_cache(maxsize=1024)
def connection_name(name: str) -> bool:
    """Whether the name announces a connection string, of which only parts may be secret."""
    return bool(_WHOLE.search(name))


def harmless(value: str) -> bool:
    """Whether the value is a switch, a reference, a path, a time or a token of ours: nothing to hide."""
    stripped = value.strip()
    return not stripped or bool(_HARMLESS.fullmatch(stripped) or _TOKENS.fullmatch(stripped))


def worth_hiding(name: str, value: str) -> bool:
    """Whether a structured value under this name is hidden."""
    if harmless(value):
        return False
    return not _refers(name, value)


def said(name: str, value: str, *, sure: bool) -> bool:
    """Whether `name … value` in a text tells a secret.

    Args:
        sure: the text assigns (`=`, a quoted value, a line of its own), so that a plain word counts too.
    """
    if harmless(value) or _SAID.fullmatch(value) or _TOKENS.match(value):
        return False
    if value.startswith(_PLACEHOLDER) or _refers(name, value):
        return False
    lower = name.lower()
    if value.isdigit() and len(value) < 4 and "pass" not in lower and "pw" not in lower:
        return False
    return sure or strong(value)


def _refers(name: str, value: str) -> bool:
    """Whether the value is the name of a Secret: `secret=shop/checkout-tls`."""
    last = name.lower().rpartition("/")[2]
    if last not in _REFERENCE and not last.endswith(("secrets", "-secret")):
        return False
    return any(mark in value for mark in "-/.") and bool(_RESOURCE.fullmatch(value))


def strong(value: str) -> bool:
    """Whether a bare word looks like a secret rather than like a word or the name of a resource."""
    if len(value) < 6 or _PLACE.match(value):
        return False
    digits, letters = any(map(str.isdigit, value)), any(map(str.isalpha, value))
    if _SYMBOL.search(value):
        return True
    if digits and letters:
        return not ("-" in value and _RESOURCE.fullmatch(value) and len(value) < 24)
    middle = value[1:]
    return len(value) >= 8 and not middle.islower() and not middle.isupper() and letters and value.isalnum()
