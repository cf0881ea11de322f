"""Secrets that are known by their own shape, whatever stands around them.

Formats as their issuers document them; where an issuer gives a minimum length, so do we, because a
text can have been cut. A format is only looked for where one of its hints stands in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of secret. Group 1 of the expression is the secret if it has one, else all it matches.

    Attributes:
        hints: what the pattern begins with, one of them.
        back: characters that can stand before the hint and belong to the pattern.
        edge: no letter or digit stands right before it, so that the end of a longer word is not taken.
    """

    name: str
    hints: tuple[str, ...]
    expression: str
    back: int = 0
    edge: bool = True

    def spans(self, text: str, hint: str) -> Iterator[Span]:
        """Where it stands in the text, beginning with this hint."""
        pattern = _compiled(self.expression)
        group = 1 if pattern.groups else 0
        at = text.find(hint)
        while at >= 0:
            found = (
                pattern.search(text, max(0, at - self.back), at + _FARTHEST)
                if self.back
                else pattern.match(text, at)
            )
            if found and not (self.edge and _within_word(text, found.start())):
                yield found.span(group)
            at = text.find(hint, at + len(hint))


_FARTHEST = 1_000


@cache
def _compiled(expression: str) -> re.Pattern[str]:
    """Compiling all of them would take longer than most commands do."""
    return re.compile(expression)


def _within_word(text: str, start: int) -> bool:
    return bool(start) and (text[start - 1].isalnum() or text[start - 1] == "_")


def _format(name: str, hints: str, expression: str, *, back: int = 0, edge: bool = True) -> Format:
    return Format(name, tuple(hints.split()), expression, back, edge)


