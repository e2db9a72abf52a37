"""The web application: webhooks, health and pages."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.middleware.trustedhost import TrustedHostMiddleware

from starter.api import api_routes
from starter.console.login import login_routes
from starter.console.pages import page_routes
from starter.console.rendering import STATIC
from starter.headers import SafeHeaders
from starter.health import health_routes
from starter.parts import Parts
from starter.remote_codec import codec_app
from starter.slack import slack_routes
from starter.webhooks.routes import webhook_routes

_log = structlog.stdlib.get_logger(__name__)


def create_app(parts: Parts) -> FastAPI:
    """The application, ready for any ASGI server."""
    # Its own documentation pages load scripts from elsewhere.
    app = FastAPI(title="Nightshift", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_watching(parts))
    app.add_middleware(SafeHeaders)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(parts.hosts), www_redirect=False)
    app.include_router(webhook_routes(parts))
    app.include_router(slack_routes(parts))
    app.include_router(health_routes(parts))
    app.include_router(api_routes(parts))
    app.include_router(login_routes(parts.desk))
    app.include_router(page_routes(parts))
    app.mount("/static", StaticFiles(directory=STATIC))
    if parts.codec is not None and parts.temporal_ui is not None:
        app.mount("/codec", codec_app(parts.codec, parts.temporal_ui, parts.desk))
    return app


def _watching(parts: Parts):  # noqa: ANN202 - Starlette's type of a lifespan is its own
    """While the application runs, the machine is looked at in the background."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        looking = asyncio.create_task(parts.machine.run())
        looking.add_done_callback(_say_if_it_failed)
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.wait([looking])

    return lifespan


def _say_if_it_failed(looking: asyncio.Task[None]) -> None:
    """Pages go on without it, and say how old what they show of the machine is."""
    if not looking.cancelled() and (error := looking.exception()) is not None:
        _log.error("the machine is no longer looked at: restart the starter", exc_info=error)
