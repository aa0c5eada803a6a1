"""What the chain layer keeps: followed blocks and what follows from them, the due queue, the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "blocks",
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("parent", sa.LargeBinary(), nullable=False),
        sa.Column("time_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "number", name="pk_blocks"),
    )

    op.create_table(
        "cursors",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("kept", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", name="pk_cursors"),
    )

    op.create_table(
        "facts",
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "key", name="pk_facts"),
    )

    op.create_table(
        "jobs",
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("plan", sa.LargeBinary(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("signer", sa.LargeBinary(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("leased_until", sa.Double(), nullable=True),
        sa.Column("backoff_until", sa.Double(), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_reason", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("clock IN ('blocks', 'seconds')", name="ck_jobs_clock"),
        sa.CheckConstraint("state IN ('open', 'leased', 'resting')", name="ck_jobs_state"),
        sa.PrimaryKeyConstraint("chain_id", "id", name="pk_jobs"),
    )

    op.create_index("ix_jobs_chain_id_plan", "jobs", ["chain_id", "plan"], unique=False)
    op.create_index(
        "ix_jobs_leased",
        "jobs",
        ["chain_id", "leased_until"],
        unique=False,
        sqlite_where=sa.text("state = 'leased'"),
        postgresql_where=sa.text("state = 'leased'"),
    )
    op.create_index(
        "ix_jobs_open",
        "jobs",
        ["chain_id", "clock", "due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "ix_jobs_resting",
        "jobs",
        ["chain_id", "backoff_until"],
        unique=False,
        sqlite_where=sa.text("state = 'resting'"),
        postgresql_where=sa.text("state = 'resting'"),
    )
    op.create_table(
        "journal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_journal"),
    )

    op.create_index("ix_journal_chain_id_number", "journal", ["chain_id", "number"], unique=False)
    op.create_table(
        "logs",
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("topics", sa.LargeBinary(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("block_hash", sa.LargeBinary(), nullable=False),
        sa.Column("tx_hash", sa.LargeBinary(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "number", "log_index", name="pk_logs"),
    )

    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("signer", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("to", sa.LargeBinary(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("value_wei", sa.Text(), nullable=False),
        sa.Column("gas_limit", sa.BigInteger(), nullable=False),
        sa.Column("fee_cap_wei", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("max_fee_wei", sa.Text(), nullable=False),
        sa.Column("tip_wei", sa.Text(), nullable=False),
        sa.Column("cancels", sa.Boolean(), nullable=False),
        sa.Column("variants", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("signed_block", sa.BigInteger(), nullable=False),
        sa.Column("sent_block", sa.BigInteger(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("leased_until", sa.Double(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=True),
        sa.Column("block_hash", sa.LargeBinary(), nullable=True),
        sa.Column("mined_hash", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("gas_used", sa.BigInteger(), nullable=True),
        sa.Column("gas_price_wei", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("outcome IN ('done', 'reverted', 'cancelled', 'lost')", name="ck_outbox_outcome"),
        sa.CheckConstraint("state IN ('signed', 'sent', 'mined', 'final')", name="ck_outbox_state"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("chain_id", "signer", "nonce", name="uq_outbox_chain_id_signer_nonce"),
    )

    op.create_index("ix_outbox_chain_id_key", "outbox", ["chain_id", "key"], unique=False)
    op.create_index(
        "ix_outbox_live",
        "outbox",
        ["chain_id", "signer", "nonce"],
        unique=False,
        sqlite_where=sa.text("state <> 'final'"),
        postgresql_where=sa.text("state <> 'final'"),
    )
    op.create_index(
        "uq_outbox_wanted_key",
        "outbox",
        ["chain_id", "key"],
        unique=True,
        sqlite_where=sa.text("wanted"),
        postgresql_where=sa.text("wanted"),
    )
    op.create_table(
        "outbox_variants",
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("outbox_id", sa.BigInteger(), nullable=False),
        sa.Column("cancels", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "hash", name="pk_outbox_variants"),
    )

    op.create_index("ix_outbox_variants_outbox_id", "outbox_variants", ["outbox_id"], unique=False)
    op.create_table(
        "plans",
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("owner", sa.LargeBinary(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("header", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("word", sa.LargeBinary(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "id", name="pk_plans"),
    )

    op.create_index("ix_plans_chain_id_owner", "plans", ["chain_id", "owner"], unique=False)
    op.create_table(
        "signers",
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("signer", sa.LargeBinary(), nullable=False),
        sa.Column("next_nonce", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "signer", name="pk_signers"),
    )
