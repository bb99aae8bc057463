"""The gates which write customers. PUT is the only way in which a consent is written; each row stands for itself."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.sandbox.panel import reading
from app.sandbox.panel.gates.call import Call, Gate, Reply, Wants, ok, refused, said
from app.sandbox.panel.gates.client_rows import CHANNELS, CRM_TYPES
from app.sandbox.panel.memory.model import Channel, Customer
from app.sandbox.panel.memory.world import FaultError
from app.sandbox.panel.reading import InvalidError
from app.sandbox.salesmanago.fields import email as email_address
from app.sandbox.salesmanago.memory.model import JsonObject, RefusalError

NO_PARAMETERS = "Nie przekazano parametrów"
UNKNOWN_LOGIN = 28
"""The contract lists no code for it here; this is what the read gates say."""
TYPES = {crm: stored for stored, crm in CRM_TYPES.items()}
_COUNTRY, _PHONE = re.compile(r"[a-z]{2}"), re.compile(r"[+\d][\d\s()/-]{5,19}")
MAILS = ("clientSettingSendMail", "clientSettingSendSms")

EDITABLE = {
    "clientEmail": "email",
    "clientFirstName": "first_name",
    "clientLastName": "last_name",
    "clientFirm": "firm",
    "clientNip": "nip",
    "clientStreet": "street",
    "clientZipCode": "zip_code",
    "clientCity": "city",
    "clientCountryId": "country",
    "clientProvinceId": "province",
    "clientBirthDate": "birth_date",
    "clientPhone1": "phone",
    "langId": "language",
    "currencyId": "currency",
    "clientCodeExternal": "code_external",
    "clientNote": "note",
}
NEEDED = {"email": 12, "city": 18, "street": 19, "zipcode": 20, "phone": 21}
"""What a new account cannot do without, and the code which says so."""


def _is_email(written: str) -> bool:
    try:
        email_address({"email": written})
    except RefusalError:
        return False
    return True


CHECKS: dict[str, tuple[int, Callable[[str], bool]]] = {
    "clientEmail": (12, _is_email),
    "clientFirstName": (10, lambda written: bool(written.strip())),
    "clientLastName": (11, lambda written: bool(written.strip())),
    "clientBirthDate": (9, reading.is_date),
    "clientCountryId": (17, lambda written: _COUNTRY.fullmatch(written) is not None),
    "clientCity": (18, lambda written: bool(written.strip())),
    "clientStreet": (19, lambda written: bool(written.strip())),
    "clientZipCode": (20, lambda written: bool(written.strip())),
    "clientPhone1": (21, lambda written: _PHONE.fullmatch(written) is not None),
}


@dataclass(frozen=True)
class Edit:
    """One row of a PUT, read and well formed."""

    login: str
    reference: object
    texts: Mapping[str, str]
    changes: Mapping[str, object]
    shop_ids: list[int] | None
    everywhere: Mapping[Channel, bool]
    per_shop: Mapping[Channel, Mapping[int, bool]]


def edit(call: Call) -> Reply:
    rows = reading.objects(call.params, "clients")
    if not rows:
        return refused(3, NO_PARAMETERS)
    edits = [_read(row) for row in rows]
    settings = reading.mapping(call.beside, "clientsSettings")
    notified = [name for name in MAILS if reading.boolean(settings, name)]
    call.warnings += [f"clientsSettings.{name} is not false" for name in MAILS if settings.get(name) is not False]
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    for one in edits:
        try:
            customer = _write(call, one)
        except FaultError as error:
            errors.append({"faultCode": error.code, "faultString": str(error)})
            results.append({"resultStatus": False, "errors": [errors[-1]]})
        else:
            customer.notices += [f"{call.now} {name}" for name in notified]
            answer: JsonObject = {"clientId": customer.id, "requestReference": one.reference}
            results.append({"resultStatus": True, "clientsResult": answer, "errors": []})
    payload: JsonObject = {"results": results}
    return Reply(207, payload, *said(errors)) if errors else ok(payload)


def _read(row: JsonObject) -> Edit:
    changes: dict[str, object] = {}
    wholesaler = reading.boolean(row, "clientIsWholesaler")
    if wholesaler is not None:
        changes["wholesaler"] = wholesaler
    active = reading.boolean(row, "clientActive")
    if active is not None:
        changes["active"] = active
    kind = reading.choice(row, "clientType", tuple(TYPES))
    if kind is not None:
        changes["type"] = TYPES[kind]
    shop_ids = reading.integers(row, "shopsIds")
    if shop_ids is not None:
        changes["active_shops"] = shop_ids
    texts = {key: value for key in EDITABLE if (value := reading.text(row, key)) is not None}
    everywhere = {channel: reading.boolean(row, f"newsletter{CHANNELS[channel]}Approval") for channel in Channel}
    return Edit(
        login=reading.text(row, "clientLogin") or "",
        reference=row.get("requestReference"),
        texts=texts,
        shop_ids=shop_ids,
        changes={**changes, **{EDITABLE[key]: value for key, value in texts.items()}},
        everywhere={channel: given for channel, given in everywhere.items() if given is not None},
        per_shop={channel: found for channel in Channel if (found := _per_shop(row, channel)) is not None},
    )


def _per_shop(row: JsonObject, channel: Channel) -> dict[int, bool] | None:
    name = CHANNELS[channel]
    key, field = f"newsletter{name}ApprovalsData", f"inNewsletter{name}Approval"
    if row.get(key) is None:
        return None
    found: dict[int, bool] = {}
    for one in reading.objects(row, key):
        given = reading.yes_no(one, field)
        if given is None:
            raise InvalidError(f"{field}: missing")
        found[reading.needed_integer(one, "shopId")] = given
    return found


def _write(call: Call, one: Edit) -> Customer:
    """Everything of the row or, when something is wrong with it, nothing."""
    if not one.login:
        raise FaultError(1, "Nie podano loginu")
    customer = call.panel.by_login(one.login)
    if customer is None:
        raise FaultError(UNKNOWN_LOGIN, "Nie znaleziono klienta o podanym loginie")
    call.check_spoilt(customer)
    if customer.stale_data_code:
        raise FaultError(customer.stale_data_code, "Niepoprawne dane klienta")
    _check_texts(one.texts)
    call.panel.check_shops(one.shop_ids or ())
    for rows in one.per_shop.values():
        call.panel.check_approvals(one.shop_ids or customer.active_shops, rows)
    if one.everywhere and one.per_shop:
        call.warnings.append("both the overall approvals and those per shop were sent")
    call.panel.edit(customer, one.changes, call.now)
    for channel, given in one.everywhere.items():
        call.panel.approve(customer, channel, dict.fromkeys(customer.active_shops, given), call.now)
    for channel, rows in one.per_shop.items():
        call.panel.approve(customer, channel, rows, call.now)
    return customer


def _check_texts(texts: Mapping[str, str]) -> None:
    for key, value in texts.items():
        code, is_valid = CHECKS.get(key, (0, bool))
        if code and not is_valid(value):
            raise FaultError(code, f"Niepoprawna wartość pola {key}")


def create(call: Call) -> Reply:
    rows = reading.objects(call.params, "clients")
    if not rows:
        return refused(3, NO_PARAMETERS)
    read = [(row, _new(call, row)) for row in rows]
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    for row, make in read:
        reference = row.get("request_reference")
        try:
            customer = make()
        except FaultError as error:
            errors.append({"faultCode": error.code, "faultString": str(error)})
            results.append({"status": False, "params": {"request_reference": reference}, "errors": [errors[-1]]})
        else:
            answer: JsonObject = {"id": customer.id, "login": customer.login, "request_reference": reference}
            results.append({"status": True, "params": answer, "errors": []})
    payload: JsonObject = {"clients": results}
    return Reply(207, payload, *said(errors)) if errors else ok(payload)


def _new(call: Call, row: JsonObject) -> Callable[[], Customer]:
    """Reads a row; what comes back makes the account."""
    keys = ("email", "city", "street", "zipcode", "phone", "login", "firstname", "lastname", "company", "vat_number")
    texts = {key: reading.text(row, key) or "" for key in keys}
    shop_ids = reading.integers(row, "shops") or []
    wholesaler = reading.boolean(row, "wholesaler") is True
    overall = {
        Channel.EMAIL: reading.boolean(row, "email_newsletter"),
        Channel.SMS: reading.boolean(row, "sms_newsletter"),
    }
    approvals = {
        channel: {
            reading.needed_integer(one, "shop_id"): reading.yes_no(one, "approval") is True
            for one in reading.objects(row, f"newsletter_{channel.value}_approvals")
        }
        for channel in Channel
    }

    def make() -> Customer:
        login = texts["login"] or texts["email"]
        if login != login.lower():
            raise FaultError(2, "Login może zawierać tylko małe litery")
        for key, code in NEEDED.items():
            if not texts[key] or (key == "email" and not _is_email(texts[key])):
                raise FaultError(code, f"Niepoprawna wartość pola {key}")
        if not shop_ids:
            raise FaultError(13, "Nie podano identyfikatora sklepu")
        if any(shop_id not in shop_ids for said_in in approvals.values() for shop_id in said_in):
            raise FaultError(14, "Niepoprawny identyfikator sklepu")
        customer = Customer(
            id=call.panel.next_customer_id(),
            login=login,
            email=texts["email"],
            first_name=texts["firstname"],
            last_name=texts["lastname"],
            firm=texts["company"],
            nip=texts["vat_number"],
            street=texts["street"],
            zip_code=texts["zipcode"],
            city=texts["city"],
            phone=texts["phone"],
            wholesaler=wholesaler,
            registered_on=call.now[:10],
            modified_at=call.now,
            active_shops=list(shop_ids),
        )
        call.panel.add(customer)
        for channel, given in overall.items():
            stated = {shop_id: given for shop_id in shop_ids if given is not None}
            call.panel.approve(customer, channel, {**stated, **approvals[channel]}, call.now)
        return customer

    return make


GATES: dict[tuple[str, str], Gate] = {
    ("PUT", "clients/clients"): Gate(edit, "crm", "rw", Wants.OBJECT, frozenset({"clients"})),
    ("POST", "clients/clients"): Gate(create, "crm", "rw", Wants.OBJECT, frozenset({"clients"})),
}
