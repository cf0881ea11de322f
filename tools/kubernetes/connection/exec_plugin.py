"""Exec plugins of a kubeconfig, kept away from the terminal.

The console owns the terminal: a plugin that asks for a password there would take the operator's keys and
wait for ever. So it gets no terminal and an empty input; what it says when it then fails is shown. See
https://kubernetes.io/docs/reference/access-authn-authz/authentication/#configuration (`interactiveMode`).
"""

from __future__ import annotations

import os
import sys

from pydantic import JsonValue

from tools.errors import NotConfigured

_APART = """
import os, sys
try:
    os.setsid()
except OSError:
    pass
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
try:
    os.execvp(sys.argv[1], sys.argv[1:])
except OSError as error:
    sys.exit(f"{sys.argv[1]}: {error.strerror}")
"""


def without_terminal(config: dict[str, JsonValue], context: str) -> dict[str, JsonValue]:
    """A kubeconfig whose exec plugins cannot reach the terminal.

    Args:
        config: as read from its file; left as it is.
        context: for the sentence.

    Raises: `NotConfigured` when a plugin says itself that it has to ask the operator.
    """
    users = config.get("users")
    if not isinstance(users, list) or os.name != "posix":
        return config
    return {**config, "users": [_apart(user, context) for user in users]}


def _apart(user: JsonValue, context: str) -> JsonValue:
    login = user.get("user") if isinstance(user, dict) else None
    plugin = login.get("exec") if isinstance(login, dict) else None
    if not isinstance(user, dict) or not isinstance(login, dict) or not isinstance(plugin, dict):
        return user
    command, args = plugin.get("command"), plugin.get("args") or []
    if not isinstance(command, str) or not isinstance(args, list):
        return user
    if plugin.get("interactiveMode") == "Always":
        raise NotConfigured(
            f"The login for context {context} asks questions in a terminal ({command}).",
            hint=f"Log in with `kubectl --context {context} version` first, or use a plugin that need not ask.",
        )
    apart: JsonValue = {
        **plugin,
        "command": sys.executable,
        "args": ["-I", "-S", "-c", _APART, command, *args],
    }
    return {**user, "user": {**login, "exec": apart}}
