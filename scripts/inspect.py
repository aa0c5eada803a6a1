"""`ape run inspect [PLAN] --network ..`: a Scheduler's seats, or a plan's words taken apart, as they are stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from ape.cli import ConnectedProviderCommand
from ape_ethereum.provider import Web3Provider
from eth_utils.address import to_canonical_address, to_checksum_address
from hexbytes import HexBytes

from keeper.cli.deployment import address_of
from keeper.wire.abi import decode_result, encode_call
from keeper.wire.types import MAX_STEPS, Value
from keeper.wire.word import decode_word, lane

SEATS = 256
Ask = Callable[..., tuple[Any, ...]]


@click.command(cls=ConnectedProviderCommand)
@click.argument("plan", required=False)
@click.option("--scheduler", help="Another Scheduler than this version's.")
def cli(provider: Web3Provider, plan: str | None, scheduler: str | None) -> None:
    """Print the seats, or with PLAN (an id) the plan's words."""
    target = to_canonical_address(scheduler) if scheduler else address_of("Scheduler")

    def ask(function: str, *args: Any) -> tuple[Any, ...]:
        call = {"to": to_checksum_address(target), "data": HexBytes(encode_call(function, *args)).to_0x_hex()}
        return decode_result(function, bytes(HexBytes(provider.make_request("eth_call", [call, "latest"]))))

    lines = seats(ask) if plan is None else words(*ask("plan", bytes(HexBytes(plan))))
    for line in lines:
        click.echo(line)


def seats(ask: Ask) -> list[str]:
    """One line for each seat that is taken; seats are filled from below."""
    lines = []
    for number in range(SEATS):
        hot, cold, from_s, until_s, from_b, until_b, release_at_s = ask("seatOf", number)
        if not any(cold):
            break
        dates = f"seconds epochs {from_s}..{until_s}  blocks epochs {from_b}..{until_b}"
        leaves = f"  bond from {release_at_s}" if release_at_s else ""
        lines.append(
            f"seat {number}  hot {to_checksum_address(hot)}  cold {to_checksum_address(cold)}  {dates}{leaves}"
        )
    return lines or ["no seats"]


def words(word: int, stamps: int) -> list[str]:
    """A plan's word, and its stamps where it has some."""
    found = decode_word(word)
    values = [f"{i} {found.value(i).name}" for i in range(MAX_STEPS) if found.value(i) is not Value.PENDING]
    return [
        f"word      0x{word:064x}",
        f"status    {found.status.name}{' CANCELLED' if found.cancelled else ''}",
        f"run       {found.run}",
        f"move      {found.move}",
        f"changed   {found.changed}",
        f"deposit   {found.deposit_gwei} gwei",
        f"values    {', '.join(values) or 'all PENDING'}",
        *([f"stamps    {[lane(stamps, i) for i in range(8)]}"] if stamps else []),
    ]
