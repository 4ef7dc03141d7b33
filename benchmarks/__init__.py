"""Measurements of Makegood: programs that print tables and write results; `make bench` runs them. Never tests."""
