"""EC2 instances: what we read of them, and how they are found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_pascal

from tools.aws.tags import fits
from tools.errors import Invalid, NotFound
from tools.tool import Scope

if TYPE_CHECKING:
    from tools.aws.accounts import Accounts

InstanceState = Literal["pending", "running", "stopping", "stopped", "shutting-down", "terminated"]

InstanceId = Annotated[
    str, Field(pattern=r"^i-[0-9a-f]{8,17}$", description="Id of an EC2 instance: i- and hex digits.")
]

_NAME_TAG = "Name"
_PAGE = 500


class _Wire(BaseModel):
    """A part of an answer: names as AWS writes them, what we do not know is left out."""

    model_config = ConfigDict(alias_generator=to_pascal, populate_by_name=True, extra="ignore")


class _Tag(_Wire):
    key: str
    value: str = ""


class _State(_Wire):
    name: InstanceState


class _Placement(_Wire):
    availability_zone: str = ""


class _Reason(_Wire):
    code: str = ""
    message: str = ""


class _Group(_Wire):
    group_id: str = ""
    group_name: str = ""


class _Association(_Wire):
    ip_owner_id: str = ""


class _Interface(_Wire):
    association: _Association | None = None


class WireInstance(_Wire):
    """One element of DescribeInstances' Reservations[].Instances[]."""

    instance_id: str
    instance_type: str = ""
    state: _State
    state_reason: _Reason | None = None
    state_transition_reason: str = ""
    placement: _Placement = _Placement()
    private_ip_address: str = ""
    public_ip_address: str = ""
    launch_time: datetime | None = None
    tags: list[_Tag] = []
    image_id: str = ""
    vpc_id: str = ""
    subnet_id: str = ""
    key_name: str = ""
    root_device_type: str = ""
    instance_lifecycle: str = ""
    security_groups: list[_Group] = []
    network_interfaces: list[_Interface] = []

    @property
    def labels(self) -> dict[str, str]:
        return {tag.key: tag.value for tag in self.tags}

    @property
    def name(self) -> str:
        return self.labels.get(_NAME_TAG, "")

    def __str__(self) -> str:
        return f"{self.name} ({self.instance_id})" if self.name else self.instance_id

    @property
    def loses_address(self) -> bool:
        """Whether its public address is only lent, and goes with a stop."""
        return bool(self.public_ip_address) and any(
            interface.association is not None and interface.association.ip_owner_id == "amazon"
            for interface in self.network_interfaces
        )

    @property
    def why(self) -> str:
        """Why it came into its state, in the service's words; empty where it says nothing."""
        return (self.state_reason.message if self.state_reason else "") or self.state_transition_reason


class _Reservation(_Wire):
    instances: list[WireInstance] = []


class _Page(_Wire):
    reservations: list[_Reservation] = []


class Instance(BaseModel):
    """One instance as a row. `name` is its Name tag, or empty."""

    id: str
    name: str
    state: InstanceState
    type: str
    zone: str
    private_ip: str
    public_ip: str
    launched: datetime | None
    tags: dict[str, str]


def row_of(found: WireInstance) -> Instance:
    return Instance(
        id=found.instance_id,
        name=found.name,
        state=found.state.name,
        type=found.instance_type,
        zone=found.placement.availability_zone,
        private_ip=found.private_ip_address,
        public_ip=found.public_ip_address,
        launched=found.launch_time,
        tags=found.labels,
    )


async def list_instances(
    accounts: Accounts,
    scope: Scope,
    *,
    states: Sequence[InstanceState] = (),
    tags: dict[str, str] | None = None,
) -> list[WireInstance]:
    """Instances by name, then id. Empty filters take all. Raises a `ToolError`."""
    filters = [{"Name": "instance-state-name", "Values": list(states)}] if states else []
    found: list[WireInstance] = []
    async for page in accounts.pages(
        scope, "ec2", "DescribeInstances", Filters=filters, PaginationConfig={"PageSize": _PAGE}
    ):
        for reservation in _Page.model_validate(page).reservations:
            found += [each for each in reservation.instances if fits(each.labels, tags or {})]
    return sorted(found, key=lambda each: (each.name, each.instance_id))


async def instances_by_id(accounts: Accounts, scope: Scope, ids: Sequence[str]) -> list[WireInstance]:
    """These instances, in this order. Raises `NotFound` if one is missing."""
    page = await accounts.call(scope, "ec2", "DescribeInstances", InstanceIds=list(ids))
    found = {
        each.instance_id: each
        for reservation in _Page.model_validate(page).reservations
        for each in reservation.instances
    }
    missing = [name for name in ids if name not in found]
    if missing:
        raise NotFound(f"There is no instance {', '.join(missing)} in {accounts.place(scope)}.")
    return [found[name] for name in ids]


async def instance_called(accounts: Accounts, scope: Scope, word: str) -> WireInstance:
    """The instance of this id or, where there is only one, of this Name tag.

    Raises:
        NotFound: none is called so; names those that resemble it.
        Invalid: several are; names their ids.
    """
    if word.startswith("i-"):
        return (await instances_by_id(accounts, scope, [word]))[0]
    everything = await list_instances(accounts, scope)
    found = [each for each in everything if each.name == word and each.state.name != "terminated"]
    if len(found) == 1:
        return found[0]
    place = accounts.place(scope)
    if found:
        ids = ", ".join(each.instance_id for each in found)
        raise Invalid(f"{len(found)} instances in {place} are called {word}.", hint=f"Choose one: {ids}.")
    from difflib import get_close_matches

    near = get_close_matches(word, {each.name for each in everything if each.name}, n=3)
    raise NotFound(f"There is no instance called {word} in {place}.", near=tuple(near))
