"""The tables. Migrations make them; this file lets the queries name them, and a test holds the two together.

What a chain says (blocks, logs, plans, facts, the derived columns of jobs) is undone with its blocks by the journal.
What we do about it (leases, attempts, the outbox) never is. Money is decimal text, because it outgrows 64 bits. Times
are unix seconds.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                       "ck": "ck_%(table_name)s_%(constraint_name)s", "pk": "pk_%(table_name)s"}
)  # fmt: skip


class Wei(TypeDecorator[int]):
    """Money as decimal text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the interface is SQLAlchemy's
        return None if value is None else str(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - the same
        return None if value is None else int(value)


blocks = Table(
    "blocks",
    metadata,
    Column("chain_id", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("parent", LargeBinary, nullable=False),
    Column("time_s", BigInteger, nullable=False),
    PrimaryKeyConstraint("chain_id", "number"),
)

logs = Table(
    "logs",
    metadata,
    Column("chain_id", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("log_index", Integer, nullable=False),
    Column("address", LargeBinary, nullable=False),
    Column("topics", LargeBinary, nullable=False, doc="32 bytes each"),
    Column("data", LargeBinary, nullable=False),
    Column("block_hash", LargeBinary, nullable=False),
    Column("tx_hash", LargeBinary, nullable=False),
    Column("tx_index", Integer, nullable=False),
    PrimaryKeyConstraint("chain_id", "number", "log_index"),
)

cursors = Table(
    "cursors",
    metadata,
    Column("chain_id", BigInteger, primary_key=True, autoincrement=False),
    Column("start", BigInteger, nullable=False, doc="first block followed"),
    Column("source", LargeBinary, nullable=False, doc="hash of what is followed; another needs a fresh start"),
    Column("number", BigInteger, nullable=False, doc="last block applied; start - 1 before the first"),
    Column("hash", LargeBinary, nullable=False, doc="its hash; empty before the first"),
    Column("kept", BigInteger, nullable=False, doc="blocks above this one can be taken back"),
)

journal = Table(
    "journal",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("chain_id", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False, doc="the block that changed the row"),
    Column("kind", Text, nullable=False, doc="table"),
    Column("key", Text, nullable=False, doc="the row's key within its chain"),
    Column("before", JSON(none_as_null=True), doc="the row before; null if there was none"),
    Index(None, "chain_id", "number"),
)

facts = Table(
    "facts",
    metadata,
    Column("chain_id", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("value", JSON, nullable=False),
    PrimaryKeyConstraint("chain_id", "key"),
)

plans = Table(
    "plans",
    metadata,
    Column("chain_id", BigInteger, nullable=False),
    Column("id", LargeBinary, nullable=False),
    Column("owner", LargeBinary, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("header", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False, doc="empty if not published"),
    Column("word", LargeBinary, nullable=False),
    Column("block", BigInteger, nullable=False, doc="where it was scheduled"),
    PrimaryKeyConstraint("chain_id", "id"),
    Index(None, "chain_id", "owner"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("chain_id", BigInteger, nullable=False),
    Column("id", Text, nullable=False),
    Column("plan", LargeBinary, nullable=False),
    Column("run", Integer, nullable=False),
    Column("index", Integer, nullable=False),
    Column("action", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False, doc="in the clock's unit"),
    Column("clock", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("signer", LargeBinary),
    Column("worker", Text),
    Column("leased_until", Double),
    Column("backoff_until", Double),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("last_reason", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("chain_id", "id"),
    CheckConstraint("clock IN ('blocks', 'seconds')", name="clock"),
    CheckConstraint("state IN ('open', 'leased', 'resting')", name="state"),
    Index(None, "chain_id", "plan"),
    # one for each way to become due, so that looking costs what is due, not what is open
    Index("ix_jobs_open", "chain_id", "clock", "due_at", sqlite_where=text("state = 'open'"),
          postgresql_where=text("state = 'open'")),
    Index("ix_jobs_leased", "chain_id", "leased_until", sqlite_where=text("state = 'leased'"),
          postgresql_where=text("state = 'leased'")),
    Index("ix_jobs_resting", "chain_id", "backoff_until", sqlite_where=text("state = 'resting'"),
          postgresql_where=text("state = 'resting'")),
)  # fmt: skip

signers = Table(
    "signers",
    metadata,
    Column("chain_id", BigInteger, nullable=False),
    Column("signer", LargeBinary, nullable=False),
    Column("next_nonce", BigInteger, nullable=False, doc="the row whose lock hands out nonces"),
    Column("removed", BigInteger, nullable=False, server_default="0", doc="mined transactions that left the outbox"),
    Column("removed_wei", Wei, nullable=False, server_default="0", doc="what their gas cost"),
    PrimaryKeyConstraint("chain_id", "signer"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("chain_id", BigInteger, nullable=False),
    Column("key", Text, nullable=False, doc="the work, in the words of whoever submitted it"),
    Column("signer", LargeBinary, nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("to", LargeBinary, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("value_wei", Wei, nullable=False),
    Column("gas_limit", BigInteger, nullable=False),
    Column("fee_cap_wei", Wei, nullable=False, doc="no variant bids more per gas"),
    Column("state", Text, nullable=False),
    Column("outcome", Text, doc="once mined or lost"),
    Column("wanted", Boolean, nullable=False, doc="false: only the nonce is left to be filled"),
    Column("raw", LargeBinary, nullable=False, doc="the newest signed variant"),
    Column("hash", LargeBinary, nullable=False, doc="its hash"),
    Column("max_fee_wei", Wei, nullable=False),
    Column("tip_wei", Wei, nullable=False),
    Column("cancels", Boolean, nullable=False, doc="the newest variant only fills the nonce"),
    Column("variants", Integer, nullable=False, server_default="1"),
    Column("created", Double, nullable=False),
    Column("signed_block", BigInteger, nullable=False, doc="head when the newest variant was signed"),
    Column("sent_block", BigInteger, doc="head when it was last sent"),
    Column("worker", Text, nullable=False),
    Column("leased_until", Double, nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0", doc="sends"),
    Column("block", BigInteger),
    Column("block_hash", LargeBinary),
    Column("mined_hash", LargeBinary, doc="of the variant that was mined"),
    Column("status", Integer),
    Column("gas_used", BigInteger),
    Column("gas_price_wei", Wei),
    Column("reason", Text, nullable=False, server_default=""),
    Column("settled", Double, doc="when it last became final"),
    UniqueConstraint("chain_id", "signer", "nonce"),
    CheckConstraint("state IN ('signed', 'sent', 'mined', 'final')", name="state"),
    CheckConstraint("outcome IN ('done', 'reverted', 'cancelled', 'lost')", name="outcome"),
    # the same work never has two transactions that could both do it
    Index("uq_outbox_wanted_key", "chain_id", "key", unique=True, sqlite_where=text("wanted"),
          postgresql_where=text("wanted")),
    Index("ix_outbox_live", "chain_id", "signer", "nonce", sqlite_where=text("state <> 'final'"),
          postgresql_where=text("state <> 'final'")),
    Index("ix_outbox_final", "chain_id", "settled", sqlite_where=text("state = 'final'"),
          postgresql_where=text("state = 'final'")),
    Index(None, "chain_id", "key"),
)  # fmt: skip

variants = Table(
    "outbox_variants",
    metadata,
    Column("chain_id", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("outbox_id", BigInteger, nullable=False),
    Column("cancels", Boolean, nullable=False, doc="an empty transfer to oneself that only fills the nonce"),
    PrimaryKeyConstraint("chain_id", "hash"),
    Index(None, "outbox_id"),
)
