"""Planted secrets, made at run time: the repository itself holds nothing that looks like one."""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable
from dataclasses import dataclass

LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
ALNUM = LOWER + UPPER + DIGITS
HEX = "0123456789abcdef"
EACH = 5
"""Canaries of every kind."""


@dataclass(frozen=True, slots=True)
class Canary:
    """One planted secret.

    Attributes:
        needles: what must not turn up anywhere.
        value: as it stands in a field of its own.
        text: as it stands in a sentence or a line.
        name: of the field or variable that holds it.
    """

    kind: str
    needles: tuple[str, ...]
    value: str
    text: str
    name: str = "SETTING"

    @property
    def secret(self) -> str:
        return "".join(self.needles)


Make = Callable[[random.Random], Canary]


def canaries(seed: int = 20260314) -> list[Canary]:
    """All of them, the same for the same seed."""
    chance = random.Random(seed)
    return [make(chance) for make in KINDS.values() for _ in range(EACH)]


def some(chance: random.Random, length: int, letters: str = ALNUM) -> str:
    """Random letters, with at least one digit where there are digits among them."""
    word = [chance.choice(letters) for _ in range(length)]
    if DIGITS[0] in letters:
        word[chance.randrange(length)] = chance.choice(DIGITS)
    return "".join(word)


def _shaped(kind: str, shape: Callable[[random.Random], str]) -> Make:
    """A kind that is known by its own shape, in whatever sentence."""

    def make(chance: random.Random) -> Canary:
        secret = shape(chance)
        sentence = chance.choice(
            [
                "request failed with {} (status 401)",
                "using {}, retrying",
                'header="{}"',
                "start {} done",
                "({})",
            ]
        )
        return Canary(kind, (secret,), secret, sentence.format(secret))

    return make


def _named(kind: str, name: str, shape: Callable[[random.Random], str], *sentences: str) -> Make:
    """A kind that is only known by the name beside it."""

    def make(chance: random.Random) -> Canary:
        secret = shape(chance)
        return Canary(kind, (secret,), secret, chance.choice(sentences).format(secret), name)

    return make


def _word(chance: random.Random) -> str:
    return some(chance, 4, LOWER) + some(chance, chance.randint(4, 8), LOWER + DIGITS)


def _jwt(chance: random.Random) -> str:
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": some(chance, 8, DIGITS), "iat": chance.randrange(10**9)}]
    coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*coded, some(chance, 43)])


def _pem(chance: random.Random) -> Canary:
    kind = chance.choice(["RSA ", "EC ", "", "OPENSSH ", "ENCRYPTED "])
    body = [some(chance, 64, ALNUM + "+/") for _ in range(6)] + [some(chance, 40) + "=="]
    block = "\n".join([f"-----BEGIN {kind}PRIVATE KEY-----", *body, f"-----END {kind}PRIVATE KEY-----"])
    return Canary("private key", tuple(body), block, f"loaded\n{block}\nready")


def _pgp(chance: random.Random) -> Canary:
    body = [some(chance, 64, ALNUM + "+/") for _ in range(5)]
    head = "PGP PRIVATE KEY BLOCK"
    block = "\n".join([f"-----BEGIN {head}-----", "", *body, f"-----END {head}-----"])
    return Canary("PGP key", tuple(body), block, f"key:\n{block}")


def _login(kind: str, scheme: str) -> Make:
    def make(chance: random.Random) -> Canary:
        secret = some(chance, 14)
        url = f"{scheme}://app:{secret}@db.shop.svc:5432/orders"
        return Canary(kind, (secret,), url, f"cannot connect to {url}: refused", "DATABASE_URL")

    return make


def _ado(chance: random.Random) -> Canary:
    secret = some(chance, 12)
    value = f"Server=tcp:sql.shop.svc,1433;User ID=sa;Password={secret};Encrypt=True;"
    return Canary("connection string", (secret,), value, f"opening {value}", "ConnectionStrings__Main")


def _storage(chance: random.Random) -> Canary:
    secret = some(chance, 86, ALNUM + "+/") + "=="
    value = (
        f"DefaultEndpointsProtocol=https;AccountName=shop;AccountKey={secret};EndpointSuffix=core.windows.net"
    )
    return Canary("Azure storage key", (secret,), value, f"using {value}", "STORAGE")


def _basic(chance: random.Random) -> Canary:
    secret = base64.b64encode(f"{some(chance, 5, LOWER)}:{some(chance, 12)}".encode()).decode()
    return Canary("basic header", (secret,), f"Basic {secret}", f"> Authorization: Basic {secret}", "HEADER")


def _bearer(chance: random.Random) -> Canary:
    secret = some(chance, 40)
    return Canary("bearer header", (secret,), f"Bearer {secret}", f"Authorization: Bearer {secret}", "HEADER")


def _docker(chance: random.Random) -> Canary:
    secret = base64.b64encode(f"ci:{some(chance, 20)}".encode()).decode()
    value = json.dumps({"auths": {"registry.shop.example": {"auth": secret}}})
    return Canary("docker login", (secret,), value, value, ".dockerconfigjson")


