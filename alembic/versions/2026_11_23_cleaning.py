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


_CLEANABLE = sa.text("payload IS NOT NULL AND settled_at IS NOT NULL")
_WAITS = sa.text("state IN ('received', 'planned')")


_RECEIVED = sa.text("state = 'received'")


def upgrade() -> None:
    _numbers_never_twice(autoincrement=True)
    op.create_index("ix_carts_event_seq", "carts", ["event_seq"])
    op.create_index("ix_inbox_content", "inbox", ["settled_at"], sqlite_where=_CLEANABLE, postgresql_where=_CLEANABLE)
    op.create_index("ix_inbox_waiting", "inbox", ["shop_id", "received_at"], sqlite_where=_WAITS, postgresql_where=_WAITS)
    for table in ("inbox", "outbox"):
        op.create_index(f"ix_{table}_settled_at", table, ["settled_at"], sqlite_where=_ENDED, postgresql_where=_ENDED)


def downgrade() -> None:
    _numbers_never_twice(autoincrement=False)
    op.drop_index("ix_carts_event_seq", table_name="carts")
    op.drop_index("ix_inbox_content", table_name="inbox")
    op.drop_index("ix_inbox_waiting", table_name="inbox")
    for table in ("inbox", "outbox"):
        op.drop_index(f"ix_{table}_settled_at", table_name=table)


def _numbers_never_twice(*, autoincrement: bool) -> None:
    """SQLite can say it only while a table is made, so the tables are made anew. PostgreSQL's sequences are so anyway."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table in ("contacts", "inbox", "outbox", "calls"):
        with op.batch_alter_table(table, recreate="always", table_kwargs={"sqlite_autoincrement": autoincrement}):
            pass
    # Rebuilding loses the direction of a column of an index.
    op.drop_index("ix_inbox_received", table_name="inbox")
    ordered = [sa.text("urgent DESC"), "background", "seq"]
    op.create_index("ix_inbox_received", "inbox", ordered, sqlite_where=_RECEIVED, postgresql_where=_RECEIVED)
