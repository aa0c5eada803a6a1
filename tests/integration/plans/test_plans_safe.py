"""A real Safe of two owners: it proposes `safe.json`, owns the plan, and signs another (ERC-1271)."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from eth_abi.abi import encode
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from keeper.plans import Compiled, Deployment, load_plan, pin, propose
from keeper.wire import hashing
from keeper.wire.abi import encode_call, interface
from keeper.wire.signing import schedule_digest
from keeper.wire.types import Address, Status
from keeper.wire.word import decode_word
from tests.integration.plans.test_plans_anvil import ROOT, Node, play, selector

SAFE = ROOT / "node_modules/@safe-global/safe-smart-account/build/artifacts/contracts"
OWNERS: tuple[LocalAccount, ...] = tuple(
    sorted((Account.from_key(bytes([7]) * 31 + bytes([i])) for i in (1, 2)), key=lambda key: int(key.address, 16))
)
NOBODY = "0x" + "00" * 20
NO_GAS = [0, 0, 0, NOBODY, NOBODY]

PLAN = """
conductor: 1
name: {name}
owner: "{owner}"
contracts:
  vault: {{at: "{vault}", abi: ["function setCap(uint256 cap)"]}}
at: now
schedule_by: +1d
within: 1d
pay: {{deposit: 0.01 ether, premium: 0.0001..0.001 ether over 10m, max_gas_price: 100 gwei}}
steps:
  - {{id: cap, call: "vault.setCap({cap})", gas: 200_000}}
"""


@pytest.fixture(scope="module")
def url(start_anvil: Callable[..., str]) -> str:
    return start_anvil()


def code(path: str) -> bytes:
    return bytes.fromhex(json.loads((SAFE / path).read_text())["bytecode"][2:])


def signed(digest: bytes) -> bytes:
    """Both owners' signatures, by ascending address, as a Safe wants them."""
    return b"".join(bytes(key.unsafe_sign_hash(digest).signature) for key in OWNERS)


class Safe:
    def __init__(self, node: Node, at: Address, multi_send: Address) -> None:
        self.node, self.at, self.multi_send = node, at, multi_send
        self.nonce = 0

    @classmethod
    async def create(cls, node: Node) -> Safe:
        logic = await node.deploy(code("Safe.sol/Safe.json"))
        factory = await node.deploy(code("proxies/SafeProxyFactory.sol/SafeProxyFactory.json"))
        handler = await node.deploy(code("handler/CompatibilityFallbackHandler.sol/CompatibilityFallbackHandler.json"))
        multi_send = await node.deploy(code("libraries/MultiSend.sol/MultiSend.json"))
        setup = selector("setup(address[],uint256,address,bytes,address,address,uint256,address)") + encode(
            ["address[]", "uint256", "address", "bytes", "address", "address", "uint256", "address"],
            [[key.address for key in OWNERS], 2, NOBODY, b"", to_checksum_address(handler), NOBODY, 0, NOBODY],
        )
        create = selector("createProxyWithNonce(address,bytes,uint256)") + encode(
            ["address", "bytes", "uint256"], [to_checksum_address(logic), setup, 1]
        )
        receipt = await node.send(factory, create)
        (made,) = (log for log in receipt["logs"] if log["address"] == f"0x{factory.hex()}")
        return cls(node, Address(bytes.fromhex(made["topics"][1][-40:])), multi_send)

    async def domain(self) -> bytes:
        answer = await self.node.reads.call(self.at, selector("domainSeparator()"))
        return bytes(answer)

    async def execute(self, batch: str) -> None:
        """What Transaction Builder makes of `safe.json`: one MultiSend, signed by both owners, sent by a stranger."""
        packed = b""
        for each in json.loads(batch)["transactions"]:
            data = bytes.fromhex(each["data"][2:])
            to = bytes.fromhex(each["to"][2:])
            packed += b"\0" + to + int(each["value"]).to_bytes(32, "big") + len(data).to_bytes(32, "big") + data
        data = selector("multiSend(bytes)") + encode(["bytes"], [packed])
        type_hash = keccak(
            text="SafeTx(address to,uint256 value,bytes data,uint8 operation,uint256 safeTxGas,uint256 baseGas,"
            "uint256 gasPrice,address gasToken,address refundReceiver,uint256 nonce)"
        )
        to = to_checksum_address(self.multi_send)
        struct = encode(
            ["bytes32", "address", "uint256", "bytes32", "uint8", *["uint256"] * 3, "address", "address", "uint256"],
            [type_hash, to, 0, keccak(data), 1, *NO_GAS, self.nonce],
        )
        digest = keccak(b"\x19\x01" + await self.domain() + keccak(struct))
        await self.node.send(
            self.at,
            selector("execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)")
            + encode(
                ["address", "uint256", "bytes", "uint8", *["uint256"] * 3, "address", "address", "bytes"],
                [to, 0, data, 1, *NO_GAS, signed(digest)],
            ),
            sender=self.node.accounts[3],
        )
        self.nonce += 1

    async def sign(self, digest: bytes) -> bytes:
        """The owners' signature over the Safe's message, which its handler checks for ERC-1271."""
        type_hash = keccak(text="SafeMessage(bytes message)")
        message = keccak(encode(["bytes32", "bytes32"], [type_hash, keccak(encode(["bytes32"], [digest]))]))
        return signed(keccak(b"\x19\x01" + await self.domain() + message))


