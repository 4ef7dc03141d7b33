"""Makegood: real-time service recovery."""
