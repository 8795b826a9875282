"""`/api/status`, `/api/gpus`, `/health`, `/metrics`: how the machine is."""

import asyncio
from typing import Any

import msgspec
from litestar import Response, get
from prometheus_client import CONTENT_TYPE_LATEST

from core.application import Application
from core.hardware import Hardware, read_hardware
from core.monitoring.exposition import exposition
from core.status import Status
from core.version import studio_version


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """The process answers."""

    status: str  # "ok", or "degraded": it only looks on
    version: str
    problem: str | None = None


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """Each part that a request needs, and whether it works."""

    ready: bool
    checks: dict[str, str]  # part → "ok" or what is wrong


@get("/status")
async def show_status(application: Application) -> Status:
    """One consistent picture of the machine."""
    return application.studio.look()


@get("/gpus")
async def show_hardware() -> Hardware:
    """GPUs with their memory and processes; CPU, memory and disk in any case."""
    return await asyncio.to_thread(read_hardware)


@get("/health")
async def alive(application: Application) -> Alive:
    """Quick, whatever else goes on."""
    trouble = application.opened_log.trouble
    return Alive(
        status="degraded" if trouble else "ok",
        version=studio_version(),
        problem=trouble.code if trouble else None,
    )


@get("/health/ready")
async def ready(application: Application) -> Response[Ready]:
    """Deep: the log takes writes, the switchboard moves, the gateway answers."""
    checks = await application.monitor.checks()
    if (problem := application.log_watch.problem) is not None:
        checks["log"] = problem
    fine = all(v == "ok" for v in checks.values())
    return Response(Ready(ready=fine, checks=checks), status_code=200 if fine else 503)


@get("/metrics")
async def metrics(application: Application) -> Response[bytes]:
    """For Prometheus, in its text format."""
    headers: dict[str, Any] = {"content-type": CONTENT_TYPE_LATEST}
    return Response(exposition(application), headers=headers, media_type=CONTENT_TYPE_LATEST)


API_HANDLERS = (show_status, show_hardware)
ROOT_HANDLERS = (alive, ready, metrics)
