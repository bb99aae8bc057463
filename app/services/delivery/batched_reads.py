"""Read contacts from SALESmanago in batches; a refused batch is halved until the contact at fault is alone."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from typing import TypeVar

from app.domain.delivery.answers import LookupResult
from app.domain.delivery.outcomes import is_of_the_item
from app.domain.salesmanago_limits import CONTACTS_PER_READ

Read = Callable[[Collection[str]], Awaitable[LookupResult]]

T = TypeVar("T")


async def read_in_batches(
    read: Read, items: Sequence[T], named: Callable[[T], Collection[str]], may_read: Callable[[], bool] = lambda: True
) -> AsyncIterator[tuple[Sequence[T], LookupResult]]:
    """Items in batches, with what was read of the addresses they name; stops when no more reads are allowed.

    Of people with two addresses the client makes two readings.
    """
    chunks = [items[start : start + CONTACTS_PER_READ] for start in range(0, len(items), CONTACTS_PER_READ)]
    while chunks and may_read():
        some = chunks.pop(0)
        seen = await read(sorted({email for one in some for email in named(one)}))
        if len(some) > 1 and is_of_the_item(seen.answer.outcome):
            half = len(some) // 2
            chunks[:0] = [some[:half], some[half:]]
        else:
            yield some, seen
