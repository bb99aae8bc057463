"""contact queues and destinations get the names they have in the code

On PostgreSQL yesterday's code may still run beside this one: it goes on under the old names, which are views that write through.

Revision ID: 20261128x
Revises: 20261128w
Create Date: 2026-11-28
"""

import sqlalchemy as sa
from alembic import op

revision = "20261128x"
down_revision = "20261128w"
branch_labels = None
depends_on = None

_TABLES = {"mailboxes": "contact_queues", "neighbours": "destinations"}
_DUE = ["destination", "shop_id", "priority", "due_at", "contact_id"]
_LEASED = sa.text("lease_token IS NOT NULL")


def upgrade() -> None:
    for old, new in _TABLES.items():
        op.rename_table(old, new)
    if op.get_bind().dialect.name == "postgresql":
        _rename("mailboxes", "contact_queues")
        _rename("neighbours", "destinations")
        for old, new in _TABLES.items():
            op.execute(f"CREATE VIEW {old} AS SELECT * FROM {new}")
    else:
        _indexes_anew("mailboxes", "contact_queues")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for old in _TABLES:
            op.execute(f"DROP VIEW {old}")
        _rename("contact_queues", "mailboxes")
        _rename("destinations", "neighbours")
    for old, new in _TABLES.items():
        op.rename_table(new, old)
    if op.get_bind().dialect.name != "postgresql":
        _indexes_anew("contact_queues", "mailboxes")


def _rename(old: str, new: str) -> None:
    """What belongs to a table, and has its name."""
    names = ["pk_{}", *(("ix_{}_due", "ix_{}_leased") if "mailboxes" in (old, new) else ())]
    for name in names:
        op.execute(f"ALTER INDEX IF EXISTS {name.format(old)} RENAME TO {name.format(new)}")


def _indexes_anew(old: str, new: str) -> None:
    """SQLite renames no index."""
    op.drop_index(f"ix_{old}_due", table_name=new)
    op.drop_index(f"ix_{old}_leased", table_name=new)
    op.create_index(f"ix_{new}_due", new, _DUE)
    op.create_index(f"ix_{new}_leased", new, ["destination", "lease_token"], sqlite_where=_LEASED)
