"""The worker's own small web server: `/metrics`, `/healthz`, `/readyz`, and nothing else.

Faust's is not used: it binds all interfaces and shows state without a login.
"""

from aiohttp import web

from app.errors import SetupError
from app.shell.meters import metrics_page
from app.shell.telemetry import PrometheusTelemetry


class WorkerWeb:
    """Serves one worker's telemetry on `host:port`; port 0 picks a free one, `port` says which."""

    def __init__(self, telemetry: PrometheusTelemetry, host: str, port: int) -> None:
        self._telemetry = telemetry
        self._host = host
        self.port = port
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Bind and serve; SetupError when the address is taken or not ours."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/metrics", metrics_page(self._telemetry.registry)),
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
            ]
        )
        runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self.port).start()
        except OSError as error:
            await runner.cleanup()
            raise SetupError(
                f"cannot serve /metrics on {self._host}:{self.port} ({error.strerror or error}): "
                "set MAKEGOOD_WEB_HOST and MAKEGOOD_WEB_PORT (0 picks a free port)"
            ) from error
        self._runner = runner
        self.port = runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop serving; safe to call when it never started."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _healthz(self, request: web.Request) -> web.Response:
        del request
        health = self._telemetry.health
        return _answer(health.trouble(), also=health.waits_for_us())

    async def _readyz(self, request: web.Request) -> web.Response:
        del request
        return _answer(self._telemetry.health.not_ready())


def _answer(trouble: str | None, also: str | None = None) -> web.Response:
    """Answer 503 with the trouble; `also` is told with either, because a restart does not mend it."""
    more = "" if also is None else f"{also}\n"
    return web.Response(text=f"ok\n{more}") if trouble is None else web.Response(status=503, text=f"{trouble}\n{more}")
