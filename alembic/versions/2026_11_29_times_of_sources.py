"""what a platform said at a time that has not come, or before there were such shops, was said when it was read

Revision ID: 20261129d
Revises: 20261129c
Create Date: 2026-11-29
"""

import time

import sqlalchemy as sa

from alembic import op

revision = "20261129d"
down_revision = "20261129c"
branch_labels = None
depends_on = None

_YEAR_2000 = 946_684_800_000_000


def upgrade() -> None:
    # Until 0.5.0 such a time was kept as it came, and nothing newer about that thing would be news again.
    now = time.time_ns() // 1000
    op.execute(sa.text("UPDATE source_seen SET as_of = :now WHERE as_of > :now").bindparams(now=now))
    op.execute(sa.text("UPDATE source_seen SET as_of = :first WHERE as_of < :first").bindparams(first=_YEAR_2000))


def downgrade() -> None:
    """The former times are gone."""
