"""how many events are withheld or parked, by reason and hour of arrival; what is in the inbox is counted once

Revision ID: 20261129c
Revises: 20261129b
Create Date: 2026-11-29
"""

import sqlalchemy as sa

from alembic import op

revision = "20261129c"
down_revision = "20261129b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reason_counts",
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "shop_id", "state", "reason", name="pk_reason_counts"),
    )
    op.execute(
        "INSERT INTO reason_counts (hour, shop_id, state, reason, number) "
        "SELECT received_at - received_at % 3600000000, shop_id, state, reason, count(*) FROM inbox "
        "WHERE state IN ('withheld', 'parked') AND reason IS NOT NULL GROUP BY 1, 2, 3, 4"
    )


def downgrade() -> None:
    op.drop_table("reason_counts")
