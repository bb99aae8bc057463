"""the first transfer: backfills, and events that may wait

Revision ID: 20261123c
Revises: 20261123b
Create Date: 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

revision = "20261123c"
down_revision = "20261123b"
branch_labels = None
depends_on = None

_RECEIVED = sa.text("state = 'received'")


def _received(*columns: str) -> None:
    op.drop_index("ix_inbox_received", table_name="inbox")
    ordered = [sa.text("urgent DESC"), *columns]
    op.create_index("ix_inbox_received", "inbox", ordered, sqlite_where=_RECEIVED, postgresql_where=_RECEIVED)


def upgrade() -> None:
    # Yesterday's code leaves the column out and gets the default: what it accepts is never of a list.
    op.add_column("inbox", sa.Column("background", sa.Boolean(), nullable=False, server_default=sa.false()))
    _received("background", "seq")
    op.create_table(
        "backfills",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("moving", sa.Boolean(), nullable=False),
        sa.Column("over", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_backfills"),
    )
    op.create_index("ix_backfills_shop_id_id", "backfills", ["shop_id", "id"])
    op.create_table(
        "backfill_accounts",
        sa.Column("backfill_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("again_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("backfill_id", "account_id", name="pk_backfill_accounts"),
    )


def downgrade() -> None:
    op.drop_table("backfill_accounts")
    op.drop_index("ix_backfills_shop_id_id", table_name="backfills")
    op.drop_table("backfills")
    op.drop_index("ix_inbox_received", table_name="inbox")
    with op.batch_alter_table("inbox") as inbox:
        inbox.drop_column("background")
    op.create_index(
        "ix_inbox_received", "inbox", [sa.text("urgent DESC"), "seq"], sqlite_where=_RECEIVED, postgresql_where=_RECEIVED
    )
