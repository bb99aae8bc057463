"""cleaning: what ended, by the time it ended

Revision ID: 20261123f
Revises: 20261123e
Create Date: 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

revision = "20261123f"
down_revision = "20261123e"
branch_labels = None
depends_on = None

_ENDED = sa.text("settled_at IS NOT NULL")


def upgrade() -> None:
    for table in ("inbox", "outbox"):
        op.create_index(f"ix_{table}_settled_at", table, ["settled_at"], sqlite_where=_ENDED, postgresql_where=_ENDED)


def downgrade() -> None:
    for table in ("inbox", "outbox"):
        op.drop_index(f"ix_{table}_settled_at", table_name=table)
