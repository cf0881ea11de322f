"""Authentication and TLS by the official client: certificates, tokens, exec plugins, OIDC.

Only `kubernetes.aio`'s configuration and `ApiClient` are used; the requests are our own.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from tools.errors import NotConfigured, ToolError
from tools.kubernetes.connection.exec_plugin import without_terminal
from tools.kubernetes.connection.kubeconfig import ContextInfo, Kubeconfig
from tools.kubernetes.connection.library import load

EXEC_SECONDS = 60.0
"""How long an exec plugin may take; some wait for a browser."""

_RENEW_EARLY = timedelta(minutes=1)


@dataclass(frozen=True)
class Login:
    """How to speak to one API server. `headers` carry the credentials; never log them."""

    server: str
    tls: ssl.SSLContext | None
    headers: dict[str, str]
    proxy: str
    tls_server_name: str
    expires: datetime | None
    identity: str
    """Changes when the client certificate does: then connections have to be made anew."""

    def stale(self, now: datetime) -> bool:
        return self.expires is not None and now + _RENEW_EARLY >= self.expires


class _ApiClient(Protocol):
    async def update_params_for_auth(
        self,
        headers: dict[str, str],
        queries: list[tuple[str, str]],
        auth_settings: list[str],
        resource_path: str,
        method: str,
        body: None,
    ) -> None: ...


async def log_in(kubeconfig: Kubeconfig, context: ContextInfo) -> Login:
    """Load the context's credentials, running its exec plugin if it has one.

    Raises `NotConfigured` with the plugin's own words when there are none to be had.
    """
    client, library = await asyncio.to_thread(load)
    configuration = client.Configuration()
    complaints = _Complaints()
    logger = logging.getLogger(library.__name__)
    logger.addHandler(complaints)
    try:
        async with asyncio.timeout(EXEC_SECONDS):
            alone = kubeconfig.alone(context.name)
            if alone is not None:
                # A file of a hundred contexts is not worked through for the sake of one.
                config, folder = alone
                loader = library.KubeConfigLoader(
                    config_dict=without_terminal(config, context.name),
                    active_context=context.name,
                    config_base_path=str(folder),
                )
                await loader.load_and_set(configuration)
            else:
                loader = await library.load_kube_config(
                    config_file=library.ENV_KUBECONFIG_PATH_SEPARATOR.join(map(str, kubeconfig.existing)),
                    context=context.name,
                    client_configuration=configuration,
                    persist_config=False,
                )
    except TimeoutError as error:
        raise NotConfigured(
            f"Logging in to {context.name} took more than {EXEC_SECONDS:g} seconds."
        ) from error
    except ToolError:
        raise
    except Exception as error:  # the loader raises whatever its many parts raise
        raise NotConfigured(
            f"The login for context {context.name} could not be loaded: {error}.".replace("..", ".")
        ) from error
    finally:
        logger.removeHandler(complaints)
    if complaints.words:
        raise NotConfigured(
            f"The login for context {context.name} failed: {complaints.words[-1].rstrip('.')}.",
            hint="Run the plugin of the kubeconfig's user by hand to see why.",
        )
    configuration.retries = None
    api = await asyncio.to_thread(client.ApiClient, configuration)
    headers: dict[str, str] = {}
    await _authorize(api, headers)
    return Login(
        server=context.server.rstrip("/"),
        tls=api.rest_client.ssl_context if context.server.startswith("https") else None,
        headers=headers,
        proxy=configuration.proxy or "",
        tls_server_name=configuration.tls_server_name or "",
        expires=_aware(getattr(loader, "exec_plugin_expiry", None)),
        identity=f"{configuration.cert_file} {configuration.key_file} {configuration.ssl_ca_cert}",
    )


async def _authorize(api: _ApiClient, headers: dict[str, str]) -> None:
    await api.update_params_for_auth(headers, [], ["BearerToken"], "/", "GET", None)


def _aware(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment is not None else None


class _Complaints(logging.Handler):
    """The loader logs a failing exec plugin and goes on without credentials; we want to know."""

    def __init__(self) -> None:
        super().__init__(level=logging.ERROR)
        self.words: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.words.append(record.getMessage())
