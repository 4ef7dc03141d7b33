"""What every test has: the session's broker on request, and an eye on the error log."""

pytest_plugins = ("tests.support.error_log", "tests.support.broker")
