"""How a throughput run is told: one table of paces, one of parts, one of the load."""

from collections.abc import Iterable, Mapping
from statistics import median
from typing import Final, NamedTuple

from benchmarks.before import before
from benchmarks.core import Ceiling
from benchmarks.load import Load
from benchmarks.plot import Bar, bars
from benchmarks.report import Result, Table

_COLUMNS: Final = ("", "events/s", "least to most", "events a round", "worker µs/event", "broker µs/event", "guarantee")


class Contestant(NamedTuple):
    """Who runs, on how many events (so that each takes some ten seconds or more), and with which guarantee."""

    name: str
    command: tuple[str, ...]
    events: int
    guarantee: str
    rounds: int
    workers: int = 1
    between: bool = True
    """With further scans of each parcel, so that scans are 70 % of the events; else the marketplace's own events."""

    @property
    def said(self) -> str:
        """Return who runs on what."""
        return self.name if self.between else f"{self.name}, the marketplace's own events"


class Round(NamedTuple):
    """One contestant's run over a load that lies ready in the input topics."""

    events: int
    events_per_second: float
    worker_micros: float
    broker_micros: float
    other_cores: float


def outcome(load: Load, rounds: Mapping[Contestant, list[Round]], ceilings: list[Ceiling]) -> Result:
    """Return tables, sentences and data of a run; the first contestant is ours, alone.

    `load` is the one with further scans.
    """
    contestants = [one for one in rounds if one.between]
    plain, *others_plain = [one for one in rounds if not one.between]
    ours, *others = contestants
    single = [one for one in others if one.workers == 1]
    core = median(one.events_per_second for one in ceilings)
    elsewhere = [one.other_cores for done in rounds.values() for one in done]
    noise = f"Other processes used {median(elsewhere):.2f} cores during the rounds, at most {max(elsewhere):.2f}."
    beside = {one.name: 1e6 / _pace(rounds[one]) - 1e6 / core for one in (ours, *single)}
    data = {
        "rounds": {one.said: [each._asdict() for each in done] for one, done in rounds.items()},
        "ceiling": [one._asdict() for one in ceilings],
        "mix": load.mix(),
        "times": {one.name: _pace(rounds[ours]) / _pace(rounds[one]) for one in single},
        "times_without_further_scans": {one.name: _pace(rounds[plain]) / _pace(rounds[one]) for one in others_plain},
        "times_less_processor_time": {one.name: _work(rounds[one]) / _work(rounds[ours]) for one in single},
        "micros_beside_the_stages": beside,
    }
    return Result(
        "throughput",
        [_paces(contestants, rounds, ceilings), _plain(rounds), _parts(rounds[ours], ceilings), _mix(load)],
        [
            *(_compared(ours, one, rounds) for one in single),
            *(f"On its own events: {_compared(plain, one, rounds)}" for one in others_plain),
            _engines(beside, core),
            *_scaling(others, rounds),
            noise,
        ],
        data,
        _plot(contestants, rounds, ceilings),
    )


def _plot(contestants: list[Contestant], rounds: Mapping[Contestant, list[Round]], ceilings: list[Ceiling]) -> str:
    rows = []
    for one in contestants:
        paces = [each.events_per_second for each in rounds[one]]
        weak = not one.guarantee.startswith("exactly once")
        note = f"{_work(rounds[one]):.0f} µs each"
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


def _compared(ours: Contestant, other: Contestant, rounds: Mapping[Contestant, list[Round]]) -> str:
    ratio = _pace(rounds[ours]) / _pace(rounds[other])
    each = [one.events_per_second / two.events_per_second for one, two in zip(rounds[ours], rounds[other], strict=True)]
    work = _work(rounds[other]) / _work(rounds[ours])
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


def _scaling(others: list[Contestant], rounds: Mapping[Contestant, list[Round]]) -> list[str]:
    """Say what several workers of ours cost; on a machine whose cores they share with the broker, not how fast."""
    return [
        f"{one.name}: {_work(rounds[one]):.0f} µs of processor time an event in both together, the broker's "
        f"{median(each.broker_micros for each in rounds[one]):.0f}."
        for one in others
        if one.workers > 1
    ]


def _pace(rounds: list[Round]) -> float:
    return median(one.events_per_second for one in rounds)


def _work(rounds: list[Round]) -> float:
    return median(one.worker_micros for one in rounds)


def _paces(contestants: list[Contestant], rounds: Mapping[Contestant, list[Round]], ceilings: list[Ceiling]) -> Table:
    table = Table("Events per second through the whole path, median of the rounds", _COLUMNS)
    _add(table, contestants, rounds)
    paces = [each.events_per_second for each in ceilings]
    micros = 1e6 / median(paces)
    table.add("the stages alone, no Kafka", *_spread(paces), f"{ceilings[0].events:,}", f"{micros:.0f}", "", "none")
    return table


def _plain(rounds: Mapping[Contestant, list[Round]]) -> Table:
    table = Table("The same of the marketplace's own events, repeated with new ids, without further scans", _COLUMNS)
    _add(table, [one for one in rounds if not one.between], rounds)
    return table


def _add(table: Table, contestants: Iterable[Contestant], rounds: Mapping[Contestant, list[Round]]) -> None:
    for one in contestants:
        done = rounds[one]
        paces = [each.events_per_second for each in done]
        broker = median(each.broker_micros for each in done)
        table.add(
            one.name, *_spread(paces), f"{done[0].events:,}", f"{_work(done):.0f}", f"{broker:.0f}", one.guarantee
        )


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
