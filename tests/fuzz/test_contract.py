"""The files of this folder divide the contract among them."""

from tests.fuzz.operations import EVENTS_OF_PEOPLE, EVENTS_WITH_GOODS, OF_A_SHOP, OPERATIONS, runs


def test_every_operation_of_the_contract_is_fuzzed() -> None:
    events = EVENTS_OF_PEOPLE | EVENTS_WITH_GOODS
    parts = (EVENTS_OF_PEOPLE, EVENTS_WITH_GOODS, OF_A_SHOP - events, OPERATIONS.keys() - OF_A_SHOP)
    assert sum(len({label for label, _ in runs(set(part))}) for part in parts) == len(OPERATIONS) > 50
