"""Tags, scores and opt-in statuses of the stand-in, and the callbacks of a click."""

import httpx
import pytest

from app.clients.salesmanago import payloads
from app.domain.commands import ConfirmationMail, UpsertContact
from app.sandbox.salesmanago.callbacks import fill
from app.sandbox.salesmanago.memory.tags import fold, fold_all

from . import ANNA, CLIENT_ID, JAN, Caller

TEMPLATE = "https://gateway.example.com/callbacks/shop1/optout?email=$email$&key=sha1($email$s3cretParam)"
JAN_KEY, PLUS_KEY = "8e627799dec6a634ddaac0b83134b8e69988b9d3", "32d52b023b095f10bb92038d84d3c6dd1b264158"


@pytest.fixture
def api() -> Caller:
    return Caller()


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("brak_aktywności2", "BRAK_AKTYWNOSCI2"),
        ("Łódź żółć", "LODZ_ZOLC"),
        ("a!b#c$d&e*f\"g'h", "A_B_C_D_E_F_G_H"),
        ("Obuwie/Męskie", "OBUWIE_MESKIE"),
        ("rozmiar-[42](EU){x}", "ROZMIAR-[42](EU){X}"),
        ("straße", "STRASSE"),
        ("  ", ""),
        ("x" * 300, "X" * 255),
    ],
)
def test_tags_are_folded_before_they_are_stored(written: str, stored: str) -> None:
    assert fold(written) == stored


def test_a_comma_separates_tags_and_twins_are_one() -> None:
    assert fold_all(["a, b", "A", ""]) == ("A", "B")


async def test_adding_a_tag_again_raises_its_score_in_the_strict_reading(api: Caller) -> None:
    await api.upsert(tags=["VIP"])
    await api.upsert(tags=["vip"])
    assert await api.scores() == {"VIP": 2}


async def test_the_mild_reading_raises_the_score_only_when_asked() -> None:
    api = Caller(strict_scores=False)
    await api.upsert(tags=["VIP"])
    await api.upsert(tags=["VIP"])
    assert await api.scores() == {"VIP": 1}
    await api.upsert(tags=["VIP"], tagScoring=True)
    assert await api.scores() == {"VIP": 2}


async def test_tags_add_to_the_set_and_removals_come_first(api: Caller) -> None:
    await api.upsert(tags=["OLD", "BOTH"])
    await api.upsert(tags=["BOTH"])
    await api.upsert(tags=["NEW", "BOTH"], removeTags=["old", "both"])
    assert await api.scores() == {"NEW": 1, "BOTH": 1}


async def test_managetags_needs_the_contact(api: Caller) -> None:
    assert (await api.call("contact/managetags", {"email": JAN, "tags": ["A"]}))["success"] is False
    contact_id = (await api.upsert(tags=["B"]))["contactId"]
    answer = await api.call("contact/managetags", {"email": JAN, "tags": ["A"], "removeTags": ["B"]})
    assert (answer["contactId"], await api.scores()) == (contact_id, {"A": 1})


@pytest.mark.parametrize("path", ["contact/tags", "v2/contact/tags"])
async def test_account_tags_are_counted(api: Caller, path: str) -> None:
    await api.upsert(tags=["A", "B"])
    await api.upsert(ANNA, tags=["A"])
    tags = (await api.call(path, {"showSystemTags": False}))["tags"]
    assert tags == [{"tag": "A", "numberOfTagged": 2}, {"tag": "B", "numberOfTagged": 1}]


async def test_the_staff_can_set_a_score_and_the_api_cannot(api: Caller) -> None:
    await api.upsert(tags=["VIP"])
    contact = await api.post(f"contacts/{JAN}/tags", {"add": ["vip", "nowa"], "remove": "x", "score": 7})
    assert {tag["name"]: tag["score"] for tag in contact["tags"]} == {"VIP": 7, "NOWA": 7}
    await api.upsert(properties={"score": "3"}, score=3)
    assert (await api.basic())["score"] == 0


async def test_a_new_contact_without_flags_is_not_opted_in_and_never_said_no(api: Caller) -> None:
    await api.upsert()
    assert (await api.basic())["optedOut"] is True
    whole = await api.look(f"contacts/{JAN}")
    assert (whole["status"], whole["opt_history"]) == ({"email": "unknown", "phone": "unknown"}, [])


async def test_all_flags_false_leave_the_status_alone(api: Caller) -> None:
    await api.upsert(forceOptIn=True)
    await api.upsert(forceOptIn=False, forceOptOut=False, forcePhoneOptIn=False, forcePhoneOptOut=False)
    assert (await api.basic())["optedOut"] is False


async def test_the_channels_are_independent_and_history_remembers_who_said_it(api: Caller) -> None:
    await api.upsert(forceOptIn=True, forceOptOut=False)
    await api.call("contact/phoneoptin", {"email": JAN})
    await api.call("contact/optout", {"email": JAN})
    basic = await api.basic()
    assert (basic["optedOut"], basic["optedOutPhone"]) == (True, False)
    history = (await api.look(f"contacts/{JAN}"))["opt_history"]
    assert [(one["channel"], one["status"], one["cause"]) for one in history] == [
        ("email", "in", "contact/upsert"),
        ("phone", "in", "contact/phoneoptin"),
        ("email", "out", "contact/optout"),
    ]


async def test_two_contradictory_flags_mean_opt_out_and_a_warning(api: Caller) -> None:
    await api.upsert(forceOptIn=True)
    await api.upsert(forceOptIn=True, forceOptOut=True)
    assert (await api.last())["warnings"] == ["forceOptIn and forceOptOut are both true: forceOptOut wins"]
    assert (await api.basic())["optedOut"] is True


