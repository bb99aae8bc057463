"""what the door remembers of requests

Revision ID: 20261128r
Revises: 20261128q
Create Date: 2026-11-28
"""

import sqlalchemy as sa
from alembic import op

revision = "20261128r"
down_revision = "20261128q"
branch_labels = None
depends_on = None

_IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "door_requests",
        sa.Column("id", _IDENTITY, primary_key=True, autoincrement=True),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_door_requests"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_door_requests_shop_id_id", "door_requests", ["shop_id", "id"])
    op.create_index("ix_door_requests_shop_id_outcome", "door_requests", ["shop_id", "outcome", "id"])
    op.create_index("ix_door_requests_request_id", "door_requests", ["request_id"])


def downgrade() -> None:
    op.drop_table("door_requests")
