"""comparisons of both sides

Revision ID: 20261123e
Revises: 20261123d
Create Date: 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

revision = "20261123e"
down_revision = "20261123d"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("over", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reconciliations"),
    )
    op.create_index("ix_reconciliations_shop_id_id", "reconciliations", ["shop_id", "id"])
    op.create_index("ix_contacts_shop_id_id", "contacts", ["shop_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_contacts_shop_id_id", table_name="contacts")
    op.drop_index("ix_reconciliations_shop_id_id", table_name="reconciliations")
    op.drop_table("reconciliations")
