"""The method system/authorise: a token that stands in for the API secret for a while (contract 2.13)."""

import hmac

from app.sandbox.salesmanago import fields
from app.sandbox.salesmanago.memory.model import Account, JsonObject, RefusalError
from app.sandbox.salesmanago.memory.world import World
from app.sandbox.salesmanago.wire import NOT_AUTHENTICATED

PATH = "system/authorise"
VALID_MS = 3_600_000


def authorise(world: World, accounts: list[Account], body: JsonObject, now: int) -> JsonObject:
    """`userName` is an owner of an account; the stand-in knows no passwords, so `password` is the account's API secret."""
    name, password = fields.text(body, "userName") or "", fields.text(body, "password") or ""
    for account in accounts:
        owners = {fields.email_key(owner) for owner in account.owners}
        if fields.email_key(name) in owners and hmac.compare_digest(password.encode(), account.api_secret.encode()):
            token, until = world.new_id(), now + VALID_MS
            world.tokens.setdefault(account.client_id, {})[token] = until
            return {"token": token, "clientId": account.client_id, "validTo": until}
    raise RefusalError(NOT_AUTHENTICATED)
