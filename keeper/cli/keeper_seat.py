"""A keeper's key, seat and credit: `conductor keeper init`, `check`, `join`, `leave`, `withdraw`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from eth_utils.address import to_checksum_address

from keeper.bots import report, seat
from keeper.bots.connection import connect
from keeper.bots.turns import Seat
from keeper.chain.keystores import Folders
from keeper.chain.settings import Settings
from keeper.cli.command import Decorator, command
from keeper.cli.deployment import parse_address
from keeper.cli.network import open_network
from keeper.cli.options import settings as settings_options
from keeper.cli.output import Result, fields, progress
from keeper.plans.show_calls import coin_text
from keeper.wire.errors import BadInput, NotNow
from keeper.wire.types import Address


def keeper_settings() -> Decorator:
    """The network's and the key's options, and --database."""
    return settings_options(key=True, database=True)


@dataclass(frozen=True)
class SeatView:
    """Active in epochs [from, until) of the seconds and of the blocks clock."""

    seat: int
    hot: str
    cold: str
    from_s: int
    until_s: int
    from_b: int
    until_b: int

    @classmethod
    def of(cls, one: Seat) -> SeatView:
        hot, cold = to_checksum_address(one.hot), to_checksum_address(one.cold)
        return cls(one.number, hot, cold, one.from_s, one.until_s, one.from_b, one.until_b)


@dataclass(frozen=True)
class KeeperInit(Result):
    schema = "conductor/keeper-init/1"

    address: str
    keystore: str
    database: str

    def text(self) -> str:
        next_step = f"fund {self.address}, then `conductor keeper check --account {Path(self.keystore).stem}`"
        rows = [("key", self.address), ("keystore", self.keystore), ("database", self.database), ("next", next_step)]
        return fields(rows)


@command(
    "init",
    KeeperInit,
    click.argument("name", default="keeper"),
    click.option("--keystores", type=click.Path(file_okay=False), help="Folder; default: ~/.conductor/keystores."),
    keeper_settings(),
)
async def init(name: str, keystores: str | None, settings: Settings) -> KeeperInit:
    """Make a hot key in an encrypted keystore, and a database.

    CONDUCTOR_PRIVATE_KEY_FILE brings a key of one's own. The password comes from CONDUCTOR_PASSWORD_FILE, or is
    asked for.
    """
    password = settings.password.get_secret_value() if settings.password else _new_password()
    key = None
    if settings.private_key is not None:
        key = _key(settings.private_key.get_secret_value())
    folder = Path(keystores) if keystores else Folders().folders["conductor"]
    made = await seat.init(folder, name, password, settings.database, key)
    return KeeperInit(to_checksum_address(made.address), str(made.keystore), made.database)


@dataclass(frozen=True)
class OneCheck:
    name: str
    ok: bool
    said: str
    remedy: str


@dataclass(frozen=True)
class KeeperCheck(Result):
    schema = "conductor/keeper-check/1"

    ok: bool
    checks: tuple[OneCheck, ...]

    def text(self) -> str:
        return fields([(one.name, one.said if one.ok else f"{one.said}: {one.remedy}") for one in self.checks])

    @property
    def exit_code(self) -> int:
        return 0 if self.ok else 3


@command("check", KeeperCheck, keeper_settings())
async def check(settings: Settings) -> KeeperCheck:
    """Look at everything a keeper needs: chain, Scheduler, database, key, balance, seat.

    Exit code 3: one of them is lacking.
    """
    found = await report.check(await on_its_chain(settings))
    return KeeperCheck(all(one.ok for one in found), tuple(OneCheck(o.name, o.ok, o.said, o.remedy) for o in found))


@dataclass(frozen=True)
class KeeperJoin(Result):
    schema = "conductor/keeper-join/1"

    seat: SeatView
    bond_wei: str
    transaction: str

    def text(self) -> str:
        active = f"active from epoch {self.seat.from_s} (of hours) and {self.seat.from_b} (of 300 blocks)"
        rows = [("seat", f"{self.seat.seat}, {active}"), ("hot", self.seat.hot), ("cold", self.seat.cold)]
        return fields([*rows, ("bond", coin_text(int(self.bond_wei))), ("transaction", self.transaction)])


@command(
    "join",
    KeeperJoin,
    click.option("--cold", metavar="ADDRESS", help="Owner of the seat and its bond; default: the key itself."),
    keeper_settings(),
)
async def join(cold: str | None, settings: Settings) -> KeeperJoin:
    """Take the lowest free seat, with its bond."""
    owner = parse_address(cold, "cold") if cold else None
    with progress("taking a seat"):
        joined = await seat.join(await on_its_chain(settings), owner)
    return KeeperJoin(SeatView.of(joined.seat), str(joined.bond_wei), f"0x{joined.sent.transaction.hex()}")


@dataclass(frozen=True)
class KeeperLeave(Result):
    """`release_at_s`: from when on the bond comes out, in unix seconds; null once it did."""

    schema = "conductor/keeper-leave/1"

    seat: int
    release_at_s: int | None
    transaction: str

    def text(self) -> str:
        if self.release_at_s is None:
            return f"seat {self.seat} is free, its bond is paid out in transaction {self.transaction}"
        return f"seat {self.seat} is left; run this again from {day(self.release_at_s)} on for its bond"


@command(
    "leave",
    KeeperLeave,
    click.argument("number", metavar="[SEAT]", type=click.IntRange(0, 255), required=False),
    click.option("--to", metavar="ADDRESS", help="Who gets the bond; default: the cold key itself."),
    keeper_settings(),
)
async def leave(number: int | None, to: str | None, settings: Settings) -> KeeperLeave:
    """Leave a seat, by its cold owner; once the delay is over, the same command takes the bond out.

    Without SEAT it is the one that the key itself uses.
    """
    settings = await on_its_chain(settings)
    async with connect(settings) as connection:
        me = connection.key().address
        if number is None:
            mine = await seat.seat_of_key(connection, Address(me))
            if mine is None:
                remedy = "name the seat, or take one with `conductor keeper join`"
                raise BadInput(f"{to_checksum_address(me)} has no seat", field="seat", remedy=remedy)
            number = mine.number
        _, release_at_s = await seat.read_seat(connection, number)
        if (await connection.pool.head()).time_s < release_at_s:
            message = f"the bond of seat {number} comes out from {day(release_at_s)} on"
            raise NotNow(message, field="bond", value=release_at_s, remedy="run this again then")
    with progress("leaving the seat"):
        if release_at_s == 0:
            left = await seat.leave(settings, number)
            return KeeperLeave(number, left.release_at_s, f"0x{left.sent.transaction.hex()}")
        receiver = parse_address(to, "to") if to else Address(me)
        sent = await seat.release(settings, number, receiver)
        return KeeperLeave(number, None, f"0x{sent.transaction.hex()}")


@dataclass(frozen=True)
class KeeperWithdraw(Result):
    schema = "conductor/keeper-withdraw/1"

    to: str
    amount_wei: str
    transaction: str

    def text(self) -> str:
        return fields([("to", self.to), ("amount", coin_text(int(self.amount_wei))), ("transaction", self.transaction)])


@command(
    "withdraw",
    KeeperWithdraw,
    click.option("--to", metavar="ADDRESS", help="Receiver; default: the key itself."),
    keeper_settings(),
)
async def withdraw(to: str | None, settings: Settings) -> KeeperWithdraw:
    """Pull what the key has earned."""
    receiver = parse_address(to, "to") if to else None
    with progress("withdrawing"):
        one = await seat.withdraw(await on_its_chain(settings), receiver)
    return KeeperWithdraw(to_checksum_address(one.to), str(one.amount_wei), f"0x{one.sent.transaction.hex()}")


# ---------------------------------------------------------------------- details


async def on_its_chain(settings: Settings, chain_id: int | None = None) -> Settings:
    """The settings with their chain chosen, and asked whether it is there."""
    async with open_network(settings, chain_id) as network:
        await network.require_protocol()
        return settings.model_copy(update={"chain": network.chain_id})


def day(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _new_password() -> str:
    if not click.get_text_stream("stdin").isatty():
        remedy = "set CONDUCTOR_PASSWORD_FILE"
        raise BadInput("a new key needs a password", field="password", remedy=remedy)
    said: str = click.prompt("New password", hide_input=True, confirmation_prompt=True, err=True)
    return said


def _key(text: str) -> bytes:
    try:
        return bytes.fromhex(text.strip().removeprefix("0x"))
    except ValueError:
        remedy = "give 32 bytes in hexadecimal"
        raise BadInput("the private key is not usable", field="private_key", remedy=remedy) from None
