"""Every metric of the processes beside the worker (`web`, `webhooks serve`, `sinks`): closed lists.

`PROCESSES` has all four lists; docs/metrics.md is generated from it.
"""

from typing import Final, NamedTuple

from app.shell.metric import SECONDS, WORK_SECONDS, Kind, Metric
from app.shell.metric_list import METRICS

WEB_REQUESTS: Final = Metric(
    "makegood_web_requests_total",
    Kind.COUNTER,
    "requests",
    "Requests to the gate and the pages, by route (its pattern, without the customer in it; `other` for what is no "
    "route) and HTTP status.",
    "when a request has been answered",
    ("route", "status"),
)
WEB_SECONDS: Final = Metric(
    "makegood_web_request_seconds",
    Kind.HISTOGRAM,
    "seconds",
    "How long an answer took, by route; live pages and streams of lists count until they end.",
    "when a request has been answered",
    ("route",),
    WORK_SECONDS,
)
WEB_TURNS: Final = Metric(
    "makegood_web_turn_lateness_seconds",
    Kind.HISTOGRAM,
    "seconds",
    "How late turns of the event loop were: what an answer waits before its own time begins to count, above all for a "
    "core that another process has.",
    "twenty times a second",
    (),
    WORK_SECONDS,
)
GATE_ANSWERS: Final = Metric(
    "makegood_gate_answers_total",
    Kind.COUNTER,
    "answers",
    "Answers of the send-time gate, by what was said (allowed, refused) and why (never_held, free, ramp, hold, stale, "
    "unreadable).",
    "with each question answered, those of a batch or a stream one by one",
    ("answer", "why"),
)
MODEL_AGE: Final = Metric(
    "makegood_read_model_age_seconds",
    Kind.GAUGE,
    "seconds",
    "How far the gate's read model is behind the outputs; +Inf before all of them were read once.",
    "at each scrape",
)
MODEL_STALE: Final = Metric(
    "makegood_read_model_stale",
    Kind.GAUGE,
    "1 or 0",
    "1 while the read model is too far behind for the gate to answer from it (MAKEGOOD_SITE_STALE_AFTER_MS).",
    "at each scrape",
)
MODEL_UNREADABLE: Final = Metric(
    "makegood_read_model_unreadable_total",
    Kind.COUNTER,
    "records",
    "Output records that this process could not read; the gate refuses promotions to whom they are about.",
    "when such a record is followed",
)
OPEN_PAGES: Final = Metric(
    "makegood_open_pages",
    Kind.GAUGE,
    "pages",
    "Pages of the command centre that follow live; at most 200.",
    "at each scrape",
)

WEBHOOKS: Final = Metric(
    "makegood_webhooks_total",
    Kind.COUNTER,
    "webhooks",
    "Webhooks by source and the status they were answered with.",
    "when a webhook has been answered",
    ("source", "status"),
)
WEBHOOK_SECONDS: Final = Metric(
    "makegood_webhook_seconds",
    Kind.HISTOGRAM,
    "seconds",
    "How long a webhook's answer took; 200 only once Kafka has its events. Shopify gives up after 5 s.",
    "when a webhook has been answered",
    ("source",),
    SECONDS,
)

SINK_PEOPLE: Final = Metric(
    "makegood_sink_people_total",
    Kind.COUNTER,
    "people",
    "People by sink and what became of the word about them: written, refused, unconfirmed (written, but not there when "
    "read back), unknown (to the tool), unaddressed (without the id that the tools know people by) or unreadable (a "
    "record that could not be read).",
    "when a batch has been delivered; of the last two when such a record is met",
    ("sink", "outcome"),
)
SINK_RETRIES: Final = Metric(
    "makegood_sink_retries_total",
    Kind.COUNTER,
    "requests",
    "Requests to a tool that had to be tried again.",
    "with each further try",
    ("sink",),
)
SINK_FAILURES: Final = Metric(
    "makegood_sink_failures_total",
    Kind.COUNTER,
    "failures",
    "Times a sink failed and began again where it last committed.",
    "when a sink fails",
    ("sink",),
)
SINK_DELAY: Final = Metric(
    "makegood_sink_delay_seconds",
    Kind.HISTOGRAM,
    "seconds",
    "From a batch's oldest record being written until the tool has it.",
    "when a batch has been delivered",
    ("sink",),
    SECONDS,
)
SINK_DELIVERED_TO: Final = Metric(
    "makegood_sink_delivered_to_timestamp_seconds",
    Kind.GAUGE,
    "seconds since 1970",
    "Up to when all that was said has been delivered: the oldest record of the newest batch delivered, or now while "
    "there is nothing to deliver; when the sink started, before the first.",
    "with each batch delivered, and about twice a second while nothing is to be delivered",
    ("sink",),
)

WEB_METRICS: Final = (
    WEB_REQUESTS,
    WEB_SECONDS,
    WEB_TURNS,
    GATE_ANSWERS,
    MODEL_AGE,
    MODEL_STALE,
    MODEL_UNREADABLE,
    OPEN_PAGES,
)
WEBHOOK_METRICS: Final = (WEBHOOKS, WEBHOOK_SECONDS)
SINK_METRICS: Final = (SINK_PEOPLE, SINK_RETRIES, SINK_FAILURES, SINK_DELAY, SINK_DELIVERED_TO)


class Process(NamedTuple):
    """One kind of process: the job that scrapes it, the command it is, where /metrics is, and what stands there.

    `host` and `port` are the names of the settings, `at` their values unless set.
    """

    job: str
    command: str
    host: str
    port: str
    at: str
    metrics: tuple[Metric, ...]


PROCESSES: Final = (
    Process("makegood-worker", "makegood worker", "MAKEGOOD_WEB_HOST", "MAKEGOOD_WEB_PORT", "127.0.0.1:6066", METRICS),
    Process("makegood-web", "makegood web", "MAKEGOOD_SITE_HOST", "MAKEGOOD_SITE_PORT", "127.0.0.1:6080", WEB_METRICS),
    Process(
        "makegood-webhooks",
        "makegood webhooks serve",
        "MAKEGOOD_WEBHOOK_HOST",
        "MAKEGOOD_WEBHOOK_PORT",
        "127.0.0.1:6081",
        WEBHOOK_METRICS,
    ),
    Process(
        "makegood-sinks",
        "makegood sinks",
        "MAKEGOOD_SINKS_HOST",
        "MAKEGOOD_SINKS_PORT",
        "127.0.0.1:6082",
        SINK_METRICS,
    ),
)
