"""Typed settings by concern, read once at start from the environment (or a `.env` file)."""

from decimal import Decimal
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT: Final = Path(__file__).resolve().parent.parent


class KafkaSettings(BaseSettings):
    """Where the cluster is and how to be let in."""

    model_config = SettingsConfigDict(env_prefix="KAFKA_", env_file=".env", extra="ignore")

    bootstrap: str = Field("127.0.0.1:9092", description="host:port of one or more brokers, comma-separated")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="how connections are secured"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="how we log in when the protocol is SASL_*"
    )
    sasl_username: str | None = Field(None, description="user name for SASL")
    sasl_password: SecretStr | None = Field(None, description="password for SASL")
    ssl_cafile: Path | None = Field(None, description="PEM file of the authority that signed the brokers' certificates")
    ssl_certfile: Path | None = Field(None, description="our client certificate (PEM), for mutual TLS")
    ssl_keyfile: Path | None = Field(None, description="the key of our client certificate (PEM)")

    @model_validator(mode="after")
    def _sasl_is_whole(self) -> Self:
        if self.security_protocol.startswith("SASL") and (self.sasl_username is None or self.sasl_password is None):
            msg = (
                f"KAFKA_SECURITY_PROTOCOL={self.security_protocol} needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD; "
                "set both or use PLAINTEXT or SSL"
            )
            raise ValueError(msg)
        return self


class WorkerSettings(BaseSettings):
    """How a worker runs."""

    model_config = SettingsConfigDict(env_prefix="MAKEGOOD_", env_file=".env", extra="ignore")

    application_id: str = Field("makegood", description="consumer group and prefix of transactional ids")
    topic_prefix: str = Field("", description="put before every topic name; a replay has its own")
    partitions: int = Field(4, ge=1, description="partitions of the logs and changelogs; fixed once there is data")
    input_partitions: int = Field(4, ge=1, description="partitions of inputs and outputs when we create them")
    replication: int = Field(1, ge=1, description="replicas of every topic we create; 3 in production")
    retention_days: dict[str, int] = Field(
        {}, description='days that a topic keeps its records, where not as declared: {"journey-log": 3}'
    )
    erasure_key: SecretStr | None = Field(
        None, description="key of the hash that the log keeps of an erased customer; the same for all workers"
    )
    instance_id: str | None = Field(
        None, description="stable name of this replica (static membership); unset: any replica may take any place"
    )
    standby: bool = Field(
        False, description="keep a copy of every partition's state, to take one over at once; its memory is for all"
    )
    clock: Literal["live", "data"] = Field("live", description="data: time comes from the records (replay only)")
    session_timeout_ms: int = Field(8_000, ge=6_000, description="a worker silent for longer is taken for dead")
    heartbeat_ms: int = Field(1_500, ge=100, description="how often a worker says it lives")
    commit_interval_ms: int = Field(500, ge=50, description="how often intake offsets are committed")
    slice_records: int = Field(4_000, ge=1, description="records of one partition worked in one transaction, at most")
    fetch_bytes: int = Field(
        1_048_576, ge=65_536, description="bytes of one partition fetched at once, at most; a slice is no larger"
    )
    dead_letters_per_minute: int = Field(
        5_000,
        ge=0,
        description="dead letters of one input topic in a minute, per worker; more stop its intake; 0: never",
    )
    nice: int = Field(
        0,
        ge=0,
        le=19,
        description="how far a worker gives way to others on its machine; 10 where it shares it with the gate",
    )
    clock_grace_ms: int = Field(1_000, ge=0, description="how far a tick may run ahead of unread input")
    state_dir: Path = Field(ROOT / ".run", description="where a worker may write (nothing that cannot be lost)")
    web_host: str = Field("127.0.0.1", description="address of /metrics, /healthz and /readyz")
    web_port: int = Field(6066, ge=0, le=65_535, description="its port; 0 picks a free one")
    policy_dir: Path = Field(
        ROOT / "policies" / "default", description="the policy folder that `policy activate` reads"
    )
    schema_dir: Path = Field(ROOT / "schemas", description="the Avro schemas")
    schema_registry_url: str | None = Field(
        None, description="Confluent-compatible registry; unset: Avro single-object encoding from `schemas/`"
    )
    trace_endpoint: str | None = Field(
        None, pattern="^https?://", description="OTLP over HTTP, http://collector:4318/v1/traces; unset: no traces"
    )
    trace_share: float = Field(1.0, ge=0, le=1, description="share of input records whose trace we begin")
    log_format: Literal["console", "json"] = Field("console", description="how log lines look")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="the least that is logged")


