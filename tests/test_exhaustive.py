"""A kind of event, command, panel or source that a rule forgets is a type error: shown on a copy of the code with one more each."""

import ast
import fcntl
import re
import shutil
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import get_args

import pytest

from app.domain.event_parts import Address, Customer
from app.domain.events import Event
from app.domain.person.contact import profile_of

ROOT = Path(__file__).resolve().parents[1]

NEW_EVENT = """
@value(kw_only=True)
class Wished(BaseEvent):
    email: str


Event = (
    Wished
    | """
NEW_COMMAND = """
@value(kw_only=True)
class Wish:
    email: str


Command = Wish | """

LIBRARIES = "sqlalchemy.*,msgspec.*,structlog.*,httpx.*,tenacity.*,cryptography.*,pydantic.*,phonenumbers.*,asyncpg.*"
"""They have no say in which of our kinds is forgotten, and reading them takes longer than reading all of the domain."""

KNOWN = ROOT / ".mypy_cache" / "one_more_kind"
"""What the type checker knows from the last time: modules that are as they were, and all they depend on, are not read again."""

NEW_KIND = '    SHOPWARE = "shopware"'


@pytest.fixture(scope="module")
def forgetful(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What the type checker names in a copy with one more kind of event, of command, of panel and of source."""
    copy = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "app", copy / "app", ignore=shutil.ignore_patterns("__pycache__", "sandbox", "demo"))
    added(copy, "events.py", "\nEvent = (\n    ", NEW_EVENT)
    added(copy, "commands.py", "\nCommand = ", NEW_COMMAND)
    for last in ('    WEBHOOK = "webhook"\n    NONE = "none"\n', '    WOOCOMMERCE = "woocommerce"\n'):
        added(copy, "shops/shop.py", last, f"{last}{NEW_KIND}\n")
    return forgetful_places(copy)


def forgetful_places(copy: Path) -> set[str]:
    """Functions in which the type checker finds a kind that is not answered for, as `module.function`."""
    config = copy / "mypy.ini"
    config.write_text(f"[mypy]\nstrict = true\nfollow_imports = silent\n[mypy-{LIBRARIES}]\nfollow_imports = skip\n")
    asked = [sys.executable, "-m", "mypy", "--config-file", str(config), "--cache-dir", str(KNOWN), "app/domain"]
    services = ["app/services/planning/planning_round.py", "app/services/delivery/contact_dispatch.py"]
    KNOWN.mkdir(parents=True, exist_ok=True)
    with (KNOWN / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = subprocess.run([*asked, *services], cwd=copy, capture_output=True, text=True, timeout=240, check=False)
    places = set()
    unanswered = r'^(\S+\.py):(\d+): error: (?:Argument 1 to "assert_never"|Missing return)'
    for path, line in re.findall(unanswered, found.stdout, re.MULTILINE):
        module = ast.parse((copy / path).read_text())
        inside = [
            one.name
            for one in ast.walk(module)
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.lineno <= int(line) <= (one.end_lineno or 0)
        ]
        places.add(f"{Path(path).stem}.{inside[-1]}")
    return places


def added(copy: Path, module: str, union: str, kind: str) -> None:
    path = copy / "app" / "domain" / module
    text = path.read_text()
    assert text.count(union) == 1
    path.write_text(text.replace(union, kind))


def test_a_new_kind_of_event_is_a_type_error_at_every_rule_that_must_answer_for_it(forgetful: set[str]) -> None:
    assert forgetful >= {
        "guard._nothing_to_send",
        "decide._decide",
        "decide._contested",
        "guard.is_resignation",
        "from_salesmanago.decide_claim",
        "planning_round._decide",
        "compose._occurrence",  # forgotten, it would be accepted and never sent
        "identity.who",
        "traits.kind_of",  # consent of its time, lists, what takes permission away, what starts afresh
        "subjects.email_of",
        "subjects.customer_id_of",
        "subjects.order_id_of",
        "subjects.placed_order",  # the consent box, the time of its version, its source, what waits for it
        "learn._learned",
        "learn.remember_revocation",
        "consent_ledger._acts",
        "undelivered._carries",
        "follow_ups.revoked_by",
    }


def test_a_new_kind_of_command_is_a_type_error_at_every_rule_that_must_answer_for_it(forgetful: set[str]) -> None:
    assert forgetful >= {
        "outbox.destination_of",
        "sent_state.mark_sent",
        "sent_state.mark_unsent",
        "shop_changes.mark_sent_to_shop",
        "revocation.without_revoked",
        "verify.apart_from",
        "verify.tells_of_email",
        "commands.as_upsert",
        "commands.as_event",
        "commands.is_deletion",
        "commands.is_for_the_shop",
        "contact_dispatch.outcomes",
    }


def test_a_new_kind_of_panel_or_source_is_a_type_error_at_everything_it_may_be_asked(forgetful: set[str]) -> None:
    asked = {"shop.lists_accounts", "shop.needs_lock", "shop.is_called", "shop.pushes", "shop.can_be_scanned"}
    assert forgetful >= asked


def test_every_kind_of_event_is_of_the_closed_union() -> None:
    module = ast.parse((ROOT / "app" / "domain" / "events.py").read_text())
    kinds = {
        one.name
        for one in ast.walk(module)
        if isinstance(one, ast.ClassDef) and any(isinstance(base, ast.Name) and base.id == "BaseEvent" for base in one.bases)
    }
    assert kinds == {kind.__name__ for kind in get_args(Event)}


ELSEWHERE = {"email", "wholesaler", "phone_assumed", "newsletter_email", "newsletter_sms", "address"}
"""Fields of a customer with a register of their own; of the address every part stands in the profile."""


@pytest.mark.parametrize("name", sorted({one.name for one in fields(Customer)} - ELSEWHERE))
def test_every_field_of_a_customer_is_learned(name: str) -> None:
    customer = replace(Customer(email="a@example.pl"), **{name: "said"})
    assert "said" in profile_of(customer).values()


@pytest.mark.parametrize("name", sorted(one.name for one in fields(Address)))
def test_every_part_of_an_address_is_learned(name: str) -> None:
    customer = Customer(email="a@example.pl", address=replace(Address(), **{name: "said"}))
    assert "said" in profile_of(customer).values()
