"""When to check whether a job has ended: each check costs a call of the account's pace, each moment too late holds up a batch."""

from collections.abc import Iterator

SHORTEST_SECONDS, LONGEST_SECONDS = 0.1, 5.0


class JobTimes:
    """How long the jobs of an account take, as the last ones did."""

    def __init__(self, expected_seconds: float = SHORTEST_SECONDS) -> None:
        self._expected = expected_seconds

    def waits(self) -> Iterator[float]:
        """Seconds to wait before each check of a job that was just started: none before it is likely to have ended."""
        yield self._expected
        wait = max(self._expected / 2, SHORTEST_SECONDS)
        while True:
            yield wait
            wait = min(wait * 1.5, LONGEST_SECONDS)

    def ended(self, after_seconds: float, checks: int) -> None:
        """A job ended. If the first check found it so, it may have ended long before: the next job is checked earlier."""
        expected = after_seconds * 0.7 if checks == 1 else after_seconds
        self._expected = min(max(expected, SHORTEST_SECONDS), LONGEST_SECONDS)