class WebSettings(BaseSettings):
    """How the gate and the command centre (`makegood web`) run."""

    model_config = SettingsConfigDict(env_prefix="MAKEGOOD_SITE_", env_file=".env", extra="ignore")

    host: str = Field("127.0.0.1", description="address the gate and the pages are served on")
    port: int = Field(6080, ge=0, le=65_535, description="their port; 0 picks a free one")
    https: bool = Field(False, description="whether browsers reach it by https; cookies are then marked secure")
    tokens_file: Path = Field(ROOT / ".run" / "web-tokens", description="hashed tokens, see `makegood web token`")
    login_once: SecretStr | None = Field(None, description="lets one person log in with every role, once (the demo)")
    namespaces: str = Field("", description="further topic prefixes to follow beside our own, comma-separated")
    stale_after_ms: int = Field(10_000, ge=100, description="how far behind the topic's end the gate still answers")
    stale_marketing: Literal["refuse", "allow"] = Field(
        "refuse", description="what a stale gate says to marketing where it knows of no hold"
    )
    stale_recovery: Literal["refuse", "allow"] = Field("allow", description="what it says to recovery messages")
    batch: int = Field(10_000, ge=1, description="questions in one batch call, at most")
    calls_per_second: int = Field(2_000, ge=1, description="calls of one token in a second, at most")
    most_customers: int = Field(200_000, ge=1, description="customers kept for the pages; the quietest go first")
    timeline_mb: int = Field(256, ge=1, description="memory for timelines; what changed least recently goes first")
    severe_from: int = Field(3, ge=0, le=4, description="severity from which a case is on the planners' list")
    budgets: dict[str, Decimal] = Field({}, description='30 days\' budget by cost centre, {"marketing GBP": "5000"}')
    worker_metrics: str = Field("http://127.0.0.1:6066/metrics", description="workers' /metrics, comma-separated")


class WebhookSettings(BaseSettings):
    """Which senders may post webhooks. A sender without its secret is not let in."""

    model_config = SettingsConfigDict(env_prefix="MAKEGOOD_WEBHOOK_", env_file=".env", extra="ignore")

    host: str = Field("127.0.0.1", description="address of `makegood webhooks serve`")
    port: int = Field(6081, ge=0, le=65_535, description="its port; 0 picks a free one")
    shopify_secret: SecretStr | None = Field(None, description="the Shopify app's client secret")
    shopify_shop: str | None = Field(None, description="name.myshopify.com, to look up whose a fulfilment hold is")
    shopify_token: SecretStr | None = Field(None, description="Admin API token for that look-up")
    shopify_api: str = Field("https://{shop}/admin/api/2026-07/graphql.json", description="where the Admin API is")
    aftership_secret: SecretStr | None = Field(None, description="AfterShip's webhook secret")
    aftership_faults: dict[str, Literal["merchant", "carrier", "customer", "nobody", "unknown"]] = Field(
        {}, description='whose fault a sub-code is, where you know better: {"Exception_007": "merchant"}'
    )
    easypost_secret: SecretStr | None = Field(None, description="EasyPost's webhook secret")
    zendesk_secret: SecretStr | None = Field(None, description="the signing secret of the Zendesk webhook")
    zendesk_complaint_tags: list[str] = Field(["complaint"], description="tags that make a ticket a complaint")
    mappings_dir: Path | None = Field(None, description="folder of declared mappings, *.yaml (docs/adapters.md)")
    secrets: dict[str, SecretStr] = Field({}, description='secrets of declared mappings, {"source": "secret"}')
    most_bytes: int = Field(1_048_576, ge=1_024, description="bytes of a webhook's body, at most")
    body_s: float = Field(5.0, gt=0, description="a body that takes longer to come is refused; frees its place")
    patience_s: float = Field(4.0, gt=0, description="wait for Kafka this long, then 503; Shopify gives up after 5 s")
    at_once: int = Field(64, ge=1, description="webhooks worked on at once, at most; more are told 503")


