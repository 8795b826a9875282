"""`/api/conversations/{id}/attachments`: files for messages, for the machine's owner alone."""

from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, get, post
from litestar.response import Response

from core.api.asking import Asking
from core.api.control import demand_owner
from core.application import Application
from core.attachments.attachments import demand_whole
from core.attachments.cost import Cost
from core.attachments.shapes import MOST_BYTES
from core.conversations.attached import Attachment

# What people attach may be anything: it is shown as what it was found to be, and runs nothing.
_HARMLESS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "cache-control": "private, no-store",  # no copy of it lies in a browser's cache
    "cross-origin-resource-policy": "same-origin",
}
_ITSELF = frozenset({"image", "pdf"})


class CostWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is about to be sent, and to which model."""

    model: str
    text: str = ""
    attachments: tuple[str, ...] = ()


@post(
    "/conversations/{conversation_id:str}/attachments", status_code=201, request_max_body_size=None
)
async def attach(
    application: Application,
    asking: Asking,
    request: Request[Any, Any, Any],
    conversation_id: str,
    name: str = "",
) -> Attachment:
    """Read a file (the body) for a message that is to come; refused with why it can not be."""
    demand_owner(asking, "attach files in conversations")
    data = await _body(request)
    return await application.attachments.take_in(conversation_id, name, data)


@get("/conversations/{conversation_id:str}/attachments/{attachment_id:str}")
async def read_attachment(
    application: Application, asking: Asking, conversation_id: str, attachment_id: str
) -> Response[bytes]:
    """The file as it is kept: pictures upright and without what their camera wrote."""
    demand_owner(asking, "read conversations")
    one, data = await application.attachments.file(conversation_id, attachment_id)
    kind = one.mime if one.kind in _ITSELF else "application/octet-stream"
    named = f"inline; filename*=UTF-8''{quote(one.name, safe='')}"
    return Response(data, media_type=kind, headers={**_HARMLESS, "content-disposition": named})


@get("/conversations/{conversation_id:str}/attachments/{attachment_id:str}/text")
async def read_attachment_text(
    application: Application, asking: Asking, conversation_id: str, attachment_id: str
) -> Response[str]:
    """Its text, as a model is told it."""
    demand_owner(asking, "read conversations")
    text = await application.attachments.text(conversation_id, attachment_id)
    return Response(text, media_type="text/plain; charset=utf-8", headers=_HARMLESS)


@post("/conversations/{conversation_id:str}/attachments/cost", status_code=200)
async def attachment_cost(
    application: Application, asking: Asking, conversation_id: str, data: CostWish
) -> Cost:
    """The tokens that a text with these attachments would take, and whether the model sees."""
    demand_owner(asking, "write in conversations")
    return await application.attachment_costs.of(
        conversation_id, data.model, data.text, data.attachments
    )


async def _body(request: Request[Any, Any, Any]) -> bytes:
    """All of it, and never more than can be attached."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal():
        demand_whole(int(announced))
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > MOST_BYTES:
            break
    demand_whole(len(data))
    return bytes(data)


HANDLERS = (attach, read_attachment, read_attachment_text, attachment_cost)
