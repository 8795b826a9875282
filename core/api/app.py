"""Every route on one screen.

```
/            the window            /health  /health/ready  /metrics
/v1/…        the OpenAI and Anthropic endpoints: the hot path, mounted as plain ASGI
/api/…       everything else, one file per resource
/schema      OpenAPI
```
"""

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig

from core.api import (
    attachments,
    audit,
    audit_checkpoint,
    audit_export,
    audit_replaced,
    audit_seal,
    cache,
    captures,
    changes,
    chat,
    control,
    conversations,
    engines,
    fit,
    keys,
    mcp,
    mirror,
    offers,
    presets,
    problems,
    recipe_files,
    recipe_preview,
    recipe_revisions,
    recipes,
    requests,
    research,
    runtimes,
    settings,
    signed_in,
    state,
    system,
    timeline,
    usage,
)
from core.api.asking import provide_asking
from core.api.events import follow_events
from core.api.guard import ASGIApp, Guard
from core.api.read_only import ReadOnly
from core.api.v1 import v1_app, v1_mount
from core.api.window_files import window_handlers
from core.application import Application
from core.version import studio_version

LARGEST_BODY = 50 * 1024 * 1024  # bytes, for /api; the hot path has its own limit


def make_asgi(application: Application) -> ASGIApp:
    """The application as the HTTP server runs it."""
    api = Router(
        "/api",
        route_handlers=[
            *system.API_HANDLERS,
            *changes.HANDLERS,
            *recipes.HANDLERS,
            *recipe_files.HANDLERS,
            *recipe_preview.HANDLERS,
            *recipe_revisions.HANDLERS,
            *fit.HANDLERS,
            *engines.HANDLERS,
            *timeline.HANDLERS,
            *state.HANDLERS,
            *runtimes.HANDLERS,
            *settings.HANDLERS,
            *keys.HANDLERS,
            *offers.HANDLERS,
            *requests.HANDLERS,
            *usage.HANDLERS,
            *mcp.HANDLERS,
            *mirror.HANDLERS,
            *cache.HANDLERS,
            *captures.HANDLERS,
            *conversations.HANDLERS,
            *chat.HANDLERS,
            *research.HANDLERS,
            *attachments.HANDLERS,
            *presets.HANDLERS,
            *audit.HANDLERS,
            *audit_export.HANDLERS,
            *audit_seal.HANDLERS,
            *audit_replaced.HANDLERS,
            *audit_checkpoint.HANDLERS,
            *control.HANDLERS,
            follow_events,
        ],
        dependencies={"asking": Provide(provide_asking, sync_to_thread=False)},
    )
    v1 = v1_app(application)
    app = Litestar(
        [*system.ROOT_HANDLERS, *signed_in.HANDLERS, api, v1_mount(v1), *window_handlers()],
        dependencies={"application": Provide(lambda: application, sync_to_thread=False)},
        exception_handlers=problems.HANDLERS,
        openapi_config=OpenAPIConfig(title="vLLM Studio", version=studio_version(), path="/schema"),
        request_max_body_size=LARGEST_BODY,
        logging_config=None,
        signature_types=[Application],
    )
    boot = application.boot_settings
    trouble = application.opened_log.trouble
    return Guard(
        app if trouble is None else ReadOnly(app, trouble),
        v1=v1 if trouble is None else ReadOnly(v1, trouble),
        port=boot.port,
        host=boot.host,
        api_key=boot.api_key,
        owner_token=application.secrets.ensure("owner-token"),
        allowed_origins=lambda: application.settings.current.allowed_origins,
        check_key=application.keys.check,
        in_force=application.keys.in_force,
        require_key=lambda: application.settings.current.demands_key,
        straight=application.proxy.straight if trouble is None else None,
    )
