"""Directory: who an alias means, and the facts that wait for theirs."""

from app.directory.stage import Directory

__all__ = ["Directory"]
