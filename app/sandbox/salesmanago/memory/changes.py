"""The contact part of an upsert, read into a value: what is to change, in SALESmanago's own vocabulary."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.sandbox.salesmanago import fields
from app.sandbox.salesmanago.memory.model import Channel, JsonObject, RefusalError, Status
from app.sandbox.salesmanago.memory.tags import fold_all

CONTACT_FIELDS = ("name", "phone", "fax", "company", "externalId", "state")
ROOT_FIELDS = ("province", "birthday", "lang")
ADDRESS_FIELDS = ("streetAddress", "zipCode", "city", "country")
STATES = frozenset({"CUSTOMER", "PROSPECT", "PARTNER", "OTHER", "UNKNOWN"})
_BIRTHDAY = re.compile(r"(\d{4})?(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")

BOTH_FLAGS = "{yes} and {no} are both true: {no} wins"
_FORCE_FLAGS = {
    Channel.EMAIL: ("forceOptIn", "forceOptOut"),
    Channel.PHONE: ("forcePhoneOptIn", "forcePhoneOptOut"),
}


@dataclass(frozen=True)
class ContactChange:
    """Only what was sent is here; what is missing stays as it was."""

    fields: Mapping[str, str]
    address: Mapping[str, str]
    properties: Mapping[str, str]
    dictionary_properties: tuple[JsonObject, ...]
    consents: tuple[JsonObject, ...]
    add_tags: tuple[str, ...]
    remove_tags: tuple[str, ...]
    tag_scoring: bool
    forced: Mapping[Channel, Status]
    double_opt_in: bool
    new_email: str | None
    warnings: tuple[str, ...]


def read_change(item: Mapping[str, object], *, double_opt_in: bool, lang: str | None = None) -> ContactChange:
    """The change described by one upsert body, or by one item of a batch."""
    contact = fields.mapping(item, "contact")
    if fields.text(item, "loyaltyProgram"):
        raise RefusalError("Specified loyalty program does not exist")
    forced, warnings = _forced(item)
    root = {"lang": lang, **{key: item[key] for key in ROOT_FIELDS if item.get(key) is not None}}
    return ContactChange(
        fields=_checked({**_sent(contact, CONTACT_FIELDS), **_sent(root, ROOT_FIELDS)}),
        address=_sent(fields.mapping(contact, "address"), ADDRESS_FIELDS),
        properties=_properties(item),
        dictionary_properties=tuple(fields.objects(item, "dictionaryProperties")),
        consents=tuple(fields.objects(item, "consentDetails")),
        add_tags=fold_all(fields.texts(item, "tags")),
        remove_tags=fold_all(fields.texts(item, "removeTags")),
        tag_scoring=fields.flag(item, "tagScoring") is True,
        forced=forced,
        double_opt_in=double_opt_in,
        new_email=fields.email(item, "newEmail") if fields.text(item, "newEmail") else None,
        warnings=warnings,
    )


def nothing() -> ContactChange:
    """A change that only makes sure the contact is there."""
    return read_change({}, double_opt_in=False)


def _sent(source: Mapping[str, object], keys: tuple[str, ...]) -> dict[str, str]:
    values = {key: fields.text(source, key) for key in keys}
    return {key: value for key, value in values.items() if value is not None}


def _properties(item: Mapping[str, object]) -> dict[str, str]:
    sent = fields.mapping(item, "properties")
    return _sent(sent, tuple(sent))


def _checked(values: dict[str, str]) -> dict[str, str]:
    state, birthday = values.get("state"), values.get("birthday")
    if state is not None and state not in STATES:
        raise RefusalError("Invalid state")
    if birthday and not _BIRTHDAY.fullmatch(birthday):
        raise RefusalError("Invalid birthday, expected yyyyMMdd or MMdd")
    return values


def _forced(item: Mapping[str, object]) -> tuple[dict[Channel, Status], tuple[str, ...]]:
    forced: dict[Channel, Status] = {}
    warnings: list[str] = []
    for channel, (yes, no) in _FORCE_FLAGS.items():
        opt_in, opt_out = fields.flag(item, yes), fields.flag(item, no)
        if opt_in and opt_out:
            warnings.append(BOTH_FLAGS.format(yes=yes, no=no))
        if opt_out:
            forced[channel] = Status.OUT
        elif opt_in:
            forced[channel] = Status.IN
    return forced, tuple(warnings)
