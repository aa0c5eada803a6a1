"""A Registry in memory: what the contract answers, from its events. The twin of the contract on a node, for tests.

`MemoryRegistry` is an endpoint of a SimChain on which events of a Registry were logged; `tell` logs them. Both it and
anvil with the contract pass the same suite.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from eth_abi.abi import encode

from keeper.chain.memory import MemoryTransport
from keeper.chain.memory_chain import SimBlock, SimLog
from keeper.chain.rpc import Answer, EndpointFailed, Trouble
from keeper.chain.values import Json, hexed, raw
from keeper.registry.abi import ADDR, ADDR_OF_COIN, arguments, selector
from keeper.registry.events import Event, decode_event, encode_event
from keeper.registry.names import BadLabel, BadName, coin_type, dns_decode, namehash, reverse_node
from keeper.registry.replay import apply
from keeper.registry.state import State
from keeper.registry.values import Instance, Version, plain_scaling, zone_bytes
from keeper.wire.abi import interface
from keeper.wire.types import NOBODY, Address

REGISTRY = Address(b"\x12" * 20)
"""Where the Registry in memory is."""


class Reverted(Exception):
    """The contract would revert with `data`."""

    def __init__(self, error: str, *args: Any) -> None:
        super().__init__(error)
        self.data = interface("Registry").errors[error].encode(*args)


@dataclass(frozen=True)
class Found:
    """Who answers for a name: itself (`node` alone), or what is one label below a service."""

    node: bytes
    records: bytes | None
    target: Address | None = None
    instance: Instance | None = None
    label_bytes: int = 0
    is_name: bool = False


@dataclass(frozen=True)
class Contract:
    """The Registry's views, at one state and time."""

    state: State
    time_s: int
    chain_id: int
    address: Address

    def answer(self, data: bytes) -> bytes:
        """What a call returns. Errors: Reverted."""
        called = arguments(data)
        if called is None:
            raise Reverted("UnsupportedResolverProfile", data[:4])
        function, given = called
        types = interface("Registry").functions[function].outputs
        said = getattr(self, "_" + re.split(r"\(", function)[0])(*given)
        return encode(types, said if isinstance(said, tuple) else (said,))

    # ------------------------------------------------------------------ the registry's own

    def _multicall(self, calls: Sequence[bytes]) -> tuple[list[bytes]]:
        return ([self.answer(each) for each in calls],)

    def _revision(self) -> int:
        return self.state.revision

    def _nameOf(self, node: bytes) -> tuple[Any, ...]:  # noqa: N802 - the contract's name for it
        one = self.state.name(node, self.time_s)
        if one is None:
            return NOBODY, bytes(32), "", 0, 0, False, NOBODY, 0
        offered = one.offered_to or NOBODY
        return one.owner, one.parent, one.label, one.expires_s, one.generation, one.locked, offered, one.revision

    def _isOperator(self, node: bytes, who: bytes) -> bool:  # noqa: N802 - likewise
        return self.state.is_operator(node, Address(who), self.time_s)

    def _creditOf(self, owner: bytes) -> int:  # noqa: N802 - likewise
        return self.state.credits_wei.get(Address(owner), 0)

    def _children(self, node: bytes, start: int, limit: int) -> tuple[list[bytes], int]:
        life = (node, 0) if node == bytes(32) else self.state.life(node, self.time_s)
        everyone = self.state.below.get(life, []) if life else []
        live = self.state.children(node, self.time_s)
        return [child for child in everyone[start : start + limit] if child in live], len(everyone)

    def _instances(self, node: bytes, start: int, limit: int, live_only: bool) -> tuple[list[Any], int]:
        everyone = self.state.instances(node, self.time_s, live_only=False)
        page = everyone[start : start + limit]
        return [_instance(one) for one in page if one.live_at(self.time_s) or not live_only], len(everyone)

    def _instance(self, number: int) -> tuple[Any]:
        one = self.state.instance(number, self.time_s)
        return (_NO_INSTANCE if one is None else _instance(one),)

    def _versions(self, node: bytes) -> tuple[Any, ...]:
        found = self.state.versions(node, self.time_s)
        release, build = found.highest
        return _version(found.current), _version(found.proposed), release << 32 | build

    def _versionOf(self, node: bytes, release: int) -> tuple[Any]:  # noqa: N802 - likewise
        return (_version(self._confirmed(node, release)),)

    def _scalingOf(self, node: bytes) -> tuple[Any]:  # noqa: N802 - likewise
        return (plain_scaling(self.state.scaling(node, self.time_s)),)

    # ------------------------------------------------------------------ the resolver's

    def _resolve(self, name: bytes, data: bytes) -> tuple[bytes, bytes]:
        found = self._find(name)
        called = arguments(data)
        if found is None:
            raise Reverted("ResolverNotFound", name)
        if called is None:
            raise Reverted("UnsupportedResolverProfile", data[:4])
        function, (node, *more) = called
        if node != found.node:
            raise Reverted("ResolverNotFound", name)
        types = interface("Registry").functions[function].outputs
        return encode(types, [self._inner(found, function, *more)]), self.address

    def _inner(self, found: Found, function: str, *more: Any) -> Any:
        if function == ADDR:
            return self._here(found)
        if function == ADDR_OF_COIN:
            if found.is_name:
                return self._coin(found.node, more[0])
            return found.target or b"" if more[0] == coin_type(self.chain_id) else b""
        if function == "text" and found.instance is not None:
            one = found.instance
            return {b"url": one.endpoint, b"zone": one.zone, b"weight": str(one.weight)}.get(more[0], "")
        if function not in ("text", "contenthash"):
            raise Reverted("UnsupportedResolverProfile", selector(function))
        key = more[0] if more else b""
        value = b"" if found.records is None else self.state.record(found.records, selector(function), key, self.time_s)
        return value.decode() if function == "text" else value

    def _findResolver(self, name: bytes) -> tuple[bytes, bytes, int]:  # noqa: N802 - likewise
        found = self._find(name)
        return (NOBODY, bytes(32), 0) if found is None else (self.address, found.node, found.label_bytes)

    def _name(self, node: bytes) -> str:
        for account, told in self.state.reverses.items():
            if reverse_node(account) == node:
                found = self._find_dotted(told)
                return told if found is not None and self._here(found) == account else ""
        return ""

    def _here(self, found: Found) -> bytes:
        if found.is_name:
            return self._coin(found.node, coin_type(self.chain_id)) or NOBODY
        return found.target or NOBODY

    def _coin(self, node: bytes, coin: int) -> bytes:
        return self.state.record(node, selector(ADDR_OF_COIN), coin.to_bytes(32, "big"), self.time_s)

    def _find(self, name: bytes) -> Found | None:
        try:
            return self._find_dotted(dns_decode(name))
        except (BadLabel, BadName):
            return None

    def _find_dotted(self, name: str) -> Found | None:
        node = namehash(name)
        if self.state.life(node, self.time_s):
            return Found(node, node, is_name=True)
        label, _, above = name.partition(".")
        service = namehash(above)
        if not above or self.state.life(service, self.time_s) is None:
            return None
        size = len(label) + 1
        everyone = self.state.instances(service, self.time_s, live_only=False)
        if one := next((one for one in everyone if one.label == label), None):
            live = one.live_at(self.time_s)
            return Found(node, None, one.target, instance=one, label_bytes=size) if live else None
        version = self.state.versions(service, self.time_s).proposed if label == "canary" else None
        if re.fullmatch(r"v[1-9][0-9]{0,9}", label):
            version = self._confirmed(service, int(label[1:]))
        return None if version is None else Found(node, service, version.target, label_bytes=size)

    def _confirmed(self, node: bytes, release: int) -> Version | None:
        life = self.state.life(node, self.time_s)
        releases = self.state.releases.get(life) if life else None
        return None if releases is None else releases.confirmed.get(release)


