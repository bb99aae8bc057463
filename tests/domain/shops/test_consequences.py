"""What a changed configuration sets going is said before it is stored (R94, B12)."""

import re

import pytest

from app.domain.consent import Policy
from app.domain.shops.consequences import Counted, consequences, listing_panels, platform_of
from app.domain.shops.shop import BackfillSettings, Panel, PanelKind, Shop, SourceKind
from tests.support.builders import a_shop
from tests.support.running.languages import english_in

PANEL = Panel(kind=PanelKind.IDOSELL, base_url="https://panel.example.com")
OPEN = a_shop(panel=PANEL, backfill=BackfillSettings(automatic=True))
CAREFUL = a_shop(Policy.ORDER_CONSENT, panel=PANEL)
ASKS_FIRST = a_shop(panel=PANEL, backfill=BackfillSettings(automatic=False))
COUNTED = Counted(accounts=240, more=7, fewer=12, waiting=3, held=5)


def numbers_in(said: str) -> list[str]:
    """Of people, events and accounts; a shop's name is none."""
    return re.findall(r"\b\d+\b", said)


@pytest.mark.parametrize(
    ("old", "new", "counted", "said"),
    [
        pytest.param(None, OPEN, COUNTED, ["this begins a transfer of about 240 accounts"], id="new"),
        pytest.param(None, ASKS_FIRST, COUNTED, ["this begins a dry run over about 240 accounts"], id="new, asks first"),
        pytest.param(None, OPEN, Counted(), ["the panel did not say how many"], id="the panel is silent"),
        pytest.param(None, OPEN, Counted(had_a_transfer=True), [], id="it had one"),
        pytest.param(None, CAREFUL, COUNTED, [], id="new and careful"),
        pytest.param(CAREFUL, OPEN, COUNTED, ["a transfer of about 240", "7 more people"], id="opened"),
        pytest.param(OPEN, CAREFUL, COUNTED, ["12 people who are in SALESmanago never consented"], id="closed"),
        pytest.param(OPEN, OPEN, COUNTED, [], id="as it was"),
        pytest.param(None, a_shop(), COUNTED, [], id="new, without a panel"),
        pytest.param(None, a_shop(panel=PANEL, enabled=False), COUNTED, [], id="new and disabled"),
        pytest.param(None, a_shop(panel=PANEL, shadow=True), COUNTED, [], id="new, in the shadow"),
        pytest.param(OPEN, a_shop(panel=PANEL, enabled=False), COUNTED, ["events are held until it is"], id="disabled"),
        pytest.param(a_shop(enabled=False), a_shop(), COUNTED, ["5 held events are released"], id="enabled"),
        pytest.param(a_shop(), a_shop(shadow=True), COUNTED, ["3 events that are on their way end unsent"], id="into the shadow"),
        pytest.param(a_shop(shadow=True), a_shop(), COUNTED, ["what is decided is sent"], id="out of the shadow"),
        pytest.param(a_shop(), a_shop(country="DE"), COUNTED, [], id="nothing of weight"),
    ],
)
def test_r94_a_change_says_what_it_sets_going_and_for_how_many(
    old: Shop | None, new: Shop, counted: Counted, said: list[str]
) -> None:
    found = consequences(old, new, counted)
    assert len(found) == len(said)
    for words, line in zip(said, found, strict=True):
        assert words in line.en
        assert english_in(line.pl) == set()
        assert numbers_in(line.pl) == numbers_in(line.en)


@pytest.mark.parametrize(
    ("kind", "platform", "panels"),
    [
        (SourceKind.IDOSELL, "IdoSell", (PanelKind.IDOSELL,)),
        (SourceKind.WOOCOMMERCE, "WooCommerce", ()),
        (SourceKind.NONE, None, (PanelKind.IDOSELL,)),
    ],
)
def test_r60_the_accounts_of_a_shop_are_listed_by_the_panel_of_its_own_platform(
    kind: SourceKind, platform: str | None, panels: tuple[PanelKind, ...]
) -> None:
    assert (platform_of(kind), listing_panels(kind)) == (platform, panels)
