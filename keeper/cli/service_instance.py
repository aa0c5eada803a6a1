"""Who serves a service: `conductor service admit`, `serve`, `instances`, `drain`, `evict`."""

from __future__ import annotations

from dataclasses import dataclass

import click
from eth_utils.address import to_checksum_address

from keeper.chain.settings import Settings
from keeper.cli.command import command
from keeper.cli.deployment import parse_address
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result, fields, table
from keeper.cli.plan_owner import Transaction
from keeper.cli.registry import FROM_ACCOUNT, NAME, Registry, acting, events_in, open_registry, parent_of, seconds
from keeper.registry import Instance, check_label, namehash
from keeper.registry.abi import call
from keeper.registry.events import Admitted
from keeper.wire.errors import BadInput, Refused
from keeper.wire.types import NOBODY

MOST_WEIGHT = 0xFFFF
WEIGHT = click.IntRange(0, MOST_WEIGHT)
INSTANCE = click.argument("instance")


@dataclass(frozen=True)
class OneInstance:
    """`left_s`: how much of its lease is left at the block; 0: it is not live, and resolves to nothing."""

    id: int
    name: str
    operator: str
    granted: int
    weight: int
    ttl_s: int
    until_s: int
    left_s: int
    target: str | None
    zone: str
    endpoint: str

    @classmethod
    def of(cls, one: Instance, service: str, now_s: int) -> OneInstance:
        return cls(
            id=one.id,
            name=f"{one.label}.{service}",
            operator=to_checksum_address(one.operator),
            granted=one.granted,
            weight=one.weight,
            ttl_s=one.ttl_s,
            until_s=one.until_s,
            left_s=max(one.until_s - now_s, 0),
            target=None if one.target is None else to_checksum_address(one.target),
            zone=one.zone,
            endpoint=one.endpoint,
        )

    @property
    def serves(self) -> str:
        return self.endpoint or self.target or ""

    @property
    def state(self) -> str:
        if not self.left_s:
            return "lapsed" if self.until_s else "not live yet"
        return "live" if self.weight else "draining"


@dataclass(frozen=True)
class InstanceChanged(Result):
    """The instance as it is after the transaction."""

    schema = "conductor/service-admit/1"

    instance: OneInstance
    transaction: Transaction

    def text(self) -> str:
        one = self.instance
        serves = one.serves or "not said yet"
        rows = [("instance", f"{one.id}  {one.name}"), ("operator", one.operator), ("serves", serves)]
        rows += [("weight", f"{one.weight} of {one.granted}"), ("state", one.state)]
        return fields([*rows, ("transaction", self.transaction.hash)])


@command(
    "admit",
    InstanceChanged,
    NAME,
    click.argument("label"),
    click.argument("operator"),
    click.option("--weight", type=WEIGHT, default=100, show_default=True, help="How often it is chosen."),
    click.option("--ttl", default="10m", show_default=True, metavar="TIME", help="How long a heartbeat lasts."),
    FROM_ACCOUNT,
    settings_options(key=True),
)  # fmt: skip
async def admit(
    name: str, label: str, operator: str, weight: int, ttl: str, from_account: bool, settings: Settings
) -> InstanceChanged:
    """Let OPERATOR's key serve a service as LABEL.NAME, or admit it anew with another weight, time or key.

    It is live from its operator's `service serve` and first heartbeat on.

    Example: conductor service admit price.acme a 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --ttl 5m
    """
    check_label(label)
    who, ttl_s = parse_address(operator, "operator"), seconds(ttl, "ttl")
    async with acting(settings, from_account=from_account) as actor:
        await actor.registry.require(name)
        receipt = await actor.act([call("admit", namehash(name), label, who, weight, ttl_s)])
        told = next((e for e in events_in(receipt, actor.registry.address) if isinstance(e, Admitted)), None)
        if told is None:
            remedy = "check that there is a Registry at this address"
            raise Refused("the transaction admitted nobody", field="registry", remedy=remedy)
        return await _changed(actor.registry, told.id, name, Transaction.of(receipt))


