"""Which instances a key speaks for, as the Registry has them at one block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keeper.bots.beats import Lease
from keeper.bots.checkup import Patient
from keeper.chain.reads import View
from keeper.registry import Instance, NoName, RegistryClient, decode_event, namehash
from keeper.registry.events import Admitted
from keeper.wire.abi import interface
from keeper.wire.types import Address

_REORG_BLOCKS = 64
"""So many blocks are looked through again: what was admitted may come to be in another block."""


@dataclass(frozen=True, slots=True)
class Ward:
    """One instance of ours. `name` is its whole name, a.price.acme."""

    name: str
    instance: Instance

    @property
    def serves(self) -> bool:
        """Whether its operator has ever said where it serves; before that no heartbeat counts."""
        one = self.instance
        return bool(one.endpoint) or one.target is not None or one.until_s > 0

    @property
    def lease(self) -> Lease:
        return Lease(self.instance.id, self.instance.ttl_s, self.instance.until_s)

    @property
    def patient(self) -> Patient:
        return Patient(self.name, self.instance.endpoint)


class Roster:
    """All instances of an operator, or those of the services named. Remembers where it looked, and names."""

    def __init__(self, operator: Address, services: Sequence[str], start_block: int) -> None:
        self._operator = operator
        self._named = {namehash(name): name for name in services}
        self._found: set[bytes] = set(self._named)
        self._names: dict[bytes, str] = dict(self._named)
        self._next = start_block

    async def read(self, view: View, client: RegistryClient) -> tuple[Ward, ...]:
        """Errors: EndpointFailed, RegistryRefused."""
        if not self._named:
            await self._search(view, client.address)
        wards = []
        for node in sorted(self._found):
            try:
                found = await client.instances(node, live_only=False)
            except NoName:
                continue
            mine = [one for one in found if one.operator == self._operator]
            if mine and node not in self._names:
                self._names[node] = await client.full_name(node)
            wards += [Ward(f"{one.label}.{self._names[node]}", one) for one in mine]
        return tuple(sorted(wards, key=lambda ward: ward.instance.id))

    async def _search(self, view: View, address: Address) -> None:
        if self._next > view.head.number:
            return
        admitted = interface("Registry").events["Admitted"].id
        for log in await view.logs(self._next, view.head.number, [address], [admitted]):
            event = decode_event(log.topics, log.data)
            if isinstance(event, Admitted) and event.operator == self._operator:
                self._found.add(event.node)
        self._next = max(self._next, view.head.number - _REORG_BLOCKS + 1)
