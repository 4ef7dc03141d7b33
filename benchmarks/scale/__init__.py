"""How Makegood behaves as it grows: latency, timers, state, recovery, cost per event (docs/capacity.md)."""
