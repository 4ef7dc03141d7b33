"""Holds carried into marketing tools that cannot read Kafka, each by the call that never touches consent.

A vendor module says which requests to make and what the answers mean; `courier` delivers a batch through any of them;
the shell gives the sockets, the clock and the records.
"""
