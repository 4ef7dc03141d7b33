"""The process that only receives webhooks: it may face the internet while the pages do not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from app.errors import SetupError
from app.settings import KafkaSettings, WebhookSettings, WorkerSettings
from app.shell.edge_metric_list import WEBHOOK_METRICS, WEBHOOK_SECONDS, WEBHOOKS
from app.shell.lasting_publisher import LastingPublisher
from app.shell.meters import Meters, metrics_page
from app.shell.output_reader import codec_of
from app.shell.safe_clock import wall_clock
from app.shell.shopify_orders import ShopifyOrders
from app.web.no_http import answer_in_our_words
from app.web.webhooks import Receiver, routes


def receiver(settings: WebhookSettings, publish: LastingPublisher, worker: WorkerSettings, meters: Meters) -> Receiver:
    """Return the receiver of these settings; SetupError or PolicyError for what may not be used."""
    look_up = None if settings.shopify_shop is None or settings.shopify_token is None else ShopifyOrders(settings)

    def count(source: str, status: int, seconds: float) -> None:
        meters.count(WEBHOOKS, source, str(status))
        meters.observe(WEBHOOK_SECONDS, seconds, source)

    return Receiver(settings, publish, codec_of(worker), wall_clock, look_up, count)


@asynccontextmanager
async def serving(settings: WebhookSettings, kafka: KafkaSettings, worker: WorkerSettings) -> AsyncIterator[int]:
    """Receive while inside; gives the port. SetupError when the address cannot be had."""
    publish = LastingPublisher(kafka, worker, patience_s=settings.patience_s)
    app = web.Application()
    meters = Meters(WEBHOOK_METRICS)
    app.on_response_prepare.append(_keep_strict)
    app.add_routes(routes(receiver(settings, publish, worker, meters)))
    app.add_routes([web.get("/healthz", _healthz), web.get("/metrics", metrics_page(meters.registry))])
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=5.0)
    await runner.setup()
    answer_in_our_words(runner)
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
        yield runner.addresses[0][1]
    except OSError as error:
        raise SetupError(
            f"cannot serve on {settings.host}:{settings.port} ({error.strerror or error}): "
            "set MAKEGOOD_WEBHOOK_HOST and MAKEGOOD_WEBHOOK_PORT (0 picks a free one)"
        ) from error
    finally:
        await runner.cleanup()
        await publish.stop()


async def _keep_strict(request: web.Request, response: web.StreamResponse) -> None:
    """Let no browser guess what an answer is, and tell nobody which versions give it."""
    del request
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Server"] = "makegood"


async def _healthz(request: web.Request) -> web.Response:
    """Say that the process answers; whether Kafka does, each webhook's own answer says."""
    del request
    return web.Response(text="ok\n")


async def serve(
    settings: WebhookSettings, kafka: KafkaSettings, worker: WorkerSettings, *, tell: Callable[[str], None]
) -> None:
    """Receive until cancelled."""
    async with serving(settings, kafka, worker) as port:
        tell(f"webhooks are received at http://{settings.host}:{port}/v1/webhooks/SOURCE")
        await asyncio.Event().wait()
