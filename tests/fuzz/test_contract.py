"""The files of this folder divide the contract among them."""

from tests.fuzz.operations import EVENTS, OF_A_SHOP, OPERATIONS, runs


def test_every_operation_of_the_contract_is_fuzzed() -> None:
    parts = (EVENTS, OF_A_SHOP - EVENTS, OPERATIONS.keys() - OF_A_SHOP)
    assert sum(len({label for label, _ in runs(set(part))}) for part in parts) == len(OPERATIONS) > 50