async def test_force_opt_in_overrides_an_earlier_opt_out(api: Caller) -> None:
    await api.upsert(forceOptOut=True)
    await api.upsert(forceOptIn=True, forceOptOut=False)
    assert (await api.basic())["optedOut"] is False


async def test_a_flag_must_be_a_json_boolean(api: Caller) -> None:
    answer = await api.call("contact/upsert", {"contact": {"email": JAN}, "forceOptIn": "true"})
    assert answer["message"] == ["forceOptIn must be a boolean"]


async def test_batch_opt_out_changes_the_known_ones(api: Caller) -> None:
    contact_id = (await api.upsert(forceOptIn=True))["contactId"]
    answer = await api.call("contact/batchoptout", {"emails": [JAN, "nobody@example.com"]})
    assert answer["contactIds"] == {JAN: contact_id}
    assert (await api.basic())["optedOut"] is True


async def test_double_opt_in_waits_for_the_click(api: Caller) -> None:
    await api.upsert(forceOptIn=True, useApiDoubleOptIn=True)
    assert (await api.basic())["optedOut"] is True
    clicked = await api.post(f"contacts/{JAN}/subscribe")
    assert (clicked["opted_out"], clicked["confirmation_mails"]) == (False, [api.now])


async def test_a_batch_that_forgets_double_opt_in_mails_everybody(api: Caller) -> None:
    await api.call("contact/batchupsertv2", {"upsertDetails": [{"contact": {"email": JAN}}]})
    assert "default is true" in (await api.last())["warnings"][0]
    api.now += 50
    assert len((await api.look(f"contacts/{JAN}"))["confirmation_mails"]) == 1


@pytest.mark.parametrize(
    ("email", "encode_plus", "written"),
    [
        (JAN, True, f"email={JAN}&key={JAN_KEY}"),
        ("jan+test@example.com", True, f"email=jan%2Btest@example.com&key={PLUS_KEY}"),
        ("jan+test@example.com", False, f"email=jan+test@example.com&key={PLUS_KEY}"),
    ],
)
def test_templates_are_filled_as_in_the_contract(email: str, encode_plus: bool, written: str) -> None:
    assert fill(TEMPLATE, email, encode_plus=encode_plus).partition("?")[2] == written


async def test_a_click_changes_the_status_and_calls_the_shop() -> None:
    got: list[bytes] = []

    def shop(request: httpx.Request) -> httpx.Response:
        got.append(request.url.raw_path)
        return httpx.Response(200, text="thank you")

    api = Caller(http=httpx.AsyncClient(transport=httpx.MockTransport(shop)))
    await api.post("callbacks", {"client_id": CLIENT_ID, "opt_out": TEMPLATE, "encode_plus": False})
    await api.upsert("jan+test@example.com", forceOptIn=True)
    clicked = await api.post("contacts/jan+test@example.com/unsubscribe")
    assert got == [f"/callbacks/shop1/optout?email=jan+test@example.com&key={PLUS_KEY}".encode()]
    assert (clicked["opted_out"], clicked["callback"]["http_status"]) == (True, 200)
    assert (await api.look("callbacks"))["deliveries"][0]["answer"] == "thank you"

    await api.post("contacts/jan+test@example.com/subscribe")
    await api.post("contacts/jan+test@example.com/unsubscribe", {"channel": "phone"})
    assert len(got) == 1, "there is no opt-in template, and phones have no callback"


async def test_changes_through_the_api_fire_no_callback_and_a_dead_shop_is_remembered() -> None:
    def shop(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody listens", request=request)

    api = Caller(http=httpx.AsyncClient(transport=httpx.MockTransport(shop)))
    await api.post("callbacks", {"client_id": CLIENT_ID, "opt_out": TEMPLATE})
    await api.upsert(forceOptOut=True)
    assert (await api.look("callbacks"))["deliveries"] == []
    await api.post(f"contacts/{JAN}/unsubscribe")
    assert (await api.look("callbacks"))["deliveries"][0]["error"] == "ConnectError: nobody listens"


async def test_b6_a_question_of_ours_mails_the_person_and_leaves_the_status_to_the_click(api: Caller) -> None:
    body = payloads.single_upsert(UpsertContact(email=JAN, asks_opt_in=ConfirmationMail(email_id="mail-7", language="PL")))
    assert (body["useApiDoubleOptIn"], body["doubleOptInEmailId"], body["doubleOptInLanguage"]) == (True, "mail-7", "PL")
    assert not [name for name in body if name.startswith("force")]
    await api.call("contact/upsert", body)
    waiting = await api.look(f"contacts/{JAN}")
    assert (waiting["opted_out"], len(waiting["confirmation_mails"])) == (True, 1)
    assert (await api.post(f"contacts/{JAN}/subscribe"))["opted_out"] is False
    plain = payloads.single_upsert(UpsertContact(email=JAN))
    assert plain["useApiDoubleOptIn"] is False
    assert "doubleOptInEmailId" not in plain


async def test_a_bounce_marks_the_address_and_opts_it_out_without_a_callback(api: Caller) -> None:
    await api.post("callbacks", {"client_id": CLIENT_ID, "opt_out": TEMPLATE})
    await api.upsert(forceOptIn=True)
    await api.post(f"contacts/{JAN}/bounce")
    shown = await api.look(f"contacts/{JAN}")
    assert (shown["opted_out"], shown["invalid"]) == (True, True)
    assert (await api.look("callbacks"))["deliveries"] == []
