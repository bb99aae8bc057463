"""how the last orders answered the consent box, instead of counts over a lifetime

Revision ID: 20261128q
Revises: 20261128p
Create Date: 2026-11-28
"""

import sqlalchemy as sa
from alembic import op

revision = "20261128q"
down_revision = "20261128p"
branch_labels = None
depends_on = None

_LETTERS = (("not_asked", "-"), ("not_given", "n"), ("given", "g"))
"""In which order the answers came was not noted: those that were given are taken for the newest, so nobody is alarmed by it."""
_REMEMBERED = 50


def upgrade() -> None:
    counted: dict[str, dict[str, int]] = {}
    for shop_id, box, orders in op.get_bind().execute(sa.text("SELECT shop_id, box, orders FROM order_boxes")):
        counted.setdefault(shop_id, {})[box] = orders
    op.drop_table("order_boxes")
    boxes = op.create_table(
        "order_boxes",
        sa.Column("shop_id", sa.Text(), primary_key=True),
        sa.Column("recent", sa.Text(), nullable=False),
    )
    for shop_id, orders in counted.items():
        recent = "".join(letter * min(orders.get(box, 0), _REMEMBERED) for box, letter in _LETTERS)[-_REMEMBERED:]
        op.execute(boxes.insert().values(shop_id=shop_id, recent=recent))


def downgrade() -> None:
    op.drop_table("order_boxes")
    op.create_table(
        "order_boxes",
        sa.Column("shop_id", sa.Text(), primary_key=True),
        sa.Column("box", sa.Text(), primary_key=True),
        sa.Column("orders", sa.Integer(), nullable=False),
    )
