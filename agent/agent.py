"""The agent of one process: its journal, its gate, its clients, and the sessions it opens."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from agent import events as e
from agent.clearing import keep_to
from agent.commands import Watch
from agent.execution.step import Pace
from agent.first_scope import first_scope
from agent.home_redactor import home_redactor
from agent.interrupted import announced, cut_off
from agent.logbook import Logbook
from agent.model import Model
from agent.models.config import ModelConfig, Prices, Provider
from agent.models.messages_api import AnthropicModel
from agent.past import Past, new_id
from agent.person import person
from agent.policy import REVEALS, Policy
from agent.policy_file import load
from agent.practice import Practice, enter
from agent.runbooks.library import Library
from agent.runbooks.runbook import builtin, from_folder
from agent.session import Session
from agent.settings import Settings
from agent.staff import Ship, hire
from memory.credentials import Credentials, Found
from memory.errors import CredentialError, SessionUnknown
from memory.home import Home
from memory.journal import Journal
from memory.knowledge import Knowledge
from memory.lease import claim
from memory.sessions import Sessions
from tools.aws.accounts import Accounts
from tools.aws.registry import aws_tools
from tools.aws.watching import poll
from tools.errors import ToolError
from tools.gate import Gate, Mint
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.live.together import watch_view
from tools.kubernetes.registry import kubernetes_tools
from tools.redaction.redactor import Redactor
from tools.rows import RowsChanged
from tools.tool import Registry, Scope

DEFAULT_MODEL = "claude-opus-5-5"
API_KEY = "anthropic-api-key"

LONGEST_WARMING = 5.0
"""Seconds after which the first request is tried without having warmed up."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator chose on the command line. Empty means: not chosen."""

    home: Home
    sandbox: bool = False
    context: str = ""
    namespace: str = ""
    profile: str = ""
    region: str = ""
    read_only: bool = False
    model: str = ""
    operator: str = ""
    program: str = ""
    screen: bool = False
    """Whether somebody stays and watches: then what comes after a turn is worth waiting for."""


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere the operator can work: a kubeconfig context or an AWS profile."""

    kind: Literal["context", "profile"]
    name: str
    detail: str
    current: bool
    pinned_read_only: bool


@dataclass(slots=True)
class Agent:
    """Made by `Agent.start`; close it when done."""

    options: Options
    settings: Settings
    journal: Journal
    sessions: Sessions
    knowledge: Knowledge
    policy: Policy
    registry: Registry
    clusters: Clusters
    accounts: Accounts
    library: Library
    scope: Scope
    redactor: Redactor
    notices: tuple[str, ...]
    """Sentences about what is missing or was left out, for the operator."""
    interrupted: list[str]
    """Ids of sessions that were cut off while a plan ran, the latest first."""
    _mint: Mint
    _environ: dict[str, str]
    _key: Found | None
    _practice: Practice | None
    _pace: Pace
    _clock: Callable[[], datetime]
    _open: list[Session] = field(default_factory=list)
    _models: dict[str, Model] = field(default_factory=dict)
    _warming: asyncio.Task[None] | None = None

    @classmethod
    async def start(
        cls,
        options: Options,
        environ: Mapping[str, str],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> Agent:
        """Open the journal and find the clusters and accounts; nothing is sent anywhere yet.

        Raises:
            KeptError: the home or the journal cannot be used.
            SettingsError: config.toml or policy.yaml cannot be used.
            ToolError: the sandbox cannot be started.
        """
        home = options.home.prepare()
        settings = Settings.load(home.settings)
        if options.read_only:
            settings = settings.model_copy(update={"read_only": True})
        runbooks, notices = from_folder(home.runbooks)
        redactor = home_redactor(home)
        journal = await Journal.open(home.journal, clock)
        practice = await enter(home.sandbox, environ) if options.sandbox else None
        world = {**environ, **(practice.environ if practice else {})}
        gate, mint = Gate.build()
        clusters = Clusters(practice.kubeconfig if practice else None, gate, world, settings.reading_as())
        accounts = Accounts(gate, world, settings.reads_profiles())
        key, trouble = await _find_key(settings, Credentials(environ))
        if options.sandbox:
            trouble = ()  # practice needs no key
        registry = Registry([*kubernetes_tools(clusters), *aws_tools(accounts)])
        effects = {tool.name: tool.effect for tool in registry} | REVEALS
        sessions = Sessions(journal)
        cleared = await keep_to(settings.sessions.keep_days, options.home, sessions, clock())
        interrupted = await cut_off(options.home, sessions)
        trouble = (*announced(interrupted), *cleared, *trouble)
        return cls(
            options=options,
            settings=settings,
            journal=journal,
            sessions=sessions,
            knowledge=await Knowledge.open(home.knowledge, redactor.value),
            policy=Policy(settings, load(home.policy, effects)),
            registry=registry,
            clusters=clusters,
            accounts=accounts,
            library=Library([*runbooks, *builtin()]),
            scope=first_scope(
                Scope(
                    context=options.context or (practice.context if practice else ""),
                    namespace=options.namespace,
                    profile=options.profile
                    or (practice.profile if practice else world.get("AWS_PROFILE", "")),
                    region=options.region,
                ),
                clusters,
                accounts,
                world,
            ),
            redactor=redactor,
            notices=tuple(map(redactor.text, (*notices, *trouble, *_notice(practice)))),
            interrupted=[row.id for row in interrupted],
            _mint=mint,
            _environ=world,
            _key=key,
            _practice=practice,
            _pace=Pace(settings.limits.concurrent_steps, settings.limits.attempts, sleep),
            _clock=clock,
        )

    async def open_session(self, session_id: str | None = None) -> Session:
        """Begin a session, or open one there is. Another console's session is followed, not driven.

        Raises:
            SessionUnknown: there is no session of that id.
        """
        new = session_id is None
        name = session_id or new_id(self._clock())
        title = "" if new else (await self.sessions.get(name)).title
        lease = claim(self.options.home, name)
        log = Logbook(self.journal, name, self._clock, self.redactor)
        await log.load()
        session = Session(log, hire(self._ship, log), lease)
        if new:
            await self.sessions.create(name, scope=self.scope.model_dump_json())
            await log.record(
                e.SessionStarted(
                    operator=self.operator,
                    scope=self.scope,
                    model=self.model_name,
                    sandbox=self.options.sandbox,
                    program=self.options.program,
                )
            )
        elif lease is not None:
            await log.record(e.SessionResumed(operator=self.operator, model=self.model_name))
            if title not in ("", log.state.title):  # it was renamed in the browser
                await log.record(e.TitleChanged(title=title))
        self._open.append(session)
        await session.start()
        return session

    async def session_of(self, plan_id: str) -> str:
        """The session a plan belongs to. Raises `SessionUnknown`."""
        session, dot, _ = plan_id.rpartition(".")
        if not dot:
            raise SessionUnknown(f"{plan_id} is not the id of a plan.", hint="`pilothouse plan` prints it.")
        return (await self.sessions.get(session)).id

    def places(self) -> list[Place]:
        """Contexts and profiles the operator could switch to. Raises `ToolError` for a broken kubeconfig."""
        contexts = [
            Place(
                "context",
                item.name,
                item.server,
                item.name == self.scope.context,
                self.settings.pinned(item.name),
            )
            for item in self.clusters.contexts()
        ]
        profiles = [
            Place("profile", item.name, item.region, item.name == self.scope.profile, False)
            for item in self.accounts.profiles()
        ]
        return contexts + profiles

    async def warm(self) -> None:
        """Load the clients and open the first connections, so that the first request need not wait.

        What cannot be reached is left for the request that needs it to report.
        """
        waiting: list[Awaitable[object]] = [self._reach_cluster()] if self.scope.context else []
        if isinstance(model := self._model(self.model_name), AnthropicModel):
            waiting.append(model.prepare())
        await asyncio.gather(*waiting, return_exceptions=True)

    @property
    def open_sessions(self) -> tuple[Session, ...]:
        """The sessions opened here and not closed yet, oldest first."""
        return tuple(self._open)

    def begin_warming(self) -> None:
        """Warm up beside whatever else goes on."""
        if self._warming is None:
            self._warming = asyncio.create_task(self.warm(), name="warm up")

    @property
    def past(self) -> Past:
        """All sessions there were."""
        return Past(
            self.options.home,
            self.journal,
            self.redactor,
            operator=self.operator,
            program=self.options.program,
            clock=self._clock,
        )

    @property
    def operator(self) -> str:
        return self.options.operator or self._environ.get("USER", "") or getpass.getuser()

    @property
    def model_name(self) -> str:
        """The model that will be asked, or nothing when there is none."""
        wanted = self.options.model or self.settings.model.name
        if self._key is None and not self._serves_itself:
            return ""
        return wanted or DEFAULT_MODEL

    async def close(self) -> None:
        """End sessions and connections. A sandbox that was started here ends too."""
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        for session in self._open:
            await session.close()
        for model in self._models.values():
            await model.close()
        await self.clusters.close()
        await self.accounts.close()
        await self.journal.close()
        await self.knowledge.close()
        if self._practice is not None:
            await self._practice.close()

    # --- details -----------------------------------------------------------------------------------

    @property
    def _serves_itself(self) -> bool:
        """Whether the model needs no key of ours: a self-hosted server, or a cloud's own login."""
        return bool(self.settings.model.base_url) or self.settings.model.provider != "anthropic"

    @property
    def _ship(self) -> Ship:
        return Ship(
            journal=self.journal,
            sessions=self.sessions,
            settings=self.settings,
            policy=self.policy,
            registry=self.registry,
            library=self.library,
            mint=self._mint,
            pace=self._pace,
            operator=self.operator,
            model=self._model,
            names=self._names,
            feed=self._feed,
            person=person(self.operator),
            clusters=self.clusters,
            knowledge=self.knowledge,
            titled_by_model=self.options.screen and self.settings.sessions.titles == "model",
        )

    def _model(self, name: str) -> Model | None:
        if not name or (self._key is None and not self._serves_itself):
            return None
        if name not in self._models:
            self._models[name] = AnthropicModel(_model_config(name, self.settings, self._key), self._environ)
        return self._models[name]

    def _names(self) -> list[str]:
        try:
            return [place.name for place in self.places()]
        except ToolError:
            return []

    async def _reach_cluster(self) -> None:
        cluster = await self.clusters.cluster(self.scope.context)
        await cluster.kinds.resolve("deployments")
        await cluster.request("GET", "/version")

    async def _feed(self, command: Watch, scope: Scope) -> AsyncIterator[RowsChanged]:
        service, _, view = command.what.rpartition(":")
        if service == "aws":
            async for rows in poll(self.accounts, scope, view):
                yield rows
            return
        async for rows in watch_view(
            self.clusters,
            command.what,
            contexts=command.contexts or (scope.context,),
            namespaces=("",) if command.all_namespaces else command.namespaces or (scope.namespace,),
            labels=command.labels,
        ):
            yield rows


def _notice(practice: Practice | None) -> tuple[str, ...]:
    return (practice.notice,) if practice and practice.notice else ()


async def _find_key(settings: Settings, credentials: Credentials) -> tuple[Found | None, tuple[str, ...]]:
    """The model's key, or the sentence why there is none. A missing key is no trouble by itself."""
    try:
        return await credentials.lookup(API_KEY), ()
    except CredentialError as error:
        quiet = settings.model.base_url or settings.model.provider != "anthropic"
        return None, () if quiet else (str(error),)


def _model_config(name: str, settings: Settings, key: Found | None) -> ModelConfig:
    model = settings.model
    prices = None
    if model.input_price is not None and model.output_price is not None:
        read, written = Decimal(str(model.input_price)), Decimal(str(model.output_price))
        # Without a price of its own, what passes through the cache is charged like any other input.
        prices = Prices(
            input_per_mtok=read, output_per_mtok=written, cache_read_per_mtok=read, cache_write_per_mtok=read
        )
    return ModelConfig(
        model=name,
        base_url=model.base_url or None,
        api_key=key.value if key else None,
        provider=Provider(model.provider),
        region=model.region or None,
        prices=prices,
    )
