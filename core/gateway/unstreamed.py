"""A request that says nothing of a stream wants none: engines are told in so many words.

`transformers serve` 5.23 streams `/v1/responses` unless it is told otherwise, against OpenAI's
default; LiteLLM then fails at the events, and a client of the direct lane gets what it did not
ask for. The chat paths of every engine have the right default, and are left alone.
"""

import msgspec

from core.gateway.body import Body

_SAID = b',"stream":false}'


def with_stream_said(body: Body) -> Body:
    """The body as it came, with the default at its end where it says nothing."""
    if body.fields is None or "stream" in body.fields:
        return body
    data = body.data[: body.data.rindex(b"}")] + _SAID  # `model` stands before it at least
    fields = {**body.fields, "stream": msgspec.Raw(b"false")}
    return msgspec.structs.replace(body, data=data, fields=fields)
