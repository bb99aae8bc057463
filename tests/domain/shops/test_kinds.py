"""What can be done with each kind of panel and of source: asked by capability, never by name."""

import pytest

from app.domain.shops.shop import PanelKind, ShopSource, SourceKind


@pytest.mark.parametrize(
    ("kind", "lists_accounts", "needs_lock", "is_called"),
    [
        (PanelKind.IDOSELL, True, True, True),
        (PanelKind.WEBHOOK, False, False, True),
        (PanelKind.NONE, False, False, False),
    ],
)
def test_a_kind_of_panel_says_what_it_can(kind: PanelKind, lists_accounts: bool, needs_lock: bool, is_called: bool) -> None:
    assert (kind.lists_accounts, kind.needs_lock, kind.is_called) == (lists_accounts, needs_lock, is_called)


@pytest.mark.parametrize(
    ("kind", "pushes", "is_scanned"),
    [
        (SourceKind.IDOSELL, True, True),
        (SourceKind.WOOCOMMERCE, True, False),
        (SourceKind.NONE, False, False),
    ],
)
def test_a_kind_of_source_says_whether_it_pushes_and_is_scanned(kind: SourceKind, pushes: bool, is_scanned: bool) -> None:
    assert (kind.pushes, kind.can_be_scanned, ShopSource(kind=kind).is_scanned) == (pushes, is_scanned, is_scanned)


def test_r82_a_source_with_its_scan_switched_off_is_not_scanned() -> None:
    assert not ShopSource(kind=SourceKind.IDOSELL, scan=False).is_scanned
