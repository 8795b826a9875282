"""Thoughts have two names, and a chat's history may carry either: engines know only one for sure.

vLLM 0.32 says `reasoning` and understands both. SGLang, `transformers serve`, older vLLM and most
chat templates know `reasoning_content`. Clients send back what they were given, by whichever
engine answered then; so a message that has only the new name gets the old one too.
Answers are not touched here: on the direct lane they are the engine's own bytes, and on the
gateway lane the plugin inside LiteLLM gives them both names.
"""

import msgspec

from core.gateway.body import Body

NEW, OLD = "reasoning", "reasoning_content"
_MARK = b'"reasoning"'

_messages = msgspec.json.Decoder(list[msgspec.Raw])
_message = msgspec.json.Decoder(dict[str, msgspec.Raw])


def with_both_names(body: Body) -> Body:
    """The body, with `reasoning_content` beside every `reasoning` in its messages.

    Looks at bytes first: a body without a thought in it costs one search and stays as it is.
    """
    if _MARK not in body.data or body.fields is None or "messages" not in body.fields:
        return body
    try:
        read = _messages.decode(body.fields["messages"])
        said = [_named(message) for message in read]
    except (msgspec.MsgspecError, RecursionError):
        return body  # the engine will say what is wrong with it
    if all(new is old for new, old in zip(said, read, strict=True)):
        return body
    fields = {**body.fields, "messages": msgspec.Raw(msgspec.json.encode(said))}
    return msgspec.structs.replace(body, data=msgspec.json.encode(fields), fields=fields)


def _named(message: msgspec.Raw) -> msgspec.Raw:
    if _MARK not in bytes(message):
        return message
    fields = _message.decode(message)
    if NEW not in fields or OLD in fields:
        return message
    return msgspec.Raw(msgspec.json.encode({**fields, OLD: fields[NEW]}))
