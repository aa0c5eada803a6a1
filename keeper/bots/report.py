"""What a keeper can say about itself: `keeper check`, `keeper status`, `keeper earnings`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from keeper.bots.connection import Connection, connect
from keeper.bots.index import PlanIndex, earned_key
from keeper.bots.queue import Queue
from keeper.bots.seat import read_keeper, seat_bond_wei, seat_of_key
from keeper.bots.turns import Seat
from keeper.chain.entries import Entries
from keeper.chain.follower import Follower
from keeper.chain.retention import Retention
from keeper.chain.settings import Settings
from keeper.wire.errors import ConductorError
from keeper.wire.types import Address

GWEI = 10**9
_RUN_GAS = 1_000_000
"""An ordinary batch, to tell whether the key can pay for one."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing a keeper needs. `remedy` says what to do if it is not `ok`."""

    name: str
    ok: bool
    said: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class KeeperStatus:
    address: Address
    chain_id: int
    scheduler: Address
    head: int
    applied: int
    """The last block that the database knows; less than the head if the keeper does not run."""
    balance_wei: int
    credit_wei: int
    seat: Seat | None
    moves: int
    """Paid work so far, as the contract counts it."""
    last_work_s: int
    jobs: Mapping[str, int]
    """How many are open, leased, resting."""
    live_transactions: int
    endpoints: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Earnings:
    """Of one key: what plans paid it, and what its transactions cost, the failed ones included."""

    address: Address
    moves: int
    paid_wei: int
    gas_wei: int
    transactions: int
    credit_wei: int
    """Of what was paid, what is still to be withdrawn."""

    @property
    def net_wei(self) -> int:
        return self.paid_wei - self.gas_wei


async def check(settings: Settings) -> tuple[Check, ...]:
    """Everything a keeper needs, one after another, as far as one can look without the one before."""
    found: list[Check] = []
    try:
        async with connect(settings) as connection:
            found.append(
                Check("chain", True, f"chain {connection.pool.chain_id}, {len(connection.pool.conditions)} endpoints")
            )
            found.append(
                Check("scheduler", True, f"0x{connection.scheduler.hex()} since block {connection.source.start}")
            )
            found.append(Check("database", True, "opens, and is up to date"))
            found += [one async for one in _of_key(connection)]
    except ConductorError as error:
        found.append(Check(error.field or "keeper", False, error.message, error.remedy or ""))
    return tuple(found)


async def status(settings: Settings) -> KeeperStatus:
    """How the settings' keeper is doing. Errors: BadInput for settings that lead nowhere, NoEndpoint."""
    async with connect(settings) as connection:
        me = Address(connection.key().address)
        head = await connection.pool.head()
        credit_wei, _, last_s, moves = await read_keeper(connection, me)
        cursor = await follower_of(connection).cursor()
        entries = Entries(connection.store, connection.pool.chain_id)
        return KeeperStatus(
            address=me,
            chain_id=connection.pool.chain_id,
            scheduler=connection.scheduler,
            head=head.number,
            applied=cursor.number,
            balance_wei=await connection.pool.reads.balance_wei(me),
            credit_wei=credit_wei,
            seat=await seat_of_key(connection, me),
            moves=moves,
            last_work_s=last_s,
            jobs=await queue_of(connection, me).counts(),
            live_transactions=len([entry for entry in await entries.live() if entry.signer == me and entry.pending]),
            endpoints={name: condition.health.value for name, condition in connection.pool.conditions.items()},
        )


async def earnings(settings: Settings) -> Earnings:
    """From the events up to the head, and from the receipts of what this database's outbox sent."""
    async with connect(settings) as connection:
        me = Address(connection.key().address)
        await follow(connection)
        moves, paid_gwei = await queue_of(connection, me).fact(earned_key(me)) or (0, 0)
        transactions, gas_wei = await Retention(connection.store, connection.pool.chain_id).costs(me)
        credit_wei, *_ = await read_keeper(connection, me)
        return Earnings(me, moves, paid_gwei * GWEI, gas_wei, transactions, credit_wei)


def follower_of(connection: Connection) -> Follower:
    """The follower that a keeper process has on this database."""
    index = PlanIndex(connection.pool.chain_id)
    return Follower(connection.pool, connection.store, connection.source, index)


async def follow(connection: Connection) -> None:
    """Brings the database up to the head."""
    async for _ in follower_of(connection).catch_up():
        pass


def queue_of(connection: Connection, me: Address) -> Queue:
    return Queue(connection.store, connection.pool.chain_id, me)


async def _of_key(connection: Connection) -> AsyncIterator[Check]:
    me = Address(connection.key().address)
    yield Check("key", True, f"0x{me.hex()}")
    head = await connection.pool.head()
    balance_wei = await connection.pool.reads.balance_wei(me)
    wanted_wei = 2 * head.base_fee_wei * _RUN_GAS
    remedy = f"send it at least {max(wanted_wei - balance_wei, 0)} wei"
    yield Check("balance", balance_wei >= wanted_wei, f"{balance_wei} wei", remedy)
    seat = await seat_of_key(connection, me)
    if seat is None:
        bond_wei = await seat_bond_wei(connection)
        remedy = f"`conductor keeper join` takes one for a bond of {bond_wei} wei; without one others come first"
        yield Check("seat", False, "no seat", remedy)
    else:
        yield Check("seat", True, f"seat {seat.number}")
