"""Keepers: what follows the chain's events, decides what is due, tries it out, and sends it.

```python
async def run_keeper(settings: Settings, stop: asyncio.Event) -> None          # keeper.py: a process, until `stop`
executor = Executor(pool, store, Source(start, (scheduler,)), signer, worker=name)   # executor.py: its heart
await executor.start(); await executor.tick()                                  # once; whenever there may be a new block

decide(view, moment, policy) -> list[Intent | Wait]                            # decide.py: pure
seat.init, join, leave, release, withdraw                                      # seat.py: commands, frozen answers
report.check, status, earnings; why.why                                        # report.py, why.py
```

A look, in order: follower -> index (plans, jobs) -> queue (lease what is due) -> chances, turns, fees -> decide ->
parcels -> simulate, trial, waits -> outbox -> outcomes, aftermath, holds.
"""
