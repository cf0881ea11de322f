"""What a tool is: a name, a version, an effect, an argument model, an output model, and at most
four verbs.

Tools are stateless. A connection, an identity and an output file are never arguments: the scope
names a context or a profile by the operator's own words for it, and the tool's constructor was
given the clients that know how to reach it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, ClassVar, Generic, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)

from tools.errors import Invalid
from tools.gate import Permit
from tools.tricks import FREE_TEXT, texts, trick


class Effect(StrEnum):
    """What a tool may do to the world; decides who has to be asked."""

    READ = "read"
    SENSITIVE_READ = "sensitive_read"
    WRITE = "write"
    DESTRUCTIVE = "destructive"

    @property
    def writes(self) -> bool:
        return self in (Effect.WRITE, Effect.DESTRUCTIVE)


class Frozen(BaseModel):
    """A value that is compared, hashed and journalled, and never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Scope(Frozen):
    """Where a call goes. Empty means: not chosen.

    `context` is a kubeconfig context, `namespace` a Kubernetes namespace, `profile` an AWS profile
    and `region` an AWS region.
    """

    context: str = ""
    namespace: str = ""
    profile: str = ""
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]*$")] = ""

    @field_validator("namespace", "region")
    @classmethod
    def _is_no_trick(cls, value: str) -> str:
        # Contexts and profiles are looked up by name; these two become part of addresses.
        if why := trick(value):
            raise ValueError(f"{value[:80]!r} cannot be meant: {why}")
        return value


class Arguments(BaseModel):
    """Base of every tool's argument model: unknown fields are an error, not noise.

    Values that mean more than they say (`tools.tricks`) are refused in every field that is not marked
    as free text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="after")
    def _says_what_it_means(self) -> Self:
        for name, field in type(self).model_fields.items():
            if FREE_TEXT in field.metadata:
                continue
            for text in texts(getattr(self, name)):
                if why := trick(text):
                    raise ValueError(f"{name} cannot be {text[:80]!r}: {why}")
        return self


Name = Annotated[
    str,
    Field(
        min_length=1,
        max_length=253,
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9._:-]*[A-Za-z0-9])?$",
        description="Name of an object.",
    ),
]
"""An object's name: no leading dash, no slash, no space (RFC 1123 subdomain, widened by `:` for RBAC)."""

OptionalNamespace = Annotated[
    str,
    Field(
        default="",
        max_length=63,
        pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?$",
        description="Namespace; empty for the working namespace.",
    ),
]


class Call(Frozen):
    """A tool at a version with its arguments: the unit that plans, journal and undo speak of."""

    tool: str
    args: dict[str, JsonValue]


class Change(Frozen):
    """One changed field. `path` is dotted (`spec.replicas`); None stands for absent."""

    path: str
    before: JsonValue = None
    after: JsonValue = None
    lost: str = ""
    """Why undo does not put `before` back here, where that is so: `its workload makes another one`."""

    @model_serializer(mode="wrap")
    def _without_nothing_lost(self, dump: SerializerFunctionWrapHandler) -> dict[str, JsonValue]:
        """What can be put back is written as it always was, so that hashes of earlier plans still fit."""
        written: dict[str, JsonValue] = dump(self)
        if not written.get("lost"):
            written.pop("lost", None)
        return written


class Preview(Frozen):
    """What a write would change, measured against the real server just now."""

    target: str
    """The object in the operator's words: `deployment/checkout in shop-staging`."""
    name: str
    """The object's bare name, which the operator types to confirm what cannot be undone."""
    objects: int = 1
    """How many objects the server would change."""
    changes: tuple[Change, ...] = ()
    chosen: dict[str, JsonValue] = {}
    """Arguments that were left open and that the preview has settled; the write is done with these."""
    before: dict[str, JsonValue] = {}
    """The recorded state that undo puts back."""
    observed: str = ""
    """Fingerprint of the object the preview was made against; a different one is drift."""
    server: str = ""
    """The address that the context stood for; the same name with another address is another place."""
    cluster: str = ""
    """What tells the cluster from every other (the uid of kube-system); empty where it cannot be read."""
    labels: dict[str, str] = {}
    """Labels or tags that policy may speak of, the namespace's included."""
    environments: tuple[str, ...] = ()
    """Environments of what it touches beside its target: a node's pods belong to several."""
    permits: tuple[Permit, ...] = ()
    """The exact requests that this write needs to send."""
    warnings: tuple[str, ...] = ()


class Verdict(StrEnum):
    HOLDS = "holds"
    NOT_YET = "not yet"
    DOES_NOT_HOLD = "does not hold"
    UNKNOWN = "unknown"


