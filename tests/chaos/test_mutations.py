"""What the chaos suite breaks on purpose."""

import subprocess
import sys


def test_every_mutation_finds_what_it_takes_away() -> None:
    """A guard that was renamed would stay, and the suite would be blamed for not noticing."""
    take_all = "from chaos.mutations import MUTATIONS\nfor one in MUTATIONS.values(): one.install()\nprint(len(MUTATIONS))"
    done = subprocess.run([sys.executable, "-c", take_all], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 10
