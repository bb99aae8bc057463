"""What SALESmanago takes at once: the numbers of its contract, none of which may change by accident."""

import pytest

from app.domain import salesmanago_limits as limits


@pytest.mark.parametrize(
    ("limit", "number"),
    [
        (limits.CONTACTS_PER_READ, 50),
        (limits.MODIFIED_PER_PAGE, 1000),
        (limits.UPSERTS_PER_CALL, 200),
        (limits.EVENTS_PER_CALL, 400),
        (limits.TAGS_PER_CALL, 50),
        (limits.MAX_TAG_CHARS, 64),
        (limits.CALLS_IN_FLIGHT, 2),
        (limits.PRODUCTS_BYTES, 512),
        (limits.DETAIL_BYTES, 255),
        (limits.DESCRIPTION_CHARS, 2048),
    ],
)
def test_a_limit_is_the_number_of_the_contract(limit: int, number: int) -> None:
    assert limit == number
