"""The Registry: names that ENS clients understand, services with versions, instances under leases, scaling.

This layer asks and follows; it sends nothing. Addresses and nodes are bytes, names dotted text, times unix seconds.

```python
view = await pool.pin()                                      # keeper.chain: one endpoint, one block
registry = RegistryClient(view, registry_address())          # client.py; every answer is of view.head
await registry.resolve("api.acme")                           # 20 bytes, or NoName, NoRecord; canary.api.acme .. too
await registry.resolve("api.acme", chain_id=10)              # its address on another chain
await registry.resolve_many(names)                           # {name: address | None}; 1,000 in two requests
await registry.text("api.acme", "url")                       # contenthash(name), name_of(address), names_of(addresses)
await registry.name("api.acme")                              # Name(owner, expires_s, revision ..) | None; names(..)
await registry.children("acme"); await registry.instances("api.acme"); await registry.versions("api.acme")
await registry.scaling("api.acme")                           # values.py has all shapes
RegistryClient(view, address, cache=shared)                  # asking.py: AnswerCache, by block hash

memory = HealthMemory(); memory.failed(one.id, now_s); memory.succeeded(one.id)      # choice.py
one = choose(instances, memory.at(now_s), Random(), time_s=view.head.time_s)         # by weight, or NoInstance

async for news in watch(pool, address, from_revision): ...   # watch.py: Told(event, block) | TakenBack(revision)
state = replay(everything); apply(state, event, time_s)      # state.py, replay.py: the state, from events alone

attach_ens(w3, address)                                      # attach.py: web3.py's own ens, sync or async
```

Modules: names, abi, values, errors, events | asking, client | choice | watch, state, replay | attach |
memory (a Registry in memory, for tests).
"""

from keeper.registry.address import registry_address
from keeper.registry.asking import AnswerCache
from keeper.registry.choice import Health, HealthMemory, choosable, choose
from keeper.registry.client import RegistryClient
from keeper.registry.errors import Gap, NoInstance, NoName, NoRecord, Overtaken, RegistryRefused
from keeper.registry.events import Event, decode_event, encode_event
from keeper.registry.names import BadLabel, BadName, check_label, coin_type, dns_decode, dns_encode, labels, namehash
from keeper.registry.replay import apply, replay
from keeper.registry.state import State
from keeper.registry.values import Instance, Name, Scaling, Version, Versions
from keeper.registry.watch import News, TakenBack, Told, Watch, WatchPolicy, watch

__all__ = [
    "AnswerCache",
    "BadLabel",
    "BadName",
    "Event",
    "Gap",
    "Health",
    "HealthMemory",
    "Instance",
    "Name",
    "News",
    "NoInstance",
    "NoName",
    "NoRecord",
    "Overtaken",
    "RegistryClient",
    "RegistryRefused",
    "Scaling",
    "State",
    "TakenBack",
    "Told",
    "Version",
    "Versions",
    "Watch",
    "WatchPolicy",
    "apply",
    "check_label",
    "choosable",
    "choose",
    "coin_type",
    "decode_event",
    "dns_decode",
    "dns_encode",
    "encode_event",
    "labels",
    "namehash",
    "registry_address",
    "replay",
    "watch",
]
