"""Values are what the standard library would make of the same fields, for every kind of value there is."""

import dataclasses
import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import app.domain
from app.domain.consent import Channel
from app.domain.event_parts import NewsletterBox
from app.domain.person.contact import Contact
from app.domain.person.sale import NO_SALE
from app.domain.values import replace
from tests.conftest import NOON

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    ("value", "changes"),
    [
        (Contact(email="jan@example.pl"), {"customer_id": "7", "registered": True}),
        (Channel(), {"opted_in": NOON}),
        (NO_SALE, {}),
    ],
)
def test_it_is_what_the_standard_library_makes(value: Contact, changes: dict[str, object]) -> None:
    before = dataclasses.asdict(value)
    made = replace(value, **changes)
    assert made == dataclasses.replace(value, **changes)
    assert type(made) is type(value)
    assert made is not value
    assert dataclasses.asdict(value) == before


def test_what_is_no_field_is_refused() -> None:
    with pytest.raises(TypeError, match="Channel has no field opted"):
        replace(Channel(), opted=None)


def test_equal_values_are_one_key_and_cannot_be_told_apart() -> None:
    one, other = NewsletterBox(ticked=True, since=NOON), NewsletterBox(ticked=True, since=NOON)
    assert one == other
    assert hash(one) == hash(other)
    assert one != NewsletterBox(ticked=True)
    assert repr(one) == f"NewsletterBox(ticked=True, since={NOON!r})"


def test_every_value_of_the_domain_can_be_copied_without_its_constructor() -> None:
    kinds = {
        kind for module in modules() for kind in vars(module).values() if inspect.isclass(kind) and dataclasses.is_dataclass(kind)
    }
    assert len(kinds) > 100
    for kind in kinds:
        assert not hasattr(kind, "__slots__"), kind
        assert not hasattr(kind, "__post_init__"), kind


def test_the_type_checker_refuses_to_change_a_value(tmp_path: Path) -> None:
    changing = tmp_path / "changing.py"
    changing.write_text(
        "from app.domain.consent import Channel\nfrom app.domain.event_parts import NewsletterBox\n"
        "Channel().opted_in = None\nNewsletterBox(ticked=True).ticked = False\nNewsletterBox(True)\n"
    )
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--follow-imports=silent", "--cache-dir", str(tmp_path), str(changing)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    complaints = [line.split("error: ")[1].split("  [")[0] for line in checked.stdout.splitlines() if "error: " in line]
    assert complaints == [
        'Property "opted_in" defined in "Channel" is read-only',
        'Property "ticked" defined in "NewsletterBox" is read-only',
        'Too many positional arguments for "NewsletterBox"',
    ]


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(app.domain.__path__, "app.domain."):
        yield importlib.import_module(found.name)
