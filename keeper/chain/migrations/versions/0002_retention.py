"""Final rows know since when they are, and of those that left the outbox the costs are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("signers", sa.Column("removed", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("signers", sa.Column("removed_wei", sa.Text(), server_default="0", nullable=False))
    op.add_column("outbox", sa.Column("settled", sa.Double(), nullable=True))
    op.execute("UPDATE outbox SET settled = created WHERE state = 'final'")
    op.create_index(
        "ix_outbox_final",
        "outbox",
        ["chain_id", "settled"],
        unique=False,
        sqlite_where=sa.text("state = 'final'"),
        postgresql_where=sa.text("state = 'final'"),
    )
