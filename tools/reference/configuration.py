"""Settings of the process, and the file of shops."""

from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from app.configuration.entries import AccountEntry, ConsentsEntry, DoubleOptInEntry, ShopEntry
from app.configuration.settings import Settings
from app.configuration.shop_parts import BackfillEntry, PanelEntry, SourceEntry
from tools.reference.markdown import page, table


def settings() -> str:
    rows = [
        [f"`GATEWAY_{name.upper()}`", _type_of(field), _default_of(field), _unit_of(name), field.description]
        for name, field in Settings.model_fields.items()
    ]
    intro = """
Settings of the process come from the environment, and are read once, when it starts. Settings of accounts and shops stand in
[the file of shops](shops-file.md). Lists are separated by commas.
"""
    return page("Settings of the process", intro, table(["variable", "type", "default", "unit", "meaning"], rows))


_UNITS = {"_seconds": "seconds", "_days": "days", "_per_minute": "per minute"}


def _unit_of(name: str) -> str:
    return next((unit for end, unit in _UNITS.items() if name.endswith(end)), "")


_TYPES = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "Path": "path",
    "AwareDatetime": "time with offset",
    "IPv4Network": "network",
    "IPv6Network": "network",
}


def _type_of(field: FieldInfo) -> str:
    return _type_words(field.annotation)


def _type_words(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in arguments)
    if origin in (UnionType, Union):
        return " or ".join(dict.fromkeys(_type_words(one) for one in arguments if one is not type(None)))
    if origin is tuple:
        return f"list of {_type_words(arguments[0])}"
    if origin is dict or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return "table"
    if origin is not None:
        return _type_words(arguments[0])
    name = getattr(annotation, "__name__", str(annotation))
    return _TYPES.get(name, name)


def _default_of(field: FieldInfo) -> str:
    default = field.default
    if default is PydanticUndefined:
        return "**required**"
    if default in (None, "", ()) or default == {} or isinstance(default, BaseModel):
        return "none"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


_TABLES: tuple[tuple[str, type[BaseModel], str], ...] = (
    ("`[accounts.NAME]`", AccountEntry, "An account at SALESmanago. Several shops may share one."),
    ("`[shops.NAME]`", ShopEntry, "A shop. NAME stands in every path and command: lower-case letters, digits and `-`."),
    ("`[shops.NAME.panel]`", PanelEntry, "The shop's side: where opt-outs, tags and points are written."),
    ("`[shops.NAME.source]`", SourceEntry, "The platform that tells the gateway by itself what happens."),
    ("`[shops.NAME.backfill]`", BackfillEntry, "The first transfer of the accounts that exist already."),
    ("`[shops.NAME.consents]`", ConsentsEntry, "Consents as they are called in SALESmanago, where they must exist."),
    (
        "`[shops.NAME.double_opt_in]`",
        DoubleOptInEntry,
        "Who asks a subscriber of the e-mail newsletter to confirm. Off by default.",
    ),
)
_BELOW = ("panel", "source", "backfill", "consents")


def shops_file() -> str:
    intro = """
Accounts and shops stand in one TOML file. `gateway apply shops.toml` checks it as a whole, names every mistake, shows what changes
and for how many people, asks, and stores it. What the file does not mention stays as it is.

Secrets are references: `"env:NAME"` is read from the environment of `gateway apply`, `"file:/path"` from a file. They are stored
encrypted under `GATEWAY_ENCRYPTION_KEYS`.
"""
    return page("The file of shops", intro, *(_entry(*one) for one in _TABLES))


def _entry(title: str, model: type[BaseModel], intro: str) -> str:
    rows = [
        [f"`{field.alias or name}`", _type_of(field), _default_of(field), field.description]
        for name, field in model.model_fields.items()
        if not (model is ShopEntry and name in _BELOW)
    ]
    return f"## {title}\n\n{intro}\n\n" + table(["setting", "type", "default", "meaning"], rows)
