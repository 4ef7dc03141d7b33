"""Where the microseconds of an event went before the last work on it: what the tables of now stand beside."""

from typing import Any, NamedTuple

from benchmarks.report import RESULTS, read


class Before(NamedTuple):
    """What an earlier commit's runs said: µs of processor time per event by part, shares of the profile by module."""

    title: str
    parts: dict[str, float]
    shares: dict[str, float]

    def micros(self, part: str) -> str:
        """Return a part's µs as they were, nothing for one that did not exist."""
        return f"{self.parts[part]:.1f}" if part in self.parts else ""

    def share(self, module: str) -> str:
        """Return a module's share of the profile as it was, nothing for one that did not exist."""
        return f"{100 * self.shares[module]:.1f} %" if module in self.shares else ""


def before() -> Before:
    """Read `benchmarks/results/before.json`; without it there is nothing to compare with."""
    if not (RESULTS / "before.json").exists():
        return Before("before", {}, {})
    kept: dict[str, Any] = read("before")
    return Before(f"at {kept['commit']}", kept["parts"], kept["profile_shares"])
