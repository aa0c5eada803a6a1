"""`conductor service scale` and `measure`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import click
from eth_utils.address import to_checksum_address

from keeper.chain.settings import Settings
from keeper.cli.command import command
from keeper.cli.deployment import parse_address
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result, fields
from keeper.cli.plan_owner import Transaction
from keeper.cli.registry import FROM_ACCOUNT, NAME, Registry, acting, open_registry, seconds
from keeper.registry import Scaling, namehash
from keeper.registry.abi import call
from keeper.wire.errors import NotNow
from keeper.wire.types import NOBODY

COUNT = click.IntRange(0, 2**32 - 1)


@dataclass(frozen=True)
class ServiceScale(Result):
    """`meter` may report the metric; null: the count is set by hand. `transaction` is null if it was only looked at."""

    schema = "conductor/service-scale/1"

    name: str
    wanted: int
    live: int
    least: int
    most: int
    cooldown_s: int
    changed_at_s: int
    target: int
    meter: str | None
    transaction: Transaction | None

    def text(self) -> str:
        rule = f"{self.least} to {self.most}, at most every {self.cooldown_s} s"
        by = "by hand" if self.meter is None else f"{self.target} per instance, as {self.meter} reports"
        rows = [("name", self.name), ("wanted", f"{self.wanted}, {self.live} live"), ("bounds", rule), ("rule", by)]
        return fields([*rows, *([("transaction", self.transaction.hash)] if self.transaction else [])])


@command(
    "scale",
    ServiceScale,
    NAME,
    click.argument("wanted", type=COUNT, required=False),
    click.option("--least", type=COUNT, help="Never fewer."),
    click.option("--most", type=COUNT, help="Never more."),
    click.option("--cooldown", metavar="TIME", help="So long no report changes the count again."),
    click.option("--target", type=click.IntRange(0, 2**64 - 1), help="The metric that one instance should have."),
    click.option("--meter", metavar="ADDRESS", help="Who may report the metric; empty: nobody."),
    FROM_ACCOUNT,
    settings_options(key=True),
)
async def scale(
    name: str,
    wanted: int | None,
    least: int | None,
    most: int | None,
    cooldown: str | None,
    target: int | None,
    meter: str | None,
    from_account: bool,
    settings: Settings,
) -> ServiceScale:
    """Show how many instances a service wants; with WANTED set it, with options set its rule.

    The rule is that of Kubernetes' HPA: wanted becomes wanted * metric / target, rounded up, within the bounds.

    Example: conductor service scale price.acme 3 --least 1 --most 10
    """
    rule = (least, most, cooldown, target, meter)
    if wanted is None and all(one is None for one in rule):
        async with open_registry(settings) as registry:
            return await _scaled(registry, name, None)
    async with acting(settings, from_account=from_account) as actor:
        await actor.registry.require(name)
        node = namehash(name)
        if all(one is None for one in rule):
            data = call("scale", node, wanted)
        else:
            old = await (await actor.registry.at_head()).scaling(name)
            new = _changed(old, wanted, least, most, cooldown, target, meter)
            words = (new.wanted, new.least, new.most, new.cooldown_s, 0, new.target, new.meter or NOBODY)
            data = call("setScaling", node, words)
        receipt = await actor.act([data])
        return await _scaled(actor.registry, name, Transaction.of(receipt))


@command(
    "measure",
    ServiceScale,
    NAME,
    click.argument("metric", type=click.IntRange(0, 2**256 - 1)),
    FROM_ACCOUNT,
    settings_options(key=True),
)
async def measure(name: str, metric: int, from_account: bool, settings: Settings) -> ServiceScale:
    """Report METRIC per instance; how many are wanted follows the service's rule. By the rule's meter.

    Example: conductor service measure price.acme 120
    """
    async with acting(settings, from_account=from_account) as actor:
        await actor.registry.require(name)
        rule = await (await actor.registry.at_head()).scaling(name)
        if rule.meter != actor.address:
            whose = "nobody" if rule.meter is None else to_checksum_address(rule.meter)
            remedy = f"have its owner run `conductor service scale {name} --meter {to_checksum_address(actor.address)}`"
            raise NotNow(f"the metric of {name} is reported by {whose}", field="meter", value=whose, remedy=remedy)
        receipt = await actor.act([call("measure", namehash(name), metric)])
        return await _scaled(actor.registry, name, Transaction.of(receipt))


def _changed(
    old: Scaling,
    wanted: int | None,
    least: int | None,
    most: int | None,
    cooldown: str | None,
    target: int | None,
    meter: str | None,
) -> Scaling:
    """What is not told stays, but for a count outside the new bounds, which goes to the nearer one."""
    low = old.least if least is None else least
    high = old.most if most is None else most
    return replace(
        old,
        wanted=min(max(old.wanted, low), high) if wanted is None else wanted,
        least=low,
        most=high,
        cooldown_s=old.cooldown_s if cooldown is None else seconds(cooldown, "cooldown"),
        target=old.target if target is None else target,
        meter=old.meter if meter is None else parse_address(meter, "meter") if meter else None,
    )


async def _scaled(registry: Registry, name: str, transaction: Transaction | None) -> ServiceScale:
    client = await registry.at_head()
    found = await client.scaling(name)
    return ServiceScale(
        name=name,
        wanted=found.wanted,
        live=len(await client.instances(name)),
        least=found.least,
        most=found.most,
        cooldown_s=found.cooldown_s,
        changed_at_s=found.changed_at_s,
        target=found.target,
        meter=None if found.meter is None else to_checksum_address(found.meter),
        transaction=transaction,
    )
