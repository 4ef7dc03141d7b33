"""What is answered to bytes that are no HTTP, before any handler sees them: our words and headers, not the library's.

Its own answer quotes what was sent, with the token in it, which a proxy may hand to somebody else; it names the
versions that run; and no signal is told of it, so that it goes out without the headers of every other answer.
"""

from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Server": "makegood",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_NO_HTTP: Final = b'{"error":"this is no HTTP that is understood here","field":null}'
_OUR_FAULT: Final = b'{"error":"this failed on our side; it is in the log","field":null}'


def answer_in_our_words(runner: web.AppRunner) -> None:
    """Let a runner that is set up, and not listening yet, answer what is no HTTP as it answers everything else."""
    server = runner.server
    assert server is not None, "set the runner up first"
    server.__class__ = _Server


class _Handler(RequestHandler):
    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Let the library log it, and say less than it would."""
        its_own = super().handle_error(request, status, exc, message)
        ours = _OUR_FAULT if its_own.status >= HTTPStatus.INTERNAL_SERVER_ERROR else _NO_HTTP
        answer = web.Response(status=its_own.status, body=ours, content_type="application/json", headers=_HEADERS)
        answer.force_close()
        return answer


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        handler = super().__call__()
        handler.__class__ = _Handler
        return handler
