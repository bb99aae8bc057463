"""Odd values in events with goods: the quicker reader sees what the model sees."""

import pytest

from tests.routers.events.fast.both_readers import WITH_GOODS, differing, parts


@pytest.mark.parametrize(("name", "part"), parts(*WITH_GOODS))
def test_every_odd_value_in_every_place_is_read_as_the_model_reads_it(name: str, part: str) -> None:
    assert differing(name, part) == []
