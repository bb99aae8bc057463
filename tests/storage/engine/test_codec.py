"""What earlier versions stored is read, and can be given what they did not know."""

import dataclasses
from typing import Any

import msgspec
import pytest

from app.domain.commands import AddEvent, EventKind, UpsertContact
from app.domain.consent import Channel, Policy, TransferConsent
from app.domain.delivery.circuit_breaker import Breaker
from app.domain.delivery.destination import DestinationState
from app.domain.delivery.rate_limit import Pace
from app.domain.delivery.revocation import TakeBack
from app.domain.person.contact import Contact
from app.domain.person.sale import Sale
from app.domain.person.sides import Observed, SentState, ShopState
from app.domain.runs import reconciliation
from app.domain.runs.backfill import Backfill, BackfillMode, Phase
from app.domain.runs.reconciliation import Reconciliation
from app.domain.shops.shop import Account, Shop
from app.domain.values import replace
from app.storage.engine import codec
from tests.conftest import NOON

STORED = (
    *(
        Account,
        AddEvent,
        Backfill,
        Breaker,
        Channel,
        Contact,
        ShopState,
        DestinationState,
        Pace,
        Reconciliation,
        Sale,
        Observed,
        Shop,
        TakeBack,
    ),
    *(SentState, TransferConsent, UpsertContact),
)


@pytest.mark.parametrize("kind", STORED)
def test_a_document_without_a_field_can_be_given_that_field(kind: Any) -> None:
    whole = an_example_of(kind)
    stored = msgspec.json.decode(codec.encode(whole))
    for one in dataclasses.fields(kind):
        if (one.default, one.default_factory) == _NONE:
            continue
        older = codec.decode(codec.encode({name: said for name, said in stored.items() if name != one.name}), kind)
        assert replace(older, **{one.name: getattr(whole, one.name)}) == whole
        assert codec.decode(codec.encode(older), kind) == older


def test_what_is_no_field_is_refused_of_an_older_document_too() -> None:
    with pytest.raises(TypeError, match="Breaker has no field rest"):
        replace(codec.decode(b"{}", Breaker), rest=None)


_TEXTS = "id endpoint client_id owner email external_id location shop_host shop_id token account host"
EXAMPLES: dict[str, Any] = {
    **{name: f"a {name}" for name in _TEXTS.split()},
    **dict.fromkeys(("at", "started_at", "due_at", "accounts_since", "integration_started_at"), NOON),
    "kind": EventKind.PURCHASE,
    "policy": Policy.ALL_CUSTOMERS,
    "phase": Phase.CANARY,
    "calls_per_second": 2.0,
    "number": 1,
}


def an_example_of(kind: Any) -> Any:
    """With its defaults, and something where there is none."""
    modes: dict[Any, Any] = {Backfill: BackfillMode.RUN, Reconciliation: reconciliation.ReconciliationMode.REPAIR}
    examples = {**EXAMPLES, "mode": modes.get(kind)}
    needed = (one.name for one in dataclasses.fields(kind) if (one.default, one.default_factory) == _NONE)
    return kind(**{name: examples[name] for name in needed})


_NONE = (dataclasses.MISSING, dataclasses.MISSING)
