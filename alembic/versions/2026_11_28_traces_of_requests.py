"""which request told an event, for those who trace

Revision ID: 20261128w
Revises: 20261128g
Create Date: 2026-11-28
"""

import sqlalchemy as sa
from alembic import op

revision = "20261128w"
down_revision = "20261128g"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("inbox", sa.Column("trace", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("inbox", "trace")
