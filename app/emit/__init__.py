"""Emit: outputs become records, and records outputs again."""
