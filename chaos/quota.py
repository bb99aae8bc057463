"""Hold programs to a share of one core: by a control group where one can be made, otherwise by stopping and continuing them."""

import contextlib
import itertools
import os
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from chaos.world import Program

_PERIOD = 100_000
"""Microseconds, as is usual for containers."""
_CYCLE_SECONDS = 0.2
_V1, _V2 = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")
_numbers = itertools.count(1)


class Quota:
    """One share for all programs that are held. Nothing is limited before `limit()`, so that they may start at full speed."""

    def __init__(self) -> None:
        self._group = _made()
        self._cycles: list[_Cycle] = []
        self.way = "cgroup quota" if self._group is not None else "SIGSTOP and SIGCONT in turn: no control group can be made"

    @property
    def is_exact(self) -> bool:
        """Does the kernel count? Where it does not, time stopped stands for time without a processor."""
        return self._group is not None

    @property
    def prefix(self) -> Sequence[str]:
        """What runs a program, so that it is held."""
        if self._group is None:
            return ()
        return ("sh", "-c", 'echo $$ > "$0"; exec "$@"', str(self._group / "cgroup.procs"))

    def limit(self, share: float, programs: Sequence[Program]) -> None:
        """From now on `share` of a core for all of them together."""
        if self._group is None:
            self._cycles += [_Cycle(one, share / len(programs)) for one in programs]
        else:
            _write(self._group, round(_PERIOD * share))

    def lift(self) -> None:
        """No limit any more: they may end in time."""
        for cycle in self._cycles:
            cycle.end()
        self._cycles.clear()
        if self._group is not None:
            _write(self._group, None)

    def close(self) -> None:
        """Once the programs have ended."""
        self.lift()
        if self._group is not None:
            for _ in range(50):
                with contextlib.suppress(OSError):
                    self._group.rmdir()
                    return
                time.sleep(0.05)


class _Cycle:
    """Stops a program for all but a share of the time."""

    def __init__(self, program: Program, share: float) -> None:
        self._program = program
        self._share = share
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.is_set():
            self._program.signal(signal.SIGCONT)
            self._over.wait(_CYCLE_SECONDS * self._share)
            self._program.signal(signal.SIGSTOP)
            self._over.wait(_CYCLE_SECONDS * (1 - self._share))
        self._program.signal(signal.SIGCONT)

    def end(self) -> None:
        self._over.set()
        self._thread.join()


def _made() -> Path | None:
    """A control group of the first or the second version; None where we may not make one."""
    name = f"gateway-{os.getpid()}-{next(_numbers)}"
    for root, needs in ((_V1, "cpu.cfs_quota_us"), (_V2, "cgroup.controllers")):
        if not (root / needs).exists():
            continue
        group = root / name
        try:
            group.mkdir()
            _write(group, None)
        except OSError:
            with contextlib.suppress(OSError):
                group.rmdir()
            continue
        return group
    return None


def _write(group: Path, quota: int | None) -> None:
    """`quota`: microseconds of each period; None = no limit."""
    if (group / "cpu.cfs_quota_us").exists():
        (group / "cpu.cfs_period_us").write_text(str(_PERIOD))
        (group / "cpu.cfs_quota_us").write_text(str(-1 if quota is None else quota))
    else:
        (group / "cpu.max").write_text(f"{'max' if quota is None else quota} {_PERIOD}")