@command(
    "serve",
    InstanceChanged,
    INSTANCE,
    click.argument("endpoint", required=False, default=""),
    click.option("--target", metavar="ADDRESS", help="Its address on this chain: what its name resolves to."),
    click.option("--zone", default="", help="Where it stands: at most 12 bytes."),
    FROM_ACCOUNT,
    settings_options(key=True),
)
async def serve(
    instance: str, endpoint: str, target: str | None, zone: str, from_account: bool, settings: Settings
) -> InstanceChanged:
    """Say where an instance serves: an ENDPOINT such as a URL, an address, or both. By its operator.

    Example: conductor service serve a.price.acme https://a.acme.example --zone eu-1
    """
    packed = zone.encode()
    if len(packed) > 12:
        raise BadInput(f"the zone has {len(packed)} bytes", field="zone", value=zone, remedy="use at most 12")
    if not endpoint and target is None:
        raise BadInput("it must serve somewhere", field="endpoint", remedy="give an endpoint, --target, or both")
    address = NOBODY if target is None else parse_address(target, "target")
    async with acting(settings, from_account=from_account) as actor:
        found, service = await find_instance(actor.registry, instance)
        receipt = await actor.act([call("serve", found.id, address, packed.ljust(12, b"\0"), endpoint)])
        return await _changed(actor.registry, found.id, service, Transaction.of(receipt))


@command(
    "drain",
    InstanceChanged,
    INSTANCE,
    click.option("--weight", type=WEIGHT, default=0, show_default=True, help="Another weight, up to what was granted."),
    FROM_ACCOUNT,
    settings_options(key=True),
)
async def drain(instance: str, weight: int, from_account: bool, settings: Settings) -> InstanceChanged:
    """Set an instance's weight to 0, so that clients choose others; it stays live. By its operator.

    Example: conductor service drain a.price.acme
    """
    async with acting(settings, from_account=from_account) as actor:
        found, service = await find_instance(actor.registry, instance)
        receipt = await actor.act([call("setWeight", found.id, weight)])
        return await _changed(actor.registry, found.id, service, Transaction.of(receipt))


@dataclass(frozen=True)
class InstanceEvicted(Result):
    schema = "conductor/service-evict/1"

    id: int
    name: str
    transaction: Transaction

    def text(self) -> str:
        return f"instance {self.id}, {self.name}, is gone, transaction {self.transaction.hash}"


@command("evict", InstanceEvicted, INSTANCE, FROM_ACCOUNT, settings_options(key=True))
async def evict(instance: str, from_account: bool, settings: Settings) -> InstanceEvicted:
    """End an instance at once: nothing finds it any more, and no heartbeat brings it back.

    By the owner or an operator of its service, or by its own operator. Its label can be admitted
    again, with a new number.

    Example: conductor service evict a.price.acme
    """
    async with acting(settings, from_account=from_account) as actor:
        found, service = await find_instance(actor.registry, instance)
        receipt = await actor.act([call("evict", found.id)])
        return InstanceEvicted(found.id, f"{found.label}.{service}", Transaction.of(receipt))


@dataclass(frozen=True)
class ServiceInstances(Result):
    schema = "conductor/service-instances/1"

    name: str
    block: int
    time_s: int
    instances: tuple[OneInstance, ...]

    def text(self) -> str:
        if not self.instances:
            return f"nobody serves {self.name}"
        rows = [
            (str(one.id), one.name, one.state, f"{one.left_s} s", f"{one.weight}/{one.granted}", one.zone, one.serves)
            for one in self.instances
        ]
        return table(("id", "instance", "state", "left", "weight", "zone", "serves"), rows)


@command(
    "instances",
    ServiceInstances,
    NAME,
    click.option("--all", "everyone", is_flag=True, help="Also those that are not live."),
    settings_options(),
)
async def instances(name: str, everyone: bool, settings: Settings) -> ServiceInstances:
    """List the live instances of a service, with weight, zone and where each serves.

    Example: conductor service instances price.acme --all
    """
    async with open_registry(settings) as registry:
        client = await registry.at_head()
        found = await client.instances(name, live_only=not everyone)
        block = client.block
        shown = tuple(OneInstance.of(one, name, block.time_s) for one in found)
        return ServiceInstances(name, block.number, block.time_s, shown)


async def find_instance(registry: Registry, instance: str) -> tuple[Instance, str]:
    """By its whole name or its number, with its service's name; of a number that is the node. Errors: BadInput."""
    client = await registry.at_head()
    remedy = "list them with `conductor service instances NAME --all`"
    if instance.isdigit():
        found = await client.instance(int(instance))
        if found is not None:
            return found, await client.full_name(found.node)
    else:
        label, service = parent_of(instance)
        for one in await client.instances(service, live_only=False):
            if one.label == label:
                return one, service
    raise BadInput(f"there is no instance {instance}", field="instance", value=instance, remedy=remedy)


async def _changed(registry: Registry, number: int, service: str, transaction: Transaction) -> InstanceChanged:
    client = await registry.at_head()
    found = await client.instance(number)
    if found is None:
        raise Refused(f"instance {number} is gone", field="instance", value=number, remedy="admit it again")
    return InstanceChanged(OneInstance.of(found, service, client.block.time_s), transaction)
