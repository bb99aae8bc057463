"""When Python searches for garbage in a process that serves.

A round makes some 50,000 values that live until it ends, and then go by themselves. To search in the middle of it is to walk
through all of them for nothing, a fortieth of all work; Python's own threshold (700) would do so seventy times. So it is done
after a round, when few values are left.
"""

import gc

_YOUNG = 20_000
"""Most are in use, and a search walks through those: the seldomer it comes, the less it costs. What it finds is little."""
_SEARCHES = 20
"""After so many of what is new comes one of what an earlier one left."""
_AT_ONCE = 100_000
"""More than a round makes."""


def search_seldom() -> None:
    """For as long as the process runs. What was imported is never walked through again."""
    gc.freeze()
    gc.set_threshold(_AT_ONCE, _SEARCHES, _SEARCHES)


def search_between_rounds() -> None:
    young, searches, _ = gc.get_count()
    if young > _YOUNG:
        gc.collect(1 if searches > _SEARCHES else 0)
