"""The embedded broker: a real Apache Kafka on loopback, started and stopped by us (decision 0010)."""

from app.broker.launch import Broker

__all__ = ["Broker"]