def _version(version: Version | None) -> tuple[Any, ...]:
    if version is None:
        return 0, 0, NOBODY, bytes(32)
    return version.release, version.build, version.target or NOBODY, version.digest


_NO_INSTANCE = (0, bytes(32), "", NOBODY, 0, 0, 0, 0, NOBODY, bytes(12), "")


def _instance(one: Instance) -> tuple[Any, ...]:
    terms = one.granted, one.weight, one.ttl_s, one.until_s
    return one.id, one.node, one.label, one.operator, *terms, one.target or NOBODY, zone_bytes(one.zone), one.endpoint


@dataclass
class MemoryRegistry(MemoryTransport):
    """An endpoint whose chain has a Registry at `registry`, which says what follows from the events logged there."""

    registry: Address = REGISTRY
    _states: dict[bytes, State] = field(default_factory=dict)

    def tell(self, *events: Event) -> SimBlock:
        """The events, in a block of their own."""
        logs = [SimLog(self.registry, *encode_event(event)) for event in events]
        return self.chain.mine(logs=logs)

    def state(self, block: SimBlock) -> State:
        """After a block of the chain as it stands."""
        if block.hash not in self._states:
            below = self.chain.blocks[block.number - 1] if block.number else None
            found = State() if below is None else self.state(below)
            events = [decode_event(log.topics, log.data) for _, log in block.logs if log.address == self.registry]
            found = found.copy() if any(events) else found
            for event in events:
                if event is not None:
                    apply(found, event, block.time_s)
            self._states[block.hash] = found
        return self._states[block.hash]

    def _answer(self, method: str, params: Sequence[Any]) -> Answer:
        try:
            return super()._answer(method, params)
        except Reverted as reverted:
            data = hexed(reverted.data)
            return EndpointFailed(self.name, Trouble.REVERTED, "execution reverted", code=3, data=data)

    def _eth_call(self, wanted: dict[str, str], block: Json, _overrides: Json = None) -> str:
        found = self._at(block)
        if raw(wanted["to"]) != self.registry:
            return super()._eth_call(wanted, block)
        contract = Contract(self.state(found), found.time_s, self.chain.chain_id, self.registry)
        return hexed(contract.answer(raw(wanted["data"])))
