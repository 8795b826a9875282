"""The stream of a chat completion, in OpenAI's words, read piece by piece."""

from collections.abc import Iterator

import msgspec

from core.chat.inner_call import ModelFailed, Told

DONE = b"[DONE]"
MOST_HELD = 32 * 1024 * 1024  # bytes of one event; more is no event


class CallPiece(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a tool call: the first has id and name, all have a part of the arguments."""

    index: int = 0
    id: str = ""
    name: str = ""
    arguments: str = ""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """What one event adds."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[CallPiece, ...] = ()
    finish: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Delta(msgspec.Struct):
    content: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Told | str | None = None


class Chunks:
    """Feed it bytes, however they are cut; it yields what they say.

    Raises ModelFailed at an error event, and where what comes is no chat completion.
    """

    def __init__(self) -> None:
        self._held = b""
        self.done = False  # the stream said so itself; without it, it broke off

    def feed(self, data: bytes) -> Iterator[Piece]:
        """The pieces that are complete by now."""
        self._held += data
        if len(self._held) > MOST_HELD:
            raise ModelFailed(502, Told(message="the model's stream has no end of an event"))
        *events, self._held = self._held.replace(b"\r\n", b"\n").split(b"\n\n")
        for event in events:
            told = b"\n".join(
                line[5:].strip() for line in event.split(b"\n") if line.startswith(b"data:")
            )
            if told == DONE:
                self.done = True
            elif told:
                yield _piece(told)


def _piece(told: bytes) -> Piece:
    try:
        chunk = msgspec.json.decode(told, type=_Chunk)
    except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
        message = f"the model's stream could not be read: {problem}"
        raise ModelFailed(502, Told(message=message, code="unreadable-stream")) from problem
    if chunk.error is not None:
        told_so = chunk.error
        raise ModelFailed(502, Told(message=told_so) if isinstance(told_so, str) else told_so)
    choice = chunk.choices[0] if chunk.choices else _Choice()
    delta, usage = choice.delta or _Delta(), chunk.usage or _Usage()
    return Piece(
        text=delta.content or "",
        reasoning=delta.reasoning_content or delta.reasoning or "",
        calls=tuple(_call(at, call) for at, call in enumerate(delta.tool_calls or ())),
        finish=choice.finish_reason or "",
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
    )


def _call(at: int, call: _Call) -> CallPiece:
    function = call.function or _Function()
    return CallPiece(
        index=at if call.index is None else call.index,
        id=call.id or "",
        name=function.name or "",
        arguments=function.arguments or "",
    )
