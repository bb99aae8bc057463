"""The file of shops that `GATEWAY_CONFIG` names: what it changes is told and written down, as if somebody had applied it."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from structlog.testing import capture_logs

from app.bootstrap.gateway import open_gateway
from app.configuration.settings import Settings
from app.domain.consent import Policy
from app.domain.errors import BadConfiguration
from app.domain.operations.audit import Action, Actor, AuditEntry, Door
from tests.support.databases import migrated_file
from tests.support.running.terminals import ONE_SHOP

KEY = Fernet.generate_key().decode()


class Start:
    def __init__(self, folder: Path) -> None:
        self.file = folder / "boot.toml"
        self.database = folder / "gateway.db"
        self.database.write_bytes(migrated_file().read_bytes())

    async def __call__(self, shops: str) -> tuple[list[AuditEntry], list[dict[str, object]], Policy | None]:
        self.file.write_text(shops)
        settings = Settings(database_url=f"sqlite+aiosqlite:///{self.database}", encryption_keys=(KEY,), config=self.file)
        with capture_logs() as logged:
            async with open_gateway(settings) as gateway:
                shop = gateway.directory.shop("shop1")
                lines = [entry for _, entry in await gateway.audit.newest()]
        told = [one for one in logged if one["event"] == "configuration_changes"]
        return lines, told, shop and shop.policy


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    monkeypatch.setenv("TEST_SECRET", "a-secret-of-the-account")
    return Start(tmp_path)


async def test_r95_a_configuration_at_start_has_a_line_of_who_and_what(start: Start) -> None:
    lines, told, policy = await start(ONE_SHOP)
    assert policy is Policy.ALL_CUSTOMERS
    assert [(one.action, one.actor) for one in lines] == [(Action.CONFIGURED, Actor(Door.START, "boot.toml"))]
    assert "shop1" in lines[0].after
    assert "a-secret" not in repr(lines) + repr(told)
    assert [one["file"] for one in told] == [str(start.file)]


async def test_r94_a_stricter_policy_at_start_is_logged_with_what_it_sets_going(start: Start) -> None:
    await start(ONE_SHOP)
    lines, told, policy = await start(ONE_SHOP.replace("all_customers", "order_consent"))
    assert policy is Policy.ORDER_CONSENT
    assert [one for one in lines[0].after.splitlines() if "order_consent" in one]
    assert len(lines) == 2
    [warning] = told
    assert [one for one in warning["changes"] if "order_consent" in one]  # type: ignore[attr-defined]
    assert [one for one in warning["consequences"] if one.startswith("shop shop1: ")]  # type: ignore[attr-defined]


async def test_a_start_with_the_same_file_changes_and_tells_nothing(start: Start) -> None:
    await start(ONE_SHOP)
    lines, told, _ = await start(ONE_SHOP)
    assert (len(lines), told) == (1, [])


async def test_r16_a_file_at_start_cannot_move_the_location_of_a_shop(start: Start) -> None:
    await start(ONE_SHOP)
    with pytest.raises(BadConfiguration, match="it is 'sklep_example' for ever"):
        await start(ONE_SHOP.replace('"sklep_example"', '"sklep_elsewhere"'))
    assert (await start(ONE_SHOP))[1] == []  # nothing of the other file was stored


async def test_what_the_process_does_later_is_not_done_by_the_file(start: Start) -> None:
    start.file.write_text(ONE_SHOP)
    settings = Settings(database_url=f"sqlite+aiosqlite:///{start.database}", encryption_keys=(KEY,), config=start.file)
    async with open_gateway(settings) as gateway:
        await gateway.audit.note(Action.REPLAYED)
        assert [entry.action for _, entry in await gateway.audit.newest()] == [Action.CONFIGURED]
