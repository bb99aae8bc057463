"""Coalesced commands against a small model of SALESmanago."""

import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.clients.salesmanago import payloads
from app.domain import tags
from app.domain.commands import AddEvent, Command, DeleteContact, Line, UpsertContact
from app.domain.consent import Status
from app.domain.delivery.coalesce import coalesce, up_to_deletion, within_limits
from app.domain.salesmanago_limits import TAGS_PER_CALL
from tests.domain.decisions.properties.strategies import QUICK, THOROUGH
from tests.support.builders import EMAIL, an_event, an_upsert

# -- (e) (f) bundles against a small model of SALESmanago ---------------------------------------------------------------------


@dataclass
class Model:
    """Contacts by address: profile, tags, states, and what happened to them. Renaming carries everything along."""

    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def apply(self, command: Command) -> None:
        match command:
            case UpsertContact():
                held = self.contacts.pop(command.email, None) or {"profile": {}, "tags": set(), "states": {}, "events": Counter()}
                held["profile"].update(command.profile)
                held["tags"] -= {tags.canonical(tag) for tag in command.remove_tags}
                held["tags"] |= {tags.canonical(tag) for tag in command.add_tags}
                spoken = {"email": command.email_status, "phone": command.phone_status}
                held["states"].update({name: status for name, status in spoken.items() if status is not None})
                self.contacts[command.address_after] = held
            case AddEvent():
                self.contacts[command.email]["events"][command.kind, command.external_id] += 1
            case DeleteContact():
                self.contacts.pop(command.email, None)


some_tags = st.lists(st.sampled_from(["a", "b", "c", "Ż", "z"]), max_size=3, unique_by=tags.canonical)
statuses = st.sampled_from([None, Status.OPT_IN, Status.OPT_OUT])


@st.composite
def command_rows(draw: st.DrawFn) -> list[Command]:
    """What the gateway may queue for one contact: addressed as it is called by then, events only to one that exists."""
    address, exists, row = EMAIL, False, []
    for step in draw(st.lists(st.sampled_from(["upsert", "upsert", "rename", "event", "event", "delete"]), max_size=10)):
        if step == "delete":
            row.append(DeleteContact(email=address))
            exists = False
        elif step == "event" and exists:
            row.append(an_event(email=address, external_id=draw(st.sampled_from(["1", "2"]))))
        else:
            added = draw(some_tags)
            removed = [tag for tag in draw(some_tags) if tags.canonical(tag) not in {tags.canonical(one) for one in added}]
            to = draw(st.sampled_from([EMAIL, "b@example.com", "c@example.com"])) if step == "rename" and exists else address
            row.append(
                an_upsert(
                    address,
                    new_email=None if to == address else to,
                    profile=draw(st.dictionaries(st.sampled_from(["first_name", "phone"]), st.sampled_from(["1", "2"]))),
                    add_tags=tuple(added),
                    remove_tags=tuple(removed),
                    email_status=draw(statuses),
                    phone_status=draw(statuses),
                )
            )
            address, exists = to, True
    return row


@THOROUGH
@given(command_rows(), st.integers(1, 10))
def test_bundles_do_the_same_as_their_commands_one_by_one(row: list[Command], claim: int) -> None:
    one_by_one, bundled = Model(), Model()
    for command in row:
        one_by_one.apply(command)
    waiting = list(row)
    while waiting:
        taken = waiting[:claim]
        taken = taken[: up_to_deletion(taken)]
        waiting = waiting[len(taken) :]
        bundle = coalesce(taken)
        for command in (bundle.upsert, *bundle.events, *bundle.deletions):
            if command is not None:
                bundled.apply(command)
    assert bundled == one_by_one


many_tags = st.lists(st.integers(0, 300).map(lambda number: f"t{number}"), max_size=160, unique=True)


@QUICK
@given(many_tags, st.integers(0, 160), st.sampled_from([None, "b@example.com"]), statuses)
def test_the_parts_of_an_upsert_do_the_same_as_the_whole(
    names: list[str], cut: int, new: str | None, status: Status | None
) -> None:
    upsert = an_upsert(
        new_email=new, add_tags=tuple(names[:cut]), remove_tags=tuple(names[cut:]), email_status=status, profile={"phone": "1"}
    )
    whole, parted = Model(), Model()
    for model in (whole, parted):
        model.apply(an_upsert(add_tags=tuple(names[::2])))
    whole.apply(upsert)
    for part in within_limits(upsert):
        assert len(part.add_tags) + len(part.remove_tags) <= TAGS_PER_CALL
        parted.apply(part)
    assert parted == whole


names_of_goods = st.text(max_size=40) | st.text("ąż🇵🇱👩\u200d🚀e\u0301,", max_size=300) | st.just("Buty")
goods = st.lists(
    st.tuples(st.text(min_size=1, max_size=64).filter(lambda text: "," not in text), names_of_goods, st.integers(1, 10**8)),
    min_size=1,
    max_size=300,
)


@QUICK
@given(goods)
def test_ids_names_and_quantities_of_goods_stay_in_line_and_no_id_is_ever_cut(sold: list[tuple[str, str, int]]) -> None:
    lines = tuple(Line(product_id=product, name=name, quantity=Decimal(quantity)) for product, name, quantity in sold)
    made = payloads.event(an_event(lines=lines))
    ids, quantities = made["products"].split(","), made["detail3"].split("/")
    names = made["detail1"].split(",") if "detail1" in made else [""] * len(ids)
    assert len(ids) == len(quantities) == len(names)
    assert (len(made["products"].encode()) <= 512, len(made["detail3"].encode()) <= 255) == (True, True)
    assert len(made.get("detail1", "").encode()) <= 255
    for (product, name, quantity), told_id, told_name, told_quantity in zip(sold, ids, names, quantities, strict=False):
        assert (told_id, told_quantity) == (product, str(quantity))
        whole = " ".join(name.replace(",", " ").split())
        assert whole.startswith(told_name)
        rest = whole[len(told_name) :].lstrip()
        assert told_name in ("", whole) or not unicodedata.combining((rest or "x")[0])
        assert not told_name.endswith("\u200d") or whole[len(told_name) :][:1] in ("", " "), "a joiner keeps what it joins"
    if len(ids) < len(sold):
        more = lines[: len(ids) + 1]
        too_many = len(",".join(line.product_id for line in more).encode()) > 512
        assert too_many or len("/".join(str(line.quantity) for line in more)) > 255, "nothing is dropped that would have fitted"
    if len(",".join(" ".join(name.replace(",", " ").split()) for _, name, _ in sold[: len(ids)]).encode()) <= 255:
        assert names == [" ".join(name.replace(",", " ").split()) for _, name, _ in sold[: len(ids)]], "no name is cut in vain"


@QUICK
@given(st.lists(st.text(min_size=1, max_size=64).filter(lambda text: "," not in text), max_size=60), st.text(max_size=300))
def test_an_event_keeps_within_the_limits_of_salesmanago(products: list[str], name: str) -> None:
    lines = tuple(Line(product_id=product, name=name, quantity=Decimal(1)) for product in products)
    body = payloads.event(an_event(lines=lines, pickup_point=name))
    assert len(body.get("products", "").encode()) <= 512
    assert all(len(body.get(f"detail{number}", "").encode()) <= 255 for number in range(1, 21))