def _aws_pair(chance: random.Random) -> Canary:
    name, secret = "AKIA" + some(chance, 16, UPPER + "234567"), "a1B" + some(chance, 37, ALNUM + "/+")
    return Canary("AWS key pair", (name, secret), f"{name},{secret}", f"keys {name} {secret}")


def _sas(chance: random.Random) -> Canary:
    secret = some(chance, 43) + "%3D"
    url = f"https://shop.blob.core.windows.net/backup?sv=2024-11-04&sp=r&sig={secret}"
    return Canary("Azure SAS", (secret,), url, f"GET {url} 403")


def _webhook(chance: random.Random) -> Canary:
    secret = f"T{some(chance, 9, UPPER)}/B{some(chance, 9, UPPER)}/{some(chance, 24)}"
    url = f"https://hooks.slack.com/services/{secret}"
    return Canary("Slack webhook", (secret,), url, f"POST {url}")


def _hash(chance: random.Random) -> str:
    return "$2" + "y$10$" + some(chance, 53, ALNUM + "./")


KINDS: dict[str, Make] = {
    "private key": _pem,
    "PGP key": _pgp,
    "JWT": _shaped("JWT", _jwt),
    "AWS access key id": _shaped("AWS access key id", lambda c: "AKIA" + some(c, 16, UPPER + "234567")),
    "AWS key pair": _aws_pair,
    "AWS secret key": _named(
        "AWS secret key",
        "AWS_SECRET_ACCESS_KEY",
        lambda c: some(c, 40, ALNUM + "/+"),
        "aws_secret_access_key = {}",
        "export AWS_SECRET_ACCESS_KEY={}",
        '"SecretAccessKey": "{}"',
    ),
    "AWS session token": _shaped("AWS session token", lambda c: "IQoJb3JpZ2lu" + some(c, 120)),
    "bearer header": _bearer,
    "basic header": _basic,
    "Postgres URL": _login("Postgres URL", "postgresql"),
    "Redis URL": _login("Redis URL", "rediss"),
    "AMQP URL": _login("AMQP URL", "amqp"),
    "connection string": _ado,
    "Azure storage key": _storage,
    "Azure SAS": _sas,
    "Azure client secret": _shaped("Azure client secret", lambda c: some(c, 3) + "8Q~" + some(c, 34)),
    "docker login": _docker,
    "GitHub token": _shaped("GitHub token", lambda c: "gh" + c.choice("pousr") + "_" + some(c, 36)),
    "GitHub fine-grained token": _shaped(
        "GitHub fine-grained token", lambda c: "github_pat_" + some(c, 22) + "_" + some(c, 59)
    ),
    "GitLab token": _shaped("GitLab token", lambda c: "glpat-" + some(c, 20)),
    "Slack token": _shaped("Slack token", lambda c: f"xoxb-{some(c, 12, DIGITS)}-{some(c, 24)}"),
    "Slack webhook": _webhook,
    "Stripe key": _shaped("Stripe key", lambda c: c.choice(["sk", "rk"]) + "_live_" + some(c, 24)),
    "Google API key": _shaped("Google API key", lambda c: "AIza" + some(c, 35)),
    "Google client secret": _shaped("Google client secret", lambda c: "GOCSPX-" + some(c, 28)),
    "Google access token": _shaped("Google access token", lambda c: "ya29." + some(c, 60)),
    "npm token": _shaped("npm token", lambda c: "npm_" + some(c, 36)),
    "PyPI token": _shaped("PyPI token", lambda c: "pypi-AgEI" + some(c, 80)),
    "Docker Hub token": _shaped("Docker Hub token", lambda c: "dckr_pat_" + some(c, 27)),
    "SendGrid key": _shaped("SendGrid key", lambda c: f"SG.{some(c, 22)}.{some(c, 43)}"),
    "Twilio key": _shaped("Twilio key", lambda c: "SK" + some(c, 32, HEX)),
    "Vault token": _shaped("Vault token", lambda c: "hvs." + some(c, 24)),
    "model key": _shaped("model key", lambda c: "sk-ant-api03-" + some(c, 80)),
    "Hugging Face token": _shaped("Hugging Face token", lambda c: "hf_" + some(c, 34)),
    "DigitalOcean token": _shaped("DigitalOcean token", lambda c: "dop_v1_" + some(c, 64, HEX)),
    "password hash": _shaped("password hash", _hash),
    "password": _named(
        "password",
        "DB_PASSWORD",
        _word,
        "login failed password={} user=app",
        'msg="connecting" db_password="{}"',
        "mysqldump --password={} shop",
        "psql --password {} -h db",
        '{{"user":"app","password":"{}"}}',
        "the password is {}",
    ),
    "API key": _named(
        "API key", "PAYMENTS_API_KEY", lambda c: some(c, 32, HEX), "X-Api-Key: {}", "api_key={}", "apiKey: {}"
    ),
    "token": _named(
        "token", "UPSTREAM_TOKEN", lambda c: some(c, 24), "token={}", '"access_token":"{}"', "auth_token: {}"
    ),
}
