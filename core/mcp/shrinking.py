"""A message of a server that is too large to be handled as it is: its longest parts are cut. Pure.

A tool may answer with 50 MB. What a model can be told of it is far less, and to read the rest into
objects would hold up everything else. So texts are cut, pictures that are too large are left out,
and how many bytes that were stands beside it, to be said openly.
"""

from typing import Any

import msgspec

LARGE = 1_000_000  # bytes of a line; below it nothing is touched
MOST_TEXT = 400_000  # characters of any text that are kept; the model is told fewer
MOST_BLOCKS = 2_000  # parts of one answer
MOST_BINARY = 12_000_000  # characters of a picture in base64
LEFT_OUT = "vllm-studio/left-out"  # in the `_meta` of a result: bytes that were cut


class _Cut:
    def __init__(self) -> None:
        self.bytes = 0


def shrunk(line: bytes) -> bytes:
    """The message with less in it. Raises ValueError for what is no JSON."""
    try:
        message = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    result = message.get("result") if isinstance(message, dict) else None
    if not isinstance(result, dict):
        return line
    cut = _Cut()
    for name in ("content", "contents", "messages"):
        if isinstance(result.get(name), list):
            result[name] = _blocks(result[name], cut)
    if "structuredContent" in result:
        _structured(result, cut)
    if cut.bytes:
        meta = result.get("_meta")
        result["_meta"] = {**(meta if isinstance(meta, dict) else {}), LEFT_OUT: cut.bytes}
    return msgspec.json.encode(message)


def _blocks(blocks: list[Any], cut: _Cut) -> list[Any]:
    if len(blocks) > MOST_BLOCKS:
        cut.bytes += len(msgspec.json.encode(blocks[MOST_BLOCKS:]))
        blocks = blocks[:MOST_BLOCKS]
    return [_block(block, cut) for block in blocks]


def _block(block: Any, cut: _Cut) -> Any:  # noqa: ANN401 - any JSON
    """One part of an answer, its text cut, its picture whole or not at all."""
    if not isinstance(block, dict):
        return block
    for name in ("data", "blob"):
        value = block.get(name)
        if isinstance(value, str) and len(value) > MOST_BINARY:
            cut.bytes += len(value) * 3 // 4
            kind = block.get("mimeType", "")
            said = f"[{kind or 'something'} of {len(value) * 3 // 4:,} bytes was left out]"
            if name == "blob":
                return {"uri": block.get("uri", ""), "text": said}
            return {"type": "text", "text": said}
    if isinstance(block.get("text"), str):
        block["text"] = _text(block["text"], cut)
    for name in ("resource", "content"):
        if isinstance(block.get(name), dict):
            block[name] = _block(block[name], cut)
    return block


def _text(text: str, cut: _Cut) -> str:
    if len(text) <= MOST_TEXT:
        return text
    cut.bytes += len(text[MOST_TEXT:].encode("utf-8", "surrogatepass"))
    return text[:MOST_TEXT]


def _structured(result: dict[str, Any], cut: _Cut) -> None:
    """The same as data, in the same shape."""
    apart = _Cut()
    result["structuredContent"] = _shaped(result["structuredContent"], apart)
    if not result.get("content"):  # beside a text it says nothing new
        cut.bytes += apart.bytes


def _shaped(value: Any, cut: _Cut) -> Any:  # noqa: ANN401 - any JSON
    match value:
        case str():
            return _text(value, cut)
        case list():
            return [_shaped(one, cut) for one in value]
        case dict():
            return {name: _shaped(one, cut) for name, one in value.items()}
        case _:
            return value
