"""What the command centre reads of the workers' metrics."""

from app.web.workers import read


def test_a_workers_gauges_are_summed_and_nothing_else_is_read() -> None:
    told = read(
        "# HELP makegood_consumer_lag_records x\n"
        'makegood_consumer_lag_records{partition="0",topic="orders"} 3.0\n'
        'makegood_consumer_lag_records{partition="1",topic="orders"} 4.0\n'
        "makegood_clock_lag_seconds 1.5\n"
        "makegood_open_deadline_keys_other 9.0\n"
    )
    assert told == {"lag": 7.0, "clock": 1.5, "pending": 0.0}
