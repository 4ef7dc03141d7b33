"""The web process: the send-time gate and the command centre, from a read model of our own outputs.

It decides nothing and writes nothing to Kafka. What it knows it read from committed outputs, so it can be started
anew, or twice, at any time (decision 0014).
"""
