"""What can be done about a refusal that came from admission, not from access rights.

Quotas, limit ranges, pod security, policies and webhooks all answer with codes that others use too
(403, 400, 422, 500); only the sentence tells which of them it was.
"""

from __future__ import annotations

import re

_WAYS_OUT: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"exceeded quota: (?P<who>[^,\s]+)"),
        "The quota {who} is used up: ask for less, free something of it, or have it raised.",
    ),
    (
        re.compile(r"failed quota: (?P<who>[^:\s]+): must specify (?P<what>[^.]+)"),
        "Under the quota {who} every container has to say its {what}.",
    ),
    (
        re.compile(r"(maximum|minimum) [\w./-]+ (usage|limit)|limit to request ratio"),
        "A LimitRange of the namespace sets the bounds: look at it, and stay within them.",
    ),
    (
        re.compile(r"violates PodSecurity \"(?P<who>[^\"]+)\""),
        "The namespace enforces the pod security level {who}: give the pods a securityContext that meets it.",
    ),
    (
        re.compile(r"admission webhook \"(?P<who>[^\"]+)\" denied the request"),
        "The webhook {who} checks a rule of this cluster: meet it, or ask whoever runs the webhook.",
    ),
    (
        re.compile(r"ValidatingAdmissionPolicy '(?P<who>[^']+)'"),
        "The policy {who} is a rule of this cluster: meet it, or ask whoever keeps it.",
    ),
    (
        re.compile(r"failed calling webhook \"(?P<who>[^\"]+)\""),
        "The webhook {who} does not answer, and the server asks it first: have it repaired, then try again.",
    ),
    (
        re.compile(r"because it is being terminated"),
        "The namespace is being deleted: wait until it is gone, or use another one.",
    ),
)


def way_out(message: str) -> str:
    """One sentence on what to try, or "" when the refusal was not admission's.

    Args:
        message: the server's own words.
    """
    for pattern, sentence in _WAYS_OUT:
        if found := pattern.search(message):
            return sentence.format(**{key: part.strip() for key, part in found.groupdict().items()})
    return ""
