"""former addresses of a contact are found without reading those of all

Revision ID: 20261126a
Revises: 20261124a
Create Date: 2026-11-26
"""

from alembic import op

revision = "20261126a"
down_revision = "20261124a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_contact_aliases_contact_id", "contact_aliases", ["contact_id"])


def downgrade() -> None:
    op.drop_index("ix_contact_aliases_contact_id", table_name="contact_aliases")
