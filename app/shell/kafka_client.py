"""How clients reach the cluster: their arguments from the settings, and waiting until it is there."""

import asyncio
import ssl
from typing import Any, Final

import structlog
from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from app.errors import SetupError
from app.settings import KafkaSettings

_log = structlog.get_logger("makegood.kafka")

_ATTEMPT_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.5
_METADATA_MAX_AGE_MS: Final = 5_000
"""A broker that has just started does not know its topics at once. Who asks it then believes that there are none: a
group leader gives out no partitions, a producer lets its batches expire; until it asks again, by default in 5 min."""
_REFUSED: Final = (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    IllegalSaslStateError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)


def client_options(kafka: KafkaSettings) -> dict[str, Any]:
    """Return the keyword arguments that every aiokafka client (producer, consumer, admin) takes to connect."""
    return {
        "bootstrap_servers": kafka.bootstrap,
        "metadata_max_age_ms": _METADATA_MAX_AGE_MS,
        **connection_options(kafka),
    }


def connection_options(kafka: KafkaSettings) -> dict[str, Any]:
    """Return the security part of `client_options`; SetupError when a certificate file cannot be used."""
    options: dict[str, Any] = {"security_protocol": kafka.security_protocol}
    if "SSL" in kafka.security_protocol.split("_"):
        options["ssl_context"] = _ssl_context(kafka)
    if kafka.security_protocol.startswith("SASL") and kafka.sasl_password is not None:
        options["sasl_mechanism"] = kafka.sasl_mechanism
        options["sasl_plain_username"] = kafka.sasl_username
        options["sasl_plain_password"] = kafka.sasl_password.get_secret_value()
    return options


async def wait_for_broker(kafka: KafkaSettings, *, limit: float | None = None, tell_every: float = 5.0) -> None:
    """Return once a broker of the cluster answers; meanwhile log each `tell_every` seconds what we wait for.

    Raises SetupError at once for what waiting does not mend (log-in refused, certificate not trusted), and after
    `limit` seconds if one is given.
    """
    loop = asyncio.get_running_loop()
    options = connection_options(kafka)
    began = told = loop.time()
    while (reason := await _why_not(kafka, options)) is not None:
        now = loop.time()
        if limit is not None and now - began >= limit:
            raise SetupError(f"no Kafka at {kafka.bootstrap} after {limit:g} s ({reason}): {_WHAT_TO_DO}")
        if told == began or now - told >= tell_every:
            _log.warning(
                "waiting_for_broker",
                address=kafka.bootstrap,
                waited_s=round(now - began, 1),
                reason=reason,
                do=_WHAT_TO_DO,
            )
            told = now
        await asyncio.sleep(_PAUSE_SECONDS)


_WHAT_TO_DO: Final = "start one with `makegood broker start`, or set KAFKA_BOOTSTRAP to the cluster's address"


async def _why_not(kafka: KafkaSettings, options: dict[str, Any]) -> str | None:
    """Return None when a broker of the list answers, else why the last one does not."""
    reason = "KAFKA_BOOTSTRAP is empty"
    for host, port, _family in collect_hosts(kafka.bootstrap):
        try:
            if await asyncio.wait_for(_answers(host, port, options), _ATTEMPT_SECONDS):
                return None
            reason = f"{host}:{port} is starting"
        except _REFUSED as error:
            raise SetupError(
                f"{host}:{port} refuses our log-in ({type(error).__name__}): check KAFKA_SECURITY_PROTOCOL, "
                "KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"
            ) from error
        except ssl.SSLError as error:
            raise SetupError(
                f"no TLS with {host}:{port} ({error.reason or error}): check KAFKA_SSL_CAFILE (the authority that "
                "signed its certificate), the host name in KAFKA_BOOTSTRAP, and KAFKA_SECURITY_PROTOCOL"
            ) from error
        except TimeoutError:
            reason = f"{host}:{port} does not answer"
        except ConnectionRefusedError:
            reason = f"nobody listens at {host}:{port}"
        except (OSError, KafkaError) as error:
            reason = f"{host}:{port}: {error}"
    return reason


async def _answers(host: str, port: int, options: dict[str, Any]) -> bool:
    connection = await create_conn(host, port, request_timeout_ms=int(_ATTEMPT_SECONDS * 1000), **options)
    try:
        return bool((await connection.send(MetadataRequest([]))).brokers)
    finally:
        connection.close()


def _ssl_context(kafka: KafkaSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=kafka.ssl_cafile and str(kafka.ssl_cafile))
        if kafka.ssl_certfile is not None:
            context.load_cert_chain(kafka.ssl_certfile, kafka.ssl_keyfile)
    except (OSError, ssl.SSLError) as error:
        raise SetupError(
            f"KAFKA_SSL_CAFILE, KAFKA_SSL_CERTFILE or KAFKA_SSL_KEYFILE is not a usable PEM file: {error}"
        ) from error
    return context
