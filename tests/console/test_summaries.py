"""What is asked of the other side, in words: on the pages and by `gateway why`."""

from decimal import Decimal
from typing import Any

import pytest

from app.console.summaries import FIELDS
from app.console.wording import Wording, code
from app.domain.commands import AddEvent, Command, ConfirmationMail, EventKind, Line, MirrorTags, SetSubscription, UpsertContact
from app.domain.consent import Status, TimedStatus
from app.domain.operations.trace import summarised
from app.domain.panel_tags import PanelTags
from app.domain.shops.shop import PERSON_FIELDS
from tests.conftest import NOON

UPSERT = UpsertContact(
    email="a@example.pl",
    new_email="b@example.pl",
    profile={"first_name": "Jan", "postal_code": "00-001"},
    add_tags=("vip",),
    remove_tags=("stary",),
    email_status=Status.OPT_OUT,
    phone_status=Status.OPT_IN,
    asks_opt_in=ConfirmationMail(),
)
PURCHASE = AddEvent(
    email="a@example.pl",
    kind=EventKind.PURCHASE,
    at=NOON,
    external_id="5501",
    location="l",
    shop_host="h",
    lines=(Line(product_id="101", name="T-shirt", quantity=Decimal(1)),),
    value=Decimal("9.50"),
    currency="PLN",
)
OPT_OUT = SetSubscription(email="a@example.pl", email_news=TimedStatus(Status.OPT_OUT, NOON))
TAGS = MirrorTags(email="a@example.pl", tags=PanelTags(points={"koszyk": 7}, sections=("obuwie",), gone=("stary",)))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            UPSERT,
            "Kontakt · nowy adres · dane: imię, kod pocztowy · dodane tagi: vip · usunięte tagi: stary · "
            "newsletter e-mail: rezygnacja · Newsletter SMS: zapis · prośba do osoby o potwierdzenie zapisu",
        ),
        (PURCHASE, "Zakup · 5501 · produkty: 101 · 9.50 · PLN"),
        (OPT_OUT, "newsletter e-mail: rezygnacja"),
        (TAGS, "Tagi do panelu · tagi z punktami: koszyk (7) · działy: obuwie · usunięte tagi: stary"),
    ],
)
def test_r90_a_command_is_said_in_polish_with_its_particulars(command: Command, words: str) -> None:
    assert Wording("pl").command(command) == words


@pytest.mark.parametrize("command", [UPSERT, PURCHASE, OPT_OUT, TAGS])
def test_no_particular_is_shown_by_its_name_in_the_code(command: Command) -> None:
    summary: dict[str, Any] = summarised(command)[1]
    said = " · ".join(Wording("en").summary(summary))
    assert [name for name in summary if "_" in name and name in said] == []
    assert "None" not in said


def test_every_field_of_a_person_has_a_name_in_words() -> None:
    assert FIELDS.keys() == set(PERSON_FIELDS)


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("set `readd` <b>", "set <code>readd</code> &lt;b&gt;"),
        ("`<i>`", "<code>&lt;i&gt;</code>"),
        ("a lone ` stays", "a lone ` stays"),
        ("plain", "plain"),
    ],
)
def test_names_between_backticks_are_shown_as_names_and_all_else_is_text(text: str, markup: str) -> None:
    assert str(code(text)) == markup


def test_a_cause_is_an_outcome_in_words_and_the_answer_as_it_came() -> None:
    assert Wording("pl").cause("unreachable: no whole answer in time") == "brak odpowiedzi: nie było pełnej odpowiedzi na czas"
    assert Wording("pl").cause("refused: Zły podpis: x") == "odrzucono: Zły podpis: x"
    assert Wording("pl").cause("panel_overloaded") == "panel jest przeciążony"


def test_the_audit_log_says_modes_and_states_in_words_and_leaves_lines_of_the_configuration() -> None:
    assert Wording("pl").audited("repair\nour_tag_missing") == "porównanie z naprawą\nour_tag_missing"
    assert Wording("pl").audited("shop hurt: policy = all_customers") == "shop hurt: policy = all_customers"