class SinkSettings(BaseSettings):
    """How `makegood sinks` carries holds into marketing tools. A tool is used when its key is set."""

    model_config = SettingsConfigDict(env_prefix="MAKEGOOD_SINKS_", env_file=".env", extra="ignore")

    host: str = Field("127.0.0.1", description="address of /metrics and /healthz of `makegood sinks`")
    port: int = Field(6082, ge=0, le=65_535, description="their port; 0 picks a free one")
    prop: str = Field("recovery_hold", description="the attribute we own in every tool; nobody else may write it")
    address: Literal["customer_id", "marketing_id", "email"] = Field(
        "customer_id", description="what the tools know people by: our id, their own (identities), or e-mail"
    )
    confirm: bool = Field(True, description="read back what was written")
    confirm_after_s: float = Field(2.0, ge=0, description="wait this long before reading back; tools apply later")
    confirm_tries: int = Field(5, ge=1, description="read back so often, the wait doubling, before telling operations")
    timeout_s: float = Field(10.0, gt=0, description="how long one answer may take")
    longest_pause_s: float = Field(60.0, gt=0, description="longest pause between tries when a tool is down")
    records: int = Field(500, ge=1, description="records of the suppressions topic worked at once; bounds memory")


class BrazeSettings(BaseSettings):
    """Braze: a custom attribute by /users/track."""

    model_config = SettingsConfigDict(env_prefix="MAKEGOOD_BRAZE_", env_file=".env", extra="ignore")

    url: str = Field("https://rest.iad-01.braze.com", description="your instance's REST endpoint")
    key: SecretStr | None = Field(None, description="REST key with users.track and users.export.ids")


class KlaviyoSettings(BaseSettings):
    """Klaviyo: a profile property."""

    model_config = SettingsConfigDict(env_prefix="MAKEGOOD_KLAVIYO_", env_file=".env", extra="ignore")

    url: str = Field("https://a.klaviyo.com", description="the API's address")
    key: SecretStr | None = Field(None, description="private key with profiles:read and profiles:write")
    revision: str = Field("2025-10-15", description="the API revision that is asked for")


class CustomerIoSettings(BaseSettings):
    """Customer.io: an attribute by the Track API, read back by the App API."""

    model_config = SettingsConfigDict(env_prefix="MAKEGOOD_CUSTOMERIO_", env_file=".env", extra="ignore")

    url: str = Field("https://track.customer.io", description="the Track API; track-eu.customer.io in Europe")
    site_id: str = Field("", description="the workspace's site id")
    key: SecretStr | None = Field(None, description="the Track API key")
    app_url: str = Field("https://api.customer.io", description="the App API; api-eu.customer.io in Europe")
    app_key: SecretStr | None = Field(None, description="the App API key; unset: nothing is read back")


class IterableSettings(BaseSettings):
    """Iterable: membership of one global suppression list that is ours alone."""

    model_config = SettingsConfigDict(env_prefix="MAKEGOOD_ITERABLE_", env_file=".env", extra="ignore")

    url: str = Field("https://api.iterable.com", description="the API; api.eu.iterable.com in Europe")
    key: SecretStr | None = Field(None, description="server-side API key")
    list_id: int = Field(0, ge=0, description="the list's id; make it for this, and a global suppression list")


class MarketingCloudSettings(BaseSettings):
    """Salesforce Marketing Cloud: membership of one auto-suppression list that is ours alone, and journey exits."""

    model_config = SettingsConfigDict(env_prefix="MAKEGOOD_SFMC_", env_file=".env", extra="ignore")

    auth_url: str = Field("", description="https://SUBDOMAIN.auth.marketingcloudapis.com")
    rest_url: str = Field("", description="https://SUBDOMAIN.rest.marketingcloudapis.com")
    soap_url: str = Field("", description="https://SUBDOMAIN.soap.marketingcloudapis.com")
    client_id: str = Field("", description="the installed package's client id")
    client_secret: SecretStr | None = Field(None, description="its client secret")
    account_id: str | None = Field(None, description="the business unit (MID)")
    list_id: int = Field(0, ge=0, description="the auto-suppression list's id; make it for this")
    exit_journeys: list[str] = Field([], description="journeys (keys) that a held contact leaves, for good")


class SignedWebhookSettings(BaseSettings):
    """Our own webhook to anyone, signed as Standard Webhooks say."""

    model_config = SettingsConfigDict(env_prefix="MAKEGOOD_HOLD_WEBHOOK_", env_file=".env", extra="ignore")

    url: str | None = Field(None, description="where holds and releases are posted; unset: nowhere")
    secret: SecretStr | None = Field(None, description="whsec_ and base64, or any text; shared with the receiver")