async def scene(node: Node) -> tuple[Safe, Deployment, Address]:
    node.accounts = [Address(bytes.fromhex(a[2:])) for a in await node.reads.request("eth_accounts", [])]
    deployment = Deployment(
        await node.deploy(interface("Scheduler").creation_code), await node.deploy(interface("Facts").creation_code)
    )
    safe = await Safe.create(node)
    await node.send(safe.at, b"", 10**18)
    account_at = hashing.account_address(deployment.scheduler, safe.at)
    manager = await node.artifact("AccessManager", ["address"], [to_checksum_address(node.accounts[0])])
    logic = await node.artifact("Vault", [], [])
    start = selector("initialize(address,uint256)") + encode(["address", "uint256"], [to_checksum_address(manager), 5])
    vault = await node.artifact("ERC1967Proxy", ["address", "bytes"], [to_checksum_address(logic), start])
    restrict = encode(["address", "bytes4[]", "uint64"], [to_checksum_address(vault), [selector("setCap(uint256)")], 7])
    await node.send(manager, selector("setTargetFunctionRole(address,bytes4[],uint64)") + restrict)
    grant = encode(["uint64", "address", "uint32"], [7, to_checksum_address(account_at), 0])
    await node.send(manager, selector("grantRole(uint64,address,uint32)") + grant)
    return safe, deployment, vault


async def compiled(node: Node, safe: Safe, deployment: Deployment, vault: Address, name: str, cap: int) -> Compiled:
    text = PLAN.format(name=name, owner=to_checksum_address(safe.at), vault=to_checksum_address(vault), cap=cap)
    return (await pin(load_plan(text, f"{name}.yaml"), node.chain, deployment)).compiled


async def status(node: Node, deployment: Deployment, plan: Compiled) -> Status:
    answer = await node.reads.call(deployment.scheduler, encode_call("plan", plan.plan_id))
    return decode_word(int.from_bytes(answer[:32], "big")).status


async def run(node: Node, deployment: Deployment, plan: Compiled) -> None:
    await node.send(deployment.scheduler, encode_call("run", plan.item(0), 0), sender=node.accounts[4])


async def cap_of(node: Node, vault: Address) -> int:
    return int.from_bytes(await node.reads.call(vault, selector("cap()")), "big")


def test_a_safe_proposes_and_owns_a_plan(url: str) -> None:
    """`safe.json`, account and all, through MultiSend with both owners' signatures; a keeper then runs it."""

    async def story(node: Node) -> None:
        safe, deployment, vault = await scene(node)
        plan = await compiled(node, safe, deployment, vault, "raise-the-cap", 77)
        proposal = propose(plan, (), create_account=True)
        await safe.execute(proposal.safe_json)
        assert await status(node, deployment, plan) is Status.ACTIVE
        await run(node, deployment, plan)
        assert await status(node, deployment, plan) is Status.COMPLETED
        assert await cap_of(node, vault) == 77

    play(url, story)


def test_a_safe_signs_a_plan_that_a_stranger_schedules(url: str) -> None:
    """ERC-1271 through the Safe's own handler; one owner's signature alone is refused."""

    async def story(node: Node) -> None:
        safe, deployment, vault = await scene(node)
        await node.send(deployment.scheduler, encode_call("createAccount", safe.at))
        plan = await compiled(node, safe, deployment, vault, "signed-cap", 99)
        digest = schedule_digest(deployment.scheduler, plan.plan_id)
        good = await safe.sign(digest)
        packed = plan.packed
        with pytest.raises(AssertionError, match=r"(?i)signature"):
            await node.send(
                deployment.scheduler, encode_call("scheduleFor", packed, good[:65]), 10**16, node.accounts[5]
            )
        await node.send(deployment.scheduler, encode_call("scheduleFor", packed, good), 10**16, node.accounts[5])
        await run(node, deployment, plan)
        assert await cap_of(node, vault) == 99

    play(url, story)
