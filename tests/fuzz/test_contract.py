"""The files of this folder divide the contract among them."""

from tests.fuzz.operations import EVENTS_OF_CARTS, EVENTS_OF_ORDERS, EVENTS_OF_PEOPLE, OF_A_SHOP, OPERATIONS, runs


def test_every_operation_of_the_contract_is_fuzzed() -> None:
    events = (EVENTS_OF_PEOPLE, EVENTS_OF_ORDERS, EVENTS_OF_CARTS)
    parts = (*events, OF_A_SHOP.difference(*events), OPERATIONS.keys() - OF_A_SHOP)
    assert sum(len({label for label, _ in runs(set(part))}) for part in parts) == len(OPERATIONS) > 50
