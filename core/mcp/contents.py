"""What a server answered, as a model is told it: one text, its pictures, and what was left out."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from mcp import types

from core.mcp.shrinking import LEFT_OUT
from core.mcp.views import Image

MOST_TOLD = 100_000  # characters a model is told of one call
MOST_IMAGES = 8
MOST_IMAGE = 8_000_000  # characters of one in base64


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """`bytes` of the whole answer, `truncated` of them were left out."""

    text: str
    images: tuple[Image, ...]
    bytes: int
    truncated: int


def told(result: types.CallToolResult, most: int = MOST_TOLD) -> Told:
    """The answer of a tool."""
    images: list[Image] = []
    said = [part for block in result.content for part in _block(block, images)]
    if not said and result.structured_content is not None:
        said = [msgspec.json.format(msgspec.json.encode(result.structured_content)).decode()]
    whole = "\n".join(said)
    before = _left_out(result.meta)
    text, cut = shortened(whole, most, before)
    size = len(whole.encode("utf-8", "replace")) + before
    return Told(text=text, images=tuple(images), bytes=size, truncated=cut)


def shortened(text: str, most: int, before: int = 0) -> tuple[str, int]:
    """Its beginning, with how much is missing; `before`: bytes that were cut off earlier."""
    cut = before
    if len(text) > most:
        cut += len(text[most:].encode("utf-8", "replace"))
        text = text[:most]
    return (f"{text}\n\n… {amount(cut)} left out" if cut else text), cut


def texts(blocks: Iterable[Any]) -> str:
    """What of a prompt's message is text."""
    return "\n".join(part for block in blocks for part in _block(block, []))


def amount(size: int) -> str:
    """Bytes as people say them."""
    if size < 1000:
        return f"{size} bytes"
    value, unit = (size / 1e3, "kB") if size < 1e6 else (size / 1e6, "MB")
    return f"{value:.1f} {unit}"


def _block(block: Any, images: list[Image]) -> Iterator[str]:  # noqa: ANN401 - a union of the SDK
    match block:
        case types.TextContent():
            yield block.text
        case types.ImageContent():
            if len(images) < MOST_IMAGES and len(block.data) <= MOST_IMAGE:
                images.append(Image(mime=block.mime_type, base64=block.data))
                yield f"[{block.mime_type}, {amount(len(block.data) * 3 // 4)}]"
            else:
                yield f"[{block.mime_type}, {amount(len(block.data) * 3 // 4)}, left out]"
        case types.AudioContent():
            yield f"[{block.mime_type}, {amount(len(block.data) * 3 // 4)}, left out]"
        case types.EmbeddedResource(resource=types.TextResourceContents() as resource):
            yield f"{resource.uri}\n{resource.text}"
        case types.EmbeddedResource(resource=types.BlobResourceContents() as resource):
            size = amount(len(resource.blob) * 3 // 4)
            yield f"[{resource.uri}, {resource.mime_type or 'data'}, {size}, left out]"
        case types.ResourceLink():
            about = f": {block.description}" if block.description else ""
            yield f"[{block.title or block.name}]({block.uri}){about}"


def _left_out(meta: Any) -> int:  # noqa: ANN401 - whatever stands there
    value = meta.get(LEFT_OUT, 0) if isinstance(meta, dict) else 0
    return value if isinstance(value, int) and 0 <= value < 1 << 40 else 0
