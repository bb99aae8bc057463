"""Whoever sees the number of a rule finds a page behind it (R93)."""

import re

import pytest

from app.domain.reasons import EXPLANATIONS
from app.routers.rule_pages import groups, reasons_of
from tests.support.gateways import Door
from tests.support.problems import assert_problem


@pytest.mark.parametrize("number", sorted({one.rule for one in EXPLANATIONS.values()} | {"R06a", "r03", "SHADOW"}))
async def test_r93_the_rule_of_every_reason_opens_a_page_without_a_key(door: Door, number: str) -> None:
    page = await door.http.get(f"/rules/{number}")
    assert page.status_code == 200, number
    assert page.headers["content-type"].startswith("text/html")
    assert all(f"<code>{code}</code>" in page.text for code in reasons_of(number))


async def test_r93_the_page_of_all_rules_has_each_of_them_once_and_its_links_lead_to_one(door: Door) -> None:
    text = (await door.http.get("/rules")).text
    numbers = [number for rules in groups().values() for number in rules]
    assert re.findall(r"<h3 id='(\w+)'>", text) == numbers
    assert len(numbers) == len(set(numbers)) > 60
    linked = set(re.findall(r"href='/rules/(\w+)'", text))
    assert linked
    assert linked <= set(numbers)


async def test_the_text_of_a_rule_is_shown_as_it_was_written(door: Door) -> None:
    text = (await door.http.get("/rules/R23")).text
    assert "<code>idosell_&lt;source&gt;_&lt;host&gt;</code>" in text
    assert not any("](" in words or "`" in re.sub(r"`[^`]+`", "", words) for rules in groups().values() for words in rules.values())


async def test_a_page_of_a_rule_that_nothing_names_is_not_there(door: Door) -> None:
    assert_problem(await door.http.get("/rules/R999"), 404)