FORMATS = (
    # Clouds
    _format("AWS access key id", "AKIA ASIA", r"A(?:KIA|SIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _format(
        "AWS session token",
        "IQoJb3JpZ2lu FwoGZXIvYXdz FQoGZXIvYXdz",
        r"(?:IQoJb3JpZ2lu|F[wQ]oGZXIvYXdz)[A-Za-z0-9/+=%]{30,}",
    ),
    _format("AWS signature", "X-Amz-Signature=", r"X-Amz-Signature=([0-9a-fA-F]{20,})"),
    _format("Amazon Bedrock key", "ABSK", r"ABSK[A-Za-z0-9+/]{40,}={0,2}"),
    _format("Google API key", "AIza", r"AIza[A-Za-z0-9_-]{35}"),
    _format("Google client secret", "GOCSPX-", r"GOCSPX-[A-Za-z0-9_-]{20,}"),
    _format("Google access token", "ya29.", r"ya29\.[A-Za-z0-9_-]{20,}"),
    _format("Google refresh token", "1//0", r"1//0[A-Za-z0-9_-]{40,}"),
    _format("Azure client secret", "Q~", r"[A-Za-z0-9_.~-]{3}\dQ~[A-Za-z0-9_.~-]{31,34}", back=4),
    _format(
        "Azure shared access signature", "?sig= &sig= ;sig=", r"[?&;]sig=([A-Za-z0-9%/+=]{20,})", edge=False
    ),
    _format("DigitalOcean token", "dop_v1_ doo_v1_ dor_v1_", r"do[opr]_v1_[0-9a-f]{40,}"),
    _format("Heroku key", "HRKU-", r"HRKU-[A-Za-z0-9_-]{36,}"),
    _format("Fly token", "FlyV1", r"FlyV1 (fm\d?_[A-Za-z0-9+/=,_-]{30,})"),
    _format("Databricks token", "dapi", r"dapi[0-9a-f]{32}(?:-\d)?"),
    _format("Scaleway or OVH age key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[0-9A-Z]{40,}"),
    # Code, packages, delivery
    _format("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{20,}"),
    _format("GitHub fine-grained token", "github_pat_", r"github_pat_[A-Za-z0-9_]{22,}"),
    _format(
        "GitLab token",
        "glpat- gldt- glrt- glcbt- glptt- glft- glsoat- glagent-",
        r"gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent)-[A-Za-z0-9_-]{20,}(?:\.[0-9a-z.]{6,})?",
    ),
    _format("npm token", "npm_", r"npm_[A-Za-z0-9]{30,}"),
    _format("PyPI token", "pypi-AgE", r"pypi-AgE[A-Za-z0-9_-]{50,}"),
    _format("RubyGems key", "rubygems_", r"rubygems_[0-9a-f]{40,}"),
    _format("Docker Hub token", "dckr_pat_ dckr_oat_", r"dckr_[po]at_[A-Za-z0-9_-]{20,}"),
    _format("JFrog key", "AKCp", r"AKCp[A-Za-z0-9]{50,}"),
    _format("CircleCI token", "CCIPAT_", r"CCIPAT_[A-Za-z0-9]+_[0-9a-f]{30,}"),
    _format("Buildkite token", "bkua_", r"bkua_[0-9a-f]{30,}"),
    _format("Terraform Cloud token", ".atlasv1.", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{40,}", back=14),
    _format("Pulumi token", "pul-", r"pul-[0-9a-f]{40}"),
    _format("Vault token", "hvs. hvb. hvr.", r"hv[sbr]\.[A-Za-z0-9_-]{20,}"),
    _format("Doppler token", "dp.pt. dp.st. dp.ct. dp.sa.", r"dp\.(?:pt|st|ct|sa)\.[A-Za-z0-9_.-]{30,}"),
    _format("Tailscale key", "tskey-", r"tskey-[a-z]+-[A-Za-z0-9-]{16,}"),
    _format("Sentry token", "sntrys_ sntryu_", r"sntry[su]_[A-Za-z0-9_=+/-]{40,}"),
    _format("Postman key", "PMAK-", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    # People and messages
    _format("Slack token", "xox xapp- xwfp-", r"x(?:ox[abeoprs]|app|wfp)-[A-Za-z0-9-]{10,}"),
    _format(
        "Slack webhook",
        "hooks.slack.com/",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9/_-]{20,})",
        edge=False,
    ),
    _format("Discord webhook", "/api/webhooks/", r"/api/webhooks/\d{15,}/([\w-]{50,})", edge=False),
    _format(
        "Teams webhook", "webhook.office.com/", r"webhook\.office\.com/webhookb2/([\w@/-]{40,})", edge=False
    ),
    _format("Telegram bot token", ":AA", r"\d{8,10}:AA[\w-]{33}", back=10),
    _format("SendGrid key", "SG.", r"SG\.[\w-]{20,24}\.[\w-]{39,50}"),
    _format("Mailgun key", "key-", r"key-[0-9a-f]{32}(?![0-9a-f])"),
    _format("Twilio key", "SK", r"SK[0-9a-f]{32}(?![0-9a-f])"),
    _format("Atlassian token", "ATATT3 ATCTT3", r"AT[AC]TT3[A-Za-z0-9_=-]{50,}"),
    _format("Linear key", "lin_api_", r"lin_api_[A-Za-z0-9]{32,}"),
    _format("Notion token", "ntn_ secret_", r"(?:ntn_[A-Za-z0-9]{40,}|secret_[A-Za-z0-9]{43})"),
    _format("Figma token", "figd_", r"figd_[A-Za-z0-9_-]{30,}"),
    # Money and shops
    _format("Stripe key", "sk_live_ sk_test_ rk_live_ rk_test_", r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    _format("Stripe webhook secret", "whsec_", r"whsec_[A-Za-z0-9+/=]{24,}"),
    _format("Square token", "sq0atp- sq0csp-", r"sq0(?:atp|csp)-[A-Za-z0-9_-]{22,}"),
    _format("Shopify token", "shpat_ shpca_ shppa_ shpss_", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    # Models, metrics, databases
    _format(
        "model provider's key",
        "sk-",
        r"sk-(?:ant-|proj-|svcacct-|admin-|or-v1-)?(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{32,}",
    ),
    _format("Hugging Face token", "hf_", r"hf_[A-Za-z0-9]{30,}"),
    _format("Grafana token", "glsa_ glc_", r"gl(?:sa|c)_[A-Za-z0-9_=+/-]{30,}"),
    _format("New Relic key", "NRAK- NRII- NRJS- NRRA-", r"NR(?:AK|II|JS|RA)-[A-Za-z0-9_-]{19,}"),
    _format("Dynatrace token", "dt0c01.", r"dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{40,}"),
    _format("Supabase key", "sbp_", r"sbp_[0-9a-f]{40}"),
    _format("PlanetScale key", "pscale_", r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{30,}"),
    # Whatever issued it
    _format("JWT", "eyJ", r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){0,3}"),
    _format(
        "password hash",
        "$2a$ $2b$ $2y$ $5$ $6$ $y$ $apr1$ $argon2",
        r"\$(?:2[aby]\$\d\d\$[./A-Za-z0-9]{53}|argon2(?:id|i|d)\$[^\s\"']{30,}"
        r"|(?:5|6|y|apr1)\$[^\s\"':]{20,})",
    ),
    _format("database login", "@tcp( @unix(", r"[\w.-]+:([^\s@:/]+)@(?:tcp|unix)\(", back=80, edge=False),
    _format("netrc password", "machine ", r"machine \S+\s+login \S+\s+password (\S+)"),
    _format("curl login", "curl ", r"curl\b[^\n]*?\s(?:-u|--user)[ =]?[\"']?[\w.@-]+:([^\s\"']+)"),
    _format(
        "login on a command line",
        "mysql sshpass",
        r"(?:mysql(?:dump|admin)?|sshpass)\b[^\n]*?\s-p ?[\"']?([^\s\"'-][^\s\"']*)",
    ),
    _format("SQL password", "IDENTIFIED identified", r"(?i:identified by)\s+[\"']([^\"']+)[\"']"),
)

_BY_HINT = {hint: kind for kind in FORMATS for hint in kind.hints}


@cache
def _gates() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """A pattern for all hints with the same first letter: one pass for many."""
    gates = []
    hints = sorted(_BY_HINT)
    for first in sorted({hint[0] for hint in hints}):
        rest = "|".join(re.escape(hint[1:]) for hint in hints if hint[0] == first)
        gates.append((first, re.compile(f"{re.escape(first)}(?:{rest})")))
    return tuple(gates)


def present(text: str) -> dict[str, Format]:
    """The hints that stand in the text, each with its format."""
    found: set[str] = set()
    for first, gate in _gates():
        if first in text:
            found.update(gate.findall(text))
    return {hint: _BY_HINT[hint] for hint in sorted(found)}
