"""The files of this folder divide the contract among them."""

from tests.fuzz.operations import BACKFILLS, EVENTS, LISTS, OF_A_SHOP, OF_OPERATORS, OPERATIONS, QUESTIONS, TASKS, runs


def test_every_operation_of_the_contract_is_fuzzed() -> None:
    parts = (EVENTS, BACKFILLS, LISTS, TASKS, QUESTIONS, OF_OPERATORS, OPERATIONS.keys() - OF_A_SHOP - OF_OPERATORS)
    assert sum(len({label for label, _ in runs(set(part))}) for part in parts) == len(OPERATIONS) > 50
