"""What a voter is told of each call, without a chain: the plan's own, what it implies, and what is no part of it."""

from __future__ import annotations

from typing import Any

import pytest
from eth_utils.address import to_checksum_address

from keeper.plans.actions import schedule_call
from keeper.plans.compile import Compiled
from keeper.plans.contracts import calldata
from keeper.plans.explain import Explained, explain
from keeper.plans.unwrap import Deed, deeds_of
from keeper.plans.verify import verify_deeds, verify_transaction
from keeper.wire.codec import encode_calls
from keeper.wire.types import Address, Call
from tests.unit.plans.samples import compiled, plan_text

OWNER, POOL, THIEF = (Address(n.to_bytes(20, "big")) for n in (0xAA, 0xB1, 0xEE))
USDC = Address(bytes.fromhex("A0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"))
ROLE = b"\x07" * 32
NOBODY = "0x" + "00" * 20


@pytest.fixture(scope="module")
def plan() -> Compiled:
    """It pays 5 USDC of the Account's, takes 3 of the owner's, and sends the pool 2 ether in all, twice."""
    pay = "{id: pay, call: 'usdc.transfer(0x00000000000000000000000000000000000000c3, 5 usdc)'}"
    take = "{id: take, call: 'usdc.transferFrom(0x00000000000000000000000000000000000000aa, pool, 3 usdc)'}"
    fund = "{id: fund, call: 'pool.open(4)', value: 2 ether}"
    return compiled(plan_text(pay, take, fund, extra="every: 2w\nruns: 2\n"))


def shown(address: Address) -> str:
    return to_checksum_address(address)


def told(plan: Compiled, *deeds: Deed) -> tuple[Explained, ...]:
    return explain(plan, deeds)


def granted(plan: Compiled, case: str) -> Deed:
    account = shown(plan.account)

    def call(target: Address, interface: str, fn: str, *args: Any) -> Deed:
        return Deed(target, 0, calldata(interface, fn, *args))

    def through(token: Address, spender: Address, units: int) -> Deed:
        approve = Call(token, 0, calldata("erc20", "approve", shown(spender), units))
        return call(plan.account, "account", "perform", encode_calls([approve]))

    return {
        "account": call(plan.scheduler, "scheduler", "createAccount", shown(OWNER)),
        "another's account": call(plan.scheduler, "scheduler", "createAccount", shown(THIEF)),
        "coin": Deed(plan.account, 4 * 10**18, b""),
        "too much coin": Deed(plan.account, 4 * 10**18 + 1, b""),
        "coin elsewhere": Deed(THIEF, 1, b""),
        "tokens": call(USDC, "erc20", "transfer", account, 16_000_000),
        "too many tokens": call(USDC, "erc20", "transfer", account, 16_000_009),
        "tokens elsewhere": call(USDC, "erc20", "transfer", shown(THIEF), 5_000_000),
        "other tokens": call(THIEF, "erc20", "transfer", account, 5),
        "tokens with coin": Deed(USDC, 1, calldata("erc20", "transfer", account, 5)),
        "tokens and more bytes": Deed(USDC, 0, calldata("erc20", "transfer", account, 5) + b"\1"),
        "allowance": call(USDC, "erc20", "approve", account, 6_000_000),
        "too much allowance": call(USDC, "erc20", "approve", account, 6_000_001),
        "allowance to another": call(USDC, "erc20", "approve", shown(THIEF), 1),
        "allowance of what is not taken": call(POOL, "erc20", "approve", account, 1),
        "own allowance": through(USDC, POOL, 8),
        "endless own allowance": through(USDC, POOL, 2**256 - 1),
        "own allowance to another": through(USDC, THIEF, 1),
        "another call through the Account": call(
            plan.account,
            "account",
            "perform",
            encode_calls([Call(USDC, 0, calldata("erc20", "transfer", shown(THIEF), 1))]),
        ),
        "no calls through the Account": call(plan.account, "account", "perform", b"\1"),
        "role": call(POOL, "access_control", "grantRole", ROLE, account),
        "role elsewhere": call(THIEF, "access_control", "grantRole", ROLE, account),
        "role to another": call(POOL, "access_control", "grantRole", ROLE, shown(THIEF)),
        "manager's role": call(POOL, "access_manager", "grantRole", 5, account, 0),
        "role of an unknown manager": call(THIEF, "access_manager", "grantRole", 5, account, 0),
        "ownership": call(POOL, "ownable", "transferOwnership", account),
        "ownership to another": call(POOL, "ownable", "transferOwnership", shown(THIEF)),
    }[case]


