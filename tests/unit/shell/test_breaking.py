"""What breaks a round is found by working its keys one by one, and nothing is changed by looking."""

from collections.abc import Mapping

from app.clock import Instant
from app.shell.breaking import MOST_STATE_BYTES, Break, Found, decode_break, encode_break, find
from app.stage import Effects, LogRecord, Round
from app.topics import Topic
from tests.support.counting_stage import CountingStage


class Hungry(CountingStage):
    """Keeps a state that grows beyond what the broker takes when it is told to; its deadlines may break."""

    def work(self, round_: Round, table: Mapping[bytes, bytes]) -> Effects:
        effects = super().work(round_, table)
        if b"breaks-when-due" in round_.due:
            raise RuntimeError
        grown = {
            record.key: b"x" * (MOST_STATE_BYTES + 1)
            for record in round_.records
            if record.key is not None and record.value == b"grow"
        }
        return effects._replace(changes={**effects.changes, **grown})


def _round(*records: tuple[bytes, bytes], due: tuple[bytes, ...] = ()) -> Round:
    read = [
        LogRecord(key, value, Instant(1), Topic.JOURNEY_LOG, 0, 10 + place)
        for place, (key, value) in enumerate(records)
    ]
    return Round(0, read, due, Instant(5))


def test_the_record_that_breaks_a_round_is_found_among_others_of_its_key() -> None:
    round_ = _round((b"a", b"1"), (b"b", b"1"), (b"b", b"poison"), (b"b", b"2"), (b"c", b"1"))
    assert find(CountingStage(), round_, {}) == Found(b"b", 12)


def test_a_state_that_the_broker_would_not_take_breaks_like_a_bug() -> None:
    assert find(Hungry(), _round((b"a", b"1"), (b"b", b"grow")), {}) == Found(b"b", 11)


def test_a_deadline_that_breaks_has_no_record() -> None:
    assert find(Hungry(), _round((b"a", b"1"), due=(b"breaks-when-due",)), {}) == Found(b"breaks-when-due", None)


def test_nothing_is_found_where_no_key_breaks_by_itself() -> None:
    assert find(CountingStage(), _round((b"a", b"1"), (b"b", b"2")), {}) is None


def test_what_broke_is_read_as_it_was_written() -> None:
    broke = Break(17, b"ann", 2, "KeyError", of_deadline=True)
    assert decode_break(encode_break(broke)) == broke
