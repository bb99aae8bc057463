"""The contract that is committed: valid, and what the code says."""

from pathlib import Path

import yaml
from openapi_spec_validator import validate

from app.routers.events.endpoints import EVENTS
from app.server.contract_text import openapi_yaml

ROOT = Path(__file__).parents[2]


def test_the_committed_contract_is_what_the_code_says() -> None:
    assert (ROOT / "openapi.yaml").read_text() == openapi_yaml(), "run `make openapi` and read the difference"


def test_the_contract_is_valid_openapi_with_an_operation_id_an_example_and_errors_for_every_event() -> None:
    document = yaml.load((ROOT / "openapi.yaml").read_text(), Loader=yaml.CSafeLoader)
    validate(document)
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))
    events = [operation for operation in operations if "Shop: events" in operation["tags"]]
    assert len(events) == len(EVENTS) + 1, "one for each kind, and the batch"
    for operation in events:
        content = operation["requestBody"]["content"]["application/json"]
        assert content["examples"]
        assert {"401", "404", "413", "422", "503"} <= operation["responses"].keys()
        assert operation["description"]
