"""Events by day as rectangles: what a template draws as SVG, beside the table that says the same in words (R92, R95)."""

from dataclasses import dataclass

from app.domain.operations.history import Day

HEIGHT = 60.0
STEP = 10.0
WIDTH = 7.0
"""Of a column, in units of the drawing; a day takes `STEP`."""


@dataclass(frozen=True)
class Rectangle:
    kind: str
    x: float
    y: float
    height: float


@dataclass(frozen=True)
class Chart:
    days: list[Day]
    rectangles: list[Rectangle]
    most: int
    """Events of the busiest day: the full height."""

    @property
    def width(self) -> float:
        return STEP * max(len(self.days), 1)

    @property
    def total(self) -> int:
        return sum(one.accepted for one in self.days)


def chart_of(days: list[Day]) -> Chart:
    """Columns from the bottom: sent, on the way, not sent."""
    most = max((one.accepted for one in days), default=0)
    rectangles = []
    for number, one in enumerate(days):
        bottom = HEIGHT
        for kind, count in (("sent", one.sent), ("planned", one.open), ("withheld", one.not_sent)):
            if count:
                height = HEIGHT * count / most
                bottom -= height
                rectangles.append(Rectangle(kind, number * STEP + (STEP - WIDTH) / 2, round(bottom, 2), round(height, 2)))
    return Chart(days, rectangles, most)
