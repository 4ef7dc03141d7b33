"""How much processor time the journey stage takes for an uneventful scan: decode, step, encode, a customer a record.

Run: python -m benchmarks.uneventful_scan
"""

from decimal import Decimal
from pathlib import Path
from time import process_time
from timeit import timeit

from app.clock import HOUR, Instant
from app.decide import load_folder
from app.decide.folder import version_of
from app.emit.records import Emit
from app.facts import (
    ConsignmentPlan,
    ConsignmentsSplit,
    Fact,
    JourneyBegan,
    Line,
    MilestoneReached,
    Money,
    ParcelRef,
    Party,
    PolicyActivated,
    PromiseMade,
    Scanned,
    ScanStatus,
    Source,
    Subject,
    What,
    encode_fact,
)
from app.ids import ConsignmentId, CustomerId, FactId, JourneyId, LineId
from app.journey.stage import Journeys
from app.stage import LogRecord, Round
from app.topics import Topic
from app.wire.codec import bundled_codec

CUSTOMERS = 5_000
SCANS = 4
SLICE = 1_000
START = Instant(1_783_000_000_000)


def record(customer: int, name: str, what: What, at: int, consignment: str | None = "c1") -> LogRecord:
    subject = Subject(
        CustomerId(f"C-{customer}"),
        JourneyId(f"order:{customer}"),
        None if consignment is None else ConsignmentId(consignment),
    )
    when = Instant(at)
    fact = Fact(FactId(f"{name}:{customer}"), what, subject, when, when, Source("orders", 0, 0))
    return LogRecord(f"C-{customer}".encode(), encode_fact(fact), when, Topic.JOURNEY_LOG, 0, 0)


def beginnings(customer: int) -> list[LogRecord]:
    lines = tuple(Line(LineId(f"L{n}"), f"P{n}", f"lamp {n}", 1, Decimal("19.90")) for n in (1, 2))
    plans = (
        ConsignmentPlan(ConsignmentId("c1"), (LineId("L1"),), "dhl"),
        ConsignmentPlan(ConsignmentId("c2"), (LineId("L2"),), "dhl"),
    )
    promise = PromiseMade("delivered", Instant(START + 100 * HOUR), Party.MERCHANT)
    whats: list[tuple[What, str | None]] = [
        (JourneyBegan("order", "house", Money(Decimal("39.80"), "USD"), lines), None),
        (ConsignmentsSplit(plans), None),
        (promise, None),
        (MilestoneReached("confirmed"), None),
        (MilestoneReached("dispatched", parcels=(ParcelRef("dhl", f"T{customer}"),)), "c1"),
        (Scanned("dhl", f"T{customer}", ScanStatus.IN_TRANSIT), "c1"),
    ]
    return [record(customer, f"b{n}", what, START + n, where) for n, (what, where) in enumerate(whats)]


def main() -> None:
    pace = timeit("sum(range(1000))", timer=process_time, number=20_000) / 20_000 * 1e6
    print(f"this machine now: {pace:.1f} us for sum(range(1000))")
    files = load_folder(Path("policies/default"))
    journeys = Journeys(Emit(bundled_codec()))
    table: dict[bytes, bytes] = {}

    def work(records: list[LogRecord], until: Instant) -> int:
        effects = journeys.work(Round(0, records, (), until), table)
        table.update({key: value for key, value in effects.changes.items() if value is not None})
        return len(effects.outputs)

    activated = Fact(
        FactId("p"), PolicyActivated(version_of(files), files), Subject(), START, START, Source("policy", 0, 0)
    )
    work([LogRecord(None, encode_fact(activated), START, Topic.JOURNEY_LOG, 0, 0)], START)
    began = process_time()
    outputs = work([found for customer in range(CUSTOMERS) for found in beginnings(customer)], START)
    seconds = process_time() - began
    print(f"beginnings: {seconds / CUSTOMERS / 6 * 1e6:.1f} us a fact, {outputs} outputs")
    size = sum(len(value) for value in table.values()) // CUSTOMERS
    print(f"state: {size} bytes a customer")
    for scan in range(1, SCANS + 1):
        at = START + scan * HOUR
        what = Scanned("dhl", None, ScanStatus.IN_TRANSIT, location="Depot North")
        records = [record(customer, f"s{scan}", what, at) for customer in range(CUSTOMERS)]
        began = process_time()
        outputs = sum(work(records[n : n + SLICE], Instant(at)) for n in range(0, CUSTOMERS, SLICE))
        seconds = process_time() - began
        print(f"uneventful scan {scan}: {seconds / CUSTOMERS * 1e6:.1f} us, {outputs} outputs")


if __name__ == "__main__":
    main()
