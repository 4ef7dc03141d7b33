"""Every metric that a worker has: a closed list. docs/metrics.md is generated from it.

Labels are words of ours or of the policy, never ids and never anything personal. `partition` is a number.
"""

from typing import Final

from app.shell.metric import COUNTS, SECONDS, WORK_SECONDS, Kind, Metric

EVENTS: Final = Metric(
    "makegood_events_total",
    Kind.COUNTER,
    "events",
    "Input records by topic and what they came to: admitted (facts), dead_letter or ignored.",
    "when the broker has acknowledged what an input record came to",
    ("topic", "outcome"),
)
OUTPUTS: Final = Metric(
    "makegood_outputs_total",
    Kind.COUNTER,
    "records",
    "Records written by a stage, by the topic they went to.",
    "when a stage's transaction is committed",
    ("stage", "topic"),
)
DEAD_LETTERS: Final = Metric(
    "makegood_dead_letters_total",
    Kind.COUNTER,
    "dead letters",
    "Records refused, by the stage that refused them (intake, directory, journey, register), the input topic they came "
    "from, and the reason (the closed list of docs/events.md).",
    "when the broker has the dead letter: acknowledged for intake, its transaction committed for the others",
    ("stage", "topic", "reason"),
)
REPEATS: Final = Metric(
    "makegood_repeats_total",
    Kind.COUNTER,
    "facts",
    "Facts that said again what a customer's state already holds, dropped by their id or natural key.",
    "when a stage's transaction is committed",
    ("stage",),
)
EVENT_TO_HOLD: Final = Metric(
    "makegood_event_to_hold_seconds",
    Kind.HISTOGRAM,
    "seconds",
    "From the moment a cause was readable in Kafka, or its deadline ran out, to the hold being readable.",
    "when a transaction with a new hold is committed; not in replay, where time is data",
    (),
    SECONDS,
)
EVENT_TO_COMMIT: Final = Metric(
    "makegood_event_to_commit_seconds",
    Kind.HISTOGRAM,
    "seconds",
    "From a record's append to the stage's log to the commit of its outputs.",
    "when a stage's transaction is committed, once a record",
    ("stage",),
    SECONDS,
)
TIMER_LATENESS: Final = Metric(
    "makegood_timer_lateness_seconds",
    Kind.HISTOGRAM,
    "seconds",
    "From a deadline running out to the commit of what follows; of each round its earliest deadline, so the worst.",
    "when a transaction in which deadlines fired is committed",
    ("stage",),
    SECONDS,
)
DEADLINES_FIRED: Final = Metric(
    "makegood_deadline_keys_fired_total",
    Kind.COUNTER,
    "keys",
    "Keys (customers, aliases) whose deadlines were fired by the clock.",
    "when a transaction in which deadlines fired is committed",
    ("stage",),
)
OPEN_DEADLINES: Final = Metric(
    "makegood_open_deadline_keys",
    Kind.GAUGE,
    "keys",
    "Keys of a partition that wait for a deadline.",
    "as deadlines are set and fire; 0 when the partition has been given up",
    ("stage", "partition"),
)
OPEN_NOW: Final = Metric(
    "makegood_open_now",
    Kind.GAUGE,
    "journeys, problems or holds",
    "What is open in the partitions of this worker: `what` is journey, problem or hold, `by` its kind, type or reason.",
    "at the end of each sweep of the states: within seconds, of a million customers within a quarter of an hour",
    ("what", "by"),
)
REMEDIES: Final = Metric(
    "makegood_remedies_total",
    Kind.COUNTER,
    "remedies",
    "Remedies issued, by occasion (recovery, exception: approved by a person, or thank_you).",
    "when the transaction that holds the remedy is committed",
    ("occasion",),
)
REMEDY_COST: Final = Metric(
    "makegood_remedy_cost_total",
    Kind.COUNTER,
    "units of the currency",
    "What the gestures of remedies cost us, by kind of gesture, cost centre and currency. For watching, not for books: "
    "the exact decimal is in the remedy's receipt.",
    "when the transaction that holds the remedy is committed",
    ("gesture", "cost_centre", "currency"),
)
BATCH_RECORDS: Final = Metric(
    "makegood_batch_records",
    Kind.HISTOGRAM,
    "records",
    "Records of the log that a stage worked on in one transaction.",
    "once a round",
    ("stage",),
    COUNTS,
)
BATCH_DUE: Final = Metric(
    "makegood_batch_due_keys",
    Kind.HISTOGRAM,
    "keys",
    "Keys with due deadlines that a stage worked on in one transaction.",
    "once a round",
    ("stage",),
    COUNTS,
)
COMPUTE: Final = Metric(
    "makegood_round_compute_seconds",
    Kind.HISTOGRAM,
    "seconds",
    "How long a round computed; the worker's event loop stands still meanwhile.",
    "once a round",
    ("stage",),
    WORK_SECONDS,
)
COMMIT: Final = Metric(
    "makegood_round_commit_seconds",
    Kind.HISTOGRAM,
    "seconds",
    "How long a round's transaction took.",
    "once a round",
    ("stage",),
    WORK_SECONDS,
)
STATE_LARGEST: Final = Metric(
    "makegood_state_largest_bytes",
    Kind.GAUGE,
    "bytes",
    "The largest state of one key that this worker has written since it started.",
    "when a larger one is written",
    ("stage",),
)
STATE_OVER_LIMIT: Final = Metric(
    "makegood_state_over_limit_total",
    Kind.COUNTER,
    "states",
    "States of more than 256 KiB written. Any is worth a look: the broker's message limit is 1 MiB.",
    "when such a state is committed",
    ("stage",),
)
TABLE_KEYS: Final = Metric(
    "makegood_table_keys",
    Kind.GAUGE,
    "keys",
    "Keys with state in a partition of this worker.",
    "as keys come and go; 0 when the partition has been given up",
    ("stage", "partition"),
)
TABLE_BYTES: Final = Metric(
    "makegood_table_bytes",
    Kind.GAUGE,
    "bytes",
    "Bytes of state in a partition of this worker.",
    "as states change; 0 when the partition has been given up",
    ("stage", "partition"),
)
STANDBY_KEYS: Final = Metric(
    "makegood_standby_keys",
    Kind.GAUGE,
    "keys",
    "Keys that this worker keeps copies of for the workers that have them.",
    "about once a second, where MAKEGOOD_STANDBY is set",
    ("stage",),
)
RECOVERY_RESTORED: Final = Metric(
    "makegood_recovery_restored_records",
    Kind.GAUGE,
    "records",
    "Changelog records read back in the partition's latest recovery.",
    "while a partition recovers",
    ("stage", "partition"),
)
RECOVERY_REMAINING: Final = Metric(
    "makegood_recovery_remaining_offsets",
    Kind.GAUGE,
    "offsets",
    "Changelog offsets still to be read before the partition is worked on; 0: recovered.",
    "while a partition recovers",
    ("stage", "partition"),
)
CONSUMER_LAG: Final = Metric(
    "makegood_consumer_lag_records",
    Kind.GAUGE,
    "offsets",
    "Offsets of a partition of an input or a log that have not been passed on yet.",
    "about once a second; every worker tells of every partition, so take the maximum, not the sum",
    ("topic", "partition"),
)
STANDING: Final = Metric(
    "makegood_standing_partitions",
    Kind.GAUGE,
    "partitions",
    "1: this partition of a log stands still, because one record of it stopped a worker three times running. Its "
    "customers wait; all others go on. /healthz names the offset, `makegood quarantine` the customer.",
    "when it begins or ends to stand",
    ("topic", "partition"),
)
INTAKE_STOPPED: Final = Metric(
    "makegood_intake_stopped",
    Kind.GAUGE,
    "topics",
    "1: this worker reads no more of this input topic, because it came to more dead letters in a minute than "
    "MAKEGOOD_DEAD_LETTERS_PER_MINUTE allows. Deadlines wait too. Mend the sender, then restart the workers.",
    "when the limit is passed; until the worker is restarted",
    ("topic",),
)
CLOCK_LAG: Final = Metric(
    "makegood_clock_lag_seconds",
    Kind.GAUGE,
    "seconds",
    "How far the clock that fires deadlines stands behind real time because older input is still unread.",
    "about once a second",
)
CLOCK_OFF: Final = Metric(
    "makegood_clock_behind_broker_seconds",
    Kind.GAUGE,
    "seconds",
    "How far this machine's clock is behind the broker's (negative: ahead), at least: what a record's way to the "
    "broker and back explains is not counted. Deadlines go by the broker's time; delays that this worker measures are "
    "wrong by it.",
    "with each tick, once a minute at least",
)
READY: Final = Metric(
    "makegood_ready",
    Kind.GAUGE,
    "1 or 0",
    "1 when every partition of this worker has been recovered and is being worked on.",
    "at every rebalance and at the end of recovery",
)
LAST_BEAT: Final = Metric(
    "makegood_last_beat_timestamp_seconds",
    Kind.GAUGE,
    "seconds since 1970",
    "When the worker's event loop last turned.",
    "about once a second",
)
UNREADABLE: Final = Metric(
    "makegood_unreadable_records_total",
    Kind.COUNTER,
    "records",
    "Outputs or states of ours that could not be read back for counting. Any is a bug of ours; nothing is lost.",
    "when one cannot be decoded",
    ("topic",),
)

METRICS: Final = (
    EVENTS,
    OUTPUTS,
    DEAD_LETTERS,
    REPEATS,
    EVENT_TO_HOLD,
    EVENT_TO_COMMIT,
    TIMER_LATENESS,
    DEADLINES_FIRED,
    OPEN_DEADLINES,
    OPEN_NOW,
    REMEDIES,
    REMEDY_COST,
    BATCH_RECORDS,
    BATCH_DUE,
    COMPUTE,
    COMMIT,
    STATE_LARGEST,
    STATE_OVER_LIMIT,
    TABLE_KEYS,
    TABLE_BYTES,
    STANDBY_KEYS,
    RECOVERY_RESTORED,
    RECOVERY_REMAINING,
    CONSUMER_LAG,
    STANDING,
    INTAKE_STOPPED,
    CLOCK_LAG,
    CLOCK_OFF,
    READY,
    LAST_BEAT,
    UNREADABLE,
)
