"""The Registry at one block, as typed answers. All of them are of the same block: the View's.

```python
view = await chain.pin()
registry = RegistryClient(view, address)              # address: `registry_address()` unless deployed elsewhere
await registry.resolve("api.acme")                    # 20 bytes; canary.api.acme, v2.api.acme, <instance>.api.acme too
await registry.resolve_many(names)                    # {name: address or None}, 1,000 in two requests
```
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keeper.chain.rpc import EndpointFailed, Trouble
from keeper.chain.values import Block
from keeper.registry.abi import ADDR, ADDR_OF_COIN, answer, call, error_id, text
from keeper.registry.asking import AnswerCache, Asking, Pinned
from keeper.registry.errors import NoName, NoRecord, RegistryRefused
from keeper.registry.names import coin_type, dns_encode, namehash, node_of, reverse_node
from keeper.registry.values import (
    Instance,
    Name,
    Scaling,
    Version,
    Versions,
    instance_from,
    name_from,
    scaling_from,
    some,
    version_from,
)
from keeper.wire.errors import ConductorError
from keeper.wire.types import Address

PAGE = 100
"""Instances asked for at once; of children, which are shorter, ten times as many."""


class RegistryClient:
    """Every method also raises EndpointFailed, and RegistryRefused where there is no Registry or another one.

    Names are dotted text. Where it says `node` or `service`, a name or its 32 bytes will do, and what is not live has
    nothing: no children, no instances. Answers are kept in `cache`, which
    clients of any blocks may share.
    """

    def __init__(self, view: Pinned, address: Address, *, cache: AnswerCache | None = None) -> None:
        self._asking = Asking(view, address, cache or AnswerCache())
        self.address = address

    @property
    def block(self) -> Block:
        """The block that all answers are of."""
        return self._asking.view.head

    # ------------------------------------------------------------------ what names mean

    async def resolve(self, name: str, chain_id: int | None = None) -> Address:
        """The address on a chain, this one unless told. Errors: NoName, NoRecord, BadLabel, BadName, BadInput."""
        found = _address(await self._record(name, *_address_question(name, chain_id)))
        if found is None:
            where = "address" if chain_id is None else f"address on chain {chain_id}"
            raise NoRecord(name, where, self.block.number)
        return found

    async def resolve_many(self, names: Sequence[str], chain_id: int | None = None) -> dict[str, Address | None]:
        """Each name's address; None of one that is not live or has none. Errors: BadLabel, BadName."""
        found = await self._records({name: _address_question(name, chain_id) for name in names})
        return {name: None if said is None else _address(said) for name, said in found.items()}

    async def text(self, name: str, key: str) -> str:
        """A text (ENSIP-5); "" if it is not set. Errors: NoName, BadLabel, BadName."""
        return text(await self._record(name, "text", namehash(name), key))

    async def texts(self, names: Sequence[str], key: str) -> dict[str, str | None]:
        """Each name's text; None of one that is not live."""
        found = await self._records({name: ("text", namehash(name), key) for name in names})
        return {name: None if said is None else text(said) for name, said in found.items()}

    async def contenthash(self, name: str) -> bytes:
        """The content hash (ENSIP-7); empty if it is not set. Errors: NoName, BadLabel, BadName."""
        said: bytes = await self._record(name, "contenthash", namehash(name))
        return said

    async def name_of(self, address: Address) -> str | None:
        """What an address says its name is, if that name resolves to it; else None."""
        return (await self.names_of([address]))[address]

    async def names_of(self, addresses: Sequence[Address]) -> dict[Address, str | None]:
        """Each address's own name, if there is one that resolves to it."""
        said = await self._many("name", [(reverse_node(address),) for address in addresses])
        return {address: text(name) or None for address, (name,) in zip(addresses, said, strict=True)}

    # ------------------------------------------------------------------ what is kept

    async def revision(self) -> int:
        """How many changes there ever were."""
        return int((await self._one("revision"))[0])

    async def name(self, node: str | bytes) -> Name | None:
        """All that is kept of a live node; None if it is not live, or answered below one. Errors: BadLabel, BadName."""
        found = node_of(node)
        return name_from(found, await self._one("nameOf", found))

    async def names(self, nodes: Sequence[str | bytes]) -> tuple[Name | None, ...]:
        """Of each node what `name` says, asked together."""
        found = [node_of(node) for node in nodes]
        said = await self._many("nameOf", [(node,) for node in found])
        return tuple(name_from(node, each) for node, each in zip(found, said, strict=True))

    async def full_name(self, node: bytes) -> str:
        """A live node's whole name, from its labels up to the top. Errors: NoName."""
        found = []
        while any(node):
            name = await self.name(node)
            if name is None:
                raise NoName(f"0x{node.hex()}", self.block.number)
            found.append(name.label)
            node = name.parent
        return ".".join(found)

    async def is_operator(self, node: str | bytes, who: Address) -> bool:
        """Whether `who` may act for a live node: its owner, or one of its operators."""
        return bool((await self._one("isOperator", node_of(node), who))[0])

    async def children(self, node: str | bytes = "") -> tuple[Name, ...]:
        """The live names directly below one; "" is the root. Errors: BadLabel, BadName."""
        nodes = await self._pages("children", node, PAGE * 10)
        return tuple(name for name in await self.names(nodes) if name is not None)

    async def versions(self, service: str | bytes) -> Versions:
        """A service's version, the proposed one, and the highest ever. Errors: BadLabel, BadName."""
        current, proposed, highest = await self._one("versions", node_of(service))
        return Versions(version_from(current), version_from(proposed), (highest >> 32, highest & 0xFFFFFFFF))

    async def version(self, service: str | bytes, release: int) -> Version | None:
        """The last confirmed build of a release. Errors: BadLabel, BadName."""
        return version_from((await self._one("versionOf", node_of(service), release))[0])

    async def instance(self, number: int) -> Instance | None:
        """An instance by its id; None if it was evicted or never was. If its service is gone, its lease is over."""
        found = instance_from((await self._one("instance", number))[0])
        return found if found.id else None

    async def instances(self, service: str | bytes, *, live_only: bool = True) -> tuple[Instance, ...]:
        """Those that serve a service; `live_only`: whose lease lasts. Errors: BadLabel, BadName."""
        return tuple(map(instance_from, await self._pages("instances", service, PAGE, live_only)))

    async def scaling(self, service: str | bytes) -> Scaling:
        """A service's rule of scaling; all zeros if it has none. Errors: BadLabel, BadName."""
        return scaling_from((await self._one("scalingOf", node_of(service)))[0])

    async def credit_wei(self, owner: Address) -> int:
        """Deposits that an owner can take back."""
        return int((await self._one("creditOf", owner))[0])

    async def free_at_s(self, label: str) -> int:
        """From when on a top-level name can be claimed; 0 if now."""
        return int((await self._one("freeAt", label))[0])

    # ------------------------------------------------------------------ asking

    async def _record(self, name: str, function: str, *args: Any) -> Any:
        data = call("resolve", dns_encode(name), call(function, *args))
        try:
            said = await self._asking.one(data)
        except EndpointFailed as error:
            raise self._read(error, "resolve", name) from None
        return self._inner(function, said)

    async def _records(self, questions: dict[str, tuple[Any, ...]]) -> dict[str, Any]:
        """Each name's answer; None if nothing answers to the name. Which do is asked first: that never reverts."""
        encoded = {name: dns_encode(name) for name in questions}
        said = await self._many("findResolver", [(dns,) for dns in encoded.values()])
        there = [name for name, (resolver, *_) in zip(questions, said, strict=True) if some(resolver)]
        answers = await self._asking.many([call("resolve", encoded[name], call(*questions[name])) for name in there])
        found: dict[str, Any] = dict.fromkeys(questions)
        for name, each in zip(there, answers, strict=True):
            if isinstance(each, EndpointFailed):
                error = self._read(each, "resolve", name)
                if not isinstance(error, NoName):
                    raise error
            else:
                found[name] = self._inner(questions[name][0], each)
        return found

    async def _one(self, function: str, *args: Any) -> tuple[Any, ...]:
        try:
            return self._decoded(function, await self._asking.one(call(function, *args)))
        except EndpointFailed as error:
            raise self._read(error, function) from None

    async def _many(self, function: str, arguments: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        found = []
        for said in await self._asking.many([call(function, *args) for args in arguments]):
            if isinstance(said, EndpointFailed):
                raise self._read(said, function)
            found.append(self._decoded(function, said))
        return found

    async def _pages(self, function: str, node: str | bytes, limit: int, *more: Any) -> list[Any]:
        """Everything that a paged view has: the first page says how many there are, the others are asked together."""
        found = node_of(node)
        first, total = await self._one(function, found, 0, limit, *more)
        rest = [(found, begin, limit, *more) for begin in range(limit, total, limit)]
        pages = await self._many(function, rest)
        return [*first, *(item for page, _ in pages for item in page)]

    def _inner(self, function: str, said: bytes) -> Any:
        """The answer inside `resolve`'s."""
        inner, _resolver = self._decoded("resolve", said)
        return self._decoded(function, inner)[0]

    def _decoded(self, function: str, said: bytes) -> tuple[Any, ...]:
        try:
            return answer(function, said)
        except ConductorError:
            raise RegistryRefused(f"`{function}`", said) from None

    def _read(self, error: EndpointFailed, function: str, name: str | None = None) -> ConductorError:
        """What a failed call means."""
        if error.trouble is not Trouble.REVERTED:
            return error
        if name is not None and error.revert_data[:4] == error_id("ResolverNotFound"):
            return NoName(name, self.block.number)
        return RegistryRefused(f"`{function}`", error.revert_data)


def _address_question(name: str, chain_id: int | None) -> tuple[Any, ...]:
    if chain_id is None:
        return ADDR, namehash(name)
    return ADDR_OF_COIN, namehash(name), coin_type(chain_id)


def _address(said: bytes) -> Address | None:
    """20 bytes, of which zero is none; what is kept for a coin may have any length, but only 20 are an EVM address."""
    return some(said) if len(said) == 20 else None
