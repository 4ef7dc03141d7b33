"""What workers need and say while something is too much: sampled once a second, kept as a course."""

import asyncio
from pathlib import Path
from typing import Final

from chaos.crew import Crew
from chaos.diary import Diary

_EVERY_SECONDS: Final = 1.0
_POINTS: Final = 12
_METRICS: Final = (
    "makegood_clock_lag_seconds",
    "makegood_consumer_lag_records",
    "makegood_intake_stopped",
    "makegood_dead_letters_total",
)


class Watch:
    """Samples of the first worker: resident memory in MiB, and the metrics that alerts go by."""

    def __init__(self, crew: Crew, diary: Diary) -> None:
        self._crew = crew
        self._diary = diary
        self._samples: list[dict[str, float]] = []

    async def run(self) -> None:
        """Sample until cancelled."""
        while True:
            for member in self._crew.working[:1]:
                said = await asyncio.to_thread(member.metrics)
                sample: dict[str, float] = {name: said[name] for name in _METRICS if name in said}
                sample["rss_mib"] = resident_mib(member.child.pid)
                self._samples.append(sample)
                self._diary.note("sample", **sample)
            await asyncio.sleep(_EVERY_SECONDS)

    def begin(self) -> None:
        """Forget what was before."""
        self._samples.clear()

    def peak(self, name: str) -> float:
        """Return the greatest since `begin`."""
        finite = [sample[name] for sample in self._samples if sample.get(name, float("inf")) < float("inf")]
        return max(finite, default=0.0)

    def now(self, name: str) -> float:
        """Return the newest."""
        return next((sample[name] for sample in reversed(self._samples) if name in sample), 0.0)

    def course(self, name: str) -> list[float]:
        """Return a dozen values spread over the time since `begin`."""
        step = max(1, len(self._samples) // _POINTS)
        return [sample[name] for sample in self._samples[::step] if name in sample]


def resident_mib(pid: int) -> float:
    """Return the resident memory of a process, 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    kib = next((line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")), "0")
    return round(int(kib) / 1024, 1)
