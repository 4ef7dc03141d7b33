"""The keyed count that every engine runs alone: events per key, the counts in a changelog."""
