"""what shows that lines were cut off the consent ledger

Revision ID: 20261128u
Revises: 20261128t
Create Date: 2026-11-28
"""

import sqlalchemy as sa
from alembic import op

revision = "20261128u"
down_revision = "20261128t"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Filled at the next start: the seals need a key that no migration has.
    op.create_table(
        "consent_heads",
        sa.Column("contact_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("seal", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("contact_id", name="pk_consent_heads"),
    )
    op.create_table(
        "consent_anchors",
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("chains", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Text(), nullable=False),
        sa.Column("seal", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", name="pk_consent_anchors"),
    )


def downgrade() -> None:
    op.drop_table("consent_anchors")
    op.drop_table("consent_heads")
