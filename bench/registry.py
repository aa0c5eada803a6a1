"""What the Registry takes: to keep services alive, to resolve them, to register them; and that a crowd costs nobody.

Reads are measured as transactions, so each has the 21,000 of one in it, unless it says "the call alone"; a client pays
nothing for them. ENS runs beside: the same name below one's own, the same address and texts, on the same chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak
from web3.contract import AsyncContract

from bench.artifacts import Build, deploy, load
from bench.chain import Chain
from bench.ens_peer import PUBLISHED_GAS, Ens, Service

DEPOSIT_WEI = 10**17
DAY = 86_400
BATCH = 50
FEW, MANY = 10, 10_000
PAGE = 10
CREATED_AT_ONCE = 120
TEXTS = (("url", "https://pay.acme.example"), ("description", "Pays what is due"))


def node(dotted: str) -> bytes:
    """EIP-137."""
    found = bytes(32)
    for label in reversed(dotted.split(".")):
        found = keccak(found + keccak(text=label))
    return found


def dns(dotted: str) -> bytes:
    """DNS's encoding."""
    return b"".join(bytes([len(label)]) + label.encode() for label in dotted.split(".")) + b"\0"


class Town:
    """A Registry in which the owner has `acme`."""

    def __init__(self, chain: Chain, contract: AsyncContract, asked: AsyncContract) -> None:
        self.chain = chain
        self.contract = contract
        self.asked = asked
        self.owner, self.operator = chain.accounts[1], chain.accounts[2]

    @classmethod
    async def deployed(cls, chain: Chain, out: Path) -> tuple[Town, Build]:
        build = load(out, "Registry")
        contract = await deploy(chain, build)
        asked = chain.w3.eth.contract(address=contract.address, abi=load(out, "Resolver").abi)
        return cls(chain, contract, asked), build

    async def do(self, function: str, *args: Any, by: ChecksumAddress | None = None, value: int = 0) -> int:
        """What the transaction took."""
        return await self.chain.gas(by or self.owner, self.contract.address, self.data(function, *args), value)

    async def ask(self, function: str, *args: Any) -> int:
        """What a transaction to a view took."""
        contract = self.asked if function == "resolve" else self.contract
        return await self.chain.gas(self.operator, self.contract.address, _data(contract, function, *args))

    def data(self, function: str, *args: Any) -> bytes:
        return _data(self.contract, function, *args)

    async def claim(self, label: str) -> tuple[int, int]:
        """What committing and claiming took."""
        secret = b"\x5a" * 32
        commitment = await self.contract.functions.commitmentOf(label, self.owner, secret).call()
        committed = await self.do("commit", commitment)
        self.chain.wait_until(self.chain.time + 120)
        return committed, await self.do("claim", label, self.owner, secret, value=DEPOSIT_WEI)

    async def fill(self, want: int) -> None:
        """So many names below `acme`, each created in the contract. Raises RuntimeError if it counts another number."""
        have = await self.count()
        for start in range(have, want, CREATED_AT_ONCE):
            labels = [f"n{i}" for i in range(start, min(start + CREATED_AT_ONCE, want))]
            await self.do("multicall", [self.data("create", node("acme"), label, self.owner) for label in labels])
        if await self.count() != want:
            raise RuntimeError(f"there are {await self.count()} names, not {want}")

    async def count(self) -> int:
        """The names below `acme`, as the contract counts them."""
        _, total = await self.contract.functions.children(node("acme"), 0, 0).call()
        return int(total)

    async def look(self, count: int) -> list[int]:
        """What it takes, among so many, to look up a name, and to read the first and the last page of ten."""
        lookup = _data(self.asked, "addr(bytes32)", node("n7.acme"))
        last = self.data("children", node("acme"), count - PAGE, PAGE)
        return [
            await self.ask("resolve", dns("n7.acme"), lookup),
            await self.ask("children", node("acme"), 0, PAGE),
            await self.chain.read_gas(self.contract.address, last),
            await self.ask("nameOf", node("n7.acme")),
        ]


def _data(contract: AsyncContract, function: str, *args: Any) -> bytes:
    return bytes.fromhex(contract.encode_abi(function, args=list(args)).removeprefix("0x"))


