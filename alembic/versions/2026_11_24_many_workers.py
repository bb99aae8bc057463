"""many workers: what they agree on about a destination, numbers of leases, each shop in its turn

Revision ID: 20261124a
Revises: 20261123f
Create Date: 2026-11-24
"""

import sqlalchemy as sa
from alembic import op

revision = "20261124a"
down_revision = "20261123f"
branch_labels = None
depends_on = None

_STUCK = sa.text("state = 'parked'")
_LEASED = sa.text("lease_token IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "neighbours",
        sa.Column("destination", sa.Text(), primary_key=True),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE SEQUENCE lease_numbers")
    op.drop_index("ix_mailboxes_due", table_name="mailboxes")
    op.create_index("ix_mailboxes_due", "mailboxes", ["destination", "shop_id", "priority", "due_at", "contact_id"])
    op.create_index("ix_inbox_parked", "inbox", ["shop_id", "seq"], sqlite_where=_STUCK, postgresql_where=_STUCK)
    op.create_index(
        "ix_mailboxes_leased",
        "mailboxes",
        ["destination", "lease_token"],
        sqlite_where=_LEASED,
        postgresql_where=_LEASED,
    )


def downgrade() -> None:
    op.drop_index("ix_inbox_parked", table_name="inbox")
    op.drop_index("ix_mailboxes_leased", table_name="mailboxes")
    op.drop_index("ix_mailboxes_due", table_name="mailboxes")
    op.create_index("ix_mailboxes_due", "mailboxes", ["destination", "priority", "due_at"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP SEQUENCE lease_numbers")
    op.drop_table("neighbours")
