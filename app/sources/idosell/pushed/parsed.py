"""What a push says, before anything was looked up."""

from app.domain.values import value
from app.sources.findings import NOTHING, Translation
from app.sources.idosell.rows.reading import Row


@value()
class Parsed:
    """`translation`: what needs no more. The rows are translated with what the gateway knows of products and boxes; the numbers

    name accounts and orders that are to be read in the panel first.
    """

    translation: Translation = NOTHING
    client_rows: tuple[Row, ...] = ()
    order_rows: tuple[Row, ...] = ()
    return_rows: tuple[Row, ...] = ()
    clients: frozenset[int] = frozenset()
    orders: frozenset[str] = frozenset()

    @property
    def needs_panel(self) -> bool:
        """Is there anything the panel has to be asked for?"""
        return bool(self.clients or self.orders or self.order_rows or self.return_rows)
