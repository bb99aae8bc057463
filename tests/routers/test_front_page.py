"""Where somebody lands who knows only the host: `/`, and the documentation behind it, without internet."""

import re

from tests.support.gateways import Door

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def test_the_front_page_leads_to_addresses_that_answer(door: Door) -> None:
    answer = await door.http.get("/")
    assert answer.headers["content-type"] == "application/json"
    links = answer.json()["links"]
    assert links["documentation"] == "/docs"
    for address in links.values():
        assert (await door.http.get(address, follow_redirects=True)).status_code == 200, address


async def test_browsers_get_a_page_in_the_language_they_ask_for(door: Door) -> None:
    english = await door.http.get("/", headers=PAGE)
    polish = await door.http.get("/", headers=PAGE | {"Accept-Language": "pl-PL,pl;q=0.9,en;q=0.5"})
    assert "<html lang=en>" in english.text
    assert "<html lang=pl>" in polish.text
    for page in (english, polish):
        addresses = re.findall(r"href='([^']+)'", page.text)
        assert addresses == list((await door.http.get("/")).json()["links"].values())
        assert page.headers["vary"] == "Accept, Accept-Language"


async def test_the_front_page_names_no_shop_and_no_account(door: Door) -> None:
    for headers in (PAGE, {}):
        text = (await door.http.get("/", headers=headers)).text
        assert not re.search(r"shop1|main|sklep\.example|whsec|gwk_", text)


async def test_the_documentation_loads_nothing_from_elsewhere(door: Door) -> None:
    page = (await door.http.get("/docs")).text
    loaded = re.findall(r"(?:src|href)=\"([^\"]+)\"", page)
    assert len(loaded) >= 3
    for address in loaded:
        assert address.startswith("/"), address
        assert (await door.http.get(address)).status_code == 200
    assert "https://" not in re.sub(r"<!--.*?-->", "", page)
    assert '"validatorUrl": null' in page
