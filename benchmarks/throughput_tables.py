"""How a throughput run is told: one table of paces, one of parts, one of the load."""

from statistics import median
from typing import NamedTuple

from benchmarks.before import before
from benchmarks.core import Ceiling
from benchmarks.load import Load
from benchmarks.plot import Bar, bars
from benchmarks.report import Result, Table


class Contestant(NamedTuple):
    """Who runs, on how many events (so that each takes some ten seconds or more), and with which guarantee."""

    name: str
    command: tuple[str, ...]
    events: int
    guarantee: str
    rounds: int
    workers: int = 1


class Round(NamedTuple):
    """One contestant's run over a load that lies ready in the input topics."""

    events: int
    events_per_second: float
    worker_micros: float
    broker_micros: float
    other_cores: float


def outcome(
    contestants: list[Contestant], load: Load, rounds: dict[str, list[Round]], ceilings: list[Ceiling]
) -> Result:
    """Return tables, sentences and data of a run; the first contestant is ours, alone."""
    ours, *others = contestants
    single = [one for one in others if one.workers == 1]
    core = median(one.events_per_second for one in ceilings)
    elsewhere = [one.other_cores for done in rounds.values() for one in done]
    noise = f"Other processes used {median(elsewhere):.2f} cores during the rounds, at most {max(elsewhere):.2f}."
    beside = {one.name: 1e6 / _pace(rounds[one.name]) - 1e6 / core for one in (ours, *single)}
    data = {
        "rounds": {name: [one._asdict() for one in done] for name, done in rounds.items()},
        "ceiling": [one._asdict() for one in ceilings],
        "mix": load.mix(),
        "times": {one.name: _pace(rounds[ours.name]) / _pace(rounds[one.name]) for one in single},
        "times_less_processor_time": {one.name: _work(rounds[one.name]) / _work(rounds[ours.name]) for one in single},
        "micros_beside_the_stages": beside,
    }
    return Result(
        "throughput",
        [_paces(contestants, rounds, ceilings), _parts(rounds[ours.name], ceilings), _mix(load)],
        [*(_compared(ours, one, rounds) for one in single), _engines(beside, core), *_scaling(others, rounds), noise],
        data,
        _plot(contestants, rounds, ceilings),
    )


def _plot(contestants: list[Contestant], rounds: dict[str, list[Round]], ceilings: list[Ceiling]) -> str:
    rows = []
    for one in contestants:
        paces = [each.events_per_second for each in rounds[one.name]]
        weak = not one.guarantee.startswith("exactly once")
        note = f"{_work(rounds[one.name]):.0f} µs each"
        rows.append(Bar(one.name, median(paces), min(paces), max(paces), note, one is contestants[0], weak))
    paces = [each.events_per_second for each in ceilings]
    note = f"{1e6 / median(paces):.0f} µs each"
    rows.append(Bar("the stages alone, no Kafka", median(paces), min(paces), max(paces), note, ours=False, weak=True))
    return bars(
        "Events a second through the whole path",
        "the same stages in each engine, same broker and load, in turns; µs: the workers' processor time an event",
        sorted(rows, key=lambda row: -row.value),
        "filled: exactly once; hollow: less than that; line: least to most of the rounds",
    )


def _compared(ours: Contestant, other: Contestant, rounds: dict[str, list[Round]]) -> str:
    ratio = _pace(rounds[ours.name]) / _pace(rounds[other.name])
    each = [
        one.events_per_second / two.events_per_second
        for one, two in zip(rounds[ours.name], rounds[other.name], strict=True)
    ]
    work = _work(rounds[other.name]) / _work(rounds[ours.name])
    return (
        f"Makegood does {ratio:.1f} times as many events a second as {other.name} (round by round "
        f"{', '.join(f'{one:.1f}' for one in each)}), each for {work:.1f} times less processor time."
    )


def _engines(beside: dict[str, float], core: float) -> str:
    said = [f"{micros:,.0f} µs in {name}" for name, micros in beside.items()]
    (_, least), *_ = beside.items()
    share = 100 * 1e6 / core / (least + 1e6 / core)
    return (
        f"Beside the stages' own {1e6 / core:.0f} µs an event takes {', '.join(said)}; Makegood's pace is "
        f"{share:.0f} % of what the stages alone could."
    )


def _scaling(others: list[Contestant], rounds: dict[str, list[Round]]) -> list[str]:
    """Say what several workers of ours cost; on a machine whose cores they share with the broker, not how fast."""
    return [
        f"{one.name}: {_work(rounds[one.name]):.0f} µs of processor time an event in both together, the broker's "
        f"{median(each.broker_micros for each in rounds[one.name]):.0f}."
        for one in others
        if one.workers > 1
    ]


def _pace(rounds: list[Round]) -> float:
    return median(one.events_per_second for one in rounds)


def _work(rounds: list[Round]) -> float:
    return median(one.worker_micros for one in rounds)


def _paces(contestants: list[Contestant], rounds: dict[str, list[Round]], ceilings: list[Ceiling]) -> Table:
    table = Table(
        "Events per second through the whole path, median of the rounds",
        ("", "events/s", "least to most", "events a round", "worker µs/event", "broker µs/event", "guarantee"),
    )
    for one in contestants:
        done = rounds[one.name]
        paces = [each.events_per_second for each in done]
        broker = median(each.broker_micros for each in done)
        table.add(
            one.name, *_spread(paces), f"{done[0].events:,}", f"{_work(done):.0f}", f"{broker:.0f}", one.guarantee
        )
    paces = [each.events_per_second for each in ceilings]
    micros = 1e6 / median(paces)
    table.add("the stages alone, no Kafka", *_spread(paces), f"{ceilings[0].events:,}", f"{micros:.0f}", "", "none")
    return table


def _spread(paces: list[float]) -> tuple[str, str]:
    return f"{median(paces):,.0f}", f"{min(paces):,.0f} to {max(paces):,.0f}"


def _parts(rounds: list[Round], ceilings: list[Ceiling]) -> Table:
    earlier = before()
    columns = ("part", "µs/event", earlier.title, "what")
    table = Table("Where the microseconds of one event go (processor time, Makegood)", columns)
    micros = {part: median(one.micros[part] for one in ceilings) for part in ceilings[0].micros}
    for part, cost in micros.items():
        table.add(part, f"{cost:.1f}", earlier.micros(part), "the stage alone, over memory")
    rest = _work(rounds) - sum(micros.values())
    what = "the worker's processor time less the stages: client, batches, transactions, Faust"
    table.add("Kafka", f"{rest:.1f}", earlier.micros("Kafka"), what)
    codec = {part: median(one.codec_micros[part] for one in ceilings) for part in ceilings[0].codec_micros}
    for part, cost in codec.items():
        name = f"codec: {part}"
        table.add(name, f"{cost:.1f}", earlier.micros(name), "contained in the stages")
    return table


def _mix(load: Load) -> Table:
    mix = load.mix()
    table = Table("The load", ("what", "how much"))
    table.add("events", f"{mix['events']:,} of {mix['orders']:,} orders of {mix['customers']:,} customers")
    table.add("orders with a problem", f"{mix['orders_with_a_problem_percent']} %")
    table.add("mean input value", f"{mix['mean_value_bytes']} bytes of Avro")
    for name, share in mix["percent_of_events"].items():
        table.add(name, f"{share} % of events")
    return table
