"""Harmless values and sentences that resemble secrets, made at run time."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import uuid
from collections.abc import Iterator

from pydantic import JsonValue

from tests.tools.redaction.canaries import ALNUM, DIGITS, HEX, LOWER, UPPER, some

EACH = 10


def lookalikes(seed: int = 20260314) -> list[tuple[str, JsonValue]]:
    """Each with the sort it is of."""
    chance = random.Random(seed)
    made = [(sort, value) for _ in range(EACH) for sort, value in _values(chance)]
    return [
        *made,
        *(("sentence", sentence) for sentence in SENTENCES),
        *(("field", field) for field in FIELDS),
    ]


def _values(chance: random.Random) -> Iterator[tuple[str, JsonValue]]:
    digest = hashlib.sha256(chance.randbytes(8)).hexdigest()
    short = digest[:12]
    uid = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    pod = f"checkout-{some(chance, 9, HEX)}-{some(chance, 5, LOWER + DIGITS)}"
    account, region = some(chance, 12, DIGITS), chance.choice(["eu-central-1", "us-east-1"])
    coded = base64.b64encode(json.dumps({"replicas": chance.randrange(9), "mode": "fast"}).encode()).decode()
    yield "uid", {"metadata": {"uid": uid, "resourceVersion": some(chance, 9, DIGITS)}}
    yield "uuid in a log line", f"2026-03-14T12:00:00Z INFO request_id={uid} status=200 duration=12ms"
    yield "git commit", f"deployed commit {hashlib.sha1(chance.randbytes(8)).hexdigest()} to staging"
    yield "image digest", f"registry.shop.example/checkout@sha256:{digest}"
    yield "image id", {"imageID": f"containerd://sha256:{digest}", "image": f"shop/checkout:{short}"}
    yield "checksum", {"annotations": {"checksum/config": digest, "checksum/secret": digest}}
    yield "md5", f'ETag: "{digest[:32]}" Content-MD5: {base64.b64encode(bytes.fromhex(digest[:32])).decode()}'
    yield "base64 config", {"kind": "ConfigMap", "binaryData": {"settings.bin": coded}}
    yield "base64 in text", f"payload {coded} accepted"
    yield (
        "caBundle",
        {"webhooks": [{"clientConfig": {"caBundle": base64.b64encode(chance.randbytes(300)).decode()}}]},
    )
    yield (
        "certificate",
        "\n".join(
            [
                "-----BEGIN CERTIFICATE-----",
                *(some(chance, 64, ALNUM + "+/") for _ in range(5)),
                "-----END CERTIFICATE-----",
            ]
        ),
    )
    yield "pod name", {"involvedObject": {"kind": "Pod", "name": pod, "namespace": "shop"}}
    yield (
        "pod in an event",
        f"Successfully assigned shop/{pod} to ip-10-0-{chance.randrange(255)}-7.{region}.compute",
    )
    yield "arn", f"arn:aws:ecs:{region}:{account}:service/production/invoice-worker"
    yield (
        "secret arn",
        {
            "secrets": [
                {
                    "name": "DB_PASSWORD",
                    "valueFrom": f"arn:aws:secretsmanager:{region}:{account}:secret:db-{short[:6]}",
                }
            ]
        },
    )
    yield (
        "instance",
        {"InstanceId": f"i-0{some(chance, 16, HEX)}", "SubnetId": f"subnet-0{some(chance, 16, HEX)}"},
    )
    yield (
        "principal id",
        {"userIdentity": {"principalId": "AROA" + some(chance, 16, UPPER + "234567") + ":ci"}},
    )
    yield "ip and port", f"dial tcp 10.{chance.randrange(255)}.0.3:5432: connect: connection refused"
    yield (
        "timestamp",
        {"status": {"startTime": "2026-03-14T12:00:00Z", "passwordLastUsed": "2026-03-14T12:00:00Z"}},
    )
    yield "trace", f"traceparent: 00-{digest[:32]}-{digest[:16]}-01"
    yield (
        "reference",
        {
            "env": [
                {
                    "name": "DB_PASSWORD",
                    "valueFrom": {"secretKeyRef": {"name": f"db-{short[:5]}", "key": "password"}},
                }
            ]
        },
    )
    yield (
        "mount",
        {
            "volumeMounts": [
                {
                    "name": f"kube-api-access-{some(chance, 5, LOWER + DIGITS)}",
                    "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
                }
            ]
        },
    )
    yield (
        "service account",
        {
            "spec": {
                "volumes": [
                    {
                        "projected": {
                            "sources": [{"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}]
                        }
                    }
                ]
            }
        },
    )
    yield "url", f"https://grafana.shop.example/d/{some(chance, 9)}/checkout?from=now-6h&var-pod={pod}"
    yield "url with a port", f"http://checkout.shop.svc.cluster.local:8080/healthz?probe={short}"
    yield (
        "template hash",
        {"labels": {"pod-template-hash": some(chance, 10, LOWER + DIGITS), "app": "checkout"}},
    )
    yield "lease", {"spec": {"holderIdentity": f"node-{short}_{uid}", "leaseDurationSeconds": 15}}
    yield (
        "secret's name",
        f'MountVolume.SetUp failed for volume "tls" : secret "checkout-tls-{short[:5]}" not found',
    )
    yield (
        "memory address",
        f"panic: runtime error at 0x{digest[:12]} goroutine {chance.randrange(900)} [running]",
    )


SENTENCES: tuple[str, ...] = (
    "couldn't find key password in Secret shop/checkout-db",
    "failed to retrieve token: EOF",
    "error: token expired, refreshing",
    "token: expired",
    "password: required",
    "Invalid username or password",
    "the password was rejected by the server",
    "authentication failed: password is incorrect",
    "authorization: denied by policy",
    "secret=shop/checkout-tls reconciled",
    'secret="cert-manager/letsencrypt-prod" updated',
    "credentials: not configured",
    "Unable to attach or mount volumes: unmounted volumes=[secrets-store kube-api-access-x7k2p]",
    'Error: secret "payments-api-key" not found',
    "references to secret payments-db-v2 are stale",
    "leader election lost, key=leader-lock",
    "key: tls.crt",
    "sort key is created_at",
    "partition key user-1234 is hot",
    "max_tokens=4096 temperature=0",
    "input_tokens=12000 output_tokens=800",
    "token bucket refilled to 500",
    "next page token to use is on the response",
    "auth=required mode=oidc",
    "auth: basic",
    "--token-file=/var/run/secrets/tokens/vault",
    "--client-ca-file /etc/kubernetes/pki/ca.crt",
    "--service-account-private-key-file=/etc/kubernetes/pki/sa.key",
    "PASSWORD_FILE=/run/secrets/db-password",
    "DB_PASSWORD=$(cat /run/secrets/db)",
    "DB_PASSWORD=${DB_PASSWORD}",
    "password: {{ .Values.db.password }}",
    "password=****** user=app",
    "api_key=<redacted>",
    "secretName: checkout-tls",
    "imagePullSecrets: registry-login",
    "secretKeyRef: db password",
    "automountServiceAccountToken: false",
    "passwordPolicy: strong",
    "passed 12 of 12 checks",
    "bypass cache for /api/v1/orders",
    "compass-7d9f8b-x2x restarted",
    "scale token-service to 3",
    "restart secret-rotator in production",
    "which secrets does checkout use?",
    "reading arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/Checkout-a1B2c3 was denied",
    "who can read secrets in shop-staging?",
    "rotate the token for deploy-bot",
    "bearer authentication is enabled",
    "basic setup finished",
    "WWW-Authenticate: Bearer realm=registry",
    "disk-0a1b2c3d4e5f60718a9b0c1d2e3f4a5b attached",
    "task-8f14e45fceea167a5a36dedd4bea2543 finished",
    "npm_config_registry=https://registry.npmjs.org",
    "set image checkout=registry.shop.example/checkout:v1.4.2",
    "git describe: v1.4.2-17-g3f2a9c1",
    "kube-root-ca.crt",
    "AIza is how Google keys begin",
    "xoxb tokens were revoked",
    "eyJhbGciOi is the beginning of a JWT",
    "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----",
    "session opened for user root by (uid=0)",
    "connection pool exhausted: conn=17 max=20",
    "salt-minion started",
    "cookie policy updated",
    "otp service is healthy",
)

FIELDS: tuple[JsonValue, ...] = (
    {"name": "LOG_LEVEL", "value": "info"},
    {"name": "KEYCLOAK_URL", "value": "https://login.shop.example/realms/shop"},
    {"name": "TOKEN_TTL", "value": "24h"},
    {"name": "PASSWORD_MIN_LENGTH", "value": "12"},
    {"name": "AUTH_MODE", "value": "oidc"},
    {"name": "VAULT_SECRET_PATH", "value": "kv/data/shop/checkout"},
    {"name": "DATABASE_URL", "value": "postgres://db.shop.svc:5432/orders"},
    {"name": "DB_PASSWORD", "value": ""},
    {"name": "DB_PASSWORD", "value": "$(PGPASS)"},
    {"Key": "Name", "Value": "batch-1"},
    {"Key": "aws:cloudformation:stack-name", "Value": "secrets-stack"},
    {"NextToken": "CpHNsscimcV5oH7bSbub03CI2Qms5+ypNpNm+53MNlR0", "ClientToken": "a8ca07e4-61ec-4399-99f4"},
    {"CustomerMasterKeySpec": "RSA_4096", "ContinuationToken": "eyJ2IjoiMSIsInMiOjF9"},
    {"type": "kubernetes.io/tls", "secretType": "Opaque"},
    {"secretName": "checkout-tls", "secretProviderClass": "aws"},
    {"usage": {"input_tokens": 12000, "output_tokens": 800}},
    {"tokenExpirationSeconds": 3600, "automountServiceAccountToken": False},
    {"keyId": "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"},
    {"secretRef": {"name": "registry-login"}},
    {"authMethod": "password", "tokenEndpoint": "https://login.shop.example/token"},
    {"path": "spec.template.spec.containers[web].image", "before": "shop/web:1", "after": "shop/web:2"},
    {"command": ["sh", "-c", "exec web --port 8080 --token-file /run/token"]},
)
