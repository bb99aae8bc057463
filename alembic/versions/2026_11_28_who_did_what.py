"""who did what, who is signed in, and whose key it is until when

Revision ID: 20261128t
Revises: 20261128s
Create Date: 2026-11-28
"""

import sqlalchemy as sa
from alembic import op

revision = "20261128t"
down_revision = "20261128s"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("shop_id", sa.Text(), nullable=True),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_log_shop_id_id", "audit_log", ["shop_id", "id"])
    op.create_table(
        "console_sessions",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_console_sessions"),
    )
    op.add_column("api_keys", sa.Column("name", sa.Text(), nullable=False, server_default=""))
    op.add_column("api_keys", sa.Column("expires_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("api_keys", "expires_at")
    op.drop_column("api_keys", "name")
    op.drop_table("console_sessions")
    op.drop_table("audit_log")
