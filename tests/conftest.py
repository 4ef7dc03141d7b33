"""What every test has: the session's broker on request, an eye on the error log, and time enough on a busy machine."""

from hypothesis import settings

pytest_plugins = ("tests.support.error_log", "tests.support.broker")

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
