"""How long a piece of work takes, without what other tasks do while it waits."""

import time
from collections.abc import Callable, Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar

Done = TypeVar("Done")


class Stopwatch:
    """By default in processor time: a process that gets little of it is no slower, only later."""

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        self._clock = clock
        self._before = 0.0
        """Of the steps that are over."""
        self._began: float | None = None
        """When the present step began, if one is on."""

    @property
    def seconds(self) -> float:
        return self._before if self._began is None else self._before + self._clock() - self._began

    def of_this_step(self, seconds: float) -> float:
        """Those of all `seconds` that passed since it last waited."""
        return seconds - self._before

    @coroutine
    def measured(self, work: Coroutine[Any, Any, Done]) -> Generator[Any, Any, Done]:
        """Await `work`. A step of it lasts until it waits for something."""
        step: Callable[[Any], Any] = work.send
        said: Any = None
        while True:
            self._began = self._clock()
            try:
                waits_for = step(said)
            except StopIteration as ended:
                done: Done = ended.value
                return done
            finally:
                self._before, self._began = self.seconds, None
            try:
                step, said = work.send, (yield waits_for)
            except BaseException as error:  # a cancellation, most often
                step, said = work.throw, error
