"""`/api/captures` and a request's bodies: what was kept, for the owner of this machine alone."""

import base64
from collections.abc import Callable
from typing import Literal

import msgspec
from litestar import delete, get

from core.api.asking import Asking
from core.api.control import demand_owner
from core.application import Application
from core.captures import CapturedBody
from core.captures.captures import CaptureCounts
from core.errors import NotFound


class BodyView(msgspec.Struct, frozen=True, kw_only=True):
    """One body; `encoding` says how `data` is to be read."""

    encoding: Literal["text", "base64"]
    data: str
    size: int  # of the whole, in bytes
    whole: bool  # nothing was left out


class RequestBodies(msgspec.Struct, frozen=True, kw_only=True):
    """What a client sent and what it got. Secrets of the studio's own are masked."""

    request_id: str
    captured_at: int  # µs since the epoch
    path: str
    model: str
    key_id: str | None
    outcome: str
    status: int
    request: BodyView
    answer: BodyView


class Forgotten(msgspec.Struct, frozen=True, kw_only=True):
    """How many there were."""

    forgotten: int


@get("/requests/{request_id:str}/body")
async def read_bodies(application: Application, asking: Asking, request_id: str) -> RequestBodies:
    """The captured bodies of a request. That they were looked at is recorded."""
    demand_owner(asking, "look at what others asked")
    record = await application.captures.read(request_id, actor=asking.actor)
    if record is None:
        raise NotFound(
            f"no bodies of the request {request_id!r:.80} are kept",
            code="not-captured",
            next_action="The settings capture_bodies and capture_days say what is kept.",
        )
    mask = application.secrets.mask
    return RequestBodies(
        request_id=record.request_id,
        captured_at=record.captured_at,
        path=record.path,
        model=record.model,
        key_id=record.key_id,
        outcome=record.outcome,
        status=record.status,
        request=shown(record.question, mask),
        answer=shown(record.answer, mask),
    )


@get("/captures")
async def count_captures(application: Application, asking: Asking) -> CaptureCounts:
    """How much is kept."""
    demand_owner(asking, "see what is captured")
    return await application.captures.counts()


@delete("/captures", status_code=200)
async def forget_captures(application: Application, asking: Asking) -> Forgotten:
    """Erase every captured body, now."""
    demand_owner(asking, "erase captured bodies")
    return Forgotten(forgotten=await application.captures.forget(actor=asking.actor))


def shown(body: CapturedBody, mask: Callable[[str], str]) -> BodyView:
    """As text where it is text; a letter that was cut in two at the end is left out."""
    data = body.data
    try:
        text = data.decode()
    except UnicodeDecodeError as torn:
        if body.is_whole or torn.start < len(data) - 3:
            encoded = base64.b64encode(data).decode()
            return BodyView(encoding="base64", data=encoded, size=body.size, whole=body.is_whole)
        text = data[: torn.start].decode()
    return BodyView(encoding="text", data=mask(text), size=body.size, whole=body.is_whole)


HANDLERS = (read_bodies, count_captures, forget_captures)
