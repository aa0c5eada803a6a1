"""What a keeper tells Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """Counts of one keeper process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.head = Gauge("conductor_head_block", "Last block applied", registry=self.registry)
        self.sent = Counter("conductor_transactions_sent", "Transactions handed to the outbox", registry=self.registry)
        self.work = Counter(
            "conductor_work", "Work of mined transactions", ["action", "result"], registry=self.registry
        )
        self.late_blocks = Histogram(
            "conductor_late_blocks",
            "Blocks between the one in which work became possible and the one in which it was done",
            buckets=(0, 1, 2, 3, 6, 12, 60, 300),
            registry=self.registry,
        )
        self.waits = Counter("conductor_waits", "Due jobs put off, by reason", ["reason"], registry=self.registry)
        self.troubles = Counter(
            "conductor_troubles", "Failed looks at the chain, by error", ["error"], registry=self.registry
        )
        self.balance_wei = Gauge("conductor_balance_wei", "Coin of the hot key", registry=self.registry)


class HeartMetrics:
    """Counts of one heartbeat process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.head = Gauge("conductor_head_block", "Last block looked at", registry=self.registry)
        self.instances = Gauge(
            "conductor_heartbeat_instances",
            "The key's instances: live, lapsed, unwell",
            ["state"],
            registry=self.registry,
        )
        self.least_left_s = Gauge(
            "conductor_heartbeat_least_left_seconds", "Of the live lease that ends first", registry=self.registry
        )
        self.renewed = Counter("conductor_heartbeat_renewed", "Leases renewed", registry=self.registry)
        self.failed = Counter(
            "conductor_heartbeat_failed",
            "Leases not renewed when they should have been",
            ["why"],
            registry=self.registry,
        )
        self.sent = Counter("conductor_transactions_sent", "Transactions handed to the outbox", registry=self.registry)
        self.troubles = Counter(
            "conductor_troubles", "Failed looks at the chain, by error", ["error"], registry=self.registry
        )
        self.balance_wei = Gauge("conductor_balance_wei", "Coin of the hot key", registry=self.registry)
