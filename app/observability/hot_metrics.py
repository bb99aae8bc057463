"""Metrics of what happens for every request: plain numbers, which become samples only when somebody reads them.

The library's own kinds take a lock and some sixty steps for each number that is counted. Here all is counted on one event loop.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector


class HotCounter(Collector):
    """As `prometheus_client.Counter`: how often, by label values."""

    type = "counter"

    def __init__(self, name: str, documentation: str, labels: Sequence[str], registry: CollectorRegistry) -> None:
        self.name = name
        self.documentation = documentation
        self.labels = tuple(labels)
        self._counts: Counter[tuple[str, ...]] = Counter()
        registry.register(self)

    def count(self, *values: str, number: int = 1) -> None:
        """`values`: of the labels, in their order."""
        self._counts[values] += number

    def describe(self) -> Iterator[CounterMetricFamily]:
        yield CounterMetricFamily(self.name, self.documentation, labels=self.labels)

    def collect(self) -> Iterator[CounterMetricFamily]:
        family = CounterMetricFamily(self.name, self.documentation, labels=self.labels)
        for values, number in self._counts.items():
            family.add_metric(values, number)
        yield family


class HotHistogram(Collector):
    """As `prometheus_client.Histogram`, without labels: how many seconds it took."""

    type = "histogram"
    labels: Sequence[str] = ()

    def __init__(self, name: str, documentation: str, buckets: Sequence[float], registry: CollectorRegistry) -> None:
        self.name = name
        self.documentation = documentation
        self._bounds = tuple(buckets)
        self._counts = [0] * (len(buckets) + 1)
        self._sum = 0.0
        registry.register(self)

    def observe(self, seconds: float) -> None:
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    def describe(self) -> Iterator[HistogramMetricFamily]:
        yield HistogramMetricFamily(self.name, self.documentation)

    def collect(self) -> Iterator[HistogramMetricFamily]:
        bounds = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        yield HistogramMetricFamily(
            self.name, self.documentation, list(zip(bounds, accumulate(self._counts), strict=True)), self._sum
        )
