"""The web application: webhooks, health and pages."""

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
from starter.webhooks.routes import webhook_routes


def create_app(parts: Parts) -> FastAPI:
    """The application, ready for any ASGI server."""
    # Its own documentation pages load scripts from elsewhere.
    app = FastAPI(title="Nightshift", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(SafeHeaders)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(parts.hosts), www_redirect=False)
    app.include_router(webhook_routes(parts))
    app.include_router(health_routes(parts))
    app.include_router(api_routes(parts))
    app.include_router(login_routes(parts.desk))
    app.include_router(page_routes(parts))
    app.mount("/static", StaticFiles(directory=STATIC))
    return app
