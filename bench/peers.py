"""The peers: contracts that keep calls for later, deployed from npm, asked to do what our Scheduler does.

Each is set up as is best for itself: anyone may execute, nothing precedes, the slots that are written are in use
already. A peer that knows salts gets one, as our plans have one, as OpenZeppelin's Governor always gives one and Solady
recommends it; what they cost without is measured too. None of them pays whoever executes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from eth_abi.abi import encode
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from web3.contract import AsyncContract

from bench.artifacts import Build, data_of, deploy, load
from bench.chain import Chain
from bench.ens_peer import PUBLISHED_GAS as ENS_GAS
from keeper.wire.types import Call

OPENZEPPELIN = "OpenZeppelin TimelockController"
SOLADY = "Solady Timelock"
CHAINLINK = "Chainlink CronUpkeep"

MINUTE = 60
NO_SALT = bytes(32)

Sent = tuple[ChecksumAddress, bytes]
"""A transaction to send: to whom, with which calldata."""


class Peer(Protocol):
    """How the benchmark speaks to each of them."""

    name: str
    build: Build
    most_calls: int
    """What one operation can hold."""

    async def schedule(self, calls: Sequence[Call], salt: bytes) -> Sent:
        """The transaction that commits to the calls, all or nothing."""

    async def execute(self, calls: Sequence[Call], salt: bytes) -> Sent:
        """The transaction that makes them, by anyone, two minutes later."""


class OpenZeppelin:
    """TimelockController."""

    name = OPENZEPPELIN
    most_calls = 1_000

    def __init__(self, contract: AsyncContract, build: Build) -> None:
        self.contract = contract
        self.build = build

    @classmethod
    async def deployed(cls, chain: Chain, out: Path) -> OpenZeppelin:
        build = load(out, "TimelockController")
        boss, anyone = chain.accounts[0], "0x" + 40 * "0"
        return cls(await deploy(chain, build, MINUTE, [boss], [anyone], boss), build)

    async def schedule(self, calls: Sequence[Call], salt: bytes) -> Sent:
        function = "schedule" if len(calls) == 1 else "scheduleBatch"
        return self.contract.address, data_of(self.contract, function, *_columns(calls), bytes(32), salt, MINUTE)

    async def execute(self, calls: Sequence[Call], salt: bytes) -> Sent:
        function = "execute" if len(calls) == 1 else "executeBatch"
        return self.contract.address, data_of(self.contract, function, *_columns(calls), bytes(32), salt)


def _columns(calls: Sequence[Call]) -> tuple[object, object, object]:
    """Targets, values and data; of a single call, not as lists."""
    if len(calls) == 1:
        return to_checksum_address(calls[0].target), calls[0].value_wei, calls[0].data
    return [to_checksum_address(c.target) for c in calls], [c.value_wei for c in calls], [c.data for c in calls]


class Solady:
    """Timelock, in the ERC-7821 mode with optional data."""

    name = SOLADY
    most_calls = 1_000
    MODE = bytes.fromhex("0100000000007821000100000000000000000000000000000000000000000000")
    EVERYONE = "0x0303030303030303030303030303030303030303"

    def __init__(self, contract: AsyncContract, build: Build) -> None:
        self.contract = contract
        self.build = build

    @classmethod
    async def deployed(cls, chain: Chain, out: Path) -> Solady:
        build = load(out, "Timelock")
        boss = chain.accounts[0]
        contract = await deploy(chain, build)
        data = data_of(contract, "initialize", MINUTE, boss, [boss], [cls.EVERYONE], [boss])
        await chain.send(boss, contract.address, data)
        return cls(contract, build)

    async def schedule(self, calls: Sequence[Call], salt: bytes) -> Sent:
        return self.contract.address, data_of(self.contract, "propose", self.MODE, _packed(calls, salt), MINUTE)

    async def execute(self, calls: Sequence[Call], salt: bytes) -> Sent:
        return self.contract.address, data_of(self.contract, "execute", self.MODE, _packed(calls, salt))


def _packed(calls: Sequence[Call], salt: bytes) -> bytes:
    """ERC-7821 execution data: the calls and, with a salt, no predecessor and the salt."""
    batch = [(to_checksum_address(c.target), c.value_wei, c.data) for c in calls]
    if salt == NO_SALT:
        return encode(["(address,uint256,bytes)[]"], [batch])
    return encode(["(address,uint256,bytes)[]", "bytes"], [batch, bytes(32) + salt])


class Chainlink:
    """CronUpkeep: one call per job, every minute; knows no salts. It takes less early in a year and in a month."""

    name = CHAINLINK
    most_calls = 1

    def __init__(self, chain: Chain, contract: AsyncContract, every_minute: bytes, build: Build) -> None:
        self.chain = chain
        self.contract = contract
        self.every_minute = every_minute
        self.build = build
        self._jobs: dict[tuple[Call, bytes], int] = {}

    @classmethod
    async def deployed(cls, chain: Chain, out: Path) -> Chainlink:
        cron = await deploy(chain, load(out, "Cron"))
        delegate = await deploy(chain, load(out, "CronUpkeepDelegate"))
        build = load(out, "CronUpkeep")
        boss = chain.accounts[0]
        contract = await deploy(chain, build, boss, delegate.address, 1_000, b"", libraries={"Cron": cron.address})
        every_minute: bytes = await cron.functions.toEncodedSpec("* * * * *").call()
        return cls(chain, contract, every_minute, build)

    async def schedule(self, calls: Sequence[Call], salt: bytes) -> Sent:
        (call,) = calls
        self._jobs[call, salt] = len(self._jobs) + 1
        target = to_checksum_address(call.target)
        data = data_of(self.contract, "createCronJobFromEncodedSpec", target, call.data, self.every_minute)
        return self.contract.address, data

    async def execute(self, calls: Sequence[Call], salt: bytes) -> Sent:
        (call,) = calls
        tick = self.chain.time - self.chain.time % MINUTE
        job = [self._jobs[call, salt], tick, to_checksum_address(call.target), call.data]
        return self.contract.address, data_of(
            self.contract, "performUpkeep", encode(["uint256", "uint256", "address", "bytes"], job)
        )


PUBLISHED = [
    {"who": "PowerAgent", "what": "schedule one call", "gas": 111_333},
    {"who": "PowerAgent", "what": "run one call, over the bare call (no gas guard, no own account)", "gas": 24_700},
    {"who": "PowerAgent Randao", "what": "run one call, over the bare call", "gas": 53_800},
    {"who": "Gelato Automate", "what": "schedule one call", "gas": 128_306},
    {"who": "Gelato Automate", "what": "run one call, over the bare call", "gas": 70_500},
    {"who": "Gelato Automate", "what": "create the owner's proxy", "gas": 559_000},
    {"who": "Ethereum Alarm Clock", "what": "schedule one call", "gas": 609_808},
    {"who": "Ethereum Alarm Clock", "what": "run one call, over the bare call", "gas": 98_100},
    {
        "who": "ENS",
        "what": "a name below one's own, its resolver, an address, two texts: four transactions",
        "gas": ENS_GAS,
    },
    {"who": "Chainlink Automation 2.3", "what": "run one call, over the bare call", "gas": 142_000},
]
"""Peers that cannot be had from npm: figures measured elsewhere, not in this run."""
