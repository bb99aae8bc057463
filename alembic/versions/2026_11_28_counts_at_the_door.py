"""what the processes of one gateway count at their doors

Revision ID: 20261128v
Revises: 20261128u
Create Date: 2026-11-28
"""

import sqlalchemy as sa
from alembic import op

revision = "20261128v"
down_revision = "20261128u"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "door_counts",
        sa.Column("minute", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("minute", "name", name="pk_door_counts"),
    )


def downgrade() -> None:
    op.drop_table("door_counts")
