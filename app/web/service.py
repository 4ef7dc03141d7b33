"""What everybody may ask: whether the process lives, whether it has caught up, and the OpenAPI document."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web

from app.shell.meters import metrics_page
from app.web.openapi import document
from app.web.pages import STREAMS
from app.web.requests import open_to_all
from app.web.site import SITE

routes = web.RouteTableDef()

_FOLDER: Final = Path(__file__).parent / "static"
_DISTRIBUTION: Final = "makegood"
_KINDS: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_ASSETS: Final = {
    str(file.relative_to(_FOLDER)): file.read_bytes() for file in sorted(_FOLDER.rglob("*")) if file.suffix in _KINDS
}
"""Read once: nothing else under any name is ever served."""


@routes.get("/healthz")
@open_to_all
async def healthz(request: web.Request) -> web.Response:
    """Say that the process answers."""
    del request
    return web.Response(text="ok\n")


@routes.get("/readyz")
@open_to_all
async def readyz(request: web.Request) -> web.Response:
    """Say whether the read model is fresh enough for the gate."""
    freshness = request.app[SITE].model.freshness()
    if freshness.stale:
        return web.Response(status=503, text=f"the read model is behind: age {freshness.age_ms} ms\n")
    return web.Response(text="ok\n")


@routes.get("/metrics")
@open_to_all
async def metrics(request: web.Request) -> web.Response:
    """Give Prometheus what there is to watch: numbers about the process and its answers, about nobody in particular."""
    site = request.app[SITE]
    site.meters.standing(site.model.freshness(), site.model.unreadable, len(request.app[STREAMS].tasks))
    return await metrics_page(site.meters.registry)(request)


@routes.get("/openapi.json")
@open_to_all
async def openapi(request: web.Request) -> web.Response:
    """Give the gate's OpenAPI document."""
    del request
    return web.Response(body=msgspec.json.encode(document(version(_DISTRIBUTION))), content_type="application/json")


@routes.get("/static/{name:.+}")
@open_to_all
async def asset(request: web.Request) -> web.Response:
    """Give a script, a style or an image of the pages."""
    name = request.match_info["name"]
    body = _ASSETS.get(name)
    if body is None:
        raise web.HTTPNotFound(text="no such file")
    kind = _KINDS[Path(name).suffix]
    return web.Response(body=body, content_type=kind, charset="utf-8", headers={"Cache-Control": "max-age=300"})
