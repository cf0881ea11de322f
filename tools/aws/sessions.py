"""botocore sessions that go by the environment they are given. Heavy to import: load it late."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.configprovider import ConfigChainFactory, ConfiguredEndpointProvider
from botocore.credentials import Credentials
from botocore.loaders import Loader, create_loader
from botocore.session import Session as BotocoreSession

from tools.aws.gate_hooks import GateHooks
from tools.aws.profiles import ENVIRONMENT, Files, Place
from tools.errors import Unauthorized
from tools.gate import Gate

if TYPE_CHECKING:
    from botocore.client import BaseClient

CONNECT_SECONDS = 2.0
READ_SECONDS = 20.0
READ_ATTEMPTS = 2
CONNECTIONS = 16

_NOT_ASKED = ("env", "ec2-credentials-file", "boto-config", "container-role", "iam-role")
"""Sources of credentials that are not a profile's: the machine's own role must not steer an account."""


class GatedSession:
    """A session for one profile and region, all of whose clients stand behind the gate.

    Args:
        place: profile and region.
        files: AWS's two files.
        environ: the environment, for credentials, addresses and certificates.
        gate: who judges.
    """

    def __init__(self, place: Place, files: Files, environ: Mapping[str, str], gate: Gate) -> None:
        self._environ = dict(environ)
        self._hooks = GateHooks(gate, place)
        own = _Session(place, files, self._environ, self._hooks)
        if own.from_variables:
            own.set_credentials(
                environ.get("AWS_ACCESS_KEY_ID", ""),
                environ.get("AWS_SECRET_ACCESS_KEY", ""),
                environ.get("AWS_SESSION_TOKEN") or None,
            )
        else:
            # A profile that assumes a role or uses single sign-on logs in through clients of its own.
            login = _Session(place, files, self._environ, GateHooks(gate, place, signing_in=True))
            own.lend(login.get_credentials())
        self._session = own

    def client(self, service: str, *, writes: bool) -> BaseClient:
        """A new client. One for writes sends each request once; one for reads tries twice."""
        found: BaseClient = self._session.create_client(service, config=settings(writes=writes))
        return found


def settings(*, writes: bool) -> Config:
    """How clients connect."""
    attempts = 1 if writes else READ_ATTEMPTS
    return Config(
        max_pool_connections=CONNECTIONS,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": attempts},
        # The gate compares what is sent with what was judged, so nothing may be packed afterwards.
        disable_request_compression=True,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        user_agent_extra="pilothouse",
    )


@cache
def _models(path: str) -> Loader:
    """AWS's models of its services: large, the same for every profile, and so read once."""
    return create_loader(path or None)


def _no_code(_: str) -> str:
    raise Unauthorized(
        "This profile asks for a code (multi-factor login), which cannot be typed here.",
        hint="Log in outside first, for example with aws sso login or aws sts get-session-token.",
    )


class _Session(BotocoreSession):  # type: ignore[misc]  # botocore has no types
    """A session that reads no variable but those it was given."""

    def __init__(self, place: Place, files: Files, environ: Mapping[str, str], hooks: GateHooks) -> None:
        super().__init__()
        self._environ = dict(environ)
        self._hooks = hooks
        self._take_settings_from(self._environ)
        self.register_component("data_loader", _models(self._environ.get("AWS_DATA_PATH", "")))
        self.set_config_variable("config_file", str(files.config))
        self.set_config_variable("credentials_file", str(files.credentials))
        self.set_config_variable("region", place.region)
        self.from_variables = place.profile == ENVIRONMENT and ENVIRONMENT not in self.available_profiles
        if not self.from_variables:
            self.set_config_variable("profile", place.profile)
            resolver = self.get_component("credential_provider")
            for source in _NOT_ASKED:
                resolver.remove(source)
            # botocore would ask for the code on the terminal, where nobody could answer.
            resolver.get_provider("assume-role")._prompter = _no_code
        hooks.attach(self)

    def lend(self, credentials: Credentials | None) -> None:
        """Use credentials that another session keeps fresh."""
        self._credentials = credentials

    def create_client(
        self,
        service_name: str,
        *args: object,
        endpoint_url: str | None = None,
        config: Config | None = None,
        **kwargs: object,
    ) -> BaseClient:
        """A client behind the gate, at the address the environment or the profile names."""
        address = endpoint_url or self._address(service_name)
        own = Config(ignore_configured_endpoint_urls=True)
        merged = config.merge(own) if config is not None else settings(writes=False).merge(own)
        client = super().create_client(service_name, *args, endpoint_url=address, config=merged, **kwargs)
        self._hooks.guard(client)
        return client

    def _address(self, service: str) -> str | None:
        ignored = self._environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true"
        if ignored or self.get_scoped_config().get("ignore_configured_endpoint_urls", "").lower() == "true":
            return None
        found = ConfiguredEndpointProvider(
            self.full_config, self.get_scoped_config(), service, environ=self._environ
        ).provide()
        return str(found) if found else None

    def _take_settings_from(self, environ: Mapping[str, str]) -> None:
        chain = ConfigChainFactory(session=self, environ=environ)
        store = self.get_component("config_store")
        for name, (option, variables, default, convert) in self.SESSION_VARIABLES.items():
            store.set_config_provider(
                name,
                chain.create_config_chain(
                    instance_name=name,
                    env_var_names=variables,
                    config_property_names=option,
                    default=default,
                    conversion_func=convert,
                ),
            )
