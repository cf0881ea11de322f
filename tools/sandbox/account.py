"""The practice account's server: moto, in a process of its own that ends when its stdin closes.

    python -m tools.sandbox.account READY_FILE

The address is written to READY_FILE once requests are answered.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> int:
    """Serve until stdin ends. Exit code 3 means that moto is not installed."""
    try:
        from moto.server import ThreadedMotoServer
    except ImportError:
        return 3
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    Path(sys.argv[1]).write_text(f"http://{host}:{port}")
    sys.stdin.buffer.read()
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
