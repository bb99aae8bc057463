"""what shops' platforms pushed and showed

Revision ID: 20261128s
Revises: 20261128r
Create Date: 2026-11-28
"""

import sqlalchemy as sa
from alembic import op

revision = "20261128s"
down_revision = "20261128r"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_PUSHED = sa.text("state = 'waiting'")


def upgrade() -> None:
    op.create_table(
        "pushes",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_pushes"),
        sa.UniqueConstraint("platform", "source", "uid", name="uq_pushes_platform_source_uid"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_pushes_source_received_at", "pushes", ["platform", "source", "received_at"])
    op.create_index("ix_pushes_settled_at", "pushes", ["settled_at"])
    op.create_index("ix_pushes_waiting", "pushes", ["due_at", "id"], sqlite_where=_PUSHED, postgresql_where=_PUSHED)
    op.create_table(
        "source_seen",
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "key", name="pk_source_seen"),
    )
    op.create_table(
        "source_scans",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("platform", "source", name="pk_source_scans"),
    )


def downgrade() -> None:
    op.drop_table("source_scans")
    op.drop_table("source_seen")
    op.drop_index("ix_pushes_waiting", table_name="pushes")
    op.drop_index("ix_pushes_settled_at", table_name="pushes")
    op.drop_index("ix_pushes_source_received_at", table_name="pushes")
    op.drop_table("pushes")
