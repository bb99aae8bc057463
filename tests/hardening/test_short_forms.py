"""`python -m hardening` in its short form: whatever it tries must hold. The long form is `make hardening`."""

from pathlib import Path

from hardening import access, inputs, sequences
from hardening.stage import Effort, a_stage

SHORT = (access.strangers, access.other_shops, access.roles, inputs.parsers, inputs.bombs, inputs.inside, sequences.sequences)


async def test_what_is_tried_holds(migrated_file: Path) -> None:
    async with a_stage(migrated_file) as stage:
        rows = [await attack(stage, Effort(5, 1)) for attack in SHORT]
    assert {row.name: row.broken for row in rows if row.broken} == {}
    assert sum(row.server_errors for row in rows) == 0
    assert all(row.refused for row in rows)
