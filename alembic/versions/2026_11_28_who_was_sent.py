"""who was sent, and under which address, so that nobody else is asked about in SALESmanago

Revision ID: 20261128p
Revises: 20261128o
Create Date: 2026-11-28
"""

import sqlalchemy as sa
from alembic import op

revision = "20261128p"
down_revision = "20261128o"
branch_labels = None
depends_on = None

_SENT = sa.text("sent_as IS NOT NULL")


def upgrade() -> None:
    op.add_column("contacts", sa.Column("sent_as", sa.Text(), nullable=True))
    # Of former addresses nobody noted whether they were sent: an erasure must reach all of them.
    op.add_column("contact_aliases", sa.Column("sent", sa.Boolean(), nullable=False, server_default=sa.true()))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("UPDATE contacts SET sent_as = convert_from(doc, 'UTF8')::json -> 'told' ->> 'email'")
    else:
        op.execute("UPDATE contacts SET sent_as = json_extract(CAST(doc AS TEXT), '$.told.email')")
    op.create_index("ix_contacts_sent", "contacts", ["shop_id", "id"], sqlite_where=_SENT, postgresql_where=_SENT)


def downgrade() -> None:
    op.drop_index("ix_contacts_sent", table_name="contacts")
    op.drop_column("contact_aliases", "sent")
    op.drop_column("contacts", "sent_as")