PART = {
    "account": "creates the owner's Account {account}",
    "coin": "sends 4 ether to the owner's Account {account}",
    "tokens": "sends 16 usdc ({usdc}) to the owner's Account {account}",
    "allowance": "lets the owner's Account take 6 usdc ({usdc}) from the owner",
    "own allowance": "lets pool ({pool}) take 0.000008 usdc ({usdc}) from the owner's Account",
    "role": f"gives the owner's Account {{account}} role 0x{ROLE.hex()} of pool ({{pool}})",
    "manager's role": "gives the owner's Account {account} role 5 of pool ({pool})",
    "ownership": "gives the owner's Account {account} the ownership of pool ({pool})",
}
NOT_PART = {
    "another's account": "that is not the plan's owner",
    "too much coin": "the plan's calls name no more than 4 ether",
    "coin elsewhere": "nothing in the file asks for it",
    "too many tokens": "the plan's calls name no more than 16.000008 usdc",
    "tokens elsewhere": "nothing in the file asks for it",
    "other tokens": "the file does not name that contract",
    "tokens with coin": "nothing in the file asks for it",
    "tokens and more bytes": "nothing in the file asks for it",
    "too much allowance": "the plan's calls name no more than 6 usdc",
    "allowance to another": "nothing in the file asks for it",
    "allowance of what is not taken": "no call of the plan takes them",
    "endless own allowance": "the plan's calls name no more than 0.000008 usdc",
    "own allowance to another": "the plan does not call it",
    "another call through the Account": "nothing in the file asks for it",
    "no calls through the Account": "nothing in the file asks for it",
    "role elsewhere": "the plan does not call it",
    "role to another": "that is not the owner's Account",
    "role of an unknown manager": "the file does not name that contract",
    "ownership to another": "that is not the owner's Account",
}


@pytest.mark.parametrize("case", PART)
def test_what_the_plan_implies_is_explained(plan: Compiled, case: str) -> None:
    [one] = told(plan, granted(plan, case))
    words = {"account": shown(plan.account), "usdc": shown(USDC), "pool": shown(POOL)}
    assert (one.what, one.doubt) == (PART[case].format(**words), "")
    assert verify_deeds(plan, [one.deed, *scheduled(plan)]).exact


@pytest.mark.parametrize("case", NOT_PART)
def test_what_it_does_not_imply_is_no_part_of_it(plan: Compiled, case: str) -> None:
    [one] = told(plan, granted(plan, case))
    assert one.doubt.startswith(NOT_PART[case]), one
    verdict = verify_deeds(plan, [one.deed, *scheduled(plan)])
    assert verdict.findings == (f"it {one.what}: {one.doubt}",)


def test_nothing_is_done_twice(plan: Compiled) -> None:
    coin = Deed(plan.account, 10**18, b"")
    first, second = told(plan, coin, coin)
    assert (first.part, second.doubt) == (True, "it does so a second time")


