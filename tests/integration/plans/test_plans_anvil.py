"""The treasury example on a real chain: pinned, proposed with its grants, run step by step, and paid as estimated."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from keeper.chain.reads import Reads
from keeper.chain.rpc import HttpTransport
from keeper.plans import (
    Compiled,
    Deployment,
    Estimate,
    Message,
    Pinned,
    RpcChain,
    check,
    estimate,
    load_plan,
    pin,
    propose,
    read_plan,
    simulate,
)
from keeper.plans.reasons import reason
from keeper.wire.abi import encode_call, interface
from keeper.wire.types import Address, Status
from keeper.wire.word import PlanWord, decode_word
from tests.unit.plans.chain_suite import holds_the_port

ROOT = Path(__file__).resolve().parents[3]
GAS_PRICE_WEI = 30 * 10**9


class Node:
    """An anvil, its unlocked accounts, and what is deployed on it."""

    def __init__(self, url: str) -> None:
        self.transport = HttpTransport(url)
        self.reads = Reads(self.transport)
        self.chain = RpcChain(self.reads)
        self.accounts: list[Address] = []

    async def send(
        self, to: Address | None, data: bytes, value_wei: int = 0, sender: Address | None = None
    ) -> dict[str, Any]:
        transaction = {
            "from": f"0x{(sender or self.accounts[0]).hex()}",
            "data": f"0x{data.hex()}",
            "value": hex(value_wei),
            "gas": hex(12_000_000),
        }
        if to is not None:
            transaction["to"] = f"0x{to.hex()}"
        hash_ = await self.reads.request("eth_sendTransaction", [transaction])
        for _ in range(200):
            receipt = await self.reads.request("eth_getTransactionReceipt", [hash_])
            if receipt is not None:
                break
            await asyncio.sleep(0.02)
        if receipt["status"] != "0x1":
            tried = Message(sender or self.accounts[0], to or Address(bytes(20)), data, value_wei)
            raise AssertionError(reason((await self.chain.simulate([tried]))[0].returned).text)
        return receipt

    async def deploy(self, code: bytes) -> Address:
        receipt = await self.send(None, code)
        return Address(bytes.fromhex(receipt["contractAddress"][2:]))

    async def artifact(self, name: str, types: list[str], values: list[Any], contract: str = "") -> Address:
        built = json.loads((ROOT / f"build/forge/{name}.sol/{contract or name}.json").read_text())
        return await self.deploy(bytes.fromhex(built["bytecode"]["object"][2:]) + encode(types, values))


@pytest.fixture(scope="module")
def url(start_anvil: Callable[..., str]) -> str:
    return start_anvil("--base-fee", str(GAS_PRICE_WEI), "--gas-limit", "60000000")


def play(url: str, story: Callable[[Node], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        node = Node(url)
        try:
            await asyncio.wait_for(story(node), 100)
        finally:
            await node.transport.close()

    asyncio.run(whole())


def selector(signature: str) -> bytes:
    return keccak(text=signature)[:4]


async def orchard(node: Node) -> tuple[Deployment, dict[str, str], dict[str, Address]]:
    """The protocol and the DAO's contracts; the first account owns everything."""
    node.accounts = [Address(bytes.fromhex(a[2:])) for a in await node.reads.request("eth_accounts", [])]
    owner = to_checksum_address(node.accounts[0])
    deployment = Deployment(
        await node.deploy(interface("Scheduler").creation_code), await node.deploy(interface("Facts").creation_code)
    )
    at = {"manager": await node.artifact("AccessManager", ["address"], [owner])}
    at["vesting"] = await node.artifact("VestingWallet", ["address", "uint64", "uint64"], [owner, 0, 1])
    logic = await node.artifact("Vault", [], [])
    start = selector("initialize(address,uint256)") + encode(
        ["address", "uint256"], [to_checksum_address(at["manager"]), 10**21]
    )
    at["vault"] = await node.artifact("ERC1967Proxy", ["address", "bytes"], [to_checksum_address(logic), start])
    at["token"] = await node.artifact("Votes", ["address", "uint256"], [owner, 10**24])
    sets = {
        "timelock": owner,
        "token_at": to_checksum_address(at["token"]),
        "vault_at": to_checksum_address(at["vault"]),
        "manager_at": to_checksum_address(at["manager"]),
        "vesting_at": to_checksum_address(at["vesting"]),
        "start": f"block {await node.reads.block_number() + 40}",
    }
    stock = selector("transfer(address,uint256)") + encode(["address", "uint256"], [sets["vault_at"], 10**21])
    await node.send(at["token"], stock)
    restrict = selector("setTargetFunctionRole(address,bytes4[],uint64)")
    pay, cap = selector("pay(address,address,uint256)"), selector("setCap(uint256)")
    await node.send(
        at["manager"], restrict + encode(["address", "bytes4[]", "uint64"], [sets["vault_at"], [pay, cap], 7])
    )
    return deployment, sets, at


