"""A keeper's key, seat and credit: `keeper init`, `join`, `leave`, `release`, `withdraw`."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from keeper.bots.connection import Connection, connect
from keeper.bots.transactions import Sent, transact
from keeper.bots.turns import Seat
from keeper.chain.keystores import create
from keeper.chain.rpc import EndpointFailed, Trouble
from keeper.chain.settings import Settings
from keeper.chain.signer import LocalSigner
from keeper.chain.store import Store
from keeper.wire.abi import decode_result, encode_call
from keeper.wire.contract_errors import decode_revert
from keeper.wire.error_table import Code
from keeper.wire.errors import BadInput, NotNow
from keeper.wire.types import NOBODY, Address


@dataclass(frozen=True, slots=True)
class Initialised:
    address: Address
    keystore: Path
    database: str


@dataclass(frozen=True, slots=True)
class Joined:
    seat: Seat
    """Active from its epochs on."""
    bond_wei: int
    sent: Sent


@dataclass(frozen=True, slots=True)
class Left:
    seat: Seat
    release_at_s: int
    """From when on `release` gives the bond back."""
    sent: Sent


@dataclass(frozen=True, slots=True)
class Withdrawn:
    to: Address
    amount_wei: int
    sent: Sent


async def init(folder: Path, name: str, password: str, database: str, key: bytes | None = None) -> Initialised:
    """A new hot key (or this one) in an encrypted keystore, and a database. Errors: BadInput if the name is taken."""
    key = key or secrets.token_bytes(32)
    address = Address(LocalSigner(key).address)
    store = await Store.open(database)
    await store.close()
    keystore = await create(folder, name, key, password)
    return Initialised(address, keystore.path, database)


async def join(settings: Settings, cold: Address | None = None) -> Joined:
    """Takes the lowest free seat for the settings' key, with its bond. `cold` owns it; None: the key itself."""
    async with connect(settings) as connection:
        me = Address(connection.key().address)
        if (seat := await seat_of_key(connection, me)) is not None:
            remedy = "use it, or another key"
            raise BadInput(f"the key already has seat {seat.number}", field="seat", value=seat.number, remedy=remedy)
        bond_wei = await seat_bond_wei(connection)
        sent = await transact(connection, "join", cold or me, value_wei=bond_wei)
        return Joined(await _my_seat(connection, me), bond_wei, sent)


async def leave(settings: Settings, seat: int | None = None) -> Left:
    """Vacates a seat, by its cold owner; None: the one the key itself uses. It stays active for up to two epochs."""
    async with connect(settings) as connection:
        number = seat if seat is not None else (await _my_seat(connection, Address(connection.key().address))).number
        sent = await transact(connection, "vacate", number)
        known, release_at_s = await read_seat(connection, number)
        return Left(known, release_at_s, sent)


async def release(settings: Settings, seat: int, to: Address) -> Sent:
    """Takes the bond out, long enough after leaving; by the seat's cold owner. Errors: NotNow says from when on."""
    async with connect(settings) as connection:
        return await transact(connection, "release", seat, to)


async def withdraw(settings: Settings, to: Address | None = None) -> Withdrawn:
    """Pulls what the key has earned. None: to the key itself. Errors: NotNow if there is nothing."""
    async with connect(settings) as connection:
        me = Address(connection.key().address)
        credit_wei, *_ = await read_keeper(connection, me)
        if credit_wei == 0:
            raise NotNow("there is nothing to withdraw", field="credit", value=0, remedy="earn something first")
        sent = await transact(connection, "withdraw", to or me)
        return Withdrawn(to or me, credit_wei, sent)


# ---------------------------------------------------------------------- reads


async def read_keeper(connection: Connection, hot: Address) -> tuple[int, int, int, int]:
    """A key's credit in wei, its seat + 1 (0: none), the time of its last work, its number of paid moves."""
    answer = await connection.pool.reads.call(connection.scheduler, encode_call("keeper", hot))
    credit_wei, seat_plus_one, last_s, moves = decode_result("keeper", answer)
    return credit_wei, seat_plus_one, last_s, moves


async def read_seat(connection: Connection, number: int) -> tuple[Seat, int]:
    """A seat, and from when on its bond can be taken (0: nobody is leaving)."""
    answer = await connection.pool.reads.call(connection.scheduler, encode_call("seatOf", number))
    hot, cold, from_s, until_s, from_b, until_b, release_at_s = decode_result("seatOf", answer)
    *_, last_s, _ = await read_keeper(connection, hot)
    return Seat(number, hot, cold, from_s, until_s, from_b, until_b, last_s), release_at_s


async def seat_of_key(connection: Connection, hot: Address) -> Seat | None:
    _, seat_plus_one, _, _ = await read_keeper(connection, hot)
    return None if seat_plus_one == 0 else (await read_seat(connection, seat_plus_one - 1))[0]


async def seat_bond_wei(connection: Connection) -> int:
    """What a seat costs: the contract says so to whoever brings nothing. Errors: ConductorError if it does not."""
    try:
        await connection.pool.reads.call(connection.scheduler, encode_call("join", NOBODY), sender=_STRANGER)
    except EndpointFailed as error:
        if error.trouble is Trouble.REVERTED and (said := decode_revert(error.revert_data)).code is Code.BAD_BOND:
            return int(said.values["bond"])
        raise
    raise BadInput("the Scheduler gives seats away", field="scheduler", remedy="check CONDUCTOR_SCHEDULER")


_STRANGER = Address(bytes(19) + b"\x01")


async def _my_seat(connection: Connection, me: Address) -> Seat:
    seat = await seat_of_key(connection, me)
    if seat is None:
        raise BadInput(f"0x{me.hex()} has no seat", field="seat", remedy="take one with `conductor keeper join`")
    return seat
