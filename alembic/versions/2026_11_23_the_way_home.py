"""the way home: destinations, and the consent ledger

Revision ID: 20261123b
Revises: 20261123
Create Date: 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

revision = "20261123b"
down_revision = "20261123"
branch_labels = None
depends_on = None

_TO_ACCOUNTS = "account:"


def _mailboxes(name: str, *first: sa.Column, key: tuple[str, ...]) -> None:
    op.create_table(
        name,
        sa.Column("contact_id", sa.BigInteger(), autoincrement=False, nullable=False),
        *first,
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("pending", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("leased_until", sa.BigInteger(), nullable=True),
        sa.Column("lease_token", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_tried_at", sa.BigInteger(), nullable=True),
        sa.Column("take_backs", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint(*key, name="pk_mailboxes"),
    )


_REST = "shop_id, priority, pending, due_at, leased_until, lease_token, attempts, first_tried_at, take_backs"


def upgrade() -> None:
    with op.batch_alter_table("outbox") as outbox:
        outbox.alter_column("account_id", new_column_name="destination", existing_type=sa.Text(), existing_nullable=False)
        outbox.add_column(sa.Column("counted", sa.Boolean(), nullable=False, server_default=sa.true()))
    with op.batch_alter_table("calls") as calls:
        calls.alter_column("account_id", new_column_name="destination", existing_type=sa.Text(), existing_nullable=False)
    for table in ("outbox", "calls"):
        op.execute(f"UPDATE {table} SET destination = '{_TO_ACCOUNTS}' || destination")  # noqa: S608 - our own names
    parked = sa.text("state = 'parked'")
    op.create_index("ix_outbox_contact_id", "outbox", ["contact_id", "settled_at"])
    op.create_index("ix_outbox_parked", "outbox", ["destination", "id"], sqlite_where=parked, postgresql_where=parked)
    disputed = sa.text("conflict IS NOT NULL")
    op.create_index("ix_contacts_conflict", "contacts", ["shop_id", "id"], sqlite_where=disputed, postgresql_where=disputed)

    # The key grows by the destination, which SQLite cannot alter: the table is built anew.
    op.drop_index("ix_mailboxes_due", table_name="mailboxes")
    op.rename_table("mailboxes", "former_mailboxes")
    _without_key_name("former_mailboxes")
    _mailboxes("mailboxes", sa.Column("destination", sa.Text(), nullable=False), key=("contact_id", "destination"))
    op.execute(
        f"INSERT INTO mailboxes (contact_id, destination, {_REST}) "  # noqa: S608 - our own names
        f"SELECT contact_id, '{_TO_ACCOUNTS}' || account_id, {_REST} FROM former_mailboxes"
    )
    op.drop_table("former_mailboxes")
    op.create_index("ix_mailboxes_due", "mailboxes", ["destination", "priority", "due_at"])

    op.create_table(
        "consents",
        sa.Column("contact_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("acted_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=True),
        sa.Column("details_digest", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("contact_id", "number", name="pk_consents"),
    )
    op.create_index("ix_consents_subject", "consents", ["subject"])


def downgrade() -> None:
    """What is on its way home is given up; what is for SALESmanago stays, of one account per contact."""
    op.drop_index("ix_consents_subject", table_name="consents")
    op.drop_table("consents")
    op.drop_index("ix_mailboxes_due", table_name="mailboxes")
    op.rename_table("mailboxes", "former_mailboxes")
    _without_key_name("former_mailboxes")
    _mailboxes("mailboxes", sa.Column("account_id", sa.Text(), nullable=False), key=("contact_id",))
    op.execute(
        f"INSERT INTO mailboxes (contact_id, account_id, {_REST}) "  # noqa: S608 - our own names
        f"SELECT contact_id, substr(destination, {len(_TO_ACCOUNTS) + 1}), {_REST} FROM former_mailboxes "
        f"WHERE destination LIKE '{_TO_ACCOUNTS}%' AND NOT EXISTS (SELECT 1 FROM former_mailboxes AS other "
        f"WHERE other.contact_id = former_mailboxes.contact_id AND other.destination LIKE '{_TO_ACCOUNTS}%' "
        f"AND other.destination < former_mailboxes.destination)"
    )
    op.drop_table("former_mailboxes")
    op.create_index("ix_mailboxes_due", "mailboxes", ["account_id", "priority", "due_at"])
    op.drop_index("ix_contacts_conflict", table_name="contacts")
    op.drop_index("ix_outbox_parked", table_name="outbox")
    op.drop_index("ix_outbox_contact_id", table_name="outbox")
    for table in ("outbox", "calls"):
        op.execute(f"DELETE FROM {table} WHERE destination NOT LIKE '{_TO_ACCOUNTS}%'")  # noqa: S608 - our own names
        op.execute(f"UPDATE {table} SET destination = substr(destination, {len(_TO_ACCOUNTS) + 1})")  # noqa: S608
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_column("counted")
        outbox.alter_column("destination", new_column_name="account_id", existing_type=sa.Text(), existing_nullable=False)
    with op.batch_alter_table("calls") as calls:
        calls.alter_column("destination", new_column_name="account_id", existing_type=sa.Text(), existing_nullable=False)


def _without_key_name(table: str) -> None:
    """PostgreSQL keeps the name of a key when its table is renamed, and names are unique."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("pk_mailboxes", table, type_="primary")