async def pinned(node: Node, example: str, deployment: Deployment, sets: dict[str, str]) -> Pinned:
    path = ROOT / f"examples/{example}.yaml"
    known = load_plan(path.read_text("utf-8"), str(path)).values
    return await pin(read_plan(path, {k: v for k, v in sets.items() if k in known}), node.chain, deployment)


async def keeper_with_a_seat(node: Node, deployment: Deployment) -> Address:
    """Its word is written already, as that of every keeper after its first work."""
    keeper = node.accounts[3]
    join = encode_call("join", to_checksum_address(keeper))
    await node.send(deployment.scheduler, join, 10**18, keeper)
    return keeper


async def word(node: Node, plan: Compiled) -> PlanWord:
    data = await node.reads.call(plan.scheduler, encode_call("plan", plan.plan_id))
    return decode_word(int.from_bytes(data[:32], "big"))


async def act(node: Node, plan: Compiled, name: str, fn: str, keeper: Address) -> int:
    """Do it at the base fee of the estimate; what the deposit paid, in wei."""
    before = (await word(node, plan)).deposit_gwei
    await node.reads.request("anvil_setNextBlockBaseFeePerGas", [hex(GAS_PRICE_WEI)])
    item = plan.item(plan.ids.index(name))
    await node.send(plan.scheduler, encode_call(fn, item, *([0] if fn != "settle" else [])), sender=keeper)
    return (before - (await word(node, plan)).deposit_gwei) * 10**9


async def scheduled(node: Node, found: Pinned) -> Estimate:
    """Send what `propose` says; the estimate is of before."""
    plan = found.compiled
    simulation = await simulate(plan, node.chain)
    assert simulation.errors == ()
    for call in propose(plan, found.grants, create_account=True).calls:
        await node.send(call.target, call.data, call.value_wei)
    checked = await check(plan, node.chain)
    assert (checked.lacks, checked.errors) == ((), ())
    return estimate(plan, GAS_PRICE_WEI, simulation.measured)


def assert_paid_as_estimated(paid: dict[tuple[str, bool], int], cost: Estimate, rise_wei: int) -> None:
    """Within 5%, once the premium's rise, which is the keeper's delay, is taken off."""
    said = {(step.id, step.is_undo): step.expected_wei for step in cost.steps}
    for key, wei in paid.items():
        assert wei - rise_wei == pytest.approx(said[key], rel=0.05), key
    assert sum(paid.values()) < cost.worst_wei


def test_treasury_is_granted_run_and_paid_as_estimated(url: str) -> None:
    async def story(node: Node) -> None:
        deployment, sets, _ = await orchard(node)
        found = await pinned(node, "treasury", deployment, sets)
        plan = found.compiled
        lacks = " | ".join(grant.lack for grant in found.grants)
        for words in ("units of the token", "wei", "role 7 in the AccessManager", "role 0 in the AccessManager"):
            assert words in lacks, lacks
        assert {grant.by for grant in found.grants} == {plan.owner}
        keeper = await keeper_with_a_seat(node, deployment)
        cost = await scheduled(node, found)
        await node.reads.request("anvil_mine", [hex(60)])
        paid = {(name, False): await act(node, plan, name, "run", keeper) for name in plan.ids}
        assert (await word(node, plan)).status is Status.COMPLETED
        assert_paid_as_estimated(paid, cost, rise_wei=45 * 10**14)

    play(url, story)


def test_rollback_is_undone_and_paid_as_estimated(url: str) -> None:
    async def story(node: Node) -> None:
        deployment, sets, _ = await orchard(node)
        found = await pinned(node, "rollback", deployment, {**sets, "holder": sets["timelock"], "start": "now"})
        plan = found.compiled
        keeper = await keeper_with_a_seat(node, deployment)
        cost = await scheduled(node, found)
        await node.reads.request("evm_increaseTime", [3_600])
        paid = {(name, False): await act(node, plan, name, "run", keeper) for name in ("admit", "raise")}
        await node.reads.request("evm_increaseTime", [86_400])
        await act(node, plan, "paid", "settle", keeper)
        for name in ("raise", "admit"):
            await node.reads.request("evm_increaseTime", [3_600])
            paid[name, True] = await act(node, plan, name, "undo", keeper)
        await node.reads.request("evm_increaseTime", [3_600])
        paid["record", False] = await act(node, plan, "record", "run", keeper)
        assert (await word(node, plan)).status is Status.ABORTED
        assert_paid_as_estimated(paid, cost, rise_wei=45 * 10**14)

    play(url, story)


def test_names_of_a_chain_without_ens_are_nobodys(url: str) -> None:
    async def story(node: Node) -> None:
        assert await node.chain.name_services() == frozenset()
        assert await node.chain.resolve("ens", "dao.eth") is None
        assert await node.chain.chain_id() == 31337

    play(url, story)


def test_the_real_chain_holds_the_port(url: str) -> None:
    async def story(node: Node) -> None:
        deployment, _, at = await orchard(node)
        stranger = Address(b"\x31" * 20)
        await holds_the_port(node.chain, deployment.scheduler, at["token"], node.accounts[0], stranger)

    play(url, story)
