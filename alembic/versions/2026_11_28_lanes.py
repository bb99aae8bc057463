"""events have a lane, and what links them with others, so that several workers can decide at once

What is undecided at this moment has no lane, and is decided alone.

Revision ID: 20261128l
Revises: 20261128v
Create Date: 2026-11-28
"""

import sqlalchemy as sa

from alembic import op

revision = "20261128l"
down_revision = "20261128v"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("inbox", sa.Column("lane", sa.SmallInteger(), nullable=True))
    op.add_column("inbox", sa.Column("link", sa.Text(), nullable=True))
    linked = sa.text("state = 'received' AND link IS NOT NULL")
    op.create_index("ix_inbox_link", "inbox", ["link"], sqlite_where=linked, postgresql_where=linked)


def downgrade() -> None:
    op.drop_index("ix_inbox_link", table_name="inbox")
    op.drop_column("inbox", "link")
    op.drop_column("inbox", "lane")
