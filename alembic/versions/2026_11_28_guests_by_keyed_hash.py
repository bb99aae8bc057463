"""guests of a panel are remembered by keyed hashes: what anybody could guess is forgotten, and seen anew by the next scan

Revision ID: 20261128g
Revises: 20261128l
Create Date: 2026-11-28
"""

from alembic import op

revision = "20261128g"
down_revision = "20261128l"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM source_seen WHERE key LIKE 'news:%@%' OR key LIKE 'basket:of-%'")


def downgrade() -> None:
    """The scan of yesterday's code sees them anew likewise."""
    op.execute("DELETE FROM source_seen WHERE key LIKE 'news:%@%' OR key LIKE 'basket:@%'")
