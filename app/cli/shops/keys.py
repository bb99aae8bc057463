"""`gateway keys`: those of shops and of staff, and the one that encrypts what is stored."""

import sys
from typing import Annotated

import typer
from rich.markup import escape

from app.cli.common import AsJson, InPolish, ask, fail, local, out, run, show_json, show_table, table_of, wording_of
from app.domain.shops.configuration import SHOP_ROLE, STAFF_ROLES

keys = typer.Typer(no_args_is_help=True, help="Keys of shops and operators.")


@keys.command("issue")
def issue_key(
    shop: Annotated[str | None, typer.Argument(help="The shop the key is for.")] = None,
    role: Annotated[str, typer.Option(help="shop; or for people: reader, operator or admin.")] = SHOP_ROLE,
    name: Annotated[str, typer.Option(help="Who uses it; shown in lists and in the audit log.")] = "",
    days: Annotated[float | None, typer.Option(help="After so many days it ends by itself.")] = None,
    polish: InPolish = False,  # noqa: ARG001  # of its refusals
) -> None:
    """Make a key. It is printed alone, this once, and stored only as a hash."""
    if role not in (SHOP_ROLE, *STAFF_ROLES):
        fail(f"--role is one of {', '.join((SHOP_ROLE, *STAFF_ROLES))}.")
    if role == SHOP_ROLE and shop is None:
        fail("Name the shop: gateway keys issue SHOP")
    if role != SHOP_ROLE and shop is not None:
        fail("A key for people reads every shop; leave the shop out, or leave out --role.")

    async def step() -> None:
        said = {"shop": shop, "role": role, "name": name or None, "days": days}
        answer = await ask("POST", "/keys", params={key: value for key, value in said.items() if value is not None})
        sys.stdout.write(answer["key"] + "\n")

    run(step())


@keys.command("list")
def list_keys(polish: InPolish = False, as_json: AsJson = False) -> None:
    """Keys by id; the keys themselves are known to nobody."""

    async def step() -> None:
        found = await ask("GET", "/keys")
        if as_json:
            show_json(found)
            return
        table = table_of(*_KEY_COLUMNS[polish])
        never, revoked = ("nigdy", "unieważniony") if polish else ("never", "revoked")
        for key in found["keys"]:
            whose = " ".join(filter(None, (key["shop"], key["name"])))
            ends = f"{revoked} {_day(key['revoked_at'])}" if key["revoked_at"] else _day(key["expires_at"])
            used = local(key["last_used_at"], seconds=False) if key["last_used_at"] else never
            role = wording_of("_pl").word("role", key["role"]) if polish else key["role"]
            table.add_row(key["id"], role, escape(whose), _day(key["created_at"]), used, ends)
        show_table(table)

    run(step())


_KEY_COLUMNS = (
    ("id", "role", "whose", "made", "last used", "ends"),
    ("id", "rola", "czyj", "wydany", "ostatnio użyty", "wygasa"),
)


def _day(at: str | None) -> str:
    return local(at, seconds=False)[:10] if at else ""


@keys.command("revoke")
def revoke_key(key_id: str, polish: InPolish = False) -> None:
    """Revoke a key by its id."""

    async def step() -> None:
        await ask("DELETE", f"/keys/{key_id}")
        out.print("Unieważniono." if polish else "Revoked.")

    run(step())


@keys.command("rotate")
def rotate_keys(polish: InPolish = False, as_json: AsJson = False) -> None:
    """Encrypt every stored secret anew with the newest key, and say when the older ones may go.

    First put the new key in front of the old one in GATEWAY_ENCRYPTION_KEYS and restart every process.
    """
    from app.configuration.settings import Settings
    from app.services.shops.keyring import KeyRing

    async def step() -> None:
        newest = KeyRing(list(Settings().encryption_keys)).fingerprint
        done = await ask("POST", "/keys/rotation", params={"newest": newest})
        if as_json:
            show_json(done)
            return
        say = _ROTATED[polish]
        out.print(say["done"].format(**done))
        if done["old_keys_may_go_at"] is None:
            out.print(say["only"])
            return
        out.print(say["older"].format(local(done["old_keys_may_go_at"], seconds=False)))

    run(step())


_ROTATED = (
    {
        "done": "{closed_anew} of {secrets} stored secrets were encrypted anew; all are under the key {newest}.",
        "only": "It is the only key.",
        "older": "Recovery links of carts that the older keys made are good until {}. After that, or now if those links need not "
        "open any more, take the older keys out of GATEWAY_ENCRYPTION_KEYS and restart every process. Keep them as long as a "
        "backup from before today may be restored.",
    },
    {
        "done": "Zapisane hasła i klucze: {secrets}, zaszyfrowano na nowo: {closed_anew}. Wszystkie są teraz zaszyfrowane kluczem "
        "{newest}.",
        "only": "To jedyny klucz.",
        "older": "Linki do porzuconych koszyków utworzone ze starszymi kluczami działają do {}. Po tym czasie, albo już teraz, "
        "jeśli te linki nie muszą działać, usuń starsze klucze z GATEWAY_ENCRYPTION_KEYS i uruchom ponownie wszystkie procesy. "
        "Zachowaj je tak długo, jak długo może być potrzebna kopia zapasowa sprzed dzisiaj.",
    },
)


@keys.command("encryption")
def encryption_key(polish: InPolish = False) -> None:  # noqa: ARG001  # of its refusals
    """Make a key for GATEWAY_ENCRYPTION_KEYS."""
    from cryptography.fernet import Fernet

    sys.stdout.write(Fernet.generate_key().decode() + "\n")
