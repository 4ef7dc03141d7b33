"""The web process put together: followers fill the read model, handlers answer from it."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import structlog
from aiohttp import web

from app.decide import policy_in
from app.emit.records import Emit
from app.errors import SetupError
from app.settings import KafkaSettings, WebSettings, WorkerSettings
from app.shell.output_follower import OutputFollower
from app.shell.output_reader import codec_of
from app.shell.safe_clock import wall_clock
from app.web import api, pages, service
from app.web.access import Access, Role, access_from
from app.web.boards.board import BOARD, Kept
from app.web.limits import Buckets
from app.web.meters import METERS, WebMeters, measured
from app.web.no_http import answer_in_our_words
from app.web.read_model import ReadModel
from app.web.rendering import warm
from app.web.requests import guarded, keep_strict
from app.web.site import SITE, Site
from app.web.token_file import keep_tokens
from app.web.turns import watch_turns
from app.web.workers import WORKERS, Workers

_log = structlog.get_logger("makegood.web")

_MOST_BODY: Final = 8 * 1024 * 1024
_WRONG_TOKENS: Final = 20
_MINUTE: Final = 60
_SPARED_EVERY_SECONDS: Final = 1.0


def application(site: Site) -> web.Application:
    """Return the application over a read model; nothing in it is open but log-in, health and the OpenAPI document."""
    app = web.Application(middlewares=[measured, guarded], client_max_size=_MOST_BODY)
    app[SITE] = site
    app[METERS] = site.meters
    app[BOARD] = Kept()
    app[WORKERS] = Workers(site.settings.worker_metrics.split(","))
    app[pages.STREAMS] = pages.Streams()
    app.on_response_prepare.append(keep_strict)
    app.on_shutdown.append(pages.end_streams)
    for routes in (api.routes, service.routes, pages.routes):
        app.add_routes(routes)
    return app


def site_of(settings: WebSettings, worker: WorkerSettings, access: Access | None = None) -> Site:
    """Return an empty site by these settings; SetupError when tokens or policy cannot be read."""
    model = ReadModel(
        wall_clock,
        stale_after_ms=settings.stale_after_ms,
        most_customers=settings.most_customers,
        timeline_mb=settings.timeline_mb,
    )
    return Site(
        model=model,
        settings=settings,
        access=access_from(settings.tokens_file) if access is None else access,
        clock=wall_clock,
        decode=Emit(codec_of(worker)).decode,
        policy=policy_in(worker.policy_dir),
        calls=Buckets(settings.calls_per_second, settings.calls_per_second),
        failures=Buckets(_WRONG_TOKENS / _MINUTE, _WRONG_TOKENS),
        meters=WebMeters(),
    )


def followers(site: Site, kafka: KafkaSettings, worker: WorkerSettings) -> list[OutputFollower]:
    """Return a follower for each namespace, the live one first, each filling the site's read model."""
    prefixes = [worker.topic_prefix, *(name.strip() for name in site.settings.namespaces.split(",") if name.strip())]
    found = []
    for number, prefix in enumerate(prefixes):
        namespace = worker.model_copy(update={"topic_prefix": prefix})
        follower = OutputFollower(kafka, namespace, partial(site.model.take, number))
        site.model.follows(partial(getattr, follower, "as_of"))
        found.append(follower)
    return found


@asynccontextmanager
async def serving(site: Site) -> AsyncIterator[int]:
    """Serve the site while inside; gives the port. SetupError when the address cannot be had."""
    settings = site.settings
    runner = web.AppRunner(application(site), access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    answer_in_our_words(runner)
    try:
        try:
            await web.TCPSite(runner, settings.host, settings.port).start()
        except OSError as error:
            raise SetupError(
                f"cannot serve on {settings.host}:{settings.port} ({error.strerror or error}): "
                "set MAKEGOOD_SITE_HOST and MAKEGOOD_SITE_PORT (0 picks a free one)"
            ) from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def run(
    settings: WebSettings,
    worker: WorkerSettings,
    kafka: KafkaSettings,
    *,
    log_in_as: Sequence[Role] = (),
    tell: Callable[[str], None],
) -> None:
    """Follow and serve until cancelled; a follower that fails ends it all. With `log_in_as` a link is told."""
    site = site_of(settings, worker)
    warm(site.policy)
    async with serving(site) as port, asyncio.TaskGroup() as tasks:
        for follower in followers(site, kafka, worker):
            tasks.create_task(follower.run())
        tasks.create_task(_spare_the_collector())
        tasks.create_task(watch_turns(site.meters.turned))
        tasks.create_task(keep_tokens(site.access, settings.tokens_file))
        address = f"http://{settings.host}:{port}"
        tell(f"the gate and the command centre are served on {address}")
        if settings.login_once is not None:
            site.access.one_time_token(Role, "one-time link", settings.login_once.get_secret_value())
        if log_in_as:
            tell(f"log in once with {address}/login?token={site.access.one_time_token(log_in_as, 'one-time link')}")
        _log.info("serving", address=address)


async def _spare_the_collector() -> None:
    """Take what is kept out of the cycle collector's sight: a full pass over it would hold answers up for long.

    The read model has no cycles; what leaves it is freed at once. What is young is looked through first, which takes a
    millisecond: cycles that are set apart would never be freed.
    """
    gc.collect()
    gc.freeze()
    while True:
        await asyncio.sleep(_SPARED_EVERY_SECONDS)
        gc.collect(1)
        gc.freeze()
