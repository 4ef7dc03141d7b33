"""`python -m benchmarks growth`: what an event costs as customers, open deadlines and a customer's orders grow."""

from typing import Final

from benchmarks.delays import now
from benchmarks.report import RESULTS, Result, Table
from benchmarks.scale.growth import by_customers, by_deadlines, by_journeys
from benchmarks.scale.plot import lines

_JOURNEYS_SHOWN: Final = "![One event of a customer with many open orders](../benchmarks/results/journeys.svg)"


def measure(scale: float) -> Result:
    """Measure it over the stages alone, without Kafka; `scale` multiplies customers and deadlines."""
    at = now()
    journeys, customers, open_ = by_journeys(at), by_customers(at, scale), by_deadlines(at, scale)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "journeys.svg").write_text(_journeys_plot(journeys), "utf-8")
    data = {"journeys": journeys, "customers": customers, "deadlines": open_}
    tables = [_growth(customers, open_), _journeys(journeys)]
    return Result("growth", tables, [_JOURNEYS_SHOWN], data, _growth_plot(customers, open_))


def _growth_plot(customers: dict[int, float], deadlines: dict[int, dict[str, float]]) -> str:
    series = {
        "beside the mix": customers,
        "beside open orders": {count: beside["event"] for count, beside in deadlines.items()},
        "a deadline that fires": {count: beside["deadline"] for count, beside in deadlines.items()},
    }
    return lines("One event beside so many customers", "customers", "µs in the stages", series, in_decades=True)


def _journeys_plot(journeys: dict[str, dict[int, float]]) -> str:
    title = "One event of a customer with many open orders"
    return lines(title, "open orders of the customer", "µs in the journey stage", journeys)


def _growth(customers: dict[int, float], deadlines: dict[int, dict[str, float]]) -> Table:
    table = Table(
        "Processor time of an event in the stages, µs",
        ("customers", "beside the mix", "beside as many open orders", "a deadline that fires and opens a problem"),
    )
    for (count, micros), beside in zip(customers.items(), deadlines.values(), strict=True):
        table.add(f"{count:,}", f"{micros:.0f}", f"{beside['event']:.0f}", f"{beside['deadline']:.0f}")
    return table


def _journeys(journeys: dict[str, dict[int, float]]) -> Table:
    counts = list(journeys["state_bytes"])
    table = Table(
        "Processor time of one event in the journey stage, µs, by open orders of its customer",
        ("", *(f"{count}" for count in counts)),
    )
    for name, micros in journeys.items():
        label = "the customer's state in the end, bytes" if name == "state_bytes" else name
        table.add(label, *(f"{micros[count]:,.0f}" for count in counts))
    return table
