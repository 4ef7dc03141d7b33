"""Emit: outputs become records."""
