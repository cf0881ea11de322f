"""The practice account's server: moto, in a process of its own that ends when its stdin closes.

    python -m tools.sandbox.account

Its address is the one line it prints, once it is furnished.
"""

from __future__ import annotations

import logging
import os
import sys
import urllib.request

from tools.sandbox.company import Company

NOT_INSTALLED = 3
"""The exit code that means: there is no moto here."""

REGION = "eu-central-1"
KEYS = {"aws_access_key_id": "practice", "aws_secret_access_key": "practice"}

_SEED = 42
_SLOWEST_REQUEST = 20
"""Seconds; the first request to a service loads it."""


def main() -> int:
    """Serve on the loopback interface until stdin ends."""
    try:
        from moto.server import ThreadedMotoServer
    except ImportError:
        return NOT_INSTALLED
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # one line for every request else
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    furnish(url)
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()
    sys.stdin.buffer.read()
    os._exit(0)  # nothing to save, and an orderly end takes the better part of a second


def furnish(url: str) -> None:
    """Fill an empty account, the way anybody would: through its API."""
    import boto3
    from botocore.config import Config

    # Identifiers come from a generator that can be seeded, and only in the order of requests.
    seed = urllib.request.Request(f"{url}/moto-api/seed?a={_SEED}", method="POST")
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(seed, timeout=_SLOWEST_REQUEST).close()
    # On the loopback interface no proxy helps.
    config = Config(proxies={}, read_timeout=_SLOWEST_REQUEST, retries={"total_max_attempts": 1})
    session = boto3.Session(**KEYS, region_name=REGION)
    Company(lambda service: session.client(service, endpoint_url=url, config=config)).settle_in(REGION)


if __name__ == "__main__":
    sys.exit(main())
