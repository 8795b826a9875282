"""The pictures that a tool brought: kept sealed, as attachments are; for models that see."""

import base64
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from core.attachments.telling import Part
from core.conversations import MessageView
from core.conversations.attached import Attachment
from core.errors import StudioError
from core.mcp.views import CallResult
from events.errors import EventError

log = logging.getLogger(__name__)

MOST_OF_A_RESULT = 4

Files = Callable[[str, Sequence[MessageView], str], Awaitable[Mapping[str, Sequence[Part]]]]
KeepFile = Callable[[str, str, bytes], Awaitable[Attachment]]


async def kept(
    keep: KeepFile | None, which: str, tool: str, result: CallResult
) -> list[Attachment]:
    """Those that are pictures, made anew as an attached one is; a bad one is left out."""
    told: list[Attachment] = []
    for number, image in enumerate(result.images[:MOST_OF_A_RESULT] if keep else (), 1):
        assert keep is not None
        name = f"{tool or 'picture'}-{number}.{image.mime.partition('/')[2] or 'png'}"
        try:
            one = await keep(which, name, base64.b64decode(image.base64, validate=True))
        except (ValueError, StudioError, EventError) as problem:
            log.info("a picture of the tool %s was not kept: %s", tool, problem)
            continue
        if one.kind == "image":  # its contents say so, not the tool
            told.append(one)
    return told


async def parts_of(
    files: Files | None, which: str, message: MessageView | None, model: str
) -> Sequence[Part]:
    """What this model is told of them. Raises Refused where one can not be read any more."""
    if files is None or message is None or message.said is None or not message.said.attachments:
        return ()
    return (await files(which, [message], model)).get(message.message_id, ())