def test_an_amount_that_is_read_when_the_step_runs_has_no_bound() -> None:
    plan = compiled(
        plan_text(
            "{id: a, call: 'usdc.transfer(pool, usdc.balanceOf(account))'}",
            "{id: b, call: pool.open(1), value: facts.balance(account)}",
        )
    )
    [coin, tokens] = told(
        plan,
        Deed(plan.account, 10**30, b""),
        Deed(USDC, 0, calldata("erc20", "transfer", shown(plan.account), 10**30)),
    )
    assert coin.part
    assert tokens.part


def scheduled(plan: Compiled) -> tuple[Deed, ...]:
    call = schedule_call(plan)
    return (Deed(call.target, call.value_wei, call.data),)


# ---------------------------------------------------------------------- who makes the calls


def executed(to: Address, data: bytes, *, operation: int = 0, gas_price: int = 0, value: int = 0) -> bytes:
    rest = (operation, 0, 0, gas_price, NOBODY, NOBODY, b"")
    return calldata("safe", "execTransaction", shown(to), value, data, *rest)


def batched(*deeds: tuple[int, Deed]) -> bytes:
    packed = b"".join(
        bytes([operation])
        + one.target
        + one.value_wei.to_bytes(32, "big")
        + len(one.data).to_bytes(32, "big")
        + one.data
        for operation, one in deeds
    )
    return calldata("safe", "multiSend", packed)


def test_a_safe_that_runs_foreign_code_is_not_seen_through(plan: Compiled) -> None:
    [call] = scheduled(plan)
    evil = executed(THIEF, batched((0, call)), operation=1)
    verdict = verify_transaction(plan, OWNER, 0, evil)
    assert [one.what for one in verdict.calls] == [
        f"has the Safe {shown(OWNER)} run the code of {shown(THIEF)} as its own"
    ]
    assert verdict.findings[0] == "it does not schedule this plan"
    multi_send = Address(bytes.fromhex("38869bf66a61cF6bDB996A6aE40D5853Fd43B526"))
    assert verify_transaction(plan, OWNER, 0, executed(multi_send, batched((0, call)), operation=1)).exact
    assert not verify_transaction(plan, OWNER, 0, executed(multi_send, batched((1, call)), operation=1)).exact


def test_a_safe_that_pays_for_gas_is_told(plan: Compiled) -> None:
    [call] = scheduled(plan)
    data = executed(call.target, call.data, value=call.value_wei, gas_price=1)
    verdict = verify_transaction(plan, OWNER, 0, data)
    assert [one.what for one in verdict.calls] == [f"has the Safe {shown(OWNER)} pay whoever sends its transaction"]
    assert not verdict.exact


def test_only_the_owner_schedules(plan: Compiled) -> None:
    [call] = scheduled(plan)
    data = executed(call.target, call.data, value=call.value_wei)
    assert verify_transaction(plan, OWNER, 0, data).exact
    verdict = verify_transaction(plan, THIEF, 0, data)
    assert verdict.findings == (f"the safe {shown(THIEF)} would schedule it, but the plan's owner is {shown(OWNER)}",)
    proposed = calldata("governor", "propose", [shown(call.target)], [call.value_wei], [call.data], "words")
    assert verify_transaction(plan, THIEF, 0, proposed).exact, "a governor may have the owner execute"
    assert not verify_transaction(plan, OWNER, 0, executed(THIEF, proposed)).exact, "then the owner only proposes"


def test_coin_given_to_a_wrapper_is_not_lost_sight_of(plan: Compiled) -> None:
    [call] = scheduled(plan)
    one = (shown(call.target), call.value_wei, call.data, bytes(32), bytes(32))
    timelock = calldata("timelock", "execute", *one)
    assert verify_transaction(plan, OWNER, call.value_wei, timelock).exact
    assert not verify_transaction(plan, OWNER, call.value_wei + 1, timelock).exact
    governor = calldata("governor", "execute", [one[0]], [one[1]], [one[2]], bytes(32))
    stolen = executed(THIEF, governor, value=call.value_wei)
    assert [deed.target for deed in deeds_of(OWNER, 0, stolen)] == [THIEF]
