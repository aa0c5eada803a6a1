"""What a pool of endpoints has to give, whatever is behind it: run here in memory, in tests/integration on anvil."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from keeper.chain.endpoints import EndpointPool
from keeper.chain.fees import Fees
from keeper.chain.health import Policy
from keeper.chain.rpc import EndpointFailed, Transport
from keeper.chain.sends import SendOutcome
from keeper.chain.signer import LocalSigner, Signed, Unsigned

KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")  # anvil's first, known to all
GWEI = 10**9


@dataclass
class World:
    """A chain, an endpoint of it, and the means to move it. `emitter` logs its calldata; nobody mines by themselves."""

    transport: Transport
    chain_id: int
    emitter: bytes
    mine: Callable[[int], Awaitable[None]]
    reorg: Callable[[int], Awaitable[None]]


def pool_of(world: World) -> EndpointPool:
    return EndpointPool(world.chain_id, [world.transport], policy=Policy(probe_every_s=0))


async def signed(
    world: World, nonce: int, *, fee_gwei: int = 10, gas_limit: int = 60_000, value_wei: int = 0
) -> Signed:
    fees = Fees(fee_gwei * GWEI, GWEI)
    data = nonce.to_bytes(32, "big")
    return await LocalSigner(KEY).sign(Unsigned(world.chain_id, nonce, world.emitter, data, value_wei, gas_limit, fees))


class PoolSuite:
    """Needs a fixture `world`."""

    async def test_the_head_is_a_whole_block(self, world: World) -> None:
        await world.mine(3)
        pool = pool_of(world)
        head = await pool.head()
        assert head.number == 3
        assert await pool.reads.block(3) == head
        assert await pool.reads.block(head.hash) == head
        assert await pool.reads.block(head.number + 1) is None
        assert await pool.reads.block(b"\x11" * 32) is None
        assert await pool.reads.block_number() == 3
        assert await pool.reads.chain_id() == world.chain_id

    async def test_a_sent_transaction_is_known_then_mined(self, world: World) -> None:
        pool, one = pool_of(world), await signed(world, 0)
        assert (await pool.send_raw(one.raw)).outcome is SendOutcome.ACCEPTED
        assert (await pool.send_raw(one.raw)).outcome is SendOutcome.ALREADY_KNOWN
        assert await pool.reads.receipt(one.hash) is None
        assert await pool.reads.nonce(LocalSigner(KEY).address, "pending") == 1
        await world.mine(1)
        receipt = await pool.reads.receipt(one.hash)
        assert receipt is not None
        assert (receipt.status, receipt.block_number, len(receipt.logs)) == (1, 1, 1)
        assert (await pool.send_raw(one.raw)).outcome is SendOutcome.NONCE_TOO_LOW
        assert await pool.reads.nonce(LocalSigner(KEY).address) == 1

    @pytest.mark.parametrize(
        ("changes", "outcome"),
        [
            ({"gas_limit": 20_000}, SendOutcome.INTRINSIC_GAS),
            ({"value_wei": 10**40}, SendOutcome.INSUFFICIENT_FUNDS),
        ],
    )
    async def test_refusals_are_told_apart(self, world: World, changes: dict[str, int], outcome: SendOutcome) -> None:
        result = await pool_of(world).send_raw((await signed(world, 0, **changes)).raw)
        assert result.outcome is outcome

    async def test_a_replacement_has_to_bid_enough_more(self, world: World) -> None:
        pool = pool_of(world)
        assert (await pool.send_raw((await signed(world, 0, fee_gwei=10)).raw)).outcome is SendOutcome.ACCEPTED
        less = await signed(world, 0, fee_gwei=9)
        assert (await pool.send_raw(less.raw)).outcome is SendOutcome.UNDERPRICED

    async def test_logs_by_block_and_by_range_agree(self, world: World) -> None:
        pool = pool_of(world)
        for nonce in range(3):
            await pool.send_raw((await signed(world, nonce)).raw)
            await world.mine(1)
        ranged = await pool.reads.logs(1, 3, [world.emitter])
        assert [log.block_number for log in ranged] == [1, 2, 3]
        singly = []
        for number in (1, 2, 3):
            block = await pool.reads.block(number)
            assert block is not None
            singly += await pool.reads.logs_of(block.hash, [world.emitter])
        assert tuple(singly) == ranged
        assert await pool.reads.logs(1, 3, [b"\x99" * 20]) == ()
        assert await pool.reads.logs(1, 3, [world.emitter], [b"\x98" * 32]) == ()
        assert await pool.reads.logs(1, 3, [world.emitter], [[ranged[1].topics[0], b"\x98" * 32]]) == (ranged[1],)

    async def test_asked_together_blocks_and_receipts_are_what_they_are_alone(self, world: World) -> None:
        pool = pool_of(world)
        sent = [await signed(world, nonce) for nonce in range(3)]
        for one in sent:
            await pool.send_raw(one.raw)
            await world.mine(1)
        view = await pool.pin()
        numbers = [3, 1, 99, 2]
        assert await view.blocks(numbers) == tuple([await view.block(number) for number in numbers])
        assert await view.blocks([]) == ()
        hashes = [sent[2].hash, b"\x11" * 32, sent[0].hash]
        receipts = await view.receipts(hashes)
        assert receipts == tuple([await view.receipt(tx_hash) for tx_hash in hashes])
        assert [receipt and receipt.block_number for receipt in receipts] == [3, None, 1]

    async def test_logs_of_a_block_nobody_has_are_an_error(self, world: World) -> None:
        with pytest.raises(EndpointFailed):
            await pool_of(world).reads.logs_of(b"\x11" * 32, [world.emitter])

    async def test_a_pinned_view_does_not_move(self, world: World) -> None:
        await world.mine(1)
        pool = pool_of(world)
        view = await pool.pin()
        await pool.send_raw((await signed(world, 0)).raw)
        await world.mine(2)
        assert view.head.number == 1
        assert await view.nonce(LocalSigner(KEY).address) == 0
        assert await (await pool.pin()).nonce(LocalSigner(KEY).address) == 1

    async def test_a_pinned_view_of_a_vanished_block_fails(self, world: World) -> None:
        await world.mine(4)
        view = await pool_of(world).pin()
        await world.reorg(2)
        with pytest.raises(EndpointFailed):
            await view.balance_wei(LocalSigner(KEY).address)

    async def test_fees_come_with_the_next_blocks(self, world: World) -> None:
        await world.mine(5)
        history = await pool_of(world).reads.fee_history(4, [50])
        assert len(history.base_fees_wei) == len(history.rewards_wei) + 1

    async def test_unknown_methods_are_an_error(self, world: World) -> None:
        with pytest.raises(EndpointFailed):
            await pool_of(world).reads.request("eth_noSuchThing", [])
