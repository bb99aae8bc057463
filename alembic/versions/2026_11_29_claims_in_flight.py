"""claims that may still call are counted by a row each, and not by the contacts they hold

Revision ID: 20261129a
Revises: 20261128x
Create Date: 2026-11-29
"""

import sqlalchemy as sa

from alembic import op

revision = "20261129a"
down_revision = "20261128x"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "claims_in_flight",
        sa.Column("token", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("of_list", sa.Boolean(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_claims_in_flight_destination", "claims_in_flight", ["destination"])


def downgrade() -> None:
    op.drop_table("claims_in_flight")
