"""Round robin over queues: a long queue never delays a short one."""

from collections.abc import Sequence
from itertools import islice, zip_longest
from typing import TypeVar

T = TypeVar("T")


def round_robin(queues: Sequence[Sequence[T]], limit: int) -> list[T]:
    """Up to `limit` items: the first of every queue, then the second of every queue, and so on."""
    rounds = zip_longest(*([(one,) for one in queue] for queue in queues), fillvalue=())
    return list(islice((one for each in rounds for place in each for one in place), limit))
