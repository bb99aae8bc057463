"""`python -m hardening` in its short form: whatever it tries must hold. The long form is `make hardening`."""

from pathlib import Path

from hypothesis import strategies as st

from hardening import access, inputs, sequences
from hardening.inputs import AT_ONCE, generated
from hardening.stage import Effort, a_stage

SHORT = (access.strangers, access.other_shops, access.roles, inputs.parsers, inputs.bombs, inputs.inside, sequences.sequences)


def test_inputs_are_generated_until_there_are_enough_or_the_time_is_over() -> None:
    got: list[int] = []
    generated(st.integers(), Effort(AT_ONCE + 1, 60), got.append)
    assert AT_ONCE < len(got) <= AT_ONCE + 1
    generated(st.integers(), Effort(10, 0), got.append)
    assert len(got) <= AT_ONCE + 1


async def test_what_is_tried_holds(migrated_file: Path) -> None:
    async with a_stage(migrated_file) as stage:
        rows = [await attack(stage, Effort(5, 1)) for attack in SHORT]
    assert {row.name: row.broken for row in rows if row.broken} == {}
    assert sum(row.server_errors for row in rows) == 0
    assert all(row.refused for row in rows)
