"""carts of a person: a purchase looks for reports on their way

Revision ID: 20261123d
Revises: 20261123c
Create Date: 2026-11-23
"""

from alembic import op

revision = "20261123d"
down_revision = "20261123c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_carts_contact_id", "carts", ["contact_id"])


def downgrade() -> None:
    op.drop_index("ix_carts_contact_id", table_name="carts")
