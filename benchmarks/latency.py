"""A quiet system: from the POST of one event to its call at SALESmanago."""

import time

import httpx

from benchmarks.orders import SHOP, an_order
from benchmarks.report import Figures, at_most
from benchmarks.stage import Stage


def measure(stage: Stage, figures: Figures) -> None:
    number = stage.size(200, 20)
    posted = []
    with (
        stage.gateway() as gateway,
        httpx.Client(base_url=gateway.world.url, headers=gateway.headers, timeout=30) as http,
    ):
        run, before = stage.run(), stage.sink.state()[1]
        for at in range(number):
            posted.append(time.time())
            http.post(f"/v1/shops/{SHOP}/orders", json=an_order(at, run, people=number)).raise_for_status()
            stage.sink.wait_for(before + at + 1, seconds=30)
            time.sleep(0.02)
    arrived = stage.sink.times()[1][before:]
    waits = sorted((end - start) * 1000 for start, end in zip(posted, arrived, strict=True))
    figures.add("quiet: POST to the order's call, p50", waits[len(waits) // 2], "ms")
    figures.add("quiet: POST to the order's call, p99", waits[int(len(waits) * 0.99)], "ms", at_most(250))
