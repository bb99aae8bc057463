"""The contract as the text of `openapi.yaml`."""

import json

import yaml

from app.server.application import openapi


def openapi_yaml() -> str:
    document = json.loads(json.dumps(openapi()))  # so that nothing stands there by reference
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as they are read."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
