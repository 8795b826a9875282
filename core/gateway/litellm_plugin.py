"""Runs inside LiteLLM, in LiteLLM's own virtualenv: who may ask, what is routed, what was used.

Only the standard library, LiteLLM and what LiteLLM itself brings may be imported here. The file is
written beside LiteLLM's configuration as `vllm_studio_plugin.py` at every start and loaded twice
over by name: by the configuration (`only_the_studio`, `usage`) and as a worker start-up hook
(`install`).

`/_studio/*` is for the studio alone, by the master key:
    GET  /_studio/whoami    → {"nonce", "plugin", "litellm"}   the process proves that it is ours
    PUT  /_studio/routing   {"model_list": […]}                 replaces the whole routing, live
    GET  /_studio/usage     one JSON line for each finished call, as they finish
"""

import asyncio
import collections
import functools
import hashlib
import hmac
import json
import linecache
import logging
import os
import sys
import traceback
from collections.abc import AsyncIterator, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import StreamingResponse
from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy._types import ProxyException, UserAPIKeyAuth

INTERNAL_KEY = os.environ.get("VLLM_STUDIO_GATEWAY_KEY", "")
MASTER_KEY = os.environ.get("LITELLM_MASTER_KEY", "")
NONCE = os.environ.get("VLLM_STUDIO_NONCE", "")
FINGERPRINT = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]
KEPT = 10_000  # reports kept while nobody fetches them
TOLD_AGAIN = 1_000  # reports that a new listener is told once more
SIGN_OF_LIFE_S = 15.0
SHORTEST_KEY = 6
LONGEST_CODE = 200  # characters of the line that logs
DEEPEST = 8  # frames of an exception, the innermost
HIDDEN = "•••"
NOT_REACHED = ("Cannot connect to host", " - Connection error.")  # as LiteLLM's clients say it

providers: dict[str, tuple[str, str]] = {}  # model name → its provider and the API key given to it
news = asyncio.Event()


# ---- who may ask ----------------------------------------------------------------------------


async def only_the_studio(request: Request, api_key: str) -> UserAPIKeyAuth:
    """LiteLLM's `custom_auth`: nobody but the controller, whoever else reaches this port."""
    if not _same(api_key, INTERNAL_KEY):
        raise ProxyException(
            message="this gateway serves vLLM Studio only; ask the controller's /v1 instead",
            type="authentication_error",
            param="api_key",
            code=401,
        )
    return UserAPIKeyAuth(api_key="vllm-studio", key_alias="vllm-studio")


def _same(given: str, expected: str) -> bool:
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())


# ---- what was used --------------------------------------------------------------------------


class Reports:
    """The newest of them; how many there were, and how many of these were told to somebody."""

    def __init__(self) -> None:
        self.kept: collections.deque[bytes] = collections.deque(maxlen=KEPT)
        self.count = self.told = 0

    def add(self, line: bytes) -> None:
        """One more, for whoever listens."""
        self.kept.append(line)
        self.count += 1
        news.set()


reports = Reports()


class Usage(CustomLogger):  # type: ignore[misc]  # not typed by its authors
    """Tells the studio what a call used, also when its client left before the counts came."""

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: object, start_time: object, end_time: object
    ) -> None:
        """Also called for streams whose client left, with estimated counts."""
        _report(kwargs)

    async def async_log_failure_event(
        self, kwargs: dict[str, Any], response_obj: object, start_time: object, end_time: object
    ) -> None:
        """A call that failed; a stream that broke has counts up to there."""
        _report(kwargs)

    async def async_post_call_failure_hook(
        self,
        request_data: dict[str, Any],
        original_exception: Exception,
        user_api_key_dict: UserAPIKeyAuth,
        traceback_str: str | None = None,
    ) -> None:
        """Called before a failure becomes an answer, and before it is known what it will be."""
        provider = providers.get(str(request_data.get("model")))
        if provider is not None:
            reword(original_exception, *provider)


usage = Usage()


def reword(error: Any, provider: str, api_key: str) -> None:  # noqa: ANN401 - of any class
    """Put a provider's failure as the studio's client should hear it.

    The provider's refusal of its key is no fault of the client, whose own key was accepted; and a
    provider that repeats the key it was given must not tell it to the client.
    """
    status = str(getattr(error, "status_code", "") or getattr(error, "code", ""))
    message = str(getattr(error, "message", "") or error)
    if len(api_key) >= SHORTEST_KEY:
        message = message.replace(api_key, HIDDEN)
    if status == "401":
        error.status_code = error.code = 502
        message = (
            f"the provider {provider} did not accept its API key: give it another one with "
            f"`vllm-studio providers add {provider}`"
        )
    elif status == "403":
        error.status_code = error.code = 502
        message = f"the provider {provider} refused: {message}"
    elif any(words in message for words in NOT_REACHED):
        error.status_code = error.code = 502
        message = f"the provider {provider} can not be reached"
    error.message = message
    error.args = (message,)


