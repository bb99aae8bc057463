"""what contacts are marked with is counted out of the index alone: subscriptions that wait for a click may be many

Revision ID: 20261129b
Revises: 20261129a
Create Date: 2026-11-29
"""

import sqlalchemy as sa

from alembic import op

revision = "20261129b"
down_revision = "20261129a"
branch_labels = None
depends_on = None

_DISPUTED = sa.text("conflict IS NOT NULL")


def upgrade() -> None:
    _index("shop_id", "conflict", "id")


def downgrade() -> None:
    op.execute("UPDATE contacts SET conflict = NULL WHERE conflict = 'unconfirmed'")
    _index("shop_id", "id")


def _index(*columns: str) -> None:
    op.drop_index("ix_contacts_conflict", table_name="contacts")
    op.create_index("ix_contacts_conflict", "contacts", list(columns), sqlite_where=_DISPUTED, postgresql_where=_DISPUTED)
