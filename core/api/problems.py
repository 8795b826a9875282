"""RFC 9457 problem details: the dialect of errors under `/api`."""

import logging
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from core.errors import EngineFailure, Invalid, StudioError, Unavailable
from core.gateway.paths import meant
from core.log_watch import unavailable
from events.errors import LogUnavailable

log = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"


def problem(
    status: int,
    title: str,
    detail: str,
    code: str,
    headers: dict[str, str] | None = None,
    **more: Any,
) -> Response[Any]:
    """A problem response; members that are None or empty are left out."""
    body = {"type": f"about:blank#{code}", "title": title, "status": status, "detail": detail}
    body |= {"code": code} | {k: v for k, v in more.items() if v not in (None, "", ())}
    return Response(
        content=msgspec.json.encode(body),
        status_code=status,
        media_type=PROBLEM_JSON,
        headers=headers or {},
    )


def from_studio(_: Request[Any, Any, Any], error: StudioError) -> Response[Any]:
    """A refusal of ours, with everything it knows."""
    retry = error.retry_after if isinstance(error, Unavailable) else None
    return problem(
        error.status,
        TITLES.get(error.status, "Error"),
        error.message,
        error.code,
        {"retry-after": str(max(1, round(retry)))} if retry is not None else None,
        next_action=error.next_action,
        retry_after=retry,
        field=error.field if isinstance(error, Invalid) else None,
        lines=error.lines if isinstance(error, EngineFailure | Unavailable) else None,
        exit_code=error.exit_code if isinstance(error, EngineFailure) else None,
        remedy=(error.remedy or None) if isinstance(error, EngineFailure) else None,
    )


def from_log(request: Request[Any, Any, Any], error: LogUnavailable) -> Response[Any]:
    """The log can not be used: not for this, and for nothing else."""
    return from_studio(request, unavailable(str(error)))


def from_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Litestar's own: no such route, wrong method, malformed body."""
    extra = error.extra if isinstance(error, ValidationException) else None
    first = extra[0] if isinstance(extra, list) and extra and isinstance(extra[0], dict) else {}
    detail = str(first.get("message") or error.detail)
    return problem(
        error.status_code,
        TITLES.get(error.status_code, "Error"),
        detail,
        CODES.get(error.status_code, "http-error"),
        dict(error.headers or {}),
        field=first.get("key"),
        next_action=_the_way_to_v1(request) if error.status_code in (404, 405) else None,
    )


def _the_way_to_v1(request: Request[Any, Any, Any]) -> str | None:
    """For a client whose base URL lacks `/v1`: it asks the window's pages."""
    path: str = request.scope["path"]
    wanted = None if path.startswith("/api/") else meant(path.encode())
    if wanted is None:
        return None
    return f"Ask {wanted.decode()}: the base URL of an OpenAI client ends in /v1."


def from_bug(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Nothing we foresaw: the log has the traceback, the caller a plain sentence."""
    path = request.scope.get("path_template", "")  # without what was filled in
    log.error("%s %s failed", request.method, path, exc_info=error)
    return problem(
        500,
        TITLES[500],
        "vLLM Studio made a mistake; its log has the details",
        "internal-error",
        next_action="vllm-studio logs app",
    )


TITLES = {
    400: "Malformed request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Refused",
    413: "Too large",
    500: "Internal error",
    502: "Engine failure",
    503: "Unavailable",
    504: "Timed out",
}
CODES = {
    400: "invalid",
    401: "unauthenticated",
    403: "not-allowed",
    404: "not_found",
    405: "method-not-allowed",
}

HANDLERS: dict[Any, Any] = {
    StudioError: from_studio,
    LogUnavailable: from_log,
    HTTPException: from_http,
    Exception: from_bug,
}
