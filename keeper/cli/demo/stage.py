"""What scenes are played on: a chain with the protocol, people with keys, a folder for files, keepers as processes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from keeper.cli import deployment
from keeper.cli.demo.anvil import CHAIN_ID, Chain, account, start_chain
from keeper.cli.demo.programs import CONDUCTOR, Programs
from keeper.cli.demo.wallet import Wallet
from keeper.cli.sending import Spending
from keeper.plans import Deployment, RpcChain
from keeper.wire.hashing import account_address
from keeper.wire.types import Address

_DEPLOYER = 9
_POLL_S = "0.2"


@dataclass(frozen=True, slots=True)
class Keeper:
    """`environment` is all its settings."""

    name: str
    address: Address
    environment: dict[str, str]


@dataclass
class Stage:
    """`say` tells progress; `examples` is the folder of the plan files."""

    chain: Chain
    programs: Programs
    folder: Path
    examples: Path
    say: Callable[[str], None]
    protocol: Deployment
    started_s: float

    @property
    def plans(self) -> RpcChain:
        """The chain as plans ask it."""
        return RpcChain(self.chain.pool.reads, self.protocol.registry)

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs to work on this chain."""
        return {f"CONDUCTOR_RPC_{CHAIN_ID}": self.chain.url, "CONDUCTOR_POLL_S": _POLL_S}

    @property
    def seconds(self) -> int:
        """Since the start, rounded up."""
        return int(time.monotonic() - self.started_s) + 1

    def wallet(self, number: int) -> Wallet:
        return Wallet(self.chain, account(number)[1])

    def account_of(self, owner: Address) -> Address:
        return account_address(self.protocol.scheduler, owner)

    def keeper(self, name: str, number: int) -> Keeper:
        """A keeper with an own key and an own database. One transaction for a step, so that a kill loses one step."""
        key, signer = account(number)
        key_file = self.folder / f"{name}.key"
        key_file.touch(mode=0o600)
        key_file.write_text(f"0x{key.hex()}\n")
        environment = {
            **self.environment,
            "CONDUCTOR_PRIVATE_KEY_FILE": str(key_file),
            "CONDUCTOR_DATABASE": str(self.folder / f"{name}.db"),
            "CONDUCTOR_BATCH": "1",
        }
        return Keeper(name, Address(signer.address), environment)

    async def join(self, keeper: Keeper) -> int:
        """Takes a seat by `conductor keeper join`. Its number."""
        joined = await self.programs.conductor("keeper", "join", environment=keeper.environment)
        return int(joined["seat"]["seat"])

    async def run(self, keeper: Keeper) -> None:
        """`conductor keeper run`, as a process of its own."""
        await self.programs.start(keeper.name, [*CONDUCTOR, "keeper", "run"], keeper.environment)

    async def deploy(self) -> None:
        """What `conductor deploy` does."""
        spending = Spending(poll_s=0.05)
        await deployment.deploy(self.chain.pool, account(_DEPLOYER)[1], spending)


def shipped_examples() -> Path:
    """The plan files beside the package, in a wheel inside it."""
    inside = Path(__file__).parent / "examples"
    return inside if inside.is_dir() else Path(__file__).parents[3] / "examples"


@asynccontextmanager
async def open_stage(folder: Path, say: Callable[[str], None], examples: Path | None = None) -> AsyncIterator[Stage]:
    """Everything that was started has ended afterwards, but for what `Programs.leave` let go."""
    programs = Programs(folder)
    started_s = time.monotonic()
    try:
        async with start_chain(programs) as chain:
            say(f"a chain at {chain.url}, a block every second")
            protocol = Deployment(deployment.address_of("Scheduler"), deployment.address_of("Facts"))
            yield Stage(chain, programs, folder, examples or shipped_examples(), say, protocol, started_s)
    finally:
        await programs.close()
