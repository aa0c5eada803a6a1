"""A service's versions: `conductor service release`, `propose`, `confirm`."""

from __future__ import annotations

import re
from dataclasses import dataclass

import click
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from keeper.chain.settings import Settings
from keeper.cli.command import command
from keeper.cli.deployment import parse_address
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result, fields
from keeper.cli.plan_owner import Transaction
from keeper.cli.registry import FROM_ACCOUNT, NAME, Registry, acting, hex_bytes, open_registry
from keeper.registry import Version, namehash
from keeper.registry.abi import call
from keeper.wire.errors import BadInput
from keeper.wire.types import NOBODY, Address

_VERSION = re.compile(r"([1-9][0-9]{0,9})\.(0|[1-9][0-9]{0,9})")


@dataclass(frozen=True)
class OneVersion:
    """`target` is null for what is not a contract of this chain."""

    version: str
    target: str | None
    digest: str

    @classmethod
    def of(cls, one: Version | None) -> OneVersion | None:
        if one is None:
            return None
        target = None if one.target is None else to_checksum_address(one.target)
        return cls(f"{one.release}.{one.build}", target, f"0x{one.digest.hex()}")

    def text(self) -> str:
        return f"{self.version}  {self.target or 'elsewhere'}  {self.digest}"


@dataclass(frozen=True)
class ServiceVersions(Result):
    """`highest` is the highest there ever was, also before the name was removed: only higher ones can be proposed."""

    schema = "conductor/service-release/1"

    name: str
    current: OneVersion | None
    proposed: OneVersion | None
    highest: str | None
    releases: tuple[OneVersion, ...]
    """The last confirmed build of each release that was asked for."""
    transaction: Transaction | None
    """Null if it was only looked at."""

    def text(self) -> str:
        rows = [("name", self.name), ("version", self.current.text() if self.current else "none")]
        rows += [("proposed", f"{self.proposed.text()}, at canary.{self.name}")] if self.proposed else []
        rows += [(f"v{one.version.split('.')[0]}", one.text()) for one in self.releases]
        rows += [("highest", self.highest)] if self.highest else []
        rows += [("transaction", self.transaction.hash)] if self.transaction else []
        return fields(rows)


@command(
    "release",
    ServiceVersions,
    NAME,
    click.option("--number", "numbers", type=click.IntRange(min=1), multiple=True, help="Also show this release."),
    settings_options(),
)
async def release(name: str, numbers: tuple[int, ...], settings: Settings) -> ServiceVersions:
    """Show a service's version, the proposed one, and the last build of other releases.

    Example: conductor service release price.acme --number 1
    """
    async with open_registry(settings) as registry:
        return await _versions(registry, name, None, numbers)


@command(
    "propose",
    ServiceVersions,
    NAME,
    click.argument("version", required=False),
    click.option("--target", metavar="ADDRESS", help="The contract; its code's hash is kept with it."),
    click.option("--digest", metavar="HEX", help="32 bytes: the hash of what is elsewhere, or of the target's code."),
    click.option("--file", "content", type=click.Path(dir_okay=False), help="What is elsewhere; its hash is kept."),
    click.option("--retract", is_flag=True, help="Take the proposal back."),
    FROM_ACCOUNT,
    settings_options(key=True),
)  # fmt: skip
async def propose(
    name: str,
    version: str | None,
    target: str | None,
    digest: str | None,
    content: str | None,
    retract: bool,
    from_account: bool,
    settings: Settings,
) -> ServiceVersions:
    """Propose a version, RELEASE.BUILD such as 2.1: canary.NAME is it, NAME itself only once it is confirmed.

    Versions only grow. To go back, propose old code as a new build.

    Example: conductor service propose price.acme 1.0 --target 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
    """
    if retract and (version or target or digest or content):
        raise BadInput("--retract takes nothing else", field="retract", remedy="leave the rest out")
    node, number = namehash(name), None if retract else _number(version)
    async with acting(settings, from_account=from_account) as actor:
        await actor.registry.require(name)
        if number is None:
            data = call("retract", node)
        else:
            code, hash_ = await _content(actor.registry, target, digest, content)
            data = call("propose", node, *number, code, hash_)
        receipt = await actor.act([data])
        return await _versions(actor.registry, name, Transaction.of(receipt))


@command(
    "confirm",
    ServiceVersions,
    NAME,
    click.argument("version"),
    FROM_ACCOUNT,
    settings_options(key=True),
)
async def confirm(name: str, version: str, from_account: bool, settings: Settings) -> ServiceVersions:
    """Let the proposed VERSION be the service's; its target, if it has one, is what NAME then resolves to.

    Naming it keeps it from being swapped meanwhile.

    Example: conductor service confirm price.acme 1.0
    """
    number = _number(version)
    async with acting(settings, from_account=from_account) as actor:
        await actor.registry.require(name)
        receipt = await actor.act([call("confirm", namehash(name), *number)])
        return await _versions(actor.registry, name, Transaction.of(receipt))


async def _versions(
    registry: Registry, name: str, transaction: Transaction | None, numbers: tuple[int, ...] = ()
) -> ServiceVersions:
    client = await registry.at_head()
    found = await client.versions(name)
    asked = [OneVersion.of(await client.version(name, number)) for number in numbers]
    highest = ".".join(map(str, found.highest)) if any(found.highest) else None
    return ServiceVersions(
        name=name,
        current=OneVersion.of(found.current),
        proposed=OneVersion.of(found.proposed),
        highest=highest,
        releases=tuple(one for one in asked if one is not None),
        transaction=transaction,
    )


def _number(version: str | None) -> tuple[int, int]:
    match = None if version is None else _VERSION.fullmatch(version)
    if match is None:
        remedy = "write RELEASE.BUILD, such as 1.0; releases begin with 1"
        raise BadInput(f"{version or 'nothing'} is no version", field="version", value=version, remedy=remedy)
    return int(match[1]), int(match[2])


async def _content(
    registry: Registry, target: str | None, digest: str | None, content: str | None
) -> tuple[Address, bytes]:
    """The target and the digest that is kept of it. Errors: BadInput."""
    given = None if digest is None else hex_bytes(digest, "digest")
    if given is not None and len(given) != 32:
        raise BadInput("a digest has 32 bytes", field="digest", value=digest, remedy="write 0x and 64 hex digits")
    if target is not None and content is None:
        address = parse_address(target, "target")
        code = await registry.network.pool.reads.code(address)
        if not code:
            remedy = "deploy it first; for what is not on this chain give --digest or --file"
            raise BadInput(f"{target} has no code", field="target", value=target, remedy=remedy)
        return address, given or bytes(keccak(code))
    if target is None and (given is None) is not (content is None):
        return NOBODY, given if given is not None else bytes(keccak(_read(content or "")))
    raise BadInput(
        "it must be said once what the version is", field="target", remedy="give --target, --digest or --file"
    )


def _read(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 - one read
        return file.read()
