"""How a customer looks in the two gates which show customers."""

from app.sandbox.panel.memory.model import ZERO_TIME, Channel, Customer
from app.sandbox.panel.memory.world import Panel
from app.sandbox.salesmanago.memory.model import JsonObject

CHANNELS = {Channel.EMAIL: "Email", Channel.SMS: "Sms"}
"""How field names spell the channels."""
CRM_TYPES = {"private": "person", "male": "person_male", "female": "person_female", "firm": "firm"}


def whole(panel: Panel, one: Customer) -> JsonObject:
    """A customer as clients/clients shows it: address nested, approvals as dates."""
    return {
        "clientId": one.id,
        "clientsLastModificationDate": one.modified_at,
        "clientLogin": one.login,
        "clientCodeExternal": one.code_external,
        "clientEmail": one.email,
        "clientType": one.type,
        "isUnregistered": "y" if one.unregistered else "n",
        "clientBillingAddress": {**_names(one), **_address(one), "clientPhone1": one.phone, "clientPhone2": one.landline},
        "clientPersonalData": {"clientBirthDate": one.birth_date},
        "clientPreferences": {
            "langId": one.language,
            "currencyId": one.currency,
            "clientIsWholesaler": "yes" if one.wholesaler else "no",
            "clientVatPreferences": "bycountry",
            "clientGroupDiscountNumber": 0,
            "clientGroupDiscountName": None,
        },
        "newsletterEmailApprovalsData": _dates(one, Channel.EMAIL),
        "newsletterSmsApprovalsData": _dates(one, Channel.SMS),
        "clientBalances": [],
        "clientRegistrationDate": one.registered_on,
        "clientActiveInShops": _active_in(panel, one),
    }


def _names(one: Customer) -> JsonObject:
    return {
        "clientFirstName": one.first_name,
        "clientLastName": one.last_name,
        "clientNip": one.nip,
        "clientFirm": one.firm,
    }


def _address(one: Customer) -> JsonObject:
    return {
        "clientStreet": one.street,
        "clientZipCode": one.zip_code,
        "clientCity": one.city,
        "clientCountryId": one.country,
        "clientRegionId": "",
        "clientProvinceId": one.province,
    }


def _dates(one: Customer, channel: Channel) -> list[JsonObject]:
    """Shops about which nothing was ever said have no row."""
    field = f"newsletter{CHANNELS[channel]}ApprovalDate"
    return [{field: said.since, "shopId": shop_id} for shop_id, said in sorted(one.consents[channel].items())]


def _active_in(panel: Panel, one: Customer) -> list[JsonObject]:
    return [{"shopId": shop_id, "shopName": panel.shops[shop_id].name} for shop_id in one.active_shops]


def crm_row(panel: Panel, one: Customer) -> JsonObject:
    """A customer as clients/crm/search shows it: flat, without address, approvals as y and n."""
    orders = panel.orders_of(one)
    return {
        "clientId": one.id,
        "clientLogin": one.login,
        "clientEmail": one.email,
        "clientType": CRM_TYPES[one.type],
        "clientIsWholesaler": "yes" if one.wholesaler else "no",
        "clientCountryId": one.country,
        "langId": one.language,
        **_names(one),
        "clientPhone1": one.phone,
        "clientPhone2": one.landline,
        "clientNote": one.note,
        "clientCodeExternal": one.code_external,
        "clientLastPurchaseDate": max((order.added_at for order in orders), default=ZERO_TIME),
        "clientLastLoginDate": ZERO_TIME,
        "clientActiveInShops": _active_in(panel, one),
        "newsletterEmailApprovalsData": _answers(one, Channel.EMAIL),
        "newsletterSmsApprovalsData": _answers(one, Channel.SMS),
        "clientOrdersAllCount": len(orders),
        "clientTotalOrdersValue": round(sum(order.total for order in orders), 2),
        "clientLoyaltyPoints": 0,
    }


def _answers(one: Customer, channel: Channel) -> list[JsonObject]:
    field = f"inNewsletter{CHANNELS[channel]}Approval"
    shop_ids = sorted({*one.active_shops, *one.consents[channel]})
    return [{field: "y" if one.approves(channel, shop_id) else "n", "shopId": shop_id} for shop_id in shop_ids]
