import pytest

from app.domain.reasons import EXPLANATIONS, Reason


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_explained_in_both_languages_with_what_to_do(reason: Reason) -> None:
    told = EXPLANATIONS[reason]
    sentences = (told.why, told.what_to_do, told.why_pl, told.what_to_do_pl)
    assert all(sentence.strip() and sentence.endswith(".") for sentence in sentences)
    assert told.rule
    assert told.why != told.why_pl


def test_no_two_reasons_say_the_same() -> None:
    assert len({told.why for told in EXPLANATIONS.values()}) == len(Reason)
