"""Replay: recorded histories through the same stages, offline or through Kafka."""
