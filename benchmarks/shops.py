"""Ten thousand shops that are configured and idle: how soon the gateway is up, and what it costs to have them."""

import os
import time
from pathlib import Path

import chaos.world
from benchmarks.report import Figures, at_most
from benchmarks.stage import Stage
from chaos.world import Setting, World

IDLE_SECONDS = 20
_TICKS = os.sysconf("SC_CLK_TCK")


def measure(stage: Stage, figures: Figures) -> None:
    """Each shop with a panel that pushes, five to an account; nothing ever happens. One process on SQLite, from an empty file."""
    shops, idle = stage.size(10_000, 200), stage.size(IDLE_SECONDS, 3)
    folder = stage.folder / stage.run()
    folder.mkdir()
    world = World(folder, Setting(environment={"GATEWAY_POLL_SECONDS": "1", "GATEWAY_DIRECTORY_SECONDS": "5"}))
    world.shops_file.write_text(_configuration(shops))
    patience, chaos.world.START_SECONDS = chaos.world.START_SECONDS, 600.0
    name = f"{shops:,} idle shops"
    try:
        figures.add(f"{name}: first start", _started(world), "s")
        world.gateway.stop()
        figures.add(f"{name}: start with the same file", _started(world), "s", at_most(15))
        time.sleep(idle)  # what is done once after a start is over
        before = _cpu(world)
        time.sleep(idle)
        figures.add(f"{name}: of one core, while nothing happens", (_cpu(world) - before) / idle * 100, "%", at_most(3))
        figures.add(f"{name}: memory", world.gateway.memory_mb(), "MB")
    finally:
        chaos.world.START_SECONDS = patience
        world.close()


def _started(world: World) -> float:
    began = time.monotonic()
    world.serve()
    return time.monotonic() - began


def _cpu(world: World) -> float:
    fields = Path(f"/proc/{world.gateway.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _configuration(shops: int) -> str:
    accounts = [_ACCOUNT.format(number=number) for number in range(1, shops // 5 + 1)]
    return "".join([*accounts, *(_SHOP.format(number=number, account=number % (shops // 5) + 1) for number in range(1, shops + 1))])


_ACCOUNT = """
[accounts.a{number}]
endpoint = "http://127.0.0.1:9"
client_id = "client-{number}"
api_secret = "env:CHAOS_SECRET"
owner = "owner@example.com"
"""
_SHOP = """
[shops.s{number}]
account = "a{account}"
host = "s{number}.example.com"
location = "s{number}_example"
number = 1
policy = "order_consent"
integration_started_at = 2026-01-01T00:00:00+01:00
[shops.s{number}.source]
kind = "idosell"
panel = {number}
tokens = ["env:CHAOS_TOKEN"]
consent_box = "webhook"
scan = false
"""
