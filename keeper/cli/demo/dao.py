"""A small DAO of OpenZeppelin's contracts (examples/dao): its parts, put together by a founder, and a vote in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from eth_utils.crypto import keccak

from keeper.cli.demo.anvil import Chain
from keeper.cli.demo.wallet import Wallet, calldata
from keeper.wire.errors import ConductorError
from keeper.wire.types import NOBODY, Address

TOKEN = ETHER = 10**18
PAYER, STEWARD, PARTNER = 7, 8, 9
"""Roles: pays out of the vault; sets its cap and admits partners; is a partner."""
CAP = 1_000 * TOKEN
BLOCK_S = 12
"""How long a block takes while a vote's time passes."""
DELAY_B, PERIOD_B, TIMELOCK_S = 5, 600, 7_200
_QUORUM_PERCENT = 4
_EXECUTED = 7


@cache
def code_of(contract: str) -> bytes:
    """Creation code as `make abi` wrote it into dao.json."""
    shipped: Mapping[str, str] = json.loads((files("keeper.cli.demo") / "dao.json").read_text())
    return bytes.fromhex(shipped[contract].removeprefix("0x"))


@dataclass(frozen=True, slots=True)
class Dao:
    """Where its parts are. The timelock is the one that acts."""

    token: Address
    timelock: Address
    governor: Address
    manager: Address
    vault: Address
    vesting: Address


async def found(wallet: Wallet, council_account: Address, beneficiary: Address) -> Dao:
    """Deploys and endows it; then the founder lets go of every power, but keeps the votes.

    The council's Account sets the vault's cap and admits partners; all else is the timelock's.
    """
    me = wallet.address
    token = await wallet.create("token", code_of("Votes"), ["address", "uint256"], [me, 100_000 * TOKEN])
    timelock = await wallet.create(
        "timelock", code_of("TimelockController"), ["uint256", "address[]", "address[]", "address"],
        [TIMELOCK_S, [], [NOBODY], me],
    )  # fmt: skip
    governor = await wallet.create(
        "governor", code_of("Dao"), ["address", "address", "uint48", "uint32", "uint256"],
        [token, timelock, DELAY_B, PERIOD_B, _QUORUM_PERCENT],
    )  # fmt: skip
    manager = await wallet.create("access manager", code_of("AccessManager"), ["address"], [me])
    logic = await wallet.create("vault's logic", code_of("Vault"))
    setup = calldata("initialize(address,uint256)", manager, CAP)
    vault = await wallet.create("vault", code_of("ERC1967Proxy"), ["address", "bytes"], [logic, setup])
    vesting = await wallet.create(
        "vesting wallet", code_of("VestingWallet"), ["address", "uint64", "uint64"],
        [beneficiary, 1_900_000_000, 31_536_000],
    )  # fmt: skip
    pay, set_cap = (bytes(keccak(text=text)[:4]) for text in ("pay(address,address,uint256)", "setCap(uint256)"))
    admin, proposer = bytes(32), bytes(keccak(text="PROPOSER_ROLE"))
    roles = "setTargetFunctionRole(address,bytes4[],uint64)"
    for what, to, data in (
        ("votes", token, calldata("delegate(address)", me)),
        ("the vault's tokens", token, calldata("transfer(address,uint256)", vault, 5_000 * TOKEN)),
        ("the timelock's tokens", token, calldata("transfer(address,uint256)", timelock, 5_000 * TOKEN)),
        ("the council's tokens", token, calldata("transfer(address,uint256)", council_account, 1_000 * TOKEN)),
        ("who may propose", timelock, calldata("grantRole(bytes32,address)", proposer, governor)),
        ("the timelock is its own", timelock, calldata("renounceRole(bytes32,address)", admin, me)),
        ("who may pay", manager, calldata(roles, vault, [pay], PAYER)),
        ("who may set the cap", manager, calldata(roles, vault, [set_cap], STEWARD)),
        ("who admits partners", manager, calldata("setRoleAdmin(uint64,uint64)", PARTNER, STEWARD)),
        ("the council", manager, calldata("grantRole(uint64,address,uint32)", STEWARD, council_account, 0)),
        ("the timelock manages access", manager, calldata("grantRole(uint64,address,uint32)", 0, timelock, 0)),
        ("the founder does not", manager, calldata("renounceRole(uint64,address)", 0, me)),
    ):
        await wallet.send(what, to, data)
    await wallet.send("the timelock's coin", timelock, value_wei=20 * ETHER)
    await wallet.settled()
    return Dao(token, timelock, governor, manager, vault, vesting)


async def pass_vote(chain: Chain, wallet: Wallet, dao: Dao, proposal: Mapping[str, str]) -> int:
    """Propose, vote, queue, execute what governor.json says. The block of the execution.

    Errors: ConductorError if the proposal is not the one that the file announced, or was not executed.
    """
    number = int(proposal["proposalId"])
    await wallet.send("propose", dao.governor, bytes.fromhex(proposal["propose"][2:]), gas_limit=3_000_000)
    await wallet.settled()
    await chain.mine(DELAY_B + 1, BLOCK_S)
    await wallet.send("vote", dao.governor, calldata("castVote(uint256,uint8)", number, 1))
    await wallet.settled()
    await chain.mine(PERIOD_B + 1, BLOCK_S)
    await wallet.send("queue", dao.governor, bytes.fromhex(proposal["queue"][2:]), gas_limit=3_000_000)
    await wallet.settled()
    await chain.advance(TIMELOCK_S + 1)
    await chain.until(chain.block + 2)
    await wallet.send("execute", dao.governor, bytes.fromhex(proposal["execute"][2:]), gas_limit=8_000_000)
    (receipt,) = await wallet.settled()
    state = await chain.pool.reads.call(dao.governor, calldata("state(uint256)", number))
    if int.from_bytes(state, "big") != _EXECUTED:
        raise ConductorError(f"the proposal is in state {int.from_bytes(state, 'big')}, not executed", field="proposal")
    return receipt.block_number