def _report(kwargs: dict[str, Any]) -> None:
    told = kwargs.get("standard_logging_object") or {}
    call_id = told.get("litellm_call_id") or kwargs.get("litellm_call_id")
    if not call_id:
        return
    used = (told.get("metadata") or {}).get("usage_object") or {}
    details = used.get("prompt_tokens_details") or {}
    made = used.get("completion_tokens_details") or {}
    report = {
        "request_id": call_id,
        "prompt_tokens": told.get("prompt_tokens"),
        "completion_tokens": told.get("completion_tokens"),
        "cached_tokens": details.get("cached_tokens"),
        "reasoning_tokens": made.get("reasoning_tokens"),
    }
    reports.add(json.dumps(report).encode() + b"\n")


# ---- thoughts under both names --------------------------------------------------------------


def give_thoughts_both_names() -> None:
    """LiteLLM calls every thought `reasoning_content`; vLLM's own clients read `reasoning`."""
    from litellm.types.utils import Delta, Message

    for kind in (Delta, Message):
        kind.__init__ = _with_both_names(kind.__init__)


def _with_both_names(init: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(init)
    def begin(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - any of LiteLLM's
        init(self, *args, **kwargs)
        thought = getattr(self, "reasoning_content", None)
        if thought is not None:
            self.reasoning = thought

    return begin


# ---- what is written down -------------------------------------------------------------------


def be_discreet() -> None:
    """From now on no line of the log says what was asked: messages of failed calls repeat it."""
    logging.setLogRecordFactory(_discreet)


def _discreet(*args: Any, **kwargs: Any) -> logging.LogRecord:  # noqa: ANN401 - logging's own
    """What the code says where it logs, and of exceptions their kind and places; no message.

    LiteLLM puts its messages together before it logs them: no part of one is known to be its own.
    """
    record = logging.LogRecord(*args, **kwargs)
    if record.levelno < logging.WARNING:
        return record
    code = (linecache.getline(record.pathname, record.lineno + more) for more in range(3))
    lines = [f"{record.module}:{record.lineno}: {' '.join(' '.join(code).split())[:LONGEST_CODE]}"]
    error = record.exc_info[1] if record.exc_info else sys.exc_info()[1]
    if error is not None:
        for frame in traceback.extract_tb(error.__traceback__)[-DEEPEST:]:
            lines.append(f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}')
        status = getattr(error, "status_code", None)
        lines.append(type(error).__name__ + (f" ({status})" if isinstance(status, int) else ""))
    record.msg, record.args = "\n".join(lines), ()
    record.exc_info = record.exc_text = record.stack_info = None
    return record


# ---- the studio's own door ------------------------------------------------------------------

door = APIRouter(prefix="/_studio", include_in_schema=False)


def _demand_master_key(request: Request) -> None:
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not _same(given, MASTER_KEY):
        raise HTTPException(403, "for the studio alone")


@door.get("/whoami")
async def whoami(request: Request) -> dict[str, str | bool]:
    """Proof that this is the process the studio launched, and which plugin it runs."""
    _demand_master_key(request)
    return {
        "nonce": NONCE,
        "plugin": FINGERPRINT,
        "litellm": version("litellm"),
        "database": bool(os.environ.get("DATABASE_URL")),
    }


@door.put("/routing")
async def put_routing(request: Request) -> dict[str, list[str]]:
    """Replace the routing. Streams of a removed deployment run to their end."""
    _demand_master_key(request)
    from litellm.proxy import proxy_server
    from litellm.types.router import Deployment

    router = proxy_server.llm_router
    if router is None:
        raise HTTPException(503, "still starting")
    wanted = {d["model_info"]["id"]: d for d in (await request.json())["model_list"]}
    providers.clear()
    for one in wanted.values():
        if provider := one["model_info"].get("provider"):
            providers[one["model_name"]] = (provider, one["litellm_params"]["api_key"])
        router.upsert_deployment(Deployment(**one))
    for gone in [known for known in router.get_model_ids() if known not in wanted]:
        router.delete_deployment(id=gone)
    proxy_server.llm_model_list = router.get_model_list() or []
    return {"ids": list(router.get_model_ids())}


@door.get("/usage")
async def follow_usage(request: Request) -> StreamingResponse:
    """Reports as they come; an empty line now and then shows that the connection lives."""
    _demand_master_key(request)
    return StreamingResponse(_report_lines(), media_type="application/x-ndjson")


async def _report_lines() -> AsyncIterator[bytes]:
    """What was not told to anybody yet, and before it some that were: they may be lost."""
    at = max(reports.told - TOLD_AGAIN, 0)
    yield b"\n"
    while True:
        while (at := max(at, reports.count - len(reports.kept))) < reports.count:
            at += 1
            reports.told = max(reports.told, at)
            yield reports.kept[at - 1 - reports.count]
        news.clear()
        try:
            await asyncio.wait_for(news.wait(), SIGN_OF_LIFE_S)
        except TimeoutError:
            yield b"\n"


async def install() -> None:
    """LiteLLM's start-up hook: the door comes before LiteLLM's catch-all routes."""
    from litellm.proxy import proxy_server

    be_discreet()
    give_thoughts_both_names()
    proxy_server.app.include_router(door)
    routes = proxy_server.app.router.routes
    routes.insert(0, routes.pop())
