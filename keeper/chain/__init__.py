"""One chain, as a keeper needs it: read it from several endpoints, follow it, and send transactions exactly once.

This layer knows blocks, logs, transactions and a due queue; what they mean is decided above it. Addresses, hashes and
data are bytes, money is wei, times are unix seconds.

```python
pool = EndpointPool.over_http(chain_id, urls)          # endpoints.py
head = await pool.head()                               # Block
view = await pool.pin()                                # reads of one decision: one endpoint, one block (view.head)
word = await view.call(to, data)                       # reads.py: block, logs, call, code, storage, nonce ..
await pool.reads.receipt(tx_hash)                      # reads of no particular endpoint
await pool.send_raw(raw)                               # SendResult(outcome: SendOutcome, said), from all endpoints

store = await Store.open("keeper.db")                  # store.py: a path, sqlite:// or postgresql://..; migrates
async with store.write() as tx: ...                    # one transaction

follower = Follower(pool, store, Source(start, (scheduler,)), consumer)      # follower.py
async for event in follower.catch_up(): ...            # Advanced(block, logs, head) | RolledBack(to, depth)
class MyConsumer:                                      # writes through the ledger only
    async def apply(self, ledger, block, logs): ...    # ledger.py: set_fact, put_plan, set_jobs, put_job ..

jobs = Jobs(store, chain_id)                           # jobs.py: the due queue
for job in await jobs.lease(worker, signer, Now(block, time_s, wall_s), limit=20): ...
await jobs.rest(job, reason, until)                    # back off; a finished job is dropped by the chain's own log

outbox = Outbox(pool, store, [signer], worker=name, still_wanted=ask)        # outbox.py; policy in moves.py
await outbox.recover()                                 # once, after a start
entry = await outbox.submit(key, signer.address, to, data, gas_limit=.., max_fee_wei=..)
await outbox.tick()                                    # on every new block
entry = await outbox.find(key)                         # entries.py: state, outcome, gas_used, gas_price_wei, reason

signer = await unlock(Folders().find(name), password)  # keystores.py; LocalSigner(key) in signer.py
clock = Clock(); clock.every(1.0, "follow", tick); clock.start()             # clock.py
```

Modules: values, rpc, sends, reads, health, endpoints | tables, store, history, ledger, jobs, entries, retention,
migrations | follower | fees, signer, keystores, moves, steps, settlement, outbox | clock | memory_chain, memory (a
chain and an endpoint of it in memory, for tests).
"""
