"""How a contest of engines is told: who was how fast, at what cost, set up how, and whether the counts were right."""

from statistics import median
from typing import Any, Final, NamedTuple

from benchmarks.counting.contenders import Engine
from benchmarks.counting.pace import Pace
from benchmarks.plot import Bar, bars
from benchmarks.report import Result, Table

_GUARANTEES: Final = {"exactly_once": "exactly once", "at_least_once": "at least once"}


class Counted(NamedTuple):
    """One engine's round: its pace, and what its changelog held in the end against what it had committed to.

    `taken`: events committed in all; `lost` and `doubled`: events that the counts are short of or have too many;
    `written`: changelog records per event (an engine writes a key once that it has counted several times meanwhile).
    """

    pace: Pace
    taken: int
    keys: int
    lost: int
    doubled: int
    written: float

    @property
    def right(self) -> bool:
        """Whether every count is what it must be."""
        return not (self.lost or self.doubled)

    def told(self) -> str:
        """Return it in a line."""
        pace = self.pace
        counts = f"{self.keys:,} counts right" if self.right else f"{self.lost:,} lost, {self.doubled:,} doubled"
        return (
            f"{pace.events_per_second:,.0f} events/s, {pace.worker_micros:.1f} µs of its processor time and "
            f"{pace.broker_micros:.1f} of the broker's an event, {counts}"
        )

    def data(self) -> dict[str, Any]:
        """Return it for machines."""
        return {**self._asdict(), "pace": {**self.pace._asdict(), "events_per_second": self.pace.events_per_second}}


def outcome(rounds: dict[Engine, list[Counted]], events: int) -> Result:
    """Return tables, sentences and data of a contest; the first engine is ours."""
    elsewhere = [one.pace.other_cores for done in rounds.values() for one in done]
    noise = f"Other processes used {median(elsewhere):.2f} cores during the rounds, at most {max(elsewhere):.2f}."
    data = {
        "events": events,
        "engines": [
            {"name": engine.name, "guarantee": engine.guarantee, "settings": engine.settings, "pace": _pace(done)}
            | {"micros": _micros(done), "rounds": [one.data() for one in done]}
            for engine, done in rounds.items()
        ],
        "ratios": ratios(rounds),
    }
    sentences = [_compared(rounds), _verdict(rounds), noise]
    return Result("engines", [_paces(rounds), _settings(rounds)], sentences, data, _plot(rounds))


def _plot(rounds: dict[Engine, list[Counted]]) -> str:
    (ours, _), *_ = rounds.items()
    rows = []
    for engine, done in rounds.items():
        paces = [one.pace.events_per_second for one in done]
        weak = engine.guarantee != "exactly_once"
        note = f"{_micros(done):.1f} µs each"
        rows.append(Bar(engine.name, median(paces), min(paces), max(paces), note, engine is ours, weak))
    rows.sort(key=lambda row: (row.weak, -row.value))
    return bars(
        "Keyed events counted a second, the engine alone",
        "one worker each, changelog kept, same broker and input, in turns; µs: the worker's processor time an event",
        rows,
        "filled: exactly once; hollow: at least once; line: least to most of the rounds",
    )


def ratios(rounds: dict[Engine, list[Counted]]) -> dict[str, dict[str, float]]:
    """Return how many times the events a second, and per second of processor, ours does of each other engine's."""
    (_, ours), *others = rounds.items()
    return {
        _label(engine): {"events": _pace(ours) / _pace(done), "processor": _micros(done) / _micros(ours)}
        for engine, done in others
    }


def _label(engine: Engine) -> str:
    return f"{engine.name}, {_GUARANTEES[engine.guarantee]}"


def _pace(done: list[Counted]) -> float:
    return median(one.pace.events_per_second for one in done)


def _micros(done: list[Counted]) -> float:
    return median(one.pace.worker_micros for one in done)


def _paces(rounds: dict[Engine, list[Counted]]) -> Table:
    table = Table(
        "Keyed events counted a second, one worker each, median of the rounds",
        (
            "engine",
            "guarantee",
            "events/s",
            "least to most",
            "worker µs/event",
            "broker µs/event",
            "changelog records/event",
            "counts in the end",
        ),
    )
    for engine, done in rounds.items():
        paces = [one.pace.events_per_second for one in done]
        spread = f"{min(paces):,.0f} to {max(paces):,.0f}" if len(paces) > 1 else "one round"
        broker = median(one.pace.broker_micros for one in done)
        written = median(one.written for one in done)
        table.add(
            engine.name,
            _GUARANTEES[engine.guarantee],
            f"{median(paces):,.0f}",
            spread,
            f"{_micros(done):.1f}",
            f"{broker:.1f}",
            f"{written:.2f}",
            _counts(done),
        )
    return table


def _counts(done: list[Counted]) -> str:
    if all(one.right for one in done):
        return "right"
    return f"{sum(one.lost for one in done):,} lost, {sum(one.doubled for one in done):,} doubled"


def _settings(rounds: dict[Engine, list[Counted]]) -> Table:
    table = Table("How each is set up", ("engine", "version", "settings", "watched from"))
    told = set()
    for engine in rounds:
        if engine.name not in told:
            told.add(engine.name)
            warm = f"{engine.warm_seconds:g} s after its first commit"
            table.add(engine.name, engine.version, engine.settings, warm)
    return table


def _compared(rounds: dict[Engine, list[Counted]]) -> str:
    (ours, _), *others = rounds.items()
    said = [_times(engine, rounds) for engine, _ in others if engine.guarantee == ours.guarantee]
    return f"All exactly once, {ours.name} counts as many events a second as {', '.join(said)}."


def _times(engine: Engine, rounds: dict[Engine, list[Counted]]) -> str:
    found = ratios(rounds)[_label(engine)]
    return f"{found['events']:.1f} times {engine.name} ({found['processor']:.1f} times for the same processor time)"


def _verdict(rounds: dict[Engine, list[Counted]]) -> str:
    wrong = [_label(engine) for engine, done in rounds.items() if not all(one.right for one in done)]
    if not wrong:
        return (
            "After every round each engine's changelog held the right count of every key, up to what it had committed."
        )
    return f"Counts that were not right, though nothing crashed: {'; '.join(wrong)}."
