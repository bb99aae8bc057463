"""cancellations and returns that wait for their order are found without reading what else is planned

Revision ID: 20261128o
Revises: 20261126a
Create Date: 2026-11-28
"""

import sqlalchemy as sa

from alembic import op

revision = "20261128o"
down_revision = "20261126a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    waits = sa.text("state = 'planned' AND reason = 'waits_for_order'")
    op.create_index("ix_inbox_waits_for_order", "inbox", ["received_at"], sqlite_where=waits, postgresql_where=waits)


def downgrade() -> None:
    op.drop_index("ix_inbox_waits_for_order", table_name="inbox")
