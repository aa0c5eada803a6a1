"""What every `Chain` of plans does, for the one in memory and the one over a real endpoint alike."""

from __future__ import annotations

from keeper.plans.contracts import calldata
from keeper.plans.port import Chain, Message
from keeper.wire.types import Address


async def holds_the_port(chain: Chain, scheduler: Address, token: Address, holder: Address, other: Address) -> None:
    """`holder` has at least 5 units of `token`, `other` has none."""
    assert await chain.resolve("ens", "nobody.example") is None
    assert await chain.resolve("reg", "nobody.example") is None
    assert await chain.name_services() <= {"ens", "reg"}
    assert await chain.has_code(token)
    assert not await chain.has_code(other)
    assert await chain.balance(Address(b"\x77" * 20)) == 0
    assert (await chain.now()).block >= 0
    assert await chain.simulate([]) == []
    await _state_carries_over(chain, token, holder, other)
    await _a_metered_contract_is_still_itself(chain, scheduler, holder)


async def _state_carries_over(chain: Chain, token: Address, holder: Address, other: Address) -> None:
    give = Message(holder, token, calldata("erc20", "transfer", f"0x{other.hex()}", 5))
    back = Message(other, token, calldata("erc20", "transfer", f"0x{holder.hex()}", 5))
    first, second, third, fourth = await chain.simulate([back, give, back, back])
    assert [one.ok for one in (first, second, third, fourth)] == [False, True, True, False]
    assert first.returned[:4] == bytes.fromhex("e450d38c")  # ERC20InsufficientBalance(address,uint256,uint256)
    assert 5_000 < third.gas_used < 200_000
    again = (await chain.simulate([back]))[0]
    assert not again.ok, "a simulation changes nothing"


async def _a_metered_contract_is_still_itself(chain: Chain, scheduler: Address, holder: Address) -> None:
    """The Scheduler is the sender, and is called as itself in the same breath; what it makes stays."""
    ask = Message(holder, scheduler, calldata("scheduler", "accountOf", f"0x{holder.hex()}"))
    account = Address((await chain.simulate([ask]))[0].returned[12:32])
    create = Message(holder, scheduler, calldata("scheduler", "createAccount", f"0x{holder.hex()}"))
    perform = Message(scheduler, account, calldata("account", "perform", b""), metered=True)
    plain, created, done, asked = await chain.simulate([perform, create, perform, ask])
    assert created.ok
    assert done.ok
    assert done.returned[:4] == calldata("account", "perform", b"")[:4]
    assert plain.returned[:4] != done.returned[:4], "there was no Account yet"
    assert asked.returned[12:32] == account
    assert 100 < done.gas_used < 30_000
