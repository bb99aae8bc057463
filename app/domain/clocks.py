"""Clocks that jump: what was set by a clock that was ahead must not rest until that far time (R71, R73)."""

from datetime import datetime, timedelta

NOTICED = timedelta(seconds=5)
"""Smaller corrections are a clock's daily business."""


def bounded_rest(until: datetime, now: datetime, longest: timedelta) -> datetime:
    """Until when something rests that rests `longest` at most. What lies further ahead was set by a wrong clock: it is over."""
    return until if until - now <= longest + NOTICED else now


def went_back(before: datetime, now: datetime, elapsed: timedelta) -> timedelta:
    """How far a clock was set back, of which `elapsed` should have passed since it was read before; zero if that is not noticed."""
    back = before + elapsed - now
    return back if back > NOTICED else timedelta(0)