class Observation(Frozen):
    """Is the effect there?

    `applied` tells whether the write itself arrived (after a crash: must it be sent?), `verdict`
    whether its purpose is reached: a new image can be *applied* while the rollout is *not yet* done.
    """

    verdict: Verdict
    detail: str
    applied: bool | None = None


class ToolSpec(Frozen):
    """A tool as plans, models and `pilothouse tools list` see it."""

    name: str
    version: int
    effect: Effect
    summary: str
    args_schema: dict[str, JsonValue]
    output_schema: dict[str, JsonValue]

    @property
    def id(self) -> str:
        return f"{self.name}@{self.version}"


A = TypeVar("A", bound=Arguments)
O = TypeVar("O", bound=BaseModel)  # noqa: E741 - reads as Output


class Tool(ABC, Generic[A, O]):
    """A read. Subclasses set the class variables and write `run`."""

    name: ClassVar[str]
    version: ClassVar[int] = 1
    effect: ClassVar[Effect] = Effect.READ
    summary: ClassVar[str]
    Args: ClassVar[type[Arguments]]
    Output: ClassVar[type[BaseModel]]
    timeout: ClassVar[float] = 30.0
    """Seconds one call may take."""
    fresh: ClassVar[float] = 15.0
    """Seconds for which an answer stands for the same question asked again."""

    @property
    def id(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def spec(self) -> ToolSpec:
        return ToolSpec(
            name=self.name,
            version=self.version,
            effect=self.effect,
            summary=self.summary,
            args_schema=self.Args.model_json_schema(),
            output_schema=self.Output.model_json_schema(),
        )

    def parse(self, args: dict[str, JsonValue]) -> A:
        """Validate raw arguments. Raises `Invalid` naming every field that does not fit."""
        try:
            return self.Args.model_validate(args)  # type: ignore[return-value]
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(str(part) for part in item['loc']) or 'arguments'}: {item['msg']}"
                for item in error.errors()
            )
            raise Invalid(f"{self.id} does not accept these arguments: {problems}.") from error

    @abstractmethod
    async def run(self, args: A, scope: Scope) -> O:
        """Do it. Raises a `ToolError` when it cannot."""


class WriteTool(Tool[A, O]):
    """A write: it can show its effect beforehand, look for it afterwards, and usually take it back."""

    effect: ClassVar[Effect] = Effect.WRITE
    settle: ClassVar[float] = 120.0
    """Seconds the effect may take to be observed after the call returned."""
    lasting: ClassVar[bool] = True
    """Whether something stays different afterwards; a rolling restart has nothing to take back."""

    @abstractmethod
    async def preview(self, args: A, scope: Scope) -> Preview:
        """Dry-run against the real server: diff, before-state, permits. Changes nothing."""

    @abstractmethod
    async def observe(self, args: A, scope: Scope, preview: Preview) -> Observation:
        """Ask the world whether the effect is there, given what was recorded before."""

    @abstractmethod
    def undo(self, args: A, preview: Preview) -> Call | None:
        """The call that restores the recorded before-state, or None if nothing can."""


class Registry:
    """Tools by name and by `name@version`; a bare name means the newest version."""

    def __init__(self, tools: Iterable[Tool[Arguments, BaseModel]]) -> None:
        self._tools: dict[str, Tool[Arguments, BaseModel]] = {}
        for tool in tools:
            if tool.id in self._tools:
                raise ValueError(f"two tools are called {tool.id}")
            self._tools[tool.id] = tool
            newest = self._tools.get(tool.name)
            if newest is None or newest.version < tool.version:
                self._tools[tool.name] = tool

    def __contains__(self, name: str) -> bool:
        return name in self._tools

    def __iter__(self) -> Iterator[Tool[Arguments, BaseModel]]:
        return iter(tool for key, tool in sorted(self._tools.items()) if "@" in key)

    def get(self, name: str) -> Tool[Arguments, BaseModel]:
        """Raises `Invalid` with the names that do exist."""
        try:
            return self._tools[name]
        except KeyError:
            known = ", ".join(sorted(key for key in self._tools if "@" not in key))
            raise Invalid(f"There is no tool called {name}.", hint=f"The tools are: {known}.") from None

    def write(self, name: str) -> WriteTool[Arguments, BaseModel]:
        """The tool, which must be a write. Raises `Invalid` otherwise."""
        tool = self.get(name)
        if not isinstance(tool, WriteTool):
            raise Invalid(f"{tool.id} only reads; it cannot change anything.")
        return tool
