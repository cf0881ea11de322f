"""Where an operator who has not said more begins to work."""

from __future__ import annotations

from collections.abc import Mapping

from tools.aws.accounts import Accounts
from tools.errors import ToolError
from tools.kubernetes.connection.clusters import Clusters
from tools.tool import Scope


def first_scope(named: Scope, clusters: Clusters, accounts: Accounts, environ: Mapping[str, str]) -> Scope:
    """What was named, completed by the current context and what the context and the profile bring along.

    Args:
        named: what the operator or the sandbox named; empty fields are open.
    """
    try:
        known = clusters.contexts()
    except ToolError:
        known = []
    context = named.context or next((item.name for item in known if item.current), "")
    own = next((item.namespace for item in known if item.name == context), "")
    regions = {item.name: item.region for item in accounts.profiles()}
    return Scope(
        context=context,
        namespace=named.namespace or (own if own != "default" else ""),
        profile=named.profile,
        region=named.region or regions.get(named.profile, "") or environ.get("AWS_REGION", ""),
    )
