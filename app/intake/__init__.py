"""Intake: an input record becomes facts, or a dead letter. No state."""
