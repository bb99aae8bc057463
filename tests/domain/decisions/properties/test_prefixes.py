"""The algebra of prefixes."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain import tags
from app.domain.salesmanago_limits import MAX_TAG_CHARS
from tests.domain.decisions.properties.strategies import QUICK, THOROUGH

# -- (c) the algebra of prefixes ------------------------------------------------------------------------------------------

pieces = ["idosell_", "IDOSELL_", "salesmanago_", "SALESmanago ", "shop1_", "ż", " ", ",", "_", "x", "ß"]
texts = st.text(max_size=80) | st.lists(st.sampled_from(pieces), max_size=6).map("".join)


@THOROUGH
@given(texts, st.integers(1, 99))
def test_no_tag_ever_travels_back(text: str, number: int) -> None:
    upstream = tags.to_upstream(text)
    assert upstream is None or tags.to_panel(upstream, number) is None
    panel = tags.to_panel(text, number)
    assert panel is None or tags.to_upstream(panel) is None


@THOROUGH
@given(texts, st.integers(1, 99))
def test_no_path_doubles_a_prefix(text: str, number: int) -> None:
    upstream = tags.to_upstream(text)
    if upstream is not None:
        assert tags.canonical(upstream).startswith("idosell_")
        assert tags.to_upstream(upstream) == upstream
        assert tags.canonical(text).startswith("idosell_idosell_") or not tags.canonical(upstream).startswith("idosell_idosell_")
        assert len(upstream) <= MAX_TAG_CHARS
        assert "," not in upstream
    panel = tags.to_panel(text, number)
    if panel is not None:
        assert panel.startswith(f"salesmanago_shop{number}_")
        assert tags.to_panel(panel, number) is None


@QUICK
@given(texts)
def test_the_compared_form_is_stable_and_blind_to_case_and_folding(text: str) -> None:
    folded = tags.canonical(text[:30])
    assert tags.canonical(folded) == folded
    assert tags.canonical(folded.upper()) == folded
    assert tags.canonical(tags.outgoing_text(text)) == tags.canonical(text)