async def measured(chain: Chain, out: Path) -> tuple[list[dict[str, Any]], dict[str, Build]]:
    """The table's rows, and the builds they are of."""
    town, build = await Town.deployed(chain, out)
    rows: list[dict[str, Any]] = []

    def put(what: str, gas: float, goal: str = "", met: bool = True, **beside: int) -> None:
        rows.append({"what": what, "gas": round(gas), **beside, **({"goal": goal, "met": met} if goal else {})})

    await town.claim("other")  # the first of all writes slots that are written ever after
    committed, claimed = await town.claim("acme")
    put("commit to a top-level name", committed)
    put("claim it", claimed)
    put("create a name below it", await town.do("create", node("acme"), "first", town.owner))
    ens, ens_builds = await Ens.deployed(chain, town.owner, "acme")
    service = Service(node("acme"), "pay", town.operator, TEXTS)
    registered = await town.do("multicall", _registration(town, service))
    beside = await ens.register(service)
    put(
        "register a service: name, address, two texts, in one transaction",
        registered,
        f"<= {beside:,}, the same in ENS from npm, four transactions",
        registered <= beside,
        ens=beside,
    )
    put(
        "the same, beside what was published of today's ENS",
        registered,
        f"<= {PUBLISHED_GAS:,}, ENS's four transactions",
        registered <= PUBLISHED_GAS,
        ens_published=PUBLISHED_GAS,
    )
    in_two = await ens.register_in_two(Service(node("acme"), "pax", town.operator, TEXTS))
    put("the same, beside ENS's records in one multicall: two transactions", registered, ens=in_two)
    resolve = dns("pay.acme"), _data(town.asked, "addr(bytes32)", node("pay.acme"))
    resolved = await town.ask("resolve", *resolve)
    put("resolve `pay.acme` to an address, as a transaction", resolved, "< 60,000", resolved < 60_000)
    alone = await chain.read_gas(town.contract.address, _data(town.asked, "resolve", *resolve))
    put("the same, the call alone; ENS's resolver, then address", alone, ens=await ens.resolve(service.node))

    ids = await _instances(town)
    first = await town.do("heartbeat", ids[:1], town.chain.time + DAY, by=town.operator)
    put("heartbeat of one instance", first)
    each = await town.do("heartbeat", ids, town.chain.time + DAY, by=town.operator) / BATCH
    put(f"heartbeat of {BATCH} instances in one transaction, each", each, "<= 6,500", each <= 6_500)
    lookup = _data(town.asked, "addr(bytes32)", node("i7.pay.acme"))
    put("resolve an instance, as a transaction", await town.ask("resolve", dns("i7.pay.acme"), lookup))
    put("pick one of 50 instances by weight, as a transaction", await town.ask("pick", node("pay.acme"), 12_345))

    started_with = await town.count()
    await town.fill(started_with + FEW)
    few = await town.look(started_with + FEW)
    await town.fill(MANY)
    many = await town.look(MANY)
    whats = (
        "look up a name",
        "the first page of ten names",
        "the last page of ten names, the call alone",
        "all that is kept of a name",
    )
    for what, a, b in zip(whats, few, many, strict=True):
        put(f"{what}, among {started_with + FEW} names", a)
        put(f"{what}, among {MANY:,}, all in the contract", b, "the same", a == b)
    return rows, {"Registry": build, "Resolver": load(out, "Resolver"), **ens_builds}


def _registration(town: Town, service: Service) -> Sequence[bytes]:
    return [
        town.data("create", service.parent, service.label, town.owner),
        town.data("setAddr(bytes32,address)", service.node, service.address),
        *(town.data("setText", service.node, *text) for text in service.texts),
    ]


async def _instances(town: Town) -> list[int]:
    """Fifty of them, each renewed once, as they all are but at first."""
    service, first = node("pay.acme"), 1
    ids = list(range(first, first + BATCH))
    calls = [town.data("admit", service, f"i{i}", town.operator, 10, DAY) for i in ids]
    for half in (calls[: BATCH // 2], calls[BATCH // 2 :]):
        await town.do("multicall", half)
    served = [town.data("serve", i, town.operator, b"eu-west".ljust(12, b"\0"), f"https://i{i}.example") for i in ids]
    await town.do("multicall", served, by=town.operator)
    await town.do("heartbeat", ids, town.chain.time + DAY, by=town.operator)
    return ids
