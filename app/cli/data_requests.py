"""Commands for what people ask of a shop about their data: to see what is stored, and to be erased."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from app.cli.common import AsJson, InPolish, ask, out, run, show_json, show_table, sure, table_of, typed, write_for_owner

Shop = Annotated[str, typer.Argument(help="The shop of which the person asked.")]
Email = Annotated[str, typer.Argument(help="The person, by any address they ever had in the shop.")]


def erase(
    shop: Shop,
    email: Email,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    polish: InPolish = False,
    as_json: AsJson = False,
) -> None:
    """Erase a person: shows who it is and what is deleted where, then asks. Cannot be undone.

    The person is deleted here and in SALESmanago, under every address they ever had in the shop. Other shops of the account keep
    what they hold themselves, and are notified. `gateway why` with the id that is printed shows how it ended.
    """

    async def step() -> None:
        wanted = {"shop": shop, "email": email}
        preview = await ask("POST", "/erasures", json={"mode": "preview", **wanted})
        say = _WORDS[polish]
        if not as_json:
            _show_preview(preview, say)
        if not yes:
            sure(say["sure"], to_error=as_json)
        done = await ask("POST", "/erasures", json={"mode": "run", **wanted})
        if as_json:
            show_json(done)
            return
        out.print(say["queued"])
        shown = typed(shlex.join(["gateway", "why", done["event_id"]]), polish=polish)
        out.print(f"    [dim]{escape(shown)}[/dim]", soft_wrap=True)

    run(step())


def _show_preview(found: dict[str, Any], say: dict[str, str]) -> None:
    known = found["known"]
    out.print(f"[bold]{escape(found['shop'])}[/bold]  {escape(', '.join(found['addresses']))}")
    if known is None:
        out.print(f"    {say['erased'] if found['erased'] else say['unknown']}")
    else:
        yes_or_no = (say["no"], say["yes"])
        out.print(f"    {say['name']}: {escape(known['name'] or '—')}")
        out.print(f"    {say['account']}: {escape(known['customer_id']) or yes_or_no[known['account']]}")
        for name in ("email_news", "phone_news", "in_salesmanago"):
            out.print(f"    {say[name]}: {yes_or_no[known[name]]}")
    there = ", ".join(found["deleted_in_salesmanago"])
    out.print(f"    {say['there']}: {escape(there) or say['nothing_there']}")
    out.print(f"    {say['here'].format(**found)}")
    if found["shops_notified"]:
        out.print(f"    {say['shops_notified']}: {escape(', '.join(found['shops_notified']))}")
    if found["held"]:
        out.print(f"    [yellow]{say['held']}[/yellow]")


_WORDS = (
    {
        "yes": "yes",
        "no": "no",
        "name": "name",
        "account": "account in the shop",
        "email_news": "newsletter by e-mail",
        "phone_news": "newsletter by SMS",
        "in_salesmanago": "sent to SALESmanago",
        "unknown": "Nothing is known of that address in this shop. An erasure keeps it out from now on.",
        "erased": "This person was erased already, and nothing came since.",
        "there": "deleted in SALESmanago",
        "nothing_there": "nothing: this shop sent nobody there under that address",
        "here": "deleted here: contents of events ({events}), orders ({orders}), waiting commands ({waiting}); "
        "lines of the consent ledger ({acts}) stay, without wording and addresses",
        "shops_notified": "other shops of the account that are notified, and keep what they hold",
        "held": "The shop is disabled: the erasure waits until it is enabled.",
        "sure": "Erase this person? It cannot be undone.",
        "queued": "[green]The erasure is queued.[/green] How it ends shows:",
    },
    {
        "yes": "tak",
        "no": "nie",
        "name": "imię i nazwisko",
        "account": "konto w sklepie",
        "email_news": "newsletter e-mail",
        "phone_news": "newsletter SMS",
        "in_salesmanago": "przekazano do SALESmanago",
        "unknown": "W tym sklepie nic nie wiadomo o tym adresie. Po usunięciu starsze dane o nim nie będą już przyjmowane.",
        "erased": "Dane tej osoby już usunięto i od tego czasu nic nie przyszło.",
        "there": "zostanie usunięte w SALESmanago",
        "nothing_there": "nic: ten sklep nikogo tam pod tym adresem nie przekazał",
        "here": "zostanie usunięte tutaj: treść zdarzeń ({events}), zamówienia ({orders}), polecenia w kolejce ({waiting}); "
        "wpisy w rejestrze zgód ({acts}) zostają, bez treści i adresów",
        "shops_notified": "inne sklepy tego konta, które dostaną powiadomienie, a swoje dane zachowują",
        "held": "Sklep jest wyłączony: usunięcie poczeka, aż zostanie włączony.",
        "sure": "Usunąć dane tej osoby? Tego nie da się cofnąć.",
        "queued": "[green]Usunięcie jest w kolejce.[/green] Jak się skończyło, pokaże:",
    },
)


def access_report(
    shop: Shop,
    email: Email,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", metavar="FILE", help="Write it as a page for the person who asked, to a file that is not there yet."
        ),
    ] = None,
    polish: InPolish = False,
    as_json: AsJson = False,
) -> None:
    """Everything stored about a person: data, consents with their proof, tags, and what happened with what was passed on."""

    async def step() -> None:
        found = await ask("POST", "/access-reports", json={"shop": shop, "email": email, "language": "pl" if polish else "en"})
        if html is not None:
            write_for_owner(html, found["page"])
        if as_json:
            show_json(found["report"])
        elif html is not None:
            out.print(f"{'Zapisano' if polish else 'Written'}: {escape(str(html))}", soft_wrap=True, highlight=False)
        else:
            for section in found["sections"]:
                _show_section(section)

    run(step())


def _show_section(section: dict[str, Any]) -> None:
    if section["title"]:
        out.print(f"[bold]{escape(section['title'])}[/bold]")
    for words in section["words"]:
        out.print(escape(words))
    if section["rows"]:
        table = table_of(*(section["columns"] or [""] * len(section["rows"][0])))
        table.show_header = bool(section["columns"])
        for row in section["rows"]:
            table.add_row(*map(escape, row))
        show_table(table)
