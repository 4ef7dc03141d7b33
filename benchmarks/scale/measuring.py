"""`python -m benchmarks scale`: state, timers, recovery, takeover and compaction in one run."""

import asyncio
from typing import Final

from benchmarks.delays import cells, now
from benchmarks.place import own_broker
from benchmarks.report import Result, Table
from benchmarks.scale.compaction import Compacted, compact
from benchmarks.scale.memory import Weight, as_data, deadline_bytes, in_mix, rebuild_seconds, weigh
from benchmarks.scale.population import OPEN, patterns
from benchmarks.scale.recovery import Recovered, Timers, recover, timers
from benchmarks.scale.takeover import Takeover, takeovers

_CUSTOMERS: Final = 1_000_000
_COPIES: Final = 100_000
_COMPACTED: Final = 100_000
_SECONDS: Final = 30.0
_MIB: Final = 2**20


def measure(scale: float) -> Result:
    """Measure all of it; `scale` multiplies customers, deadlines and seconds."""
    at, count = now(), int(_CUSTOMERS * scale)
    weights = weigh(at, max(2_000, int(_COPIES * scale)))
    per_deadline = deadline_bytes(count)
    indexed = rebuild_seconds(patterns(at, (OPEN,), 200), count)
    with own_broker() as (kafka, broker):
        compacted = asyncio.run(compact(kafka, broker, max(1_000, int(_COMPACTED * scale))))
        recovered = asyncio.run(recover(kafka, count))
        timed = asyncio.run(timers(kafka, count, _SECONDS * min(1.0, max(0.2, scale))))
        taken = asyncio.run(takeovers(kafka, count // 2))
    data = {
        "kinds": as_data(weights),
        "resident_bytes_in_mix": in_mix(weights, "resident"),
        "deadline_bytes": per_deadline,
        "index_rebuilt": {"deadlines": indexed[0], "seconds": indexed[1]},
        "recovery": recovered.as_data(),
        "timers": timed.as_data(),
        "takeovers": [one.as_data() for one in taken],
        "compaction": compacted.as_data(),
    }
    tables = [
        _kinds(weights, per_deadline),
        _recovery(recovered, timed),
        _takeovers(taken),
        _timers(timed, indexed),
        _compaction(compacted),
    ]
    return Result("scale", tables, [], data)


def _kinds(weights: list[Weight], per_deadline: float) -> Table:
    table = Table(
        "What a worker holds of a customer, bytes",
        ("customer", "% of them", "changelog, journey", "changelog, directory", "rows", "memory", "keys that wait"),
    )
    for weight in weights:
        table.add(
            weight.kind,
            f"{weight.percent}",
            f"{weight.row_bytes['journey-changelog']:,.0f}",
            f"{weight.row_bytes['directory-changelog']:,.0f}",
            f"{sum(weight.rows.values()):.1f}",
            f"{weight.resident:,.0f}",
            f"{weight.waiting:.2f}",
        )
    table.add("the mix", "100", "", "", "", f"{in_mix(weights, 'resident'):,.0f}", f"{in_mix(weights, 'waiting'):.2f}")
    table.add("a key that waits, in the time index", "", "", "", "", f"{per_deadline:,.0f}", "")
    return table


def _recovery(mix: Recovered, timed: Timers) -> Table:
    table = Table(
        "A worker that begins with nothing",
        ("customers", "rows", "changelogs", "reading back", "process to ready", "rows/s", "memory", "of it empty"),
    )
    for name, one in (("the mix", mix), ("each with an order under way", timed.recovered)):
        table.add(
            f"{one.customers:,}, {name}",
            f"{one.filled.rows:,}",
            f"{one.filled.bytes / _MIB:,.0f} MiB",
            f"{one.readiness.restoring:.1f} s",
            f"{one.readiness.seconds:.1f} s",
            f"{one.filled.rows / max(one.readiness.restoring, 0.05):,.0f}",
            f"{one.mib / 1024:.2f} GiB",
            f"{one.empty_mib:.0f} MiB",
        )
    return table


def _takeovers(taken: list[Takeover]) -> Table:
    table = Table(
        f"One of two workers killed, {taken[0].rows:,} rows of the mix between them",
        ("", "partitions stand still", "of it after the session timeout", "memory of the other, before", "after"),
    )
    for one in taken:
        table.add(
            "each stands by for the other (`MAKEGOOD_STANDBY=true`)" if one.standby else "without copies",
            f"{one.since_kill:.1f} s",
            f"{one.standing:.1f} s",
            *(f"{mib:,.0f} MiB" for mib in one.mib),
        )
    return table


def _timers(timed: Timers, indexed: tuple[int, float]) -> Table:
    table = Table(
        f"{timed.recovered.deadlines:,.0f} keys of one worker wait for a deadline, {timed.rate:,.0f} events a second",
        ("", "p50", "p99", "most", "samples"),
    )
    table.add("deadline to hold readable", *cells(timed.lateness))
    table.add("event to hold readable", *cells(timed.event_to_hold))
    table.add(f"the time index of {indexed[0]:,} built anew", f"{indexed[1]:.2f} s", "", "", "")
    return table


def _compaction(compacted: Compacted) -> Table:
    table = Table(
        f"A changelog of {compacted.partitions} partitions on the broker's disk, MiB",
        ("written", "lives", "on disk", "of it segments still written to", "closed segments"),
    )
    sizes = (
        compacted.written,
        compacted.live,
        compacted.on_disk,
        compacted.on_disk - compacted.closed,
        compacted.closed,
    )
    table.add(*(f"{size / _MIB:,.0f}" for size in sizes))
    return table
